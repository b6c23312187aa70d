WITH held AS (
  SELECT
    day,
    SUM(visitors) AS visitors,
    SUM(sessions) AS sessions,
    SUM(views) AS views,
    SUM(revenue) AS revenue,
    CAST(SUM(bounces) AS DOUBLE PRECISION) / NULLIF(SUM(sessions), 0) AS bounce_rate
  FROM {daily_metrics}
  WHERE TRUE
    AND {project}
  GROUP BY day
),
span AS (
  SELECT MIN(day) AS first_day, MAX(day) AS last_day FROM held
),
known AS (
  SELECT EACH_DAY(first_day, last_day) AS day
  FROM (
    SELECT span.first_day, GREATEST(span.last_day, readings.last_day) AS last_day
    FROM span
    CROSS JOIN (
      SELECT MAX(day) AS last_day
      FROM {sync_days}
      WHERE day <= {last}
        AND {project}
    ) AS readings
  ) AS bounds
),
days AS (
  SELECT
    calendar.day,
    CASE WHEN NOT known.day IS NULL THEN COALESCE(held.visitors, 0) END AS visitors,
    CASE WHEN NOT known.day IS NULL THEN COALESCE(held.sessions, 0) END AS sessions,
    CASE WHEN NOT known.day IS NULL THEN COALESCE(held.views, 0) END AS views,
    CASE WHEN NOT known.day IS NULL THEN COALESCE(held.revenue, 0) END AS revenue,
    held.bounce_rate
  FROM (SELECT EACH_DAY({begin}, {last}) AS day) AS calendar
  LEFT JOIN known ON known.day = calendar.day
  LEFT JOIN held ON held.day = calendar.day
)
SELECT
  days.day,
  days.visitors,
  days.sessions,
  days.views,
  days.revenue,
  days.bounce_rate,
  earlier.visitors AS before_visitors,
  earlier.sessions AS before_sessions,
  earlier.views AS before_views
FROM days
LEFT JOIN days AS earlier ON earlier.day = days.day - {length}
WHERE days.day >= {first}
ORDER BY days.day
