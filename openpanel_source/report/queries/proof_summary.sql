SELECT
  project_id,
  MIN(day) AS "from",
  MAX(day) AS "until",
  COUNT(*) AS days,
  COUNT(*) FILTER (WHERE verdict = 'complete') AS complete,
  COUNT(*) FILTER (WHERE verdict IN ('moving', 'short', 'shrunk')) AS doubtful,
  COUNT(*) FILTER (WHERE verdict = 'missing') AS missing,
  COALESCE(SUM(loaded), 0) AS "rows",
  MIN(last_proven_at) FILTER (WHERE received > 0) AS oldest_proof_at
FROM (
{proof_days}
) AS proof
GROUP BY project_id
ORDER BY project_id
