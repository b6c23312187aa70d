{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/visitor_days.sql -#}

{%- macro select_visitor_days(events) -%}
{{ return(openpanel.only_known() or adapter.dispatch('select_visitor_days', 'openpanel')(events)) }}
{%- endmacro -%}

{%- macro duckdb__select_visitor_days(events) -%}
SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
  events.profile_id,
  MAX(CASE WHEN events.profile_id <> COALESCE(events.device_id, '') THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(events.created_at) AS first_seen_at,
  MAX(events.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue ELSE 0 END) AS BIGINT) AS revenue,
  CAST(SUM(
    CASE
      WHEN COALESCE(events.name, '') IN ('session_start', 'session_end')
      THEN 0
      ELSE events.revenue
    END
  ) AS BIGINT) AS event_revenue
FROM {{ events }} AS events
WHERE
  events.profile_id <> ''
GROUP BY
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
  events.profile_id
{%- endmacro -%}

{%- macro postgres__select_visitor_days(events) -%}
SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
  events.profile_id,
  MAX(CASE WHEN events.profile_id <> COALESCE(events.device_id, '') THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(events.created_at) AS first_seen_at,
  MAX(events.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue ELSE 0 END) AS BIGINT) AS revenue,
  CAST(SUM(
    CASE
      WHEN COALESCE(events.name, '') IN ('session_start', 'session_end')
      THEN 0
      ELSE events.revenue
    END
  ) AS BIGINT) AS event_revenue
FROM {{ events }} AS events
WHERE
  events.profile_id <> ''
GROUP BY
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
  events.profile_id
{%- endmacro -%}

{%- macro bigquery__select_visitor_days(events) -%}
SELECT
  event_rows.project_id,
  DATE(event_rows.created_at, '{{ openpanel.timezone() }}') AS day,
  event_rows.profile_id,
  MAX(
    CASE
      WHEN event_rows.profile_id <> COALESCE(event_rows.device_id, '')
      THEN 1
      ELSE 0
    END
  ) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS INT64) AS views,
  CAST(SUM(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue ELSE 0 END) AS INT64) AS revenue,
  CAST(SUM(
    CASE
      WHEN COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
      THEN 0
      ELSE event_rows.revenue
    END
  ) AS INT64) AS event_revenue
FROM {{ events }} AS event_rows
WHERE
  event_rows.profile_id <> ''
GROUP BY
  event_rows.project_id,
  DATE(event_rows.created_at, '{{ openpanel.timezone() }}'),
  event_rows.profile_id
{%- endmacro -%}

{%- macro snowflake__select_visitor_days(events) -%}
SELECT
  event_rows.project_id,
  CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE) AS day,
  event_rows.profile_id,
  MAX(
    CASE
      WHEN event_rows.profile_id <> COALESCE(event_rows.device_id, '')
      THEN 1
      ELSE 0
    END
  ) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue ELSE 0 END) AS BIGINT) AS revenue,
  CAST(SUM(
    CASE
      WHEN COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
      THEN 0
      ELSE event_rows.revenue
    END
  ) AS BIGINT) AS event_revenue
FROM {{ events }} AS event_rows
WHERE
  event_rows.profile_id <> ''
GROUP BY
  event_rows.project_id,
  CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE),
  event_rows.profile_id
{%- endmacro -%}
