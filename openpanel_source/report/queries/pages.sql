  SELECT
    PAGE(path) AS path,
    MAX(NAME(title)) AS title,
    SUM(views) AS views,
    SUM(sessions) AS sessions,
    SUM(exits) AS exits
  FROM {pages}
  WHERE day BETWEEN {first} AND {last}
    AND {project}
  GROUP BY 1
