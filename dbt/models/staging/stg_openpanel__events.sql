{%- set events = source('openpanel', 'events') -%}
{%- set held = adapter.get_columns_in_relation(events) | map(attribute='name') | map('lower') | list if execute else [] %}

select
  events.*
  {#- Tables of early versions lack columns whose values are in properties. #}
  {%- for name, key in openpanel.property_columns().items() if held and name not in held %},
  {{ openpanel.property('events.properties', key) }} as {{ name }}
  {%- endfor %}
from {{ events }} as events
