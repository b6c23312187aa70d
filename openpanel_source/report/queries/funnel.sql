WITH steps AS (
  SELECT step, name, SUM(sessions) AS sessions
  FROM {funnel}
  WHERE day BETWEEN {first} AND {last}
    AND {project}
  GROUP BY step, name
)
SELECT
  step,
  name,
  sessions,
  CAST(sessions AS DOUBLE PRECISION)
  / NULLIF(FIRST_VALUE(sessions) OVER (ORDER BY step), 0) AS share
FROM steps
ORDER BY step
