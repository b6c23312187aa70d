-- One row is a step of a project's funnel: visit, product view, purchase, in this order and within
-- one session. The steps stand in sessions, in the column funnel_step: a view of a path that begins
-- with /product, then an event named purchase or revenue.
--
-- project_id: The project.
-- day: The day on which the sessions began.
-- step: Number of the step, from 1.
-- name: Its name.
-- sessions: Sessions that came so far.
-- of_previous: Their share of those of the step before, from 0 to 1; null if there are none.
-- of_visits: Their share of all sessions, from 0 to 1.

WITH totals AS (
  SELECT
    sessions.project_id,
    sessions.day,
    COUNT(*) AS visits,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 2 THEN 1 ELSE 0 END) AS BIGINT) AS product_views,
    CAST(SUM(CASE WHEN sessions.funnel_step >= 3 THEN 1 ELSE 0 END) AS BIGINT) AS purchases
  FROM sessions
  GROUP BY sessions.project_id, sessions.day
),
reached AS (
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
