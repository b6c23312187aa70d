  SELECT
    COALESCE(NAME(device), 'unknown') AS device,
    COUNT(*) AS sessions,
    SUM(views) AS views
  FROM {sessions}
  WHERE day BETWEEN {first} AND {last}
    AND {project}
  GROUP BY 1
