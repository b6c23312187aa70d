{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/daily_sources.sql -#}

{%- macro select_daily_sources(sessions) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.source as {{ 'string' if target.type == 'bigquery' else 'text' }}) as source,
cast(made.medium as {{ 'string' if target.type == 'bigquery' else 'text' }}) as medium,
cast(made.campaign as {{ 'string' if target.type == 'bigquery' else 'text' }}) as campaign,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as visitors,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.bounces as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as bounces,
cast(made.conversions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as conversions,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue
from (
{{ adapter.dispatch('select_daily_sources', 'openpanel')(sessions) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_daily_sources(sessions) -%}
SELECT
  sessions.project_id,
  sessions.day,
  sessions.source,
  sessions.medium,
  sessions.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT sessions.profile_id) AS visitors,
  CAST(SUM(sessions.views) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS BIGINT) AS bounces,
  CAST(SUM(sessions.conversions) AS BIGINT) AS conversions,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(sessions.revenue), 0), CAST('-9223372036854775808' AS INT128)),
    CAST('9223372036854775807' AS INT128)
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(sessions.event_revenue), 0), CAST('-9223372036854775808' AS INT128)),
    CAST('9223372036854775807' AS INT128)
  ) AS BIGINT) AS event_revenue
FROM {{ sessions }} AS sessions
GROUP BY
  sessions.project_id,
  sessions.day,
  sessions.source,
  sessions.medium,
  sessions.campaign
{%- endmacro -%}

{%- macro postgres__select_daily_sources(sessions) -%}
SELECT
  sessions.project_id,
  sessions.day,
  sessions.source,
  sessions.medium,
  sessions.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT sessions.profile_id) AS visitors,
  CAST(SUM(sessions.views) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS BIGINT) AS bounces,
  CAST(SUM(sessions.conversions) AS BIGINT) AS conversions,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(sessions.revenue), 0), CAST('-9223372036854775808' AS DECIMAL)),
    CAST('9223372036854775807' AS DECIMAL)
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(COALESCE(SUM(sessions.event_revenue), 0), CAST('-9223372036854775808' AS DECIMAL)),
    CAST('9223372036854775807' AS DECIMAL)
  ) AS BIGINT) AS event_revenue
FROM {{ sessions }} AS sessions
GROUP BY
  sessions.project_id,
  sessions.day,
  sessions.source,
  sessions.medium,
  sessions.campaign
{%- endmacro -%}

{%- macro bigquery__select_daily_sources(sessions) -%}
SELECT
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT session_rows.profile_id) AS visitors,
  CAST(SUM(session_rows.views) AS INT64) AS views,
  CAST(SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS INT64) AS bounces,
  CAST(SUM(session_rows.conversions) AS INT64) AS conversions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.revenue AS BIGNUMERIC)), 0),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
  ) AS INT64) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.event_revenue AS BIGNUMERIC)), 0),
      CAST('-9223372036854775808' AS BIGNUMERIC)
    ),
    CAST('9223372036854775807' AS BIGNUMERIC)
  ) AS INT64) AS event_revenue
FROM {{ sessions }} AS session_rows
GROUP BY
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign
{%- endmacro -%}

{%- macro snowflake__select_daily_sources(sessions) -%}
SELECT
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT session_rows.profile_id) AS visitors,
  CAST(SUM(session_rows.views) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS BIGINT) AS bounces,
  CAST(SUM(session_rows.conversions) AS BIGINT) AS conversions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.event_revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM {{ sessions }} AS session_rows
GROUP BY
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign
{%- endmacro -%}
