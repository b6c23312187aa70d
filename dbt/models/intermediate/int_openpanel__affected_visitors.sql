{%- do openpanel.refuse_part(openpanel.mart_names()) %}
-- Filled by openpanel__sessions and openpanel__visitor_days: those whose rows they change.
select events.project_id, events.profile_id
from {{ ref('stg_openpanel__events') }} as events
where 1 = 0
