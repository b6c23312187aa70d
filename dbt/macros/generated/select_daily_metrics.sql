{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/daily_metrics.sql -#}

{%- macro select_daily_metrics(events, sessions, visitor_days) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as visitors,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.bounces as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as bounces,
cast(made.bounce_rate as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as bounce_rate,
cast(made.avg_duration_seconds as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as avg_duration_seconds,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.events as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as events,
cast(made.active_visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as active_visitors,
cast(made.active_sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as active_sessions,
cast(made.all_views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as all_views,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue
from (
{{ adapter.dispatch('select_daily_metrics', 'openpanel')(events, sessions, visitor_days) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_daily_metrics(events, sessions, visitor_days) -%}
WITH by_event AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
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
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE)
), by_visitor AS (
  SELECT
    visitor_days.project_id,
    visitor_days.day,
    COUNT(*) AS active_visitors
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.day
), by_session AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT sessions.profile_id) AS visitors,
    SUM(sessions.views) AS views,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(CASE WHEN sessions.duration_seconds > 0 THEN sessions.duration_seconds END) AS avg_duration_seconds
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day
)
SELECT
  by_event.project_id,
  by_event.day,
  COALESCE(by_session.sessions, 0) AS sessions,
  COALESCE(by_session.visitors, 0) AS visitors,
  CAST(COALESCE(by_session.views, 0) AS BIGINT) AS views,
  CAST(COALESCE(by_session.bounces, 0) AS BIGINT) AS bounces,
  CAST(by_session.bounces AS DOUBLE) / NULLIF(by_session.sessions, 0) AS bounce_rate,
  by_session.avg_duration_seconds,
  by_event.revenue,
  by_event.events,
  COALESCE(by_visitor.active_visitors, 0) AS active_visitors,
  by_event.active_sessions,
  CAST(by_event.all_views AS BIGINT) AS all_views,
  by_event.event_revenue
FROM by_event
LEFT JOIN by_visitor
  ON by_visitor.project_id = by_event.project_id AND by_visitor.day = by_event.day
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
{%- endmacro -%}

{%- macro postgres__select_daily_metrics(events, sessions, visitor_days) -%}
WITH by_event AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
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
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE)
), by_visitor AS (
  SELECT
    visitor_days.project_id,
    visitor_days.day,
    COUNT(*) AS active_visitors
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.day
), by_session AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT sessions.profile_id) AS visitors,
    SUM(sessions.views) AS views,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(CASE WHEN sessions.duration_seconds > 0 THEN sessions.duration_seconds END) AS avg_duration_seconds
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day
)
SELECT
  by_event.project_id,
  by_event.day,
  COALESCE(by_session.sessions, 0) AS sessions,
  COALESCE(by_session.visitors, 0) AS visitors,
  CAST(COALESCE(by_session.views, 0) AS BIGINT) AS views,
  CAST(COALESCE(by_session.bounces, 0) AS BIGINT) AS bounces,
  CAST(by_session.bounces AS DOUBLE PRECISION) / NULLIF(by_session.sessions, 0) AS bounce_rate,
  by_session.avg_duration_seconds,
  by_event.revenue,
  by_event.events,
  COALESCE(by_visitor.active_visitors, 0) AS active_visitors,
  by_event.active_sessions,
  CAST(by_event.all_views AS BIGINT) AS all_views,
  by_event.event_revenue
FROM by_event
LEFT JOIN by_visitor
  ON by_visitor.project_id = by_event.project_id AND by_visitor.day = by_event.day
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
{%- endmacro -%}

{%- macro bigquery__select_daily_metrics(events, sessions, visitor_days) -%}
WITH by_event AS (
  SELECT
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}') AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
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
  GROUP BY
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}')
), by_visitor AS (
  SELECT
    visitor_days.project_id,
    visitor_days.day,
    COUNT(*) AS active_visitors
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.day
), by_session AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(
      CAST(CASE WHEN session_rows.duration_seconds > 0 THEN session_rows.duration_seconds END AS FLOAT64)
    ) AS avg_duration_seconds
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
)
SELECT
  by_event.project_id,
  by_event.day,
  COALESCE(by_session.sessions, 0) AS sessions,
  COALESCE(by_session.visitors, 0) AS visitors,
  CAST(COALESCE(by_session.views, 0) AS INT64) AS views,
  CAST(COALESCE(by_session.bounces, 0) AS INT64) AS bounces,
  CAST(by_session.bounces AS FLOAT64) / NULLIF(by_session.sessions, 0) AS bounce_rate,
  by_session.avg_duration_seconds,
  by_event.revenue,
  by_event.events,
  COALESCE(by_visitor.active_visitors, 0) AS active_visitors,
  by_event.active_sessions,
  CAST(by_event.all_views AS INT64) AS all_views,
  by_event.event_revenue
FROM by_event
LEFT JOIN by_visitor
  ON by_visitor.project_id = by_event.project_id AND by_visitor.day = by_event.day
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
{%- endmacro -%}

{%- macro snowflake__select_daily_metrics(events, sessions, visitor_days) -%}
WITH by_event AS (
  SELECT
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
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
  GROUP BY
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE)
), by_visitor AS (
  SELECT
    visitor_days.project_id,
    visitor_days.day,
    COUNT(*) AS active_visitors
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.day
), by_session AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(
      CAST(CASE WHEN session_rows.duration_seconds > 0 THEN session_rows.duration_seconds END AS DOUBLE)
    ) AS avg_duration_seconds
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
)
SELECT
  by_event.project_id,
  by_event.day,
  COALESCE(by_session.sessions, 0) AS sessions,
  COALESCE(by_session.visitors, 0) AS visitors,
  CAST(COALESCE(by_session.views, 0) AS BIGINT) AS views,
  CAST(COALESCE(by_session.bounces, 0) AS BIGINT) AS bounces,
  CAST(by_session.bounces AS DOUBLE) / NULLIF(by_session.sessions, 0) AS bounce_rate,
  by_session.avg_duration_seconds,
  by_event.revenue,
  by_event.events,
  COALESCE(by_visitor.active_visitors, 0) AS active_visitors,
  by_event.active_sessions,
  CAST(by_event.all_views AS BIGINT) AS all_views,
  by_event.event_revenue
FROM by_event
LEFT JOIN by_visitor
  ON by_visitor.project_id = by_event.project_id AND by_visitor.day = by_event.day
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
{%- endmacro -%}
