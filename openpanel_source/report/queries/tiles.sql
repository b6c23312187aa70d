WITH visits AS (
  SELECT
    day >= {first} AS is_now,
    COUNT(DISTINCT (project_id, profile_id)) FILTER (WHERE NOT profile_id IS NULL) AS visitors,
    AVG(CASE WHEN duration_seconds > 0 THEN duration_seconds END) AS avg_duration_seconds,
    SUM(conversions) AS conversions
  FROM {sessions}
  WHERE day BETWEEN {begin} AND {last}
    AND {project}
  GROUP BY 1
),
days AS (
  SELECT
    day >= {first} AS is_now,
    SUM(sessions) AS sessions,
    SUM(views) AS views,
    CAST(SUM(bounces) AS DOUBLE PRECISION) / NULLIF(SUM(sessions), 0) AS bounce_rate,
    SUM(revenue) AS revenue
  FROM {daily_metrics}
  WHERE day BETWEEN {begin} AND {last}
    AND {project}
  GROUP BY 1
),
told AS (
  SELECT
    tiles.*,
    days.is_now,
    CAST(
      CASE tiles.key
        WHEN 'visitors' THEN COALESCE(visits.visitors, 0)
        WHEN 'sessions' THEN days.sessions
        WHEN 'views' THEN days.views
        WHEN 'bounce_rate' THEN days.bounce_rate
        WHEN 'avg_duration_seconds' THEN visits.avg_duration_seconds
        WHEN 'revenue' THEN days.revenue
        WHEN 'conversions' THEN COALESCE(visits.conversions, 0)
      END AS DOUBLE PRECISION
    ) AS value
  FROM (
    VALUES
    (1, 'visitors', 'Visitors', 'count'),
    (2, 'sessions', 'Sessions', 'count'),
    (3, 'views', 'Views', 'count'),
    (4, 'bounce_rate', 'Bounce rate', 'share'),
    (5, 'avg_duration_seconds', 'Session duration', 'seconds'),
    (6, 'revenue', 'Revenue', 'money'),
    (7, 'conversions', 'Conversions', 'count')
  ) AS tiles (place, key, label, unit)
  LEFT JOIN days ON TRUE
  LEFT JOIN visits ON visits.is_now = days.is_now
)
SELECT
  key,
  label,
  unit,
  MAX(CASE WHEN is_now THEN value END) AS value,
  MAX(CASE WHEN NOT is_now THEN value END) AS before
FROM told
GROUP BY place, key, label, unit
ORDER BY place
