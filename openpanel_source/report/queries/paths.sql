WITH visits AS (
  SELECT
    project_id,
    session_id,
    first_event_date,
    last_event_date,
    PAGE(entry_page) AS entry,
    revenue > 0 OR event_revenue > 0 OR funnel_step = 3 AS is_sold
  FROM {sessions}
  WHERE day BETWEEN {first} AND {last} AND NOT entry_page IS NULL
    AND {project}
),
views AS (
  SELECT project_id, session_id, event_date, created_at, path
  FROM {events}
  WHERE name = 'screen_view' AND path <> '' AND event_date >= {first} - 1
    AND event_date <= (SELECT MAX(last_event_date) FROM visits)
    AND {project}
),
names AS (
  SELECT path, PAGE(path) AS page
  FROM views
  GROUP BY path
),
others AS (
  SELECT
    visits.project_id,
    visits.session_id,
    names.page,
    ROW_NUMBER() OVER (
      PARTITION BY visits.project_id, visits.session_id ORDER BY views.created_at, names.page
    ) AS place
  FROM views
  INNER JOIN names ON names.path = views.path
  INNER JOIN visits
    ON visits.project_id = views.project_id AND visits.session_id = views.session_id
    AND views.event_date BETWEEN visits.first_event_date AND visits.last_event_date
  WHERE names.page <> visits.entry
),
walks AS (
  SELECT
    visits.entry,
    others.page,
    CASE WHEN visits.is_sold THEN 'purchase' ELSE 'left' END AS ending
  FROM visits
  LEFT JOIN others
    ON others.project_id = visits.project_id AND others.session_id = visits.session_id
    AND others.place = 1
),
entries AS (
  SELECT entry, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, entry) AS place
  FROM walks
  GROUP BY entry
),
seconds AS (
  SELECT page, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, page) AS place
  FROM walks
  WHERE NOT page IS NULL
  GROUP BY page
),
steps AS (
  SELECT
    CASE WHEN entries.place <= 4 THEN walks.entry ELSE 'other pages' END AS entry,
    CASE WHEN seconds.place > 3 THEN 'other pages' ELSE walks.page END AS page,
    walks.ending,
    COUNT(*) AS sessions
  FROM walks
  INNER JOIN entries ON entries.entry = walks.entry
  LEFT JOIN seconds ON seconds.page = walks.page
  GROUP BY 1, 2, 3
),
links AS (
  SELECT entry AS source, page AS target, sessions, 1 AS source_stage, 2 AS target_stage
  FROM steps
  WHERE NOT page IS NULL
  UNION ALL
  SELECT page AS source, ending AS target, sessions, 2 AS source_stage, 3 AS target_stage
  FROM steps
  WHERE NOT page IS NULL
  UNION ALL
  SELECT entry AS source, ending AS target, sessions, 1 AS source_stage, 3 AS target_stage
  FROM steps
  WHERE page IS NULL
)
SELECT source, target, SUM(sessions) AS sessions, source_stage, target_stage
FROM links
GROUP BY source, target, source_stage, target_stage
ORDER BY 4, 5, 3 DESC, 1, 2
