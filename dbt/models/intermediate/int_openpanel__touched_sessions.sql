{%- do openpanel.refuse_part(openpanel.mart_names()) -%}
{%- set sessions = openpanel.built('openpanel__sessions') -%}
{%- set changed_days = ref('int_openpanel__changed_days') %}

with changed as (
  select project_id, event_date
  from {{ changed_days }}
  {%- if sessions is none %}
  where 1 = 0
  {%- endif %}
),
now_there as (
  select
    events.project_id,
    events.session_id,
    min(events.event_date) as first_event_date,
    max(events.event_date) as last_event_date
  from {{ ref('stg_openpanel__events') }} as events
  inner join changed
    on changed.project_id = events.project_id and changed.event_date = events.event_date
  where events.session_id <> ''
  {%- if sessions is not none %}
    and events.event_date in ({{ openpanel.dates_between(
      'select distinct event_date as first_date, event_date as last_date from ' ~ changed_days
    ) }})
  {%- endif %}
  group by events.project_id, events.session_id
)
select now_there.project_id, now_there.session_id, now_there.first_event_date, now_there.last_event_date
from now_there
{%- if sessions is not none %}
-- A session is made of the events of all of its days, so those that it had count, too.
union distinct
select sessions.project_id, sessions.session_id, sessions.first_event_date, sessions.last_event_date
from {{ sessions }} as sessions
inner join now_there
  on now_there.project_id = sessions.project_id and now_there.session_id = sessions.session_id
union distinct
select sessions.project_id, sessions.session_id, sessions.first_event_date, sessions.last_event_date
from {{ sessions }} as sessions
inner join changed
  on changed.project_id = sessions.project_id and changed.event_date = sessions.first_event_date
union distinct
select sessions.project_id, sessions.session_id, sessions.first_event_date, sessions.last_event_date
from {{ sessions }} as sessions
inner join changed on changed.project_id = sessions.project_id
where sessions.first_event_date < sessions.last_event_date
  and changed.event_date between sessions.first_event_date and sessions.last_event_date
{%- endif %}
