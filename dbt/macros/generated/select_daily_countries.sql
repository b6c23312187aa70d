{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/daily_countries.sql -#}

{%- macro select_daily_countries(events, sessions) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.country as {{ 'string' if target.type == 'bigquery' else 'text' }}) as country,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as visitors,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.bounces as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as bounces,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.events as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as events,
cast(made.active_visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as active_visitors,
cast(made.active_sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as active_sessions,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue
from (
{{ adapter.dispatch('select_daily_countries', 'openpanel')(events, sessions) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_daily_countries(events, sessions) -%}
WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    NULLIF(events.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue END), 0),
        CAST('-9223372036854775808' AS INT128)
      ),
      CAST('9223372036854775807' AS INT128)
    ) AS BIGINT) AS revenue,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
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
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
    NULLIF(events.country, '')
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT sessions.profile_id) AS visitors,
    SUM(sessions.views) AS views,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces,
    0 AS revenue,
    0 AS events,
    0 AS active_visitors,
    0 AS active_sessions,
    0 AS event_revenue
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.visitors) AS BIGINT) AS visitors,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(parts.revenue), 0), CAST('-9223372036854775808' AS INT128)),
    CAST('9223372036854775807' AS INT128)
  ) AS BIGINT) AS revenue,
  CAST(SUM(parts.events) AS BIGINT) AS events,
  CAST(SUM(parts.active_visitors) AS BIGINT) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS BIGINT) AS active_sessions,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(parts.event_revenue), 0), CAST('-9223372036854775808' AS INT128)),
    CAST('9223372036854775807' AS INT128)
  ) AS BIGINT) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country
{%- endmacro -%}

{%- macro postgres__select_daily_countries(events, sessions) -%}
WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    NULLIF(events.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN events.name = 'revenue' THEN events.revenue END), 0),
        CAST('-9223372036854775808' AS DECIMAL)
      ),
      CAST('9223372036854775807' AS DECIMAL)
    ) AS BIGINT) AS revenue,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
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
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
    NULLIF(events.country, '')
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT sessions.profile_id) AS visitors,
    SUM(sessions.views) AS views,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces,
    0 AS revenue,
    0 AS events,
    0 AS active_visitors,
    0 AS active_sessions,
    0 AS event_revenue
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.visitors) AS BIGINT) AS visitors,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(parts.revenue), 0), CAST('-9223372036854775808' AS DECIMAL)),
    CAST('9223372036854775807' AS DECIMAL)
  ) AS BIGINT) AS revenue,
  CAST(SUM(parts.events) AS BIGINT) AS events,
  CAST(SUM(parts.active_visitors) AS BIGINT) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS BIGINT) AS active_sessions,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(parts.event_revenue), 0), CAST('-9223372036854775808' AS DECIMAL)),
    CAST('9223372036854775807' AS DECIMAL)
  ) AS BIGINT) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country
{%- endmacro -%}

{%- macro bigquery__select_daily_countries(events, sessions) -%}
WITH parts AS (
  SELECT
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}') AS day,
    NULLIF(event_rows.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
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
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
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
  GROUP BY
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}'),
    NULLIF(event_rows.country, '')
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    0 AS revenue,
    0 AS events,
    0 AS active_visitors,
    0 AS active_sessions,
    0 AS event_revenue
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS INT64) AS sessions,
  CAST(SUM(parts.visitors) AS INT64) AS visitors,
  CAST(SUM(parts.views) AS INT64) AS views,
  CAST(SUM(parts.bounces) AS INT64) AS bounces,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.revenue AS BIGNUMERIC)), 0),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
  ) AS INT64) AS revenue,
  CAST(SUM(parts.events) AS INT64) AS events,
  CAST(SUM(parts.active_visitors) AS INT64) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS INT64) AS active_sessions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.event_revenue AS BIGNUMERIC)), 0),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
  ) AS INT64) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country
{%- endmacro -%}

{%- macro snowflake__select_daily_countries(events, sessions) -%}
WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE) AS day,
    NULLIF(event_rows.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
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
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
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
  GROUP BY
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE),
    NULLIF(event_rows.country, '')
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    0 AS revenue,
    0 AS events,
    0 AS active_visitors,
    0 AS active_sessions,
    0 AS event_revenue
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.visitors) AS BIGINT) AS visitors,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(SUM(parts.events) AS BIGINT) AS events,
  CAST(SUM(parts.active_visitors) AS BIGINT) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS BIGINT) AS active_sessions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.event_revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country
{%- endmacro -%}
