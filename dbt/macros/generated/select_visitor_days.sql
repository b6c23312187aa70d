{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/visitor_days.sql -#}

{%- macro select_visitor_days(events) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.profile_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as profile_id,
cast(made.is_identified as {{ 'bool' if target.type == 'bigquery' else 'boolean' }}) as is_identified,
cast(made.first_seen_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as first_seen_at,
cast(made.last_seen_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as last_seen_at,
cast(made.events as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as events,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue
from (
{{ adapter.dispatch('select_visitor_days', 'openpanel')(events) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_visitor_days(events) -%}
SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
  events.profile_id,
  MAX(CASE WHEN events.profile_id <> events.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(events.created_at) AS first_seen_at,
  MAX(events.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue END), 0),
      CAST('-9223372036854775808' AS INT128)
    ),
    CAST('9223372036854775807' AS INT128)
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CASE
            WHEN NOT COALESCE(events.name, '') IN ('session_start', 'session_end')
            THEN events.revenue
          END
        ),
        0
      ),
      CAST('-9223372036854775808' AS INT128)
    ),
    CAST('9223372036854775807' AS INT128)
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
  MAX(CASE WHEN events.profile_id <> events.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(events.created_at) AS first_seen_at,
  MAX(events.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue END), 0),
      CAST('-9223372036854775808' AS DECIMAL)
    ),
    CAST('9223372036854775807' AS DECIMAL)
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CASE
            WHEN NOT COALESCE(events.name, '') IN ('session_start', 'session_end')
            THEN events.revenue
          END
        ),
        0
      ),
      CAST('-9223372036854775808' AS DECIMAL)
    ),
    CAST('9223372036854775807' AS DECIMAL)
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
  MAX(CASE WHEN event_rows.profile_id <> event_rows.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS INT64) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS BIGNUMERIC)
        ),
        0
      ),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
  ) AS INT64) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE
            WHEN NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
            THEN event_rows.revenue
          END AS BIGNUMERIC)
        ),
        0
      ),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
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
  MAX(CASE WHEN event_rows.profile_id <> event_rows.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS DECIMAL(38, 0))
        ),
        0
      ),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE
            WHEN NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
            THEN event_rows.revenue
          END AS DECIMAL(38, 0))
        ),
        0
      ),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM {{ events }} AS event_rows
WHERE
  event_rows.profile_id <> ''
GROUP BY
  event_rows.project_id,
  CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE),
  event_rows.profile_id
{%- endmacro -%}
