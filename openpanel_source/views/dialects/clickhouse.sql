-- Made by `make docs` from openpanel_source/views/: what each view selects, in order.

WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM (
    SELECT
      CAST(NULL AS Nullable(String)) AS project_id,
      CAST(NULL AS Nullable(String)) AS name,
      CAST(NULL AS Nullable(Bool)) AS conversion
    LIMIT 0
  ) AS event_meta
  WHERE
    event_meta.conversion
), in_order AS (
  SELECT
    event_rows.project_id,
    event_rows.session_id,
    event_rows.name,
    event_rows.created_at,
    CASE
      WHEN NOT (
        event_rows.name IN ('session_start', 'session_end')
      )
      THEN event_rows.created_at
    END AS happened_at,
    event_rows.profile_id,
    event_rows.device_id,
    nullIf(event_rows.path, '') AS path,
    event_rows.referrer,
    event_rows.referrer_name,
    event_rows.referrer_type,
    event_rows.utm_source,
    event_rows.utm_medium,
    event_rows.utm_campaign,
    event_rows.device,
    event_rows.os,
    event_rows.browser,
    event_rows.country,
    event_rows.city,
    event_rows.revenue,
    CASE
      WHEN event_rows.name = 'session_end'
      THEN nullIf(JSONExtractString(event_rows.properties, '__bounce'), '')
    END AS bounce,
    ROW_NUMBER() OVER (
      PARTITION BY event_rows.project_id, event_rows.session_id
      ORDER BY event_rows.created_at, event_rows.id
    ) AS place,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) OVER (
      PARTITION BY event_rows.project_id, event_rows.session_id
      ORDER BY event_rows.created_at, event_rows.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS view_place,
    SUM(
      CASE
        WHEN event_rows.utm_source <> ''
        OR event_rows.utm_medium <> ''
        OR event_rows.utm_campaign <> ''
        THEN 1
        ELSE 0
      END
    ) OVER (
      PARTITION BY event_rows.project_id, event_rows.session_id
      ORDER BY event_rows.created_at, event_rows.id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS tag_place,
    COUNT(*) OVER (PARTITION BY event_rows.project_id, event_rows.session_id) AS places,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) OVER (PARTITION BY event_rows.project_id, event_rows.session_id) AS view_places
  FROM {events} AS event_rows
  WHERE
    event_rows.session_id <> ''
), facts AS (
  SELECT
    in_order.project_id,
    in_order.session_id,
    MAX(
      CASE WHEN in_order.place = in_order.places THEN nullIf(in_order.profile_id, '') END
    ) AS profile_id,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.device_id, '') END) AS device_id,
    COALESCE(MIN(in_order.happened_at), MIN(in_order.created_at)) AS started_at,
    COALESCE(MAX(in_order.happened_at), MAX(in_order.created_at)) AS ended_at,
    COUNT(*) AS events,
    MAX(in_order.view_places) AS views,
    MIN(
      CASE
        WHEN in_order.bounce IN ('1', 'true')
        THEN 1
        WHEN NOT (
          in_order.bounce IS NULL
        )
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
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.referrer, '') END) AS referrer,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN in_order.tag_place = 1 THEN nullIf(in_order.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN in_order.tag_place = 1 THEN nullIf(in_order.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN in_order.tag_place = 1 THEN nullIf(in_order.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.device, '') END) AS device,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.os, '') END) AS os,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.browser, '') END) AS browser,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.country, '') END) AS country,
    MAX(CASE WHEN in_order.place = 1 THEN nullIf(in_order.city, '') END) AS city,
    SUM(CASE WHEN in_order.revenue > 0 OR NOT (
      goals.name IS NULL
    ) THEN 1 ELSE 0 END) AS conversions,
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
  CAST(DATE_DIFF(MILLISECOND, facts.started_at, facts.ended_at) AS Nullable(Float64)) / 1000 AS duration_seconds,
  facts.events,
  CAST(facts.views AS Nullable(Int64)) AS views,
  COALESCE(facts.bounce = 1, facts.views < 2) AS is_bounce,
  facts.landing_page,
  facts.exit_page,
  facts.referrer_name,
  facts.referrer_type,
  COALESCE(
    facts.utm_source,
    facts.referrer_name,
    nullIf(splitByString('/', COALESCE(facts.referrer, ''))[3], ''),
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
  CAST(facts.conversions AS Nullable(Int64)) AS conversions,
  CAST(facts.revenue AS Nullable(Int64)) AS revenue
FROM facts
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH by_event AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT nullIf(event_rows.profile_id, '')) AS visitors,
    COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS sessions,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(event_rows.revenue) AS revenue
  FROM {events} AS event_rows
  GROUP BY
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE)
), by_session AS (
  SELECT
    sessions.project_id,
    CAST(sessions.started_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS sessions_started,
    AVG(CAST(CASE WHEN sessions.is_bounce THEN 1.0 ELSE 0.0 END AS Nullable(Float64))) AS bounce_rate,
    AVG(CAST(sessions.duration_seconds AS Nullable(Float64))) AS avg_duration_seconds
  FROM {sessions} AS sessions
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
  CAST(by_event.views AS Nullable(Int64)) AS views,
  CAST(by_session.bounce_rate AS Nullable(Float64)) AS bounce_rate,
  by_session.avg_duration_seconds,
  CAST(by_event.revenue AS Nullable(Int64)) AS revenue
FROM by_event
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

SELECT
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
  event_rows.country,
  COUNT(*) AS events,
  COUNT(DISTINCT nullIf(event_rows.profile_id, '')) AS visitors,
  COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS sessions,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS Nullable(Int64)) AS views,
  CAST(SUM(event_rows.revenue) AS Nullable(Int64)) AS revenue
FROM {events} AS event_rows
GROUP BY
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
  event_rows.country
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH viewed AS (
  SELECT
    event_rows.project_id,
    event_rows.path,
    MAX(nullIf(event_rows.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT nullIf(event_rows.profile_id, '')) AS visitors,
    COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS sessions
  FROM {events} AS event_rows
  WHERE
    event_rows.name = 'screen_view' AND event_rows.path <> ''
  GROUP BY
    event_rows.project_id,
    event_rows.path
), entered AS (
  SELECT
    sessions.project_id,
    sessions.landing_page AS path,
    COUNT(*) AS entries,
    SUM(CASE WHEN sessions.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {sessions} AS sessions
  GROUP BY
    sessions.project_id,
    sessions.landing_page
), left_from AS (
  SELECT
    sessions.project_id,
    sessions.exit_page AS path,
    COUNT(*) AS exits
  FROM {sessions} AS sessions
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
  CAST(COALESCE(entered.bounces, 0) AS Nullable(Int64)) AS bounces,
  CAST(entered.bounces AS Nullable(Float64)) / nullIf(entered.entries, 0) AS bounce_rate,
  CAST(COALESCE(left_from.exits, 0) AS Nullable(Float64)) / nullIf(viewed.sessions, 0) AS exit_rate
FROM viewed
LEFT JOIN entered
  ON entered.project_id = viewed.project_id AND entered.path = viewed.path
LEFT JOIN left_from
  ON left_from.project_id = viewed.project_id AND left_from.path = viewed.path
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH steps AS (
  SELECT
    event_rows.project_id,
    event_rows.session_id,
    event_rows.created_at,
    TRUE AS is_visit,
    event_rows.name = 'screen_view' AND event_rows.path LIKE '/product%' AS is_product_view,
    event_rows.name = 'purchase' AS is_purchase
  FROM {events} AS event_rows
  WHERE
    event_rows.session_id <> ''
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
  CAST(reached.sessions AS Nullable(Float64)) / nullIf(
    lagInFrame(reached.sessions) OVER (PARTITION BY reached.project_id ORDER BY reached.step),
    0
  ) AS of_previous,
  CAST(reached.sessions AS Nullable(Float64)) / MAX(reached.sessions) OVER (PARTITION BY reached.project_id) AS of_visits
FROM reached
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH active AS (
  SELECT DISTINCT
    event_rows.project_id,
    event_rows.profile_id,
    CAST(dateTrunc('WEEK', CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE)) AS DATE) AS monday
  FROM {events} AS event_rows
  WHERE
    event_rows.profile_id <> ''
    AND event_rows.profile_id <> COALESCE(event_rows.device_id, '')
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
    CAST(DATE_DIFF(DAY, first_seen.cohort_week, active.monday) / 7 AS Nullable(Int64)) AS week,
    COUNT(*) AS visitors
  FROM active
  INNER JOIN first_seen
    ON first_seen.project_id = active.project_id
    AND first_seen.profile_id = active.profile_id
  GROUP BY
    active.project_id,
    first_seen.cohort_week,
    CAST(DATE_DIFF(DAY, first_seen.cohort_week, active.monday) / 7 AS Nullable(Int64))
)
SELECT
  returned.project_id,
  returned.cohort_week,
  returned.week,
  cohorts.cohort_visitors,
  returned.visitors,
  CAST(returned.visitors AS Nullable(Float64)) / cohorts.cohort_visitors AS retention
FROM returned
INNER JOIN cohorts
  ON cohorts.project_id = returned.project_id
  AND cohorts.cohort_week = returned.cohort_week
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1
