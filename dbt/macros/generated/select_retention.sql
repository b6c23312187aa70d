{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/retention.sql -#}

{%- macro select_retention(users) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.cohort_week as date) as cohort_week,
cast(made.week as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as week,
cast(made.cohort_visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as cohort_visitors,
cast(made.visitors as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as visitors,
cast(made.retention as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as retention
from (
{{ adapter.dispatch('select_retention', 'openpanel')(users) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_retention(users) -%}
WITH spans AS (
  SELECT
    users.project_id,
    CAST(users.first_identified_day - CAST((
      (
        users.first_identified_day - CAST('1970-01-04' AS DATE)
      ) + 7
    ) % 7 AS INT) AS DATE) AS cohort_week,
    CAST(users.last_identified_day - CAST((
      (
        users.last_identified_day - CAST('1970-01-04' AS DATE)
      ) + 7
    ) % 7 AS INT) AS DATE) AS last_week
  FROM {{ users }} AS users
  WHERE
    NOT users.first_identified_day IS NULL
), cohorts AS (
  SELECT
    spans.project_id,
    spans.cohort_week,
    spans.last_week,
    COUNT(*) AS visitors
  FROM spans
  GROUP BY
    spans.project_id,
    spans.cohort_week,
    spans.last_week
), weeks AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week AS this_week
  FROM cohorts
  UNION
  SELECT
    cohorts.project_id,
    cohorts.last_week AS this_week
  FROM cohorts
), counted AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week,
    SUM(cohorts.visitors) AS cohort_visitors,
    SUM(CASE WHEN cohorts.last_week >= weeks.this_week THEN cohorts.visitors ELSE 0 END) AS visitors
  FROM cohorts
  INNER JOIN weeks
    ON weeks.project_id = cohorts.project_id
  WHERE
    weeks.this_week >= cohorts.cohort_week
  GROUP BY
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST((
    counted.this_week - counted.cohort_week
  ) / 7 AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE) / counted.cohort_visitors AS retention
FROM counted
{%- endmacro -%}

{%- macro postgres__select_retention(users) -%}
WITH spans AS (
  SELECT
    users.project_id,
    CAST(users.first_identified_day - CAST((
      (
        users.first_identified_day - CAST('1970-01-04' AS DATE)
      ) + 7
    ) % 7 AS INT) AS DATE) AS cohort_week,
    CAST(users.last_identified_day - CAST((
      (
        users.last_identified_day - CAST('1970-01-04' AS DATE)
      ) + 7
    ) % 7 AS INT) AS DATE) AS last_week
  FROM {{ users }} AS users
  WHERE
    NOT users.first_identified_day IS NULL
), cohorts AS (
  SELECT
    spans.project_id,
    spans.cohort_week,
    spans.last_week,
    COUNT(*) AS visitors
  FROM spans
  GROUP BY
    spans.project_id,
    spans.cohort_week,
    spans.last_week
), weeks AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week AS this_week
  FROM cohorts
  UNION
  SELECT
    cohorts.project_id,
    cohorts.last_week AS this_week
  FROM cohorts
), counted AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week,
    SUM(cohorts.visitors) AS cohort_visitors,
    SUM(CASE WHEN cohorts.last_week >= weeks.this_week THEN cohorts.visitors ELSE 0 END) AS visitors
  FROM cohorts
  INNER JOIN weeks
    ON weeks.project_id = cohorts.project_id
  WHERE
    weeks.this_week >= cohorts.cohort_week
  GROUP BY
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST((
    counted.this_week - counted.cohort_week
  ) / 7 AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE PRECISION) / counted.cohort_visitors AS retention
FROM counted
{%- endmacro -%}

{%- macro bigquery__select_retention(users) -%}
WITH spans AS (
  SELECT
    users.project_id,
    CAST(DATE_SUB(users.first_identified_day, INTERVAL (MOD(
      (
        DATE_DIFF(users.first_identified_day, CAST('1970-01-04' AS DATE), DAY)
      ) + 7,
      7
    )) DAY) AS DATE) AS cohort_week,
    CAST(DATE_SUB(users.last_identified_day, INTERVAL (MOD((
      DATE_DIFF(users.last_identified_day, CAST('1970-01-04' AS DATE), DAY)
    ) + 7, 7)) DAY) AS DATE) AS last_week
  FROM {{ users }} AS users
  WHERE
    NOT users.first_identified_day IS NULL
), cohorts AS (
  SELECT
    spans.project_id,
    spans.cohort_week,
    spans.last_week,
    COUNT(*) AS visitors
  FROM spans
  GROUP BY
    spans.project_id,
    spans.cohort_week,
    spans.last_week
), weeks AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week AS this_week
  FROM cohorts
  UNION DISTINCT
  SELECT
    cohorts.project_id,
    cohorts.last_week AS this_week
  FROM cohorts
), counted AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week,
    SUM(cohorts.visitors) AS cohort_visitors,
    SUM(CASE WHEN cohorts.last_week >= weeks.this_week THEN cohorts.visitors ELSE 0 END) AS visitors
  FROM cohorts
  INNER JOIN weeks
    ON weeks.project_id = cohorts.project_id
  WHERE
    weeks.this_week >= cohorts.cohort_week
  GROUP BY
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(DATE_DIFF(counted.this_week, counted.cohort_week, DAY) / 7 AS INT64) AS week,
  CAST(counted.cohort_visitors AS INT64) AS cohort_visitors,
  CAST(counted.visitors AS INT64) AS visitors,
  CAST(counted.visitors AS FLOAT64) / counted.cohort_visitors AS retention
FROM counted
{%- endmacro -%}

{%- macro snowflake__select_retention(users) -%}
WITH spans AS (
  SELECT
    users.project_id,
    CAST(DATEADD(
      DAY,
      -(
        (
          DATEDIFF(DAY, CAST('1970-01-04' AS DATE), users.first_identified_day)
        ) + 7
      ) % 7,
      users.first_identified_day
    ) AS DATE) AS cohort_week,
    CAST(DATEADD(
      DAY,
      -(
        (
          DATEDIFF(DAY, CAST('1970-01-04' AS DATE), users.last_identified_day)
        ) + 7
      ) % 7,
      users.last_identified_day
    ) AS DATE) AS last_week
  FROM {{ users }} AS users
  WHERE
    NOT users.first_identified_day IS NULL
), cohorts AS (
  SELECT
    spans.project_id,
    spans.cohort_week,
    spans.last_week,
    COUNT(*) AS visitors
  FROM spans
  GROUP BY
    spans.project_id,
    spans.cohort_week,
    spans.last_week
), weeks AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week AS this_week
  FROM cohorts
  UNION
  SELECT
    cohorts.project_id,
    cohorts.last_week AS this_week
  FROM cohorts
), counted AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week,
    SUM(cohorts.visitors) AS cohort_visitors,
    SUM(CASE WHEN cohorts.last_week >= weeks.this_week THEN cohorts.visitors ELSE 0 END) AS visitors
  FROM cohorts
  INNER JOIN weeks
    ON weeks.project_id = cohorts.project_id
  WHERE
    weeks.this_week >= cohorts.cohort_week
  GROUP BY
    cohorts.project_id,
    cohorts.cohort_week,
    weeks.this_week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(DATEDIFF(DAY, counted.cohort_week, counted.this_week) / 7 AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE) / counted.cohort_visitors AS retention
FROM counted
{%- endmacro -%}
