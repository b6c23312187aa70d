-- Made by `make docs` from openpanel_source/models/: what each model selects, in order.

WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM (
    SELECT
      CAST(NULL AS VARCHAR(MAX)) AS project_id,
      CAST(NULL AS VARCHAR(MAX)) AS name,
      CAST(NULL AS BOOLEAN) AS conversion
    LIMIT 0
  ) AS event_meta
  WHERE
    event_meta.conversion
), facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(
      MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MIN(marked.created_at)
    ) AS started_at,
    COALESCE(
      MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MAX(marked.created_at)
    ) AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END) AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy
        THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN marked.name = 'revenue' THEN marked.revenue END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(CAST(CASE WHEN NOT marked.is_copy THEN marked.revenue END AS DECIMAL(38, 0))),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE '/product%'
        THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ('purchase', 'revenue') THEN marked.created_at END) AS purchased_at
  FROM (
    SELECT
      event_rows.project_id,
      event_rows.session_id,
      event_rows.event_date,
      event_rows.created_at,
      event_rows.name,
      event_rows.path,
      event_rows.revenue,
      COALESCE(event_rows.name, '') IN ('session_start', 'session_end') AS is_copy,
      event_rows.profile_id <> '' AND event_rows.profile_id <> event_rows.device_id AS is_identified,
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> '' AS is_tagged
    FROM {events} AS event_rows
    WHERE
      event_rows.session_id <> ''
  ) AS marked
  LEFT JOIN goals
    ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY
    marked.project_id,
    marked.session_id
), edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    event_rows.created_at = facts.started_at AS is_first,
    event_rows.created_at = facts.ended_at AS is_last,
    event_rows.created_at = facts.entered_at AS is_entry,
    event_rows.created_at = facts.left_at AS is_exit,
    event_rows.created_at = facts.tagged_at
    AND (
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> ''
    ) AS is_tagged,
    CASE
      WHEN event_rows.created_at = facts.identified_at
      AND event_rows.profile_id <> event_rows.device_id
      THEN NULLIF(event_rows.profile_id, '')
    END AS identified_id,
    event_rows.profile_id,
    event_rows.device_id,
    event_rows.path,
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
    event_rows.city
  FROM {events} AS event_rows
  INNER JOIN facts
    ON facts.project_id = event_rows.project_id
    AND facts.session_id = event_rows.session_id
  WHERE
    (
      event_rows.created_at = facts.started_at
      OR event_rows.created_at = facts.ended_at
      OR event_rows.created_at = facts.entered_at
      OR event_rows.created_at = facts.left_at
      OR event_rows.created_at = facts.identified_at
      OR event_rows.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
    )
), told AS (
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
  GROUP BY
    edges.project_id,
    edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  CAST(facts.started_at AT TIME ZONE '{timezone}' AS DATE) AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(DATEDIFF(MILLISECOND, facts.started_at, facts.ended_at) AS DOUBLE PRECISION) / 1000 AS duration_seconds,
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
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT facts.product_viewed_at IS NULL
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id

SELECT
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
  event_rows.profile_id,
  MAX(CASE WHEN event_rows.profile_id <> event_rows.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS BIGINT) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS DECIMAL(38, 0))
        ),
        0
      ),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE
            WHEN NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
            THEN event_rows.revenue
          END AS DECIMAL(38, 0))
        ),
        0
      ),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM {events} AS event_rows
WHERE
  event_rows.profile_id <> ''
GROUP BY
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
  event_rows.profile_id

WITH by_event AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE
              WHEN NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
              THEN event_rows.revenue
            END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue
  FROM {events} AS event_rows
  GROUP BY
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE)
), by_visitor AS (
  SELECT
    visitor_days.project_id,
    visitor_days.day,
    COUNT(*) AS active_visitors
  FROM {visitor_days} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.day
), by_session AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    AVG(
      CAST(CASE WHEN session_rows.duration_seconds > 0 THEN session_rows.duration_seconds END AS DOUBLE PRECISION)
    ) AS avg_duration_seconds
  FROM {sessions} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
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

WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    NULLIF(event_rows.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    COUNT(*) AS events,
    COUNT(DISTINCT NULLIF(event_rows.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS active_sessions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE
              WHEN NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
              THEN event_rows.revenue
            END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue
  FROM {events} AS event_rows
  GROUP BY
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
    NULLIF(event_rows.country, '')
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT session_rows.profile_id) AS visitors,
    SUM(session_rows.views) AS views,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces,
    0 AS revenue,
    0 AS events,
    0 AS active_visitors,
    0 AS active_sessions,
    0 AS event_revenue
  FROM {sessions} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.country
)
SELECT
  parts.project_id,
  parts.day,
  parts.country,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.visitors) AS BIGINT) AS visitors,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(SUM(parts.events) AS BIGINT) AS events,
  CAST(SUM(parts.active_visitors) AS BIGINT) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS BIGINT) AS active_sessions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.event_revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country

SELECT
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT session_rows.profile_id) AS visitors,
  CAST(SUM(session_rows.views) AS BIGINT) AS views,
  CAST(SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS BIGINT) AS bounces,
  CAST(SUM(session_rows.conversions) AS BIGINT) AS conversions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.event_revenue AS DECIMAL(38, 0))), 0),
      CAST('-9223372036854775808' AS DECIMAL(38, 0))
    ),
    CAST('9223372036854775807' AS DECIMAL(38, 0))
  ) AS BIGINT) AS event_revenue
FROM {sessions} AS session_rows
GROUP BY
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign

WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    event_rows.path,
    MAX(NULLIF(event_rows.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT NULLIF(event_rows.session_id, '')) AS sessions,
    0 AS entries,
    0 AS exits,
    0 AS bounces
  FROM {events} AS event_rows
  WHERE
    event_rows.name = 'screen_view' AND event_rows.path <> ''
  GROUP BY
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
    event_rows.path
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page AS path,
    CAST(NULL AS VARCHAR(MAX)) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {sessions} AS session_rows
  WHERE
    NOT session_rows.entry_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page AS path,
    CAST(NULL AS VARCHAR(MAX)) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {sessions} AS session_rows
  WHERE
    NOT session_rows.exit_page IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page
)
SELECT
  parts.project_id,
  parts.day,
  parts.path,
  MAX(parts.title) AS title,
  CAST(SUM(parts.views) AS BIGINT) AS views,
  CAST(SUM(parts.sessions) AS BIGINT) AS sessions,
  CAST(SUM(parts.entries) AS BIGINT) AS entries,
  CAST(SUM(parts.exits) AS BIGINT) AS exits,
  CAST(SUM(parts.bounces) AS BIGINT) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path

WITH totals AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS product_views,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 3 THEN 1 ELSE 0 END) AS BIGINT) AS purchases
  FROM {sessions} AS session_rows
  GROUP BY
    session_rows.project_id,
    session_rows.day
), reached AS (
  SELECT
    totals.project_id,
    totals.day,
    1 AS step,
    'visit' AS name,
    totals.visits AS sessions,
    totals.visits,
    CAST(NULL AS BIGINT) AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    2 AS step,
    'product view' AS name,
    totals.product_views AS sessions,
    totals.visits,
    totals.visits AS previous
  FROM totals
  UNION ALL
  SELECT
    totals.project_id,
    totals.day,
    3 AS step,
    'purchase' AS name,
    totals.purchases AS sessions,
    totals.visits,
    totals.product_views AS previous
  FROM totals
)
SELECT
  reached.project_id,
  reached.day,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE PRECISION) / NULLIF(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS DOUBLE PRECISION) / NULLIF(reached.visits, 0) AS of_visits
FROM reached

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
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.revenue AS DECIMAL(38, 0))), 0),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.event_revenue AS DECIMAL(38, 0))), 0),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue
  FROM {visitor_days} AS visitor_days
  GROUP BY
    visitor_days.project_id,
    visitor_days.profile_id
), visits AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    COUNT(*) AS sessions,
    MIN(session_rows.started_at) AS started_at
  FROM {sessions} AS session_rows
  WHERE
    NOT session_rows.profile_id IS NULL
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
), touched AS (
  SELECT
    session_rows.project_id,
    session_rows.profile_id,
    MAX(session_rows.source) AS source,
    MAX(session_rows.medium) AS medium,
    MAX(session_rows.campaign) AS campaign,
    MAX(session_rows.entry_page) AS entry_page,
    MAX(session_rows.country) AS country
  FROM {sessions} AS session_rows
  INNER JOIN visits
    ON visits.project_id = session_rows.project_id
    AND visits.profile_id = session_rows.profile_id
    AND visits.started_at = session_rows.started_at
  GROUP BY
    session_rows.project_id,
    session_rows.profile_id
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
LEFT JOIN visits
  ON visits.project_id = seen.project_id AND visits.profile_id = seen.profile_id
LEFT JOIN touched
  ON touched.project_id = seen.project_id AND touched.profile_id = seen.profile_id

WITH spans AS (
  SELECT
    users.project_id,
    CAST(DATEADD(
      DAY,
      -(
        (
          DATEDIFF(DAY, CAST('1970-01-04' AS DATE), users.first_identified_day)
        ) + 7
      ) % 7,
      users.first_identified_day
    ) AS DATE) AS cohort_week,
    CAST(DATEADD(
      DAY,
      -(
        (
          DATEDIFF(DAY, CAST('1970-01-04' AS DATE), users.last_identified_day)
        ) + 7
      ) % 7,
      users.last_identified_day
    ) AS DATE) AS last_week
  FROM {users} AS users
  WHERE
    NOT users.first_identified_day IS NULL
), stays AS (
  SELECT
    spans.project_id,
    spans.cohort_week,
    spans.last_week,
    COUNT(*) AS visitors
  FROM spans
  GROUP BY
    spans.project_id,
    spans.cohort_week,
    spans.last_week
), projects AS (
  SELECT
    stays.project_id,
    MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY
    stays.project_id
), digits AS (
  SELECT
    0 AS digit
  UNION ALL
  SELECT
    1 AS digit
  UNION ALL
  SELECT
    2 AS digit
  UNION ALL
  SELECT
    3 AS digit
  UNION ALL
  SELECT
    4 AS digit
  UNION ALL
  SELECT
    5 AS digit
  UNION ALL
  SELECT
    6 AS digit
  UNION ALL
  SELECT
    7 AS digit
  UNION ALL
  SELECT
    8 AS digit
  UNION ALL
  SELECT
    9 AS digit
), weeks AS (
  SELECT
    100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE
    100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
), cohorts AS (
  SELECT
    stays.project_id,
    stays.cohort_week,
    SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY
    stays.project_id,
    stays.cohort_week
), lives AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    cohorts.visitors,
    weeks.week
  FROM cohorts
  INNER JOIN projects
    ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE
    DATEDIFF(DAY, cohorts.cohort_week, projects.last_week) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN DATEDIFF(DAY, stays.cohort_week, stays.last_week) >= 7 * lives.week
        THEN stays.visitors
        ELSE 0
      END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id AND stays.cohort_week = lives.cohort_week
  GROUP BY
    lives.project_id,
    lives.cohort_week,
    lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE PRECISION) / counted.cohort_visitors AS retention
FROM counted
