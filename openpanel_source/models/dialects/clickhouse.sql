-- Made by `make docs` from openpanel_source/models/: what each model selects, in order.

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
        WHEN marked.revenue > 0 OR NOT (
          goals.name IS NULL
        )
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN marked.name = 'revenue' THEN marked.revenue END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN NOT marked.is_copy THEN marked.revenue END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS event_revenue,
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
      THEN nullIf(event_rows.profile_id, '')
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
      OR NOT (
        COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
      )
    )
), told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN nullIf(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN nullIf(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN nullIf(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN nullIf(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN nullIf(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN nullIf(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN nullIf(edges.city, '') END) AS city
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
  CAST(DATE_DIFF(MILLISECOND, facts.started_at, facts.ended_at) AS Nullable(Float64)) / 1000 AS duration_seconds,
  facts.events,
  CAST(facts.views AS Nullable(Int64)) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    nullIf(splitByString('/', COALESCE(told.referrer, ''))[3], ''),
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
  CAST(facts.conversions AS Nullable(Int64)) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT (
      facts.product_viewed_at IS NULL
    )
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

SELECT
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
  event_rows.profile_id,
  MAX(CASE WHEN event_rows.profile_id <> event_rows.device_id THEN 1 ELSE 0 END) = 1 AS is_identified,
  MIN(event_rows.created_at) AS first_seen_at,
  MAX(event_rows.created_at) AS last_seen_at,
  COUNT(*) AS events,
  CAST(SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS Nullable(Int64)) AS views,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS Nullable(Decimal(38, 0)))
        ),
        0
      ),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(
        SUM(
          CAST(CASE
            WHEN NOT (
              COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
            )
            THEN event_rows.revenue
          END AS Nullable(Decimal(38, 0)))
        ),
        0
      ),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS event_revenue
FROM {events} AS event_rows
WHERE
  event_rows.profile_id <> ''
GROUP BY
  event_rows.project_id,
  CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
  event_rows.profile_id
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH by_event AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    COUNT(*) AS events,
    COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS active_sessions,
    SUM(CASE WHEN event_rows.name = 'screen_view' THEN 1 ELSE 0 END) AS all_views,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE
              WHEN NOT (
                COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
              )
              THEN event_rows.revenue
            END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS event_revenue
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
      CAST(CASE WHEN session_rows.duration_seconds > 0 THEN session_rows.duration_seconds END AS Nullable(Float64))
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
  CAST(COALESCE(by_session.views, 0) AS Nullable(Int64)) AS views,
  CAST(COALESCE(by_session.bounces, 0) AS Nullable(Int64)) AS bounces,
  CAST(by_session.bounces AS Nullable(Float64)) / nullIf(by_session.sessions, 0) AS bounce_rate,
  by_session.avg_duration_seconds,
  by_event.revenue,
  by_event.events,
  COALESCE(by_visitor.active_visitors, 0) AS active_visitors,
  by_event.active_sessions,
  CAST(by_event.all_views AS Nullable(Int64)) AS all_views,
  by_event.event_revenue
FROM by_event
LEFT JOIN by_visitor
  ON by_visitor.project_id = by_event.project_id AND by_visitor.day = by_event.day
LEFT JOIN by_session
  ON by_session.project_id = by_event.project_id AND by_session.day = by_event.day
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    nullIf(event_rows.country, '') AS country,
    0 AS sessions,
    0 AS visitors,
    0 AS views,
    0 AS bounces,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN event_rows.name = 'revenue' THEN event_rows.revenue END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS revenue,
    COUNT(*) AS events,
    COUNT(DISTINCT nullIf(event_rows.profile_id, '')) AS active_visitors,
    COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS active_sessions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE
              WHEN NOT (
                COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
              )
              THEN event_rows.revenue
            END AS Nullable(Decimal(38, 0)))
          ),
          0
        ),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS event_revenue
  FROM {events} AS event_rows
  GROUP BY
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE),
    nullIf(event_rows.country, '')
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
  CAST(SUM(parts.sessions) AS Nullable(Int64)) AS sessions,
  CAST(SUM(parts.visitors) AS Nullable(Int64)) AS visitors,
  CAST(SUM(parts.views) AS Nullable(Int64)) AS views,
  CAST(SUM(parts.bounces) AS Nullable(Int64)) AS bounces,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.revenue AS Nullable(Decimal(38, 0)))), 0),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS revenue,
  CAST(SUM(parts.events) AS Nullable(Int64)) AS events,
  CAST(SUM(parts.active_visitors) AS Nullable(Int64)) AS active_visitors,
  CAST(SUM(parts.active_sessions) AS Nullable(Int64)) AS active_sessions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(parts.event_revenue AS Nullable(Decimal(38, 0)))), 0),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS event_revenue
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.country
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

SELECT
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign,
  COUNT(*) AS sessions,
  COUNT(DISTINCT session_rows.profile_id) AS visitors,
  CAST(SUM(session_rows.views) AS Nullable(Int64)) AS views,
  CAST(SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS Nullable(Int64)) AS bounces,
  CAST(SUM(session_rows.conversions) AS Nullable(Int64)) AS conversions,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.revenue AS Nullable(Decimal(38, 0)))), 0),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS revenue,
  CAST(LEAST(
    GREATEST(
      COALESCE(SUM(CAST(session_rows.event_revenue AS Nullable(Decimal(38, 0)))), 0),
      CAST('-9223372036854775808' AS Decimal(38, 0))
    ),
    CAST('9223372036854775807' AS Decimal(38, 0))
  ) AS Nullable(Int64)) AS event_revenue
FROM {sessions} AS session_rows
GROUP BY
  session_rows.project_id,
  session_rows.day,
  session_rows.source,
  session_rows.medium,
  session_rows.campaign
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH parts AS (
  SELECT
    event_rows.project_id,
    CAST(event_rows.created_at AT TIME ZONE '{timezone}' AS DATE) AS day,
    event_rows.path,
    MAX(nullIf(event_rows.page_title, '')) AS title,
    COUNT(*) AS views,
    COUNT(DISTINCT nullIf(event_rows.session_id, '')) AS sessions,
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
    CAST(NULL AS Nullable(String)) AS title,
    0 AS views,
    0 AS sessions,
    COUNT(*) AS entries,
    0 AS exits,
    SUM(CASE WHEN session_rows.is_bounce THEN 1 ELSE 0 END) AS bounces
  FROM {sessions} AS session_rows
  WHERE
    NOT (
      session_rows.entry_page IS NULL
    )
  GROUP BY
    session_rows.project_id,
    session_rows.day,
    session_rows.entry_page
  UNION ALL
  SELECT
    session_rows.project_id,
    session_rows.day,
    session_rows.exit_page AS path,
    CAST(NULL AS Nullable(String)) AS title,
    0 AS views,
    0 AS sessions,
    0 AS entries,
    COUNT(*) AS exits,
    0 AS bounces
  FROM {sessions} AS session_rows
  WHERE
    NOT (
      session_rows.exit_page IS NULL
    )
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
  CAST(SUM(parts.views) AS Nullable(Int64)) AS views,
  CAST(SUM(parts.sessions) AS Nullable(Int64)) AS sessions,
  CAST(SUM(parts.entries) AS Nullable(Int64)) AS entries,
  CAST(SUM(parts.exits) AS Nullable(Int64)) AS exits,
  CAST(SUM(parts.bounces) AS Nullable(Int64)) AS bounces
FROM parts
GROUP BY
  parts.project_id,
  parts.day,
  parts.path
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH totals AS (
  SELECT
    session_rows.project_id,
    session_rows.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 2 THEN 1 ELSE 0 END) AS Nullable(Int64)) AS product_views,
    CAST(SUM(CASE WHEN session_rows.funnel_step >= 3 THEN 1 ELSE 0 END) AS Nullable(Int64)) AS purchases
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
    CAST(NULL AS Nullable(Int64)) AS previous
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
  CAST(reached.sessions AS Nullable(Float64)) / nullIf(reached.previous, 0) AS of_previous,
  CAST(reached.sessions AS Nullable(Float64)) / nullIf(reached.visits, 0) AS of_visits
FROM reached
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

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
        COALESCE(SUM(CAST(visitor_days.revenue AS Nullable(Decimal(38, 0)))), 0),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(visitor_days.event_revenue AS Nullable(Decimal(38, 0)))), 0),
        CAST('-9223372036854775808' AS Decimal(38, 0))
      ),
      CAST('9223372036854775807' AS Decimal(38, 0))
    ) AS Nullable(Int64)) AS event_revenue
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
    NOT (
      session_rows.profile_id IS NULL
    )
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
  CAST(seen.events AS Nullable(Int64)) AS events,
  CAST(seen.views AS Nullable(Int64)) AS views,
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
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1

WITH spans AS (
  SELECT
    users.project_id,
    CAST(DATE_SUB(
      DAY,
      (
        (
          DATE_DIFF(DAY, CAST('1970-01-04' AS Nullable(DATE)), users.first_identified_day)
        ) + 7
      ) % 7,
      users.first_identified_day
    ) AS Nullable(DATE)) AS cohort_week,
    CAST(DATE_SUB(
      DAY,
      (
        (
          DATE_DIFF(DAY, CAST('1970-01-04' AS Nullable(DATE)), users.last_identified_day)
        ) + 7
      ) % 7,
      users.last_identified_day
    ) AS Nullable(DATE)) AS last_week
  FROM {users} AS users
  WHERE
    NOT (
      users.first_identified_day IS NULL
    )
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
    DATE_DIFF(DAY, cohorts.cohort_week, projects.last_week) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN DATE_DIFF(DAY, stays.cohort_week, stays.last_week) >= 7 * lives.week
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
  CAST(counted.week AS Nullable(Int64)) AS week,
  CAST(counted.cohort_visitors AS Nullable(Int64)) AS cohort_visitors,
  CAST(counted.visitors AS Nullable(Int64)) AS visitors,
  CAST(counted.visitors AS Nullable(Float64)) / counted.cohort_visitors AS retention
FROM counted
SETTINGS join_use_nulls = 1, prefer_column_name_to_alias = 1
