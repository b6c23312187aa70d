-- Made by `make docs` from openpanel_source/views/: what each view selects, in order.

WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM {event_meta}
  WHERE
    event_meta.conversion
), in_order AS (
  SELECT
    events.project_id,
    events.session_id,
    events.name,
    events.created_at,
    CASE
      WHEN NOT events.name IN ('session_start', 'session_end')
      THEN events.created_at
    END AS happened_at,
    events.profile_id,
    events.device_id,
    NULLIF(events.path, '') AS path,
    events.referrer,
    events.referrer_name,
    events.referrer_type,
    {utm_source} AS utm_source,
    {utm_medium} AS utm_medium,
    {utm_campaign} AS utm_campaign,
    events.device,
    events.os,
    events.browser,
    events.country,
    events.city,
    events.revenue,
    CASE WHEN events.name = 'session_end' THEN events.properties ->> '$.__bounce' END AS bounce,
    ROW_NUMBER() OVER (
      PARTITION BY events.project_id, events.session_id
      ORDER BY events.created_at, events.id
    ) AS place,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) OVER (
      PARTITION BY events.project_id, events.session_id
      ORDER BY events.created_at, events.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS view_place,
    SUM(
      CASE
        WHEN {utm_source} <> '' OR {utm_medium} <> '' OR {utm_campaign} <> ''
        THEN 1
        ELSE 0
      END
    ) OVER (
      PARTITION BY events.project_id, events.session_id
      ORDER BY events.created_at, events.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS tag_place,
    COUNT(*) OVER (PARTITION BY events.project_id, events.session_id) AS places,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) OVER (PARTITION BY events.project_id, events.session_id) AS view_places
  FROM {events}
  WHERE
    events.session_id <> ''
), facts AS (
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
        WHEN in_order.bounce IN ('1', 'true')
        THEN 1
        WHEN NOT in_order.bounce IS NULL
        THEN 0
      END
    ) AS bounce,
    MAX(
      CASE
        WHEN in_order.name = 'screen_view' AND in_order.view_place = 1
        THEN in_order.path
      END
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
  LEFT JOIN goals
    ON goals.project_id = in_order.project_id AND goals.name = in_order.name
  GROUP BY
    in_order.project_id,
    in_order.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  facts.profile_id,
  facts.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(EXTRACT(EPOCH FROM facts.ended_at - facts.started_at) AS DOUBLE) AS duration_seconds,
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

WITH by_event AS (
  SELECT
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
    SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(events.revenue) AS revenue
  FROM {events}
  GROUP BY
    events.project_id,
    CAST(events.created_at AT TIME ZONE '{timezone}' AS DATE)
), by_session AS (
  SELECT
    sessions.project_id,
    CAST(sessions.started_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS sessions_started,
    AVG(CASE WHEN sessions.is_bounce THEN 1.0 ELSE 0.0 END) AS bounce_rate,
    AVG(sessions.duration_seconds) AS avg_duration_seconds
  FROM {sessions}
  GROUP BY
    sessions.project_id,
    CAST(sessions.started_at AT TIME ZONE '{timezone}' AS DATE)
)
SELECT
  by_event.project_id,
  by_event.day,
  by_event.events,
  by_event.visitors,
  by_event.sessions,
  COALESCE(by_session.sessions_started, 0) AS sessions_started,
  CAST(by_event.views AS BIGINT) AS views,
  CAST(by_session.bounce_rate AS DOUBLE) AS bounce_rate,
  by_session.avg_duration_seconds,
  CAST(by_event.revenue AS BIGINT) AS revenue
FROM by_event
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day

SELECT
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
  events.country,
  COUNT(*) AS events,
  COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
  COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions,
  CAST(SUM(CASE WHEN events.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(SUM(events.revenue) AS BIGINT) AS revenue
FROM {events}
GROUP BY
  events.project_id,
  CAST(events.created_at AT TIME ZONE '{timezone}' AS DATE),
  events.country

WITH viewed AS (
  SELECT
    events.project_id,
    events.path,
    MAX(NULLIF({page_title}, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(events.profile_id, '')) AS visitors,
    COUNT(DISTINCT NULLIF(events.session_id, '')) AS sessions
  FROM {events}
  WHERE
    events.name = 'screen_view' AND events.path <> ''
  GROUP BY
    events.project_id,
    events.path
), entered AS (
  SELECT
    sessions.project_id,
    sessions.landing_page AS path,
    COUNT(*) AS entries,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {sessions}
  GROUP BY
    sessions.project_id,
    sessions.landing_page
), left_from AS (
  SELECT
    sessions.project_id,
    sessions.exit_page AS path,
    COUNT(*) AS exits
  FROM {sessions}
  GROUP BY
    sessions.project_id,
    sessions.exit_page
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
  CAST(entered.bounces AS DOUBLE) / NULLIF(entered.entries, 0) AS bounce_rate,
  CAST(COALESCE(left_from.exits, 0) AS DOUBLE) / NULLIF(viewed.sessions, 0) AS exit_rate
FROM viewed
LEFT JOIN entered
  ON entered.project_id = viewed.project_id AND entered.path = viewed.path
LEFT JOIN left_from
  ON left_from.project_id = viewed.project_id AND left_from.path = viewed.path

WITH steps AS (
  SELECT
    events.project_id,
    events.session_id,
    events.created_at,
    TRUE AS is_visit,
    events.name = 'screen_view' AND events.path LIKE '/product%' AS is_product_view,
    events.name = 'purchase' AS is_purchase
  FROM {events}
  WHERE
    events.session_id <> ''
), visit AS (
  SELECT
    steps.project_id,
    steps.session_id,
    MIN(steps.created_at) AS reached_at
  FROM steps
  WHERE
    steps.is_visit
  GROUP BY
    steps.project_id,
    steps.session_id
), product_view AS (
  SELECT
    steps.project_id,
    steps.session_id,
    MIN(steps.created_at) AS reached_at
  FROM steps
  INNER JOIN visit
    ON visit.project_id = steps.project_id AND visit.session_id = steps.session_id
  WHERE
    steps.is_product_view AND steps.created_at >= visit.reached_at
  GROUP BY
    steps.project_id,
    steps.session_id
), purchase AS (
  SELECT
    steps.project_id,
    steps.session_id,
    MIN(steps.created_at) AS reached_at
  FROM steps
  INNER JOIN product_view
    ON product_view.project_id = steps.project_id
    AND product_view.session_id = steps.session_id
  WHERE
    steps.is_purchase AND steps.created_at >= product_view.reached_at
  GROUP BY
    steps.project_id,
    steps.session_id
), totals AS (
  SELECT
    visit.project_id,
    COUNT(*) AS visits,
    COUNT(product_view.session_id) AS product_views,
    COUNT(purchase.session_id) AS purchases
  FROM visit
  LEFT JOIN product_view
    ON product_view.project_id = visit.project_id
    AND product_view.session_id = visit.session_id
  LEFT JOIN purchase
    ON purchase.project_id = visit.project_id AND purchase.session_id = visit.session_id
  GROUP BY
    visit.project_id
), reached AS (
  SELECT
    project_id,
    1 AS step,
    'visit' AS name,
    visits AS sessions
  FROM totals
  UNION ALL
  SELECT
    project_id,
    2 AS step,
    'product view' AS name,
    product_views AS sessions
  FROM totals
  UNION ALL
  SELECT
    project_id,
    3 AS step,
    'purchase' AS name,
    purchases AS sessions
  FROM totals
)
SELECT
  reached.project_id,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE) / NULLIF(
    LAG(reached.sessions) OVER (PARTITION BY reached.project_id ORDER BY reached.step),
    0
  ) AS of_previous,
  CAST(reached.sessions AS DOUBLE) / MAX(reached.sessions) OVER (PARTITION BY reached.project_id) AS of_visits
FROM reached

WITH active AS (
  SELECT DISTINCT
    events.project_id,
    events.profile_id,
    CAST(DATE_TRUNC('WEEK', events.created_at AT TIME ZONE '{timezone}') AS DATE) AS monday
  FROM {events}
  WHERE
    events.profile_id <> '' AND events.profile_id <> COALESCE(events.device_id, '')
), first_seen AS (
  SELECT
    active.project_id,
    active.profile_id,
    MIN(active.monday) AS cohort_week
  FROM active
  GROUP BY
    active.project_id,
    active.profile_id
), cohorts AS (
  SELECT
    first_seen.project_id,
    first_seen.cohort_week,
    COUNT(*) AS cohort_visitors
  FROM first_seen
  GROUP BY
    first_seen.project_id,
    first_seen.cohort_week
), returned AS (
  SELECT
    active.project_id,
    first_seen.cohort_week,
    CAST((
      active.monday - first_seen.cohort_week
    ) / 7 AS BIGINT) AS week,
    COUNT(*) AS visitors
  FROM active
  INNER JOIN first_seen
    ON first_seen.project_id = active.project_id
    AND first_seen.profile_id = active.profile_id
  GROUP BY
    active.project_id,
    first_seen.cohort_week,
    CAST((
      active.monday - first_seen.cohort_week
    ) / 7 AS BIGINT)
)
SELECT
  returned.project_id,
  returned.cohort_week,
  returned.week,
  cohorts.cohort_visitors,
  returned.visitors,
  CAST(returned.visitors AS DOUBLE) / cohorts.cohort_visitors AS retention
FROM returned
INNER JOIN cohorts
  ON cohorts.project_id = returned.project_id
  AND cohorts.cohort_week = returned.cohort_week
