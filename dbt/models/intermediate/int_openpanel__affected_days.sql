{%- do openpanel.refuse_part(openpanel.mart_names()) %}
select changed.project_id, {{ openpanel.local_day_of_date('changed.event_date', 0) }} as day
from {{ ref('int_openpanel__changed_days') }} as changed
union distinct
select changed.project_id, {{ openpanel.local_day_of_date('changed.event_date', 86399999) }} as day
from {{ ref('int_openpanel__changed_days') }} as changed
