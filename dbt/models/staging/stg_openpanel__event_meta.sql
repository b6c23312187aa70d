{%- if var('openpanel_using_event_meta') %}
select event_meta.*
from {{ source('openpanel', 'event_meta') }} as event_meta
{%- else %}
{{ openpanel.no_rows({
  'project_id': dbt.type_string(), 'name': dbt.type_string(), 'conversion': dbt.type_boolean(),
}) }}
{%- endif %}
