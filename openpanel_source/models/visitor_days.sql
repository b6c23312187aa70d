-- One row is a day of a visitor, as OpenPanel knew it at each event. An anonymous visitor is a new
-- one each day. Events without a profile_id are left out.
--
-- project_id: The project.
-- day: The day.
-- profile_id: The visitor.
-- is_identified: Whether profile_id was more than the id of the device in an event of the day, or
--   there was no device, an empty text. A device_id that is null tells nothing.
-- first_seen_at: The first event of the day.
-- last_seen_at: The last one.
-- events: Rows in the table events.
-- views: Those named screen_view.
-- revenue: Sum of revenue of the events named revenue.
-- event_revenue: Sum of revenue of all events but session_start and session_end.

SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE 'UTC' AS DATE) AS day,
  events.profile_id,
  MAX(CASE WHEN events.profile_id <> events.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(events.created_at) AS first_seen_at,
  MAX(events.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  TOTAL(CASE WHEN events.name = 'revenue' THEN events.revenue END) AS revenue,
  TOTAL(
    CASE
      WHEN NOT COALESCE(events.name, '') IN ('session_start', 'session_end') THEN events.revenue
    END
  ) AS event_revenue
FROM events
WHERE events.profile_id <> ''
GROUP BY
  events.project_id,
  CAST(events.created_at AT TIME ZONE 'UTC' AS DATE),
  events.profile_id
