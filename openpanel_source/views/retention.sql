-- One row is a week of a cohort: the identified visitors of a project that were first seen in the
-- same week, and how many of them came back. Anonymous visitors are left out, as their ids change
-- each day. Weeks begin on Monday, UTC or in --timezone; those in which nobody came have no row.
--
-- project_id: The project.
-- cohort_week: Monday of the week in which the visitors were first seen.
-- week: Weeks since then, from 0.
-- cohort_visitors: Visitors in the cohort.
-- visitors: Those of them with an event in the week.
-- retention: Their share, from 0 to 1.

WITH active AS (
  SELECT DISTINCT
    events.project_id,
    events.profile_id,
    CAST(DATE_TRUNC('WEEK', events.created_at AT TIME ZONE 'UTC') AS DATE) AS monday
  FROM events
  WHERE events.profile_id <> '' AND events.profile_id <> COALESCE(events.device_id, '')
),
first_seen AS (
  SELECT active.project_id, active.profile_id, MIN(active.monday) AS cohort_week
  FROM active
  GROUP BY active.project_id, active.profile_id
),
cohorts AS (
  SELECT first_seen.project_id, first_seen.cohort_week, COUNT(*) AS cohort_visitors
  FROM first_seen
  GROUP BY first_seen.project_id, first_seen.cohort_week
),
returned AS (
  SELECT
    active.project_id,
    first_seen.cohort_week,
    CAST((active.monday - first_seen.cohort_week) / 7 AS BIGINT) AS week,
    COUNT(*) AS visitors
  FROM active
  INNER JOIN first_seen
    ON first_seen.project_id = active.project_id AND first_seen.profile_id = active.profile_id
  GROUP BY
    active.project_id,
    first_seen.cohort_week,
    CAST((active.monday - first_seen.cohort_week) / 7 AS BIGINT)
)
SELECT
  returned.project_id,
  returned.cohort_week,
  returned.week,
  cohorts.cohort_visitors,
  returned.visitors,
  CAST(returned.visitors AS DOUBLE PRECISION) / cohorts.cohort_visitors AS retention
FROM returned
INNER JOIN cohorts
  ON cohorts.project_id = returned.project_id AND cohorts.cohort_week = returned.cohort_week
