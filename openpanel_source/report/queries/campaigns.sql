  SELECT
    NAME(campaign) AS campaign,
    SUM(sessions) AS sessions,
    SUM(conversions) AS conversions,
    SUM(revenue) AS revenue
  FROM {daily_sources}
  WHERE day BETWEEN {first} AND {last} AND NOT campaign IS NULL
    AND {project}
  GROUP BY 1
