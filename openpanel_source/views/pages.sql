-- One row is a page of a project, over all days that were loaded.
--
-- project_id: The project.
-- path: The page, without the host.
-- title: Its title; of several, the last in alphabetical order.
-- views: Events named screen_view.
-- visitors: Unique values of profile_id among them.
-- sessions: Sessions that saw it.
-- entries: Sessions that began on it.
-- exits: Sessions whose last view it was.
-- bounces: Sessions that began on it and bounced.
-- bounce_rate: Their share of the entries, from 0 to 1; null without entries.
-- exit_rate: Share of exits among the sessions that saw it, from 0 to 1; null without sessions.

WITH viewed AS (
  SELECT
    events.project_id,
    events.path,
    MAX(NULLIF(events.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions
  FROM events
  WHERE events.name = 'screen_view' AND events.path <> ''
  GROUP BY events.project_id, events.path
),
entered AS (
  SELECT
    sessions.project_id,
    sessions.landing_page AS path,
    COUNT(*) AS entries,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM sessions
  GROUP BY sessions.project_id, sessions.landing_page
),
left_from AS (
  SELECT sessions.project_id, sessions.exit_page AS path, COUNT(*) AS exits
  FROM sessions
  GROUP BY sessions.project_id, sessions.exit_page
)
SELECT
  viewed.project_id,
  viewed.path,
  viewed.title,
  viewed.views,
  viewed.visitors,
  viewed.sessions,
  COALESCE(entered.entries, 0) AS entries,
  COALESCE(left_from.exits, 0) AS exits,
  CAST(COALESCE(entered.bounces, 0) AS BIGINT) AS bounces,
  CAST(entered.bounces AS DOUBLE PRECISION) / NULLIF(entered.entries, 0) AS bounce_rate,
  CAST(COALESCE(left_from.exits, 0) AS DOUBLE PRECISION) / NULLIF(viewed.sessions, 0) AS exit_rate
FROM viewed
LEFT JOIN entered ON entered.project_id = viewed.project_id AND entered.path = viewed.path
LEFT JOIN left_from ON left_from.project_id = viewed.project_id AND left_from.path = viewed.path
