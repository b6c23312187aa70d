-- One row is a country of a day of a project. Days are UTC days, or those of --timezone.
--
-- project_id: The project.
-- day: The day.
-- country: Two-letter code; null when unknown.
-- events: Rows in the table events.
-- visitors: Unique values of profile_id, as a chart's segment user.
-- sessions: Sessions with an event from the country on the day, as a chart's segment session.
-- views: Events named screen_view.
-- revenue: Sum of revenue, in the smallest unit that the site sends, usually cents.

SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
  events.country,
  COUNT(*) AS events,
  COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
  COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(events.revenue) AS BIGINT) AS revenue
FROM events
GROUP BY
  events.project_id, CAST(events.created_at AT TIME ZONE 'UTC' AS DATE), events.country
