-- One row is a page of a project on a day.
--
-- project_id: The project.
-- day: The day.
-- path: The page, without the host.
-- title: Its title; of several, the last in alphabetical order.
-- views: The day's events named screen_view.
-- sessions: Sessions that saw it.
-- entries: Sessions that began on the day and on this page, with whichever event.
-- exits: Sessions that began on the day and ended on this page.
-- bounces: Sessions that began on the day and on this page, and bounced.

WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
    events.path,
    MAX(NULLIF(events.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM events
  WHERE events.name = 'screen_view' AND events.path <> ''
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE),
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
  FROM sessions
  WHERE NOT sessions.entry_page IS NULL
  GROUP BY sessions.project_id, sessions.day, sessions.entry_page
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
  FROM sessions
  WHERE NOT sessions.exit_page IS NULL
  GROUP BY sessions.project_id, sessions.day, sessions.exit_page
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
GROUP BY parts.project_id, parts.day, parts.path
