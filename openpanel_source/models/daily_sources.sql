-- One row is a source, medium and campaign of the sessions that began on a day.
--
-- project_id: The project.
-- day: The day.
-- source: As of sessions: utm_source, else the referrer's name or host, else direct.
-- medium: utm_medium, else the kind of referrer, else referral or none.
-- campaign: utm_campaign; null when there is none.
-- sessions: Sessions that began on the day.
-- visitors: Unique visitors of these sessions, each as last identified in its session.
-- views: Events named screen_view of these sessions.
-- bounces: Those of the sessions that bounced.
-- conversions: Conversions in these sessions.
-- revenue: Sum of revenue of the events named revenue in these sessions.
-- event_revenue: Sum of revenue of all their events but session_start and session_end.

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
  TOTAL(sessions.revenue) AS revenue,
  TOTAL(sessions.event_revenue) AS event_revenue
FROM sessions
GROUP BY
  sessions.project_id,
  sessions.day,
  sessions.source,
  sessions.medium,
  sessions.campaign
