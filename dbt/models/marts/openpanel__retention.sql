{{ config(
  pre_hook="{{ openpanel.forget(ref('int_openpanel__changed_days'), ['project_id']) }}",
) }}
-- depends_on: {{ ref('int_openpanel__changed_days') }}
{{ openpanel.select_retention(
  users=openpanel.kept(ref('openpanel__users'), ref('int_openpanel__changed_days'), ['project_id']),
) }}
