SELECT
  CAST(EXTRACT(ISODOW FROM started_at AT TIME ZONE {zone}) AS INTEGER) AS weekday,
  CAST(EXTRACT(HOUR FROM started_at AT TIME ZONE {zone}) AS INTEGER) AS hour,
  COUNT(*) AS sessions
FROM {sessions}
WHERE day BETWEEN {first} AND {last}
  AND {project}
GROUP BY 1, 2
ORDER BY 1, 2
