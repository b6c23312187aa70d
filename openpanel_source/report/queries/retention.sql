WITH cohorts AS (
  SELECT cohort_week, week, SUM(visitors) AS visitors
  FROM {retention}
  WHERE cohort_week BETWEEN {cohorts} AND {last}
    AND cohort_week + CAST(7 * week AS INTEGER) <= {last}
    AND {project}
  GROUP BY cohort_week, week
)
SELECT
  cohort_week,
  week,
  visitors,
  CAST(visitors AS DOUBLE PRECISION)
  / FIRST_VALUE(visitors) OVER (PARTITION BY cohort_week ORDER BY week) AS share
FROM cohorts
ORDER BY cohort_week, week
