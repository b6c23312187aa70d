-- One row is a visitor of a project, as OpenPanel knew it at each event: an identified one, or the
-- device of an anonymous one on a day.
--
-- project_id: The project.
-- profile_id: The visitor.
-- first_seen_at: The first event.
-- last_seen_at: The last one.
-- first_identified_day: First day on which visitor_days.is_identified; null of anonymous visitors.
-- last_identified_day: The last such day.
-- days: Days with an event.
-- sessions: Sessions at whose end the visitor was known as this one.
-- events: Rows in the table events.
-- views: Those named screen_view.
-- first_source: Source of the first of the sessions, as in sessions, like what follows; null
--   without one.
-- first_medium: Its medium.
-- first_campaign: Its campaign.
-- first_page: Path of its first event.
-- first_country: Its country.
-- revenue: Sum of revenue of the events named revenue, in the smallest unit that the site sends,
--   usually cents.
-- event_revenue: Sum of revenue of all events but session_start and session_end.

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
    TOTAL(visitor_days.revenue) AS revenue,
    TOTAL(visitor_days.event_revenue) AS event_revenue
  FROM visitor_days
  GROUP BY visitor_days.project_id, visitor_days.profile_id
),
visits AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    COUNT(*) AS sessions,
    MIN(sessions.started_at) AS started_at
  FROM sessions
  WHERE NOT sessions.profile_id IS NULL
  GROUP BY sessions.project_id, sessions.profile_id
),
touched AS (
  SELECT
    sessions.project_id,
    sessions.profile_id,
    MAX(sessions.source) AS source,
    MAX(sessions.medium) AS medium,
    MAX(sessions.campaign) AS campaign,
    MAX(sessions.entry_page) AS entry_page,
    MAX(sessions.country) AS country
  FROM sessions
  INNER JOIN visits
    ON visits.project_id = sessions.project_id
    AND visits.profile_id = sessions.profile_id
    AND visits.started_at = sessions.started_at
  GROUP BY sessions.project_id, sessions.profile_id
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
LEFT JOIN visits ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id
