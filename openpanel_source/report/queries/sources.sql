  SELECT
    NAME(source) AS source,
    NAME(medium) AS medium,
    COUNT(*) AS sessions,
    COUNT(DISTINCT (project_id, profile_id)) FILTER (WHERE NOT profile_id IS NULL) AS visitors,
    SUM(conversions) AS conversions,
    SUM(revenue) AS revenue
  FROM {sessions}
  WHERE day BETWEEN {first} AND {last}
    AND {project}
  GROUP BY 1, 2
