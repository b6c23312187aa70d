-- One row is a week of a cohort: the identified visitors of a project that were first seen as such
-- in the same week, and how many of them came in the week or later. Anonymous visitors are left
-- out, as their ids change each day. Weeks begin on Sunday.
--
-- project_id: The project.
-- cohort_week: Sunday of the week in which the visitors were first seen.
-- week: Weeks since then, each from 0 up to the last in which an identified visitor of the project
--   came, and 520 at most, ten years.
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
stays AS (
  SELECT spans.project_id, spans.cohort_week, spans.last_week, COUNT(*) AS visitors
  FROM spans
  GROUP BY spans.project_id, spans.cohort_week, spans.last_week
),
projects AS (
  SELECT stays.project_id, MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY stays.project_id
),
digits AS (
  SELECT 0 AS digit
  UNION ALL
  SELECT 1 AS digit
  UNION ALL
  SELECT 2 AS digit
  UNION ALL
  SELECT 3 AS digit
  UNION ALL
  SELECT 4 AS digit
  UNION ALL
  SELECT 5 AS digit
  UNION ALL
  SELECT 6 AS digit
  UNION ALL
  SELECT 7 AS digit
  UNION ALL
  SELECT 8 AS digit
  UNION ALL
  SELECT 9 AS digit
),
weeks AS (
  SELECT 100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE 100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
),
cohorts AS (
  SELECT stays.project_id, stays.cohort_week, SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY stays.project_id, stays.cohort_week
),
lives AS (
  SELECT cohorts.project_id, cohorts.cohort_week, cohorts.visitors, weeks.week
  FROM cohorts
  INNER JOIN projects ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE (projects.last_week - cohorts.cohort_week) >= 7 * weeks.week
),
counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE WHEN (stays.last_week - stays.cohort_week) >= 7 * lives.week THEN stays.visitors ELSE 0 END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id
    AND stays.cohort_week = lives.cohort_week
  GROUP BY lives.project_id, lives.cohort_week, lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE PRECISION) / counted.cohort_visitors AS retention
FROM counted
