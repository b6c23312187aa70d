SELECT
  project_id,
  day,
  verdict,
  counted,
  received,
  loaded,
  read_at,
  readings,
  reason,
  last_proven_at
FROM (
  SELECT
    proof.*,
    ROW_NUMBER() OVER (PARTITION BY project_id ORDER BY day DESC) AS age
  FROM (
{proof_days}
  ) AS proof
) AS newest
WHERE age <= {most_days}
ORDER BY project_id, day
