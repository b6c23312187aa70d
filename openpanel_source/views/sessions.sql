-- One row is a session: the events of a project that share a session_id.
-- Events without one, as those that servers send, belong to no session.
--
-- project_id: The project.
-- session_id: The session.
-- profile_id: The visitor, as known at the session's end; the device id of an anonymous one.
-- device_id: The device, a daily rotating hash.
-- started_at: The first event. The session_start and session_end, which OpenPanel adds a moment
--   before and after, do not count here unless there is nothing else.
-- ended_at: The last event.
-- duration_seconds: From the first event to the last.
-- events: All of its rows in the table events.
-- views: Those named screen_view.
-- is_bounce: As OpenPanel says in the property __bounce of session_end; of sessions without that:
--   whether there are fewer than two views.
-- landing_page: Path of the first view; null without any.
-- exit_page: Path of the last view.
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
--   event_meta was loaded when the view was made.
-- revenue: Sum of revenue, in the smallest unit that the site sends, usually cents.

WITH goals AS (
  SELECT DISTINCT event_meta.project_id, event_meta.name
  FROM event_meta
  WHERE event_meta.conversion
),
in_order AS (
  SELECT
    events.project_id,
    events.session_id,
    events.name,
    events.created_at,
    CASE
      WHEN NOT events.name IN ('session_start', 'session_end') THEN events.created_at
    END AS happened_at,
    events.profile_id,
    events.device_id,
    NULLIF(events.path, '') AS path,
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
    events.city,
    events.revenue,
    CASE WHEN events.name = 'session_end' THEN events.properties ->> '__bounce' END AS bounce,
    ROW_NUMBER() OVER (
      PARTITION BY events.project_id, events.session_id ORDER BY events.created_at, events.id
    ) AS place,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) OVER (
      PARTITION BY events.project_id, events.session_id ORDER BY events.created_at, events.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS view_place,
    SUM(
      CASE
        WHEN events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> '' THEN 1
        ELSE 0
      END
    ) OVER (
      PARTITION BY events.project_id, events.session_id ORDER BY events.created_at, events.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS tag_place,
    COUNT(*) OVER (PARTITION BY events.project_id, events.session_id) AS places,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) OVER (
      PARTITION BY events.project_id, events.session_id
    ) AS view_places
  FROM events
  WHERE events.session_id <> ''
),
facts AS (
  SELECT
    in_order.project_id,
    in_order.session_id,
    MAX(
      CASE WHEN in_order.place = in_order.places THEN NULLIF(in_order.profile_id, '') END
    ) AS profile_id,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.device_id, '') END) AS device_id,
    COALESCE(MIN(in_order.happened_at), MIN(in_order.created_at)) AS started_at,
    COALESCE(MAX(in_order.happened_at), MAX(in_order.created_at)) AS ended_at,
    COUNT(*) AS events,
    MAX(in_order.view_places) AS views,
    MIN(
      CASE
        WHEN in_order.bounce IN ('1', 'true') THEN 1
        WHEN NOT in_order.bounce IS NULL THEN 0
      END
    ) AS bounce,
    MAX(
      CASE WHEN in_order.name = 'screen_view' AND in_order.view_place = 1 THEN in_order.path END
    ) AS landing_page,
    MAX(
      CASE
        WHEN in_order.name = 'screen_view' AND in_order.view_place = in_order.view_places
        THEN in_order.path
      END
    ) AS exit_page,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.referrer, '') END) AS referrer,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN in_order.tag_place = 1 THEN NULLIF(in_order.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN in_order.tag_place = 1 THEN NULLIF(in_order.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN in_order.tag_place = 1 THEN NULLIF(in_order.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.device, '') END) AS device,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.os, '') END) AS os,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.browser, '') END) AS browser,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.country, '') END) AS country,
    MAX(CASE WHEN in_order.place = 1 THEN NULLIF(in_order.city, '') END) AS city,
    SUM(CASE WHEN in_order.revenue > 0 OR NOT goals.name IS NULL THEN 1 ELSE 0 END) AS conversions,
    SUM(in_order.revenue) AS revenue
  FROM in_order
  LEFT JOIN goals ON goals.project_id = in_order.project_id AND goals.name = in_order.name
  GROUP BY in_order.project_id, in_order.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  facts.profile_id,
  facts.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(EXTRACT(EPOCH FROM facts.ended_at - facts.started_at) AS DOUBLE PRECISION)
  AS duration_seconds,
  facts.events,
  CAST(facts.views AS BIGINT) AS views,
  COALESCE(facts.bounce = 1, facts.views < 2) AS is_bounce,
  facts.landing_page,
  facts.exit_page,
  facts.referrer_name,
  facts.referrer_type,
  COALESCE(
    facts.utm_source,
    facts.referrer_name,
    NULLIF(SPLIT_PART(facts.referrer, '/', 3), ''),
    'direct'
  ) AS source,
  COALESCE(
    facts.utm_medium,
    facts.referrer_type,
    CASE WHEN facts.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  facts.campaign,
  facts.device,
  facts.os,
  facts.browser,
  facts.country,
  facts.city,
  CAST(facts.conversions AS BIGINT) AS conversions,
  CAST(facts.revenue AS BIGINT) AS revenue
FROM facts
