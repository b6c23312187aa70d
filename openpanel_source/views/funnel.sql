-- One row is a step of a project's funnel: visit, product view, purchase, in this order and within
-- one session. It is an example: copy its SQL, change the steps at the top, and name it otherwise.
--
-- project_id: The project.
-- step: Number of the step, from 1.
-- name: Its name.
-- sessions: Sessions that came so far.
-- of_previous: Their share of those of the step before, from 0 to 1; null if there are none.
-- of_visits: Their share of all sessions, from 0 to 1.

WITH steps AS (
  SELECT
    events.project_id,
    events.session_id,
    events.created_at,
    TRUE AS is_visit,
    events.name = 'screen_view' AND events.path LIKE '/product%' AS is_product_view,
    events.name = 'purchase' AS is_purchase
  FROM events
  WHERE events.session_id <> ''
),
visit AS (
  SELECT steps.project_id, steps.session_id, MIN(steps.created_at) AS reached_at
  FROM steps
  WHERE steps.is_visit
  GROUP BY steps.project_id, steps.session_id
),
product_view AS (
  SELECT steps.project_id, steps.session_id, MIN(steps.created_at) AS reached_at
  FROM steps
  INNER JOIN visit
    ON visit.project_id = steps.project_id AND visit.session_id = steps.session_id
  WHERE steps.is_product_view AND steps.created_at >= visit.reached_at
  GROUP BY steps.project_id, steps.session_id
),
purchase AS (
  SELECT steps.project_id, steps.session_id, MIN(steps.created_at) AS reached_at
  FROM steps
  INNER JOIN product_view
    ON product_view.project_id = steps.project_id AND product_view.session_id = steps.session_id
  WHERE steps.is_purchase AND steps.created_at >= product_view.reached_at
  GROUP BY steps.project_id, steps.session_id
),
totals AS (
  SELECT
    visit.project_id,
    COUNT(*) AS visits,
    COUNT(product_view.session_id) AS product_views,
    COUNT(purchase.session_id) AS purchases
  FROM visit
  LEFT JOIN product_view
    ON product_view.project_id = visit.project_id AND product_view.session_id = visit.session_id
  LEFT JOIN purchase
    ON purchase.project_id = visit.project_id AND purchase.session_id = visit.session_id
  GROUP BY visit.project_id
),
reached AS (
  SELECT project_id, 1 AS step, 'visit' AS name, visits AS sessions FROM totals
  UNION ALL
  SELECT project_id, 2 AS step, 'product view' AS name, product_views AS sessions FROM totals
  UNION ALL
  SELECT project_id, 3 AS step, 'purchase' AS name, purchases AS sessions FROM totals
)
SELECT
  reached.project_id,
  reached.step,
  reached.name,
  reached.sessions,
  CAST(reached.sessions AS DOUBLE PRECISION)
  / NULLIF(LAG(reached.sessions) OVER (PARTITION BY reached.project_id ORDER BY reached.step), 0)
  AS of_previous,
  CAST(reached.sessions AS DOUBLE PRECISION)
  / MAX(reached.sessions) OVER (PARTITION BY reached.project_id)
  AS of_visits
FROM reached
