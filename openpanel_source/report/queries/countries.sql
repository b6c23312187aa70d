  SELECT
    COALESCE(NAME(country), 'unknown') AS country,
    COUNT(*) AS sessions,
    COUNT(DISTINCT (project_id, profile_id)) FILTER (WHERE NOT profile_id IS NULL) AS visitors,
    SUM(views) AS views
  FROM {sessions}
  WHERE day BETWEEN {first} AND {last}
    AND {project}
  GROUP BY 1
