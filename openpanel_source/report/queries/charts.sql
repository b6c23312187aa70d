WITH named AS (
  SELECT
    charts.chart_id,
    {chart} AS chart,
    series.series_key,
    CONCAT_WS(
      ' ',
      series.event,
      CASE WHEN series.segment <> 'event' THEN '(' || series.segment || ')' END,
      CASE
        WHEN series.breakdown_complete
          THEN CONCAT_WS(
            ', ',
            series.breakdown_1,
            series.breakdown_2,
            series.breakdown_3,
            series.breakdown_4,
            series.breakdown_5,
            series.breakdown_6
          )
        ELSE CAST(series."values" AS VARCHAR)
      END
    ) AS series
  FROM {charts} AS charts
  INNER JOIN {chart_series} AS series ON series.chart_id = charts.chart_id
  CROSS JOIN LATERAL (
    SELECT REPLACE(LOWER(CAST(charts.definition -> 'breakdowns' AS VARCHAR)), '_', '') AS names
  ) AS broken_down
  WHERE charts.superseded_at IS NULL
    AND NOT COALESCE(broken_down.names, '') LIKE '%profile%'
    AND NOT COALESCE(broken_down.names, '') LIKE '%deviceid%'
    AND NOT COALESCE(broken_down.names, '') LIKE '%sessionid%'
    AND NOT COALESCE(broken_down.names, '') LIKE '%mail%'
    AND NOT COALESCE(broken_down.names, '') LIKE '%phone%'
    AND {project}
),
points AS (
  SELECT
    named.chart_id,
    named.chart,
    named.series_key,
    NAME(named.series) AS series,
    points.bucket_start,
    points.value,
    SUM(points.value) OVER (PARTITION BY points.chart_id, points.series_key) AS total,
    ROW_NUMBER() OVER (
      PARTITION BY points.chart_id, points.series_key ORDER BY points.bucket_start DESC
    ) AS age
  FROM {chart_points} AS points
  INNER JOIN named
    ON named.chart_id = points.chart_id AND named.series_key = points.series_key
),
ranked AS (
  SELECT
    points.*,
    DENSE_RANK() OVER (
      PARTITION BY points.chart_id ORDER BY COALESCE(points.total, 0) DESC, points.series_key
    ) AS place
  FROM points
)
SELECT chart, series, bucket_start AS "at", value
FROM ranked
WHERE place <= 5 AND age <= 366
ORDER BY chart, chart_id, place, bucket_start
