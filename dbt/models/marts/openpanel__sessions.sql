{{ config(
  pre_hook=[
    "{{ openpanel.note(ref('int_openpanel__affected_days'), ['project_id', 'day'], ref('int_openpanel__touched_sessions'), ['project_id', 'session_id']) }}",
    "{{ openpanel.note(ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id'], ref('int_openpanel__touched_sessions'), ['project_id', 'session_id']) }}",
    "{{ openpanel.forget(ref('int_openpanel__touched_sessions'), ['project_id', 'session_id']) }}",
  ],
  post_hook=[
    "{{ openpanel.note(ref('int_openpanel__affected_days'), ['project_id', 'day'], ref('int_openpanel__touched_sessions'), ['project_id', 'session_id']) }}",
    "{{ openpanel.note(ref('int_openpanel__affected_visitors'), ['project_id', 'profile_id'], ref('int_openpanel__touched_sessions'), ['project_id', 'session_id']) }}",
  ],
) }}
-- depends_on: {{ ref('int_openpanel__touched_sessions') }}
-- depends_on: {{ ref('int_openpanel__affected_days') }}
-- depends_on: {{ ref('int_openpanel__affected_visitors') }}
{%- do openpanel.refuse_part(openpanel.mart_names()) %}
{{ openpanel.select_sessions(events=openpanel.events_of_sessions(), event_meta=ref('stg_openpanel__event_meta')) }}
