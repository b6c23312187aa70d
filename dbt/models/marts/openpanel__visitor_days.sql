{{ config(
  pre_hook=[
    "{{ openpanel.note_all_visitors(ref('int_openpanel__affected_visitors')) }}",
    "{{ openpanel.note(ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id'], ref('int_openpanel__affected_days'), ['project_id', 'day']) }}",
    "{{ openpanel.forget(ref('int_openpanel__affected_days'), ['project_id', 'day']) }}",
  ],
  post_hook=[
    "{{ openpanel.note(ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id'], ref('int_openpanel__affected_days'), ['project_id', 'day']) }}",
  ],
) }}
-- depends_on: {{ ref('int_openpanel__affected_days') }}
-- depends_on: {{ ref('int_openpanel__affected_visitors') }}
-- depends_on: {{ ref('openpanel__sessions') }}
{%- do openpanel.refuse_part([
  'openpanel__daily_metrics', 'openpanel__users', 'openpanel__retention', 'openpanel__model_days',
]) %}
{{ openpanel.select_visitor_days(events=openpanel.events_of_days()) }}
