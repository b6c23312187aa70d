  WITH readings AS (
    SELECT
      project_id,
      query_fingerprint,
      day,
      verdict,
      reason,
      total_count,
      rows_received,
      distinct_ids,
      read_at,
      ROW_NUMBER() OVER (
        PARTITION BY project_id, day ORDER BY read_at DESC, load_id DESC
      ) AS age,
      COUNT(*) OVER (PARTITION BY project_id, day) AS readings
    FROM {sync_days}
    WHERE TRUE
      AND {project}
  ),
  latest AS (
    SELECT * FROM readings WHERE age = 1
  ),
  proofs AS (
    SELECT project_id, query_fingerprint, day, MAX(proven_at) AS proven_at
    FROM {day_proofs} AS day_proofs
    WHERE proof <> 'part'
    GROUP BY project_id, query_fingerprint, day
  ),
  spans AS (
    SELECT
      project_id,
      MIN(day) AS first_day,
      LEAST(MAX(day), CAST(MAX(read_at) AT TIME ZONE 'UTC' AS DATE)) AS last_day
    FROM latest
    GROUP BY project_id
  ),
  calendar AS (
    SELECT project_id, EACH_DAY(first_day, last_day) AS day FROM spans
    UNION
    SELECT project_id, day FROM latest
  )
  SELECT
    calendar.project_id,
    calendar.day,
    COALESCE(latest.verdict, 'missing') AS verdict,
    latest.total_count AS counted,
    latest.rows_received AS received,
    latest.distinct_ids AS loaded,
    latest.read_at,
    COALESCE(latest.readings, 0) AS readings,
    latest.reason,
    CASE
      WHEN latest.verdict = 'complete'
        THEN GREATEST(latest.read_at, COALESCE(proofs.proven_at, latest.read_at))
    END AS last_proven_at
  FROM calendar
  LEFT JOIN latest ON latest.project_id = calendar.project_id AND latest.day = calendar.day
  LEFT JOIN proofs
    ON proofs.project_id = latest.project_id AND proofs.day = latest.day
    AND proofs.query_fingerprint = latest.query_fingerprint
