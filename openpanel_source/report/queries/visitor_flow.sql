WITH seen AS (
  SELECT project_id, profile_id, SUNDAY(day) AS week
  FROM {visitor_days}
  WHERE is_identified AND day BETWEEN SUNDAY({first}) - 7 AND {last}
    AND {project}
  GROUP BY 1, 2, 3
),
visitors AS (
  SELECT
    seen.week,
    SUNDAY(users.first_identified_day) = seen.week AS is_new,
    LEAD(seen.week) OVER (
      PARTITION BY seen.project_id, seen.profile_id ORDER BY seen.week
    ) AS next_week
  FROM seen
  INNER JOIN {users} AS users
    ON users.project_id = seen.project_id AND users.profile_id = seen.profile_id
),
weeks AS (
  SELECT
    week,
    COUNT(*) FILTER (WHERE is_new) AS came,
    COUNT(*) FILTER (WHERE NOT is_new) AS came_again,
    COUNT(*) FILTER (WHERE next_week IS NULL OR next_week > week + 7) AS went
  FROM visitors
  GROUP BY week
)
SELECT
  calendar.week,
  COALESCE(weeks.came, 0) AS "new",
  COALESCE(weeks.came_again, 0) AS "returning",
  CASE WHEN calendar.week + 6 <= {last} THEN COALESCE(earlier.went, 0) END AS churned
FROM (SELECT DISTINCT SUNDAY(day) AS week FROM (SELECT EACH_DAY({first}, {last}) AS day) AS days) AS calendar
LEFT JOIN weeks ON weeks.week = calendar.week
LEFT JOIN weeks AS earlier ON earlier.week = calendar.week - 7
WHERE EXISTS (SELECT 1 FROM weeks)
ORDER BY calendar.week
