{{ config(
  pre_hook="{{ openpanel.forget(ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id']) }}",
) }}
-- depends_on: {{ ref('int_openpanel__affected_visitors') }}
{%- set visitors, keys = ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id'] %}
{{ openpanel.select_users(
  visitor_days=openpanel.kept(ref('openpanel__visitor_days'), visitors, keys),
  sessions=openpanel.kept(ref('openpanel__sessions'), visitors, keys),
) }}
