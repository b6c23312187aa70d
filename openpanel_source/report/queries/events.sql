  SELECT
    COALESCE(NAME(name), 'unknown') AS name,
    SUM(events) AS events,
    COUNT(DISTINCT (project_id, profile_id)) FILTER (WHERE profile_id <> '') AS visitors
  FROM (
    SELECT project_id, name, profile_id, COUNT(*) AS events
    FROM {events}
    WHERE event_date BETWEEN {first} - 1 AND {last} + 1
      AND CAST(created_at AT TIME ZONE {zone} AS DATE) BETWEEN {first} AND {last}
      AND {project}
    GROUP BY project_id, name, profile_id
  ) AS seen
  GROUP BY 1
