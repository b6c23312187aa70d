-- One row is a country of a day of a project.
--
-- project_id: The project.
-- day: The day.
-- country: Two-letter code; null when unknown.
-- sessions: Sessions that began on the day, by the country of the first event.
-- visitors: Unique visitors of these sessions, each as last identified in its session.
-- views: Events named screen_view of these sessions.
-- bounces: Those of the sessions that bounced.
-- revenue: Sum of revenue of the day's events named revenue from the country.
-- events: Rows in the table events, by the country of each.
-- active_visitors: Unique values of profile_id of these, as a chart's segment user.
-- active_sessions: Sessions with an event from the country on the day, as a chart's segment
--   session.
-- event_revenue: Sum of revenue of all events from the country but session_start and session_end.

WITH parts AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
    NULLIF(events.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
    TOTAL(CASE WHEN events.name = 'revenue' THEN events.revenue END) AS revenue,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
    TOTAL(
      CASE
        WHEN NOT COALESCE(events.name, '') IN ('session_start', 'session_end') THEN events.revenue
      END
    ) AS event_revenue
  FROM events
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE),
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
  FROM sessions
  GROUP BY sessions.project_id, sessions.day, sessions.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.visitors) AS BIGINT) AS visitors,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces,
  TOTAL(parts.revenue) AS revenue,
  CAST(SUM(parts.events) AS BIGINT) AS events,
  CAST(SUM(parts.active_visitors) AS BIGINT) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS BIGINT) AS active_sessions,
  TOTAL(parts.event_revenue) AS event_revenue
FROM parts
GROUP BY parts.project_id, parts.day, parts.country
