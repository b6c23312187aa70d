  SELECT
    PAGE(path) AS path,
    SUM(entries) AS entries,
    SUM(bounces) AS bounces
  FROM {pages}
  WHERE day BETWEEN {first} AND {last} AND entries > 0
    AND {project}
  GROUP BY 1
