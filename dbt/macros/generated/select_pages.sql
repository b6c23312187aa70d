{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/pages.sql -#}

{%- macro select_pages(events, sessions) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.day as date) as day,
cast(made.path as {{ 'string' if target.type == 'bigquery' else 'text' }}) as path,
cast(made.title as {{ 'string' if target.type == 'bigquery' else 'text' }}) as title,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.sessions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as sessions,
cast(made.entries as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as entries,
cast(made.exits as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as exits,
cast(made.bounces as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as bounces
from (
{{ adapter.dispatch('select_pages', 'openpanel')(events, sessions) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_pages(events, sessions) -%}
WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    events.path,
    MAX(NULLIF(events.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM {{ events }} AS events
  WHERE
    events.name = 'screen_view' AND events.path <> ''
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
    events.path
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.entry_page AS path,
    CAST(NULL AS TEXT) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.entry_page IS NULL
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.entry_page
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.exit_page AS path,
    CAST(NULL AS TEXT) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.exit_page IS NULL
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.exit_page
)
SELECT
  parts.project_id,
  parts.day,
  parts.path,
  MAX(parts.title) AS title,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.entries) AS BIGINT) AS entries,
  CAST(SUM(parts.exits) AS BIGINT) AS exits,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path
{%- endmacro -%}

{%- macro postgres__select_pages(events, sessions) -%}
WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
    events.path,
    MAX(NULLIF(events.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM {{ events }} AS events
  WHERE
    events.name = 'screen_view' AND events.path <> ''
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE),
    events.path
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.entry_page AS path,
    CAST(NULL AS TEXT) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.entry_page IS NULL
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.entry_page
  UNION ALL
  SELECT
    sessions.project_id,
    sessions.day,
    sessions.exit_page AS path,
    CAST(NULL AS TEXT) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {{ sessions }} AS sessions
  WHERE
    NOT sessions.exit_page IS NULL
  GROUP BY
    sessions.project_id,
    sessions.day,
    sessions.exit_page
)
SELECT
  parts.project_id,
  parts.day,
  parts.path,
  MAX(parts.title) AS title,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.entries) AS BIGINT) AS entries,
  CAST(SUM(parts.exits) AS BIGINT) AS exits,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path
{%- endmacro -%}

{%- macro bigquery__select_pages(events, sessions) -%}
WITH parts AS (
  SELECT
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}') AS day,
    event_rows.path,
    MAX(NULLIF(event_rows.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM {{ events }} AS event_rows
  WHERE
    event_rows.name = 'screen_view' AND event_rows.path <> ''
  GROUP BY
    event_rows.project_id,
    DATE(event_rows.created_at, '{{ openpanel.timezone() }}'),
    event_rows.path
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page AS path,
    CAST(NULL AS STRING) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.entry_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page AS path,
    CAST(NULL AS STRING) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.exit_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page
)
SELECT
  parts.project_id,
  parts.day,
  parts.path,
  MAX(parts.title) AS title,
  CAST(SUM(parts.views) AS INT64) AS views,
  CAST(SUM(parts.sessions) AS INT64) AS sessions,
  CAST(SUM(parts.entries) AS INT64) AS entries,
  CAST(SUM(parts.exits) AS INT64) AS exits,
  CAST(SUM(parts.bounces) AS INT64) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path
{%- endmacro -%}

{%- macro snowflake__select_pages(events, sessions) -%}
WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE) AS day,
    event_rows.path,
    MAX(NULLIF(event_rows.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM {{ events }} AS event_rows
  WHERE
    event_rows.name = 'screen_view' AND event_rows.path <> ''
  GROUP BY
    event_rows.project_id,
    CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', event_rows.created_at) AS DATE),
    event_rows.path
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page AS path,
    CAST(NULL AS VARCHAR) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.entry_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page AS path,
    CAST(NULL AS VARCHAR) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {{ sessions }} AS session_rows
  WHERE
    NOT session_rows.exit_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page
)
SELECT
  parts.project_id,
  parts.day,
  parts.path,
  MAX(parts.title) AS title,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.entries) AS BIGINT) AS entries,
  CAST(SUM(parts.exits) AS BIGINT) AS exits,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path
{%- endmacro -%}
