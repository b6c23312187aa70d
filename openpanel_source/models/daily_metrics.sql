-- One row is a day of a project that has events.
--
-- project_id: The project.
-- day: The day.
-- sessions: Sessions that began on the day.
-- visitors: Unique visitors of these sessions, each as last identified in its session.
-- views: Events named screen_view of these sessions.
-- bounces: Those of the sessions that bounced.
-- bounce_rate: Their share, from 0 to 1; null without sessions.
-- avg_duration_seconds: Average duration of those of the sessions that are longer than 0 seconds.
-- revenue: Sum of revenue of the day's events named revenue, in the smallest unit that the site
--   sends, usually cents.
-- events: Rows in the table events. Those that the server delivered twice count once.
-- active_visitors: Unique values of profile_id of the day's events, as a chart's segment user. An
--   anonymous visitor is a new one each day.
-- active_sessions: Sessions with an event on the day, as a chart's segment session.
-- all_views: The day's events named screen_view, of whichever session.
-- event_revenue: Sum of revenue of all events but session_start and session_end, which hold copies.

WITH by_event AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS active_sessions,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
    TOTAL(CASE WHEN events.name = 'revenue' THEN events.revenue END) AS revenue,
    TOTAL(
      CASE
        WHEN NOT COALESCE(events.name, '') IN ('session_start', 'session_end') THEN events.revenue
      END
    ) AS event_revenue
  FROM events
  GROUP BY events.project_id, CAST(events.created_at AT TIME ZONE 'UTC' AS DATE)
),
by_visitor AS (
  SELECT visitor_days.project_id, visitor_days.day, COUNT(*) AS active_visitors
  FROM visitor_days
  GROUP BY visitor_days.project_id, visitor_days.day
),
by_session AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT sessions.profile_id) AS visitors,
    SUM(sessions.views) AS views,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(CASE WHEN sessions.duration_seconds > 0 THEN sessions.duration_seconds END)
    AS avg_duration_seconds
  FROM sessions
  GROUP BY sessions.project_id, sessions.day
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
