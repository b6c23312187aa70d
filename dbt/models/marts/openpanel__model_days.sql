{{ config(
  pre_hook="{{ openpanel.forget_recorded(ref('int_openpanel__changed_days')) }}",
  post_hook=[
    "{{ openpanel.empty_list(ref('int_openpanel__affected_visitors')) }}",
    "{{ openpanel.empty_list(ref('int_openpanel__affected_days')) }}",
    "{{ openpanel.empty_list(ref('int_openpanel__touched_sessions')) }}",
    "{{ openpanel.empty_list(ref('int_openpanel__changed_days')) }}",
  ],
) }}
{#- The last of all: what it says is taken in, it is. A run of some of the models leaves it alone. #}
{%- for name in openpanel.work_names() + openpanel.mart_names()[:-1] %}
-- depends_on: {{ ref(name) }}
{%- endfor %}
select
  cast(changed.project_id as {{ dbt.type_string() }}) as project_id,
  changed.event_date,
  cast(changed.loads as {{ dbt.type_string() }}) as loads
from {{ ref('int_openpanel__changed_days') }} as changed
where {{ 'not changed.loads is null' if openpanel.closes() else '1 = 0' }}
