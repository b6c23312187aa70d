{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/users.sql -#}

{%- macro select_users(sessions, visitor_days) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.profile_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as profile_id,
cast(made.first_seen_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as first_seen_at,
cast(made.last_seen_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as last_seen_at,
cast(made.first_identified_day as date) as first_identified_day,
cast(made.last_identified_day as date) as last_identified_day,
cast(made.days as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as days,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.events as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as events,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.first_source as {{ 'string' if target.type == 'bigquery' else 'text' }}) as first_source,
cast(made.first_medium as {{ 'string' if target.type == 'bigquery' else 'text' }}) as first_medium,
cast(made.first_campaign as {{ 'string' if target.type == 'bigquery' else 'text' }}) as first_campaign,
cast(made.first_page as {{ 'string' if target.type == 'bigquery' else 'text' }}) as first_page,
cast(made.first_country as {{ 'string' if target.type == 'bigquery' else 'text' }}) as first_country,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue
from (
{{ adapter.dispatch('select_users', 'openpanel')(sessions, visitor_days) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_users(sessions, visitor_days) -%}
WITH seen AS (
  SELECT
    visitor_days.project_id,
    visitor_days.profile_id,
    MIN(visitor_days.first_seen_at) AS first_seen_at,
    MAX(visitor_days.last_seen_at) AS last_seen_at,
    MIN(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS first_identified_day,
    MAX(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS last_identified_day,
    COUNT(*) AS days,
    SUM(visitor_days.events) AS events,
    SUM(visitor_days.views) AS views,
    CAST(LEAST(
      GREATEST(COALESCE(SUM(visitor_days.revenue), 0), CAST('-9223372036854775808' AS INT128)),
      CAST('9223372036854775807' AS INT128)
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(visitor_days.event_revenue), 0),
        CAST('-9223372036854775808' AS INT128)
      ),
      CAST('9223372036854775807' AS INT128)
    ) AS BIGINT) AS event_revenue
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.profile_id
), visits AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    COUNT(*) AS sessions,
    MIN(sessions.started_at) AS started_at
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.profile_id IS NULL
  GROUP BY
    sessions.project_id,
    sessions.profile_id
), touched AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    MAX(sessions.source) AS source,
    MAX(sessions.medium) AS medium,
    MAX(sessions.campaign) AS campaign,
    MAX(sessions.entry_page) AS entry_page,
    MAX(sessions.country) AS country
  FROM {{ sessions }} AS sessions
  INNER JOIN visits
    ON visits.project_id = sessions.project_id
    AND visits.profile_id = sessions.profile_id
    AND visits.started_at = sessions.started_at
  GROUP BY
    sessions.project_id,
    sessions.profile_id
)
SELECT
  seen.project_id,
  seen.profile_id,
  seen.first_seen_at,
  seen.last_seen_at,
  seen.first_identified_day,
  seen.last_identified_day,
  seen.days,
  COALESCE(visits.sessions, 0) AS sessions,
  CAST(seen.events AS BIGINT) AS events,
  CAST(seen.views AS BIGINT) AS views,
  touched.source AS first_source,
  touched.medium AS first_medium,
  touched.campaign AS first_campaign,
  touched.entry_page AS first_page,
  touched.country AS first_country,
  seen.revenue,
  seen.event_revenue
FROM seen
LEFT JOIN visits
  ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id
{%- endmacro -%}

{%- macro postgres__select_users(sessions, visitor_days) -%}
WITH seen AS (
  SELECT
    visitor_days.project_id,
    visitor_days.profile_id,
    MIN(visitor_days.first_seen_at) AS first_seen_at,
    MAX(visitor_days.last_seen_at) AS last_seen_at,
    MIN(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS first_identified_day,
    MAX(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS last_identified_day,
    COUNT(*) AS days,
    SUM(visitor_days.events) AS events,
    SUM(visitor_days.views) AS views,
    CAST(LEAST(
      GREATEST(COALESCE(SUM(visitor_days.revenue), 0), CAST('-9223372036854775808' AS DECIMAL)),
      CAST('9223372036854775807' AS DECIMAL)
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(visitor_days.event_revenue), 0),
        CAST('-9223372036854775808' AS DECIMAL)
      ),
      CAST('9223372036854775807' AS DECIMAL)
    ) AS BIGINT) AS event_revenue
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.profile_id
), visits AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    COUNT(*) AS sessions,
    MIN(sessions.started_at) AS started_at
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.profile_id IS NULL
  GROUP BY
    sessions.project_id,
    sessions.profile_id
), touched AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    MAX(sessions.source) AS source,
    MAX(sessions.medium) AS medium,
    MAX(sessions.campaign) AS campaign,
    MAX(sessions.entry_page) AS entry_page,
    MAX(sessions.country) AS country
  FROM {{ sessions }} AS sessions
  INNER JOIN visits
    ON visits.project_id = sessions.project_id
    AND visits.profile_id = sessions.profile_id
    AND visits.started_at = sessions.started_at
  GROUP BY
    sessions.project_id,
    sessions.profile_id
)
SELECT
  seen.project_id,
  seen.profile_id,
  seen.first_seen_at,
  seen.last_seen_at,
  seen.first_identified_day,
  seen.last_identified_day,
  seen.days,
  COALESCE(visits.sessions, 0) AS sessions,
  CAST(seen.events AS BIGINT) AS events,
  CAST(seen.views AS BIGINT) AS views,
  touched.source AS first_source,
  touched.medium AS first_medium,
  touched.campaign AS first_campaign,
  touched.entry_page AS first_page,
  touched.country AS first_country,
  seen.revenue,
  seen.event_revenue
FROM seen
LEFT JOIN visits
  ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id
{%- endmacro -%}

{%- macro bigquery__select_users(sessions, visitor_days) -%}
WITH seen AS (
  SELECT
    visitor_days.project_id,
    visitor_days.profile_id,
    MIN(visitor_days.first_seen_at) AS first_seen_at,
    MAX(visitor_days.last_seen_at) AS last_seen_at,
    MIN(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS first_identified_day,
    MAX(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS last_identified_day,
    COUNT(*) AS days,
    SUM(visitor_days.events) AS events,
    SUM(visitor_days.views) AS views,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.revenue AS BIGNUMERIC)), 0),
        CAST('-9223372036854775808' AS BIGNUMERIC)
      ),
      CAST('9223372036854775807' AS BIGNUMERIC)
    ) AS INT64) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.event_revenue AS BIGNUMERIC)), 0),
        CAST('-9223372036854775808' AS BIGNUMERIC)
      ),
      CAST('9223372036854775807' AS BIGNUMERIC)
    ) AS INT64) AS event_revenue
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.profile_id
), visits AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    COUNT(*) AS sessions,
    MIN(session_rows.started_at) AS started_at
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.profile_id IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
), touched AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    MAX(session_rows.source) AS source,
    MAX(session_rows.medium) AS medium,
    MAX(session_rows.campaign) AS campaign,
    MAX(session_rows.entry_page) AS entry_page,
    MAX(session_rows.country) AS country
  FROM {{ sessions }} AS session_rows
  INNER JOIN visits
    ON visits.project_id = session_rows.project_id
    AND visits.profile_id = session_rows.profile_id
    AND visits.started_at = session_rows.started_at
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
)
SELECT
  seen.project_id,
  seen.profile_id,
  seen.first_seen_at,
  seen.last_seen_at,
  seen.first_identified_day,
  seen.last_identified_day,
  seen.days,
  COALESCE(visits.sessions, 0) AS sessions,
  CAST(seen.events AS INT64) AS events,
  CAST(seen.views AS INT64) AS views,
  touched.source AS first_source,
  touched.medium AS first_medium,
  touched.campaign AS first_campaign,
  touched.entry_page AS first_page,
  touched.country AS first_country,
  seen.revenue,
  seen.event_revenue
FROM seen
LEFT JOIN visits
  ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id
{%- endmacro -%}

{%- macro snowflake__select_users(sessions, visitor_days) -%}
WITH seen AS (
  SELECT
    visitor_days.project_id,
    visitor_days.profile_id,
    MIN(visitor_days.first_seen_at) AS first_seen_at,
    MAX(visitor_days.last_seen_at) AS last_seen_at,
    MIN(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS first_identified_day,
    MAX(CASE WHEN visitor_days.is_identified THEN visitor_days.day END) AS last_identified_day,
    COUNT(*) AS days,
    SUM(visitor_days.events) AS events,
    SUM(visitor_days.views) AS views,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.revenue AS DECIMAL(38, 0))), 0),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.event_revenue AS DECIMAL(38, 0))), 0),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue
  FROM {{ visitor_days }} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.profile_id
), visits AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    COUNT(*) AS sessions,
    MIN(session_rows.started_at) AS started_at
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.profile_id IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
), touched AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    MAX(session_rows.source) AS source,
    MAX(session_rows.medium) AS medium,
    MAX(session_rows.campaign) AS campaign,
    MAX(session_rows.entry_page) AS entry_page,
    MAX(session_rows.country) AS country
  FROM {{ sessions }} AS session_rows
  INNER JOIN visits
    ON visits.project_id = session_rows.project_id
    AND visits.profile_id = session_rows.profile_id
    AND visits.started_at = session_rows.started_at
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
)
SELECT
  seen.project_id,
  seen.profile_id,
  seen.first_seen_at,
  seen.last_seen_at,
  seen.first_identified_day,
  seen.last_identified_day,
  seen.days,
  COALESCE(visits.sessions, 0) AS sessions,
  CAST(seen.events AS BIGINT) AS events,
  CAST(seen.views AS BIGINT) AS views,
  touched.source AS first_source,
  touched.medium AS first_medium,
  touched.campaign AS first_campaign,
  touched.entry_page AS first_page,
  touched.country AS first_country,
  seen.revenue,
  seen.event_revenue
FROM seen
LEFT JOIN visits
  ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id
{%- endmacro -%}
