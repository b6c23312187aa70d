-- One row is a week of a cohort: the identified visitors of a project that were first seen as such
-- in the same week, and how many of them came in the week or later. Anonymous visitors are left
-- out, as their ids change each day. Weeks begin on Sunday.
--
-- project_id: The project.
-- cohort_week: Sunday of the week in which the visitors were first seen.
-- week: Weeks since then, from 0, up to the last in which an identified visitor came.
-- cohort_visitors: Visitors in the cohort.
-- visitors: Those of them with an event in the week or later.
-- retention: Their share, from 0 to 1.

WITH spans AS (
  SELECT
    users.project_id,
    SUNDAY(users.first_identified_day) AS cohort_week,
    SUNDAY(users.last_identified_day) AS last_week
  FROM users
  WHERE NOT users.first_identified_day IS NULL
),
cohorts AS (
  SELECT spans.project_id, spans.cohort_week, spans.last_week, COUNT(*) AS visitors
  FROM spans
  GROUP BY spans.project_id, spans.cohort_week, spans.last_week
),
weeks AS (
  SELECT cohorts.project_id, cohorts.cohort_week AS this_week
  FROM cohorts
  UNION DISTINCT
  SELECT cohorts.project_id, cohorts.last_week AS this_week
  FROM cohorts
),
counted AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week,
    SUM(cohorts.visitors) AS cohort_visitors,
    SUM(CASE WHEN cohorts.last_week >= weeks.this_week THEN cohorts.visitors ELSE 0 END)
    AS visitors
  FROM cohorts
  INNER JOIN weeks ON weeks.project_id = cohorts.project_id
  WHERE weeks.this_week >= cohorts.cohort_week
  GROUP BY cohorts.project_id, cohorts.cohort_week, weeks.this_week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST((counted.this_week - counted.cohort_week) / 7 AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE PRECISION) / counted.cohort_visitors AS retention
FROM counted
