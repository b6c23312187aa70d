{{ config(unique_key=['project_id', 'event_date']) }}
{%- do openpanel.refuse_part(openpanel.mart_names()) -%}
{%- do openpanel.refuse_gaps() -%}
{%- set record = openpanel.built('openpanel__model_days') %}

with held as (
  {{ openpanel.taken_in(ref('stg_openpanel__sync_days'), source('openpanel', '_dlt_loads')) }}
),
{#- Marks of conversions are part of what decides what events become. #}
goals as (
  select
    names.project_id,
    {{ dbt.listagg('names.name', "'|'", 'order by names.name') }} as names
  from (
    select distinct event_meta.project_id, event_meta.name
    from {{ ref('stg_openpanel__event_meta') }} as event_meta
    where event_meta.conversion
  ) as names
  group by names.project_id
),
told as (
  select
    held.project_id,
    held.event_date,
    held.loads || ' {{ openpanel.definition() }} ' || {{ dbt.hash("coalesce(goals.names, '')") }} as loads
  from held
  left join goals on goals.project_id = held.project_id
),
before as (
  {% if record is not none -%}
  select project_id, event_date, loads from {{ record }}
  {%- else -%}
  select project_id, event_date, loads from told where 1 = 0
  {%- endif %}
)
select
  coalesce(told.project_id, before.project_id) as project_id,
  coalesce(told.event_date, before.event_date) as event_date,
  told.loads
from told
full outer join before
  on before.project_id = told.project_id and before.event_date = told.event_date
where told.loads is distinct from before.loads
