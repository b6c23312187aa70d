-- One row is a day of a project that has events. Days are UTC days, or those of --timezone.
--
-- project_id: The project.
-- day: The day.
-- events: Rows in the table events. Those that the server delivered twice count once.
-- visitors: Unique values of profile_id, as a chart's segment user. An anonymous visitor is a new
--   one each day.
-- sessions: Sessions with an event on the day, as a chart's segment session.
-- sessions_started: Sessions that began on the day.
-- views: Events named screen_view.
-- bounce_rate: Share of bounces, from 0 to 1, of the sessions that began on the day.
-- avg_duration_seconds: Average duration of those sessions.
-- revenue: Sum of revenue, in the smallest unit that the site sends, usually cents.

WITH by_event AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(events.revenue) AS revenue
  FROM events
  GROUP BY events.project_id, CAST(events.created_at AT TIME ZONE 'UTC' AS DATE)
),
by_session AS (
  SELECT
    sessions.project_id,
    CAST(sessions.started_at AT TIME ZONE 'UTC' AS DATE) AS day,
    COUNT(*) AS sessions_started,
    AVG(CASE WHEN sessions.is_bounce THEN 1.0 ELSE 0.0 END) AS bounce_rate,
    AVG(sessions.duration_seconds) AS avg_duration_seconds
  FROM sessions
  GROUP BY sessions.project_id, CAST(sessions.started_at AT TIME ZONE 'UTC' AS DATE)
)
SELECT
  by_event.project_id,
  by_event.day,
  by_event.events,
  by_event.visitors,
  by_event.sessions,
  COALESCE(by_session.sessions_started, 0) AS sessions_started,
  CAST(by_event.views AS BIGINT) AS views,
  CAST(by_session.bounce_rate AS DOUBLE PRECISION) AS bounce_rate,
  by_session.avg_duration_seconds,
  CAST(by_event.revenue AS BIGINT) AS revenue
FROM by_event
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
