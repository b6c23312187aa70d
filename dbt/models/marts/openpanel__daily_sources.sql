{{ config(
  pre_hook="{{ openpanel.forget(ref('int_openpanel__affected_days'), ['project_id', 'day']) }}",
) }}
-- depends_on: {{ ref('int_openpanel__affected_days') }}
{%- set days, keys = ref('int_openpanel__affected_days'), ['project_id', 'day'] %}
{{ openpanel.select_daily_sources(
  sessions=openpanel.kept(ref('openpanel__sessions'), days, keys),
) }}
