-- One row is a session: the events of a project that share a session_id.
-- Events without one, as those that servers send, belong to no session. Of events at the very same
-- millisecond, what they tell last in alphabetical order counts.
--
-- project_id: The project.
-- session_id: The session.
-- day: The day on which it began.
-- profile_id: The visitor, as last identified in the session; the device id of an anonymous one.
--   Where device_id is null, it tells nobody apart: then that of the last event.
-- device_id: The device, a daily rotating hash.
-- started_at: The first event. The session_start and session_end, copies of other events that
--   OpenPanel adds a moment before and after, do not count here unless there is nothing else.
-- ended_at: The last event.
-- duration_seconds: From the first event to the last.
-- events: All of its rows in the table events.
-- views: Those named screen_view.
-- is_bounce: Whether there are fewer than two views.
-- entry_page: Path of the first event that has one.
-- exit_page: Path of the last event that has one.
-- referrer_name: The referrer of the first event, e.g. Google; null when unknown or direct.
-- referrer_type: Its kind, e.g. search.
-- source: utm_source of the first event that has a UTM parameter; else the referrer's name, or its
--   host; else direct.
-- medium: utm_medium of that event; else the kind of referrer; else referral or none.
-- campaign: utm_campaign of that event; null when there is none.
-- device: Kind of device, of the first event, as what follows; null when unknown.
-- os: Operating system; null when unknown.
-- browser: Browser; null when unknown.
-- country: Two-letter code; null when unknown.
-- city: City; null when unknown.
-- conversions: Events with revenue, and those that OpenPanel marks as conversions, if the table
--   event_meta was loaded when the model was made; never session_start and session_end.
-- revenue: Sum of revenue of the events named revenue, in the smallest unit that the site sends,
--   usually cents.
-- event_revenue: Sum of revenue of all events but session_start and session_end, which hold copies.
-- funnel_step: How far it came in the table funnel: 1 visit, 2 product view, 3 purchase.
-- first_event_date: UTC day of its first row in events.
-- last_event_date: UTC day of its last row.

WITH goals AS (
  SELECT DISTINCT event_meta.project_id, event_meta.name
  FROM event_meta
  WHERE event_meta.conversion
),
facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END), MIN(marked.created_at))
    AS started_at,
    COALESCE(MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END), MAX(marked.created_at))
    AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END)
    AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL THEN 1
        ELSE 0
      END
    ) AS conversions,
    TOTAL(CASE WHEN marked.name = 'revenue' THEN marked.revenue END) AS revenue,
    TOTAL(CASE WHEN NOT marked.is_copy THEN marked.revenue END) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE '/product%' THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ('purchase', 'revenue') THEN marked.created_at END)
    AS purchased_at
  FROM (
    SELECT
      events.project_id,
      events.session_id,
      events.event_date,
      events.created_at,
      events.name,
      events.path,
      events.revenue,
      COALESCE(events.name, '') IN ('session_start', 'session_end') AS is_copy,
      events.profile_id <> '' AND events.profile_id <> events.device_id AS is_identified,
      events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> '' AS is_tagged
    FROM events
    WHERE events.session_id <> ''
  ) AS marked
  LEFT JOIN goals ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY marked.project_id, marked.session_id
),
edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    events.created_at = facts.started_at AS is_first,
    events.created_at = facts.ended_at AS is_last,
    events.created_at = facts.entered_at AS is_entry,
    events.created_at = facts.left_at AS is_exit,
    events.created_at = facts.tagged_at
    AND (events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> '')
    AS is_tagged,
    CASE
      WHEN
        events.created_at = facts.identified_at
        AND events.profile_id <> events.device_id
      THEN NULLIF(events.profile_id, '')
    END AS identified_id,
    events.profile_id,
    events.device_id,
    events.path,
    events.referrer,
    events.referrer_name,
    events.referrer_type,
    events.utm_source,
    events.utm_medium,
    events.utm_campaign,
    events.device,
    events.os,
    events.browser,
    events.country,
    events.city
  FROM events
  INNER JOIN facts
    ON facts.project_id = events.project_id
    AND facts.session_id = events.session_id
  WHERE
    (
      events.created_at = facts.started_at
      OR events.created_at = facts.ended_at
      OR events.created_at = facts.entered_at
      OR events.created_at = facts.left_at
      OR events.created_at = facts.identified_at
      OR events.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(events.name, '') IN ('session_start', 'session_end')
    )
),
told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN NULLIF(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN NULLIF(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN NULLIF(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.city, '') END) AS city
  FROM edges
  GROUP BY edges.project_id, edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  CAST(facts.started_at AT TIME ZONE 'UTC' AS DATE) AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(EXTRACT(EPOCH FROM facts.ended_at - facts.started_at) AS DOUBLE PRECISION)
  AS duration_seconds,
  facts.events,
  CAST(facts.views AS BIGINT) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    NULLIF(SPLIT_PART(told.referrer, '/', 3), ''),
    'direct'
  ) AS source,
  COALESCE(
    told.utm_medium,
    told.referrer_type,
    CASE WHEN told.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  told.campaign,
  told.device,
  told.os,
  told.browser,
  told.country,
  told.city,
  CAST(facts.conversions AS BIGINT) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at THEN 3
    WHEN NOT facts.product_viewed_at IS NULL THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told ON told.project_id = facts.project_id AND told.session_id = facts.session_id
