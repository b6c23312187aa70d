{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/funnel.sql -#}

{%- macro select_funnel(sessions) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.step as {{ 'int64' if target.type == 'bigquery' else 'int' }}) as step,
cast(made.name as {{ 'string' if target.type == 'bigquery' else 'text' }}) as name,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.of_previous as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as of_previous,
cast(made.of_visits as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as of_visits
from (
{{ adapter.dispatch('select_funnel', 'openpanel')(sessions) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_funnel(sessions) -%}
WITH totals AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS product_views,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 3 THEN 1 ELSE 0 END) AS BIGINT) AS purchases
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day
), reached AS (
  SELECT
    totals.project_id,
    totals.day,
    1 AS step,
    'visit' AS name,
    totals.visits AS sessions,
    totals.visits,
    CAST(NULL AS BIGINT) AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    2 AS step,
    'product view' AS name,
    totals.product_views AS sessions,
    totals.visits,
    totals.visits AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    3 AS step,
    'purchase' AS name,
    totals.purchases AS sessions,
    totals.visits,
    totals.product_views AS previous
  FROM totals
)
SELECT
  reached.project_id,
  reached.day,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE) / NULLIF(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS DOUBLE) / NULLIF(reached.visits, 0) AS of_visits
FROM reached
{%- endmacro -%}

{%- macro postgres__select_funnel(sessions) -%}
WITH totals AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS product_views,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 3 THEN 1 ELSE 0 END) AS BIGINT) AS purchases
  FROM {{ sessions }} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.day
), reached AS (
  SELECT
    totals.project_id,
    totals.day,
    1 AS step,
    'visit' AS name,
    totals.visits AS sessions,
    totals.visits,
    CAST(NULL AS BIGINT) AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    2 AS step,
    'product view' AS name,
    totals.product_views AS sessions,
    totals.visits,
    totals.visits AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    3 AS step,
    'purchase' AS name,
    totals.purchases AS sessions,
    totals.visits,
    totals.product_views AS previous
  FROM totals
)
SELECT
  reached.project_id,
  reached.day,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE PRECISION) / NULLIF(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS DOUBLE PRECISION) / NULLIF(reached.visits, 0) AS of_visits
FROM reached
{%- endmacro -%}

{%- macro bigquery__select_funnel(sessions) -%}
WITH totals AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 2 THEN 1 ELSE 0 END) AS INT64) AS product_views,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 3 THEN 1 ELSE 0 END) AS INT64) AS purchases
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
), reached AS (
  SELECT
    totals.project_id,
    totals.day,
    1 AS step,
    'visit' AS name,
    totals.visits AS sessions,
    totals.visits,
    CAST(NULL AS INT64) AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    2 AS step,
    'product view' AS name,
    totals.product_views AS sessions,
    totals.visits,
    totals.visits AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    3 AS step,
    'purchase' AS name,
    totals.purchases AS sessions,
    totals.visits,
    totals.product_views AS previous
  FROM totals
)
SELECT
  reached.project_id,
  reached.day,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS FLOAT64) / NULLIF(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS FLOAT64) / NULLIF(reached.visits, 0) AS of_visits
FROM reached
{%- endmacro -%}

{%- macro snowflake__select_funnel(sessions) -%}
WITH totals AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS product_views,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 3 THEN 1 ELSE 0 END) AS BIGINT) AS purchases
  FROM {{ sessions }} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
), reached AS (
  SELECT
    totals.project_id,
    totals.day,
    1 AS step,
    'visit' AS name,
    totals.visits AS sessions,
    totals.visits,
    CAST(NULL AS BIGINT) AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    2 AS step,
    'product view' AS name,
    totals.product_views AS sessions,
    totals.visits,
    totals.visits AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    3 AS step,
    'purchase' AS name,
    totals.purchases AS sessions,
    totals.visits,
    totals.product_views AS previous
  FROM totals
)
SELECT
  reached.project_id,
  reached.day,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE) / NULLIF(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS DOUBLE) / NULLIF(reached.visits, 0) AS of_visits
FROM reached
{%- endmacro -%}
