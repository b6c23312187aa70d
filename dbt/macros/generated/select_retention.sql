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
), stays AS (
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
), projects AS (
  SELECT
    stays.project_id,
    MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY
    stays.project_id
), digits AS (
  SELECT
    0 AS digit
  UNION ALL
  SELECT
    1 AS digit
  UNION ALL
  SELECT
    2 AS digit
  UNION ALL
  SELECT
    3 AS digit
  UNION ALL
  SELECT
    4 AS digit
  UNION ALL
  SELECT
    5 AS digit
  UNION ALL
  SELECT
    6 AS digit
  UNION ALL
  SELECT
    7 AS digit
  UNION ALL
  SELECT
    8 AS digit
  UNION ALL
  SELECT
    9 AS digit
), weeks AS (
  SELECT
    100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE
    100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
), cohorts AS (
  SELECT
    stays.project_id,
    stays.cohort_week,
    SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY
    stays.project_id,
    stays.cohort_week
), lives AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    cohorts.visitors,
    weeks.week
  FROM cohorts
  INNER JOIN projects
    ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE
    (
      projects.last_week - cohorts.cohort_week
    ) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN (
          stays.last_week - stays.cohort_week
        ) >= 7 * lives.week
        THEN stays.visitors
        ELSE 0
      END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id AND stays.cohort_week = lives.cohort_week
  GROUP BY
    lives.project_id,
    lives.cohort_week,
    lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS BIGINT) AS week,
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
), stays AS (
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
), projects AS (
  SELECT
    stays.project_id,
    MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY
    stays.project_id
), digits AS (
  SELECT
    0 AS digit
  UNION ALL
  SELECT
    1 AS digit
  UNION ALL
  SELECT
    2 AS digit
  UNION ALL
  SELECT
    3 AS digit
  UNION ALL
  SELECT
    4 AS digit
  UNION ALL
  SELECT
    5 AS digit
  UNION ALL
  SELECT
    6 AS digit
  UNION ALL
  SELECT
    7 AS digit
  UNION ALL
  SELECT
    8 AS digit
  UNION ALL
  SELECT
    9 AS digit
), weeks AS (
  SELECT
    100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE
    100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
), cohorts AS (
  SELECT
    stays.project_id,
    stays.cohort_week,
    SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY
    stays.project_id,
    stays.cohort_week
), lives AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    cohorts.visitors,
    weeks.week
  FROM cohorts
  INNER JOIN projects
    ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE
    (
      projects.last_week - cohorts.cohort_week
    ) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN (
          stays.last_week - stays.cohort_week
        ) >= 7 * lives.week
        THEN stays.visitors
        ELSE 0
      END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id AND stays.cohort_week = lives.cohort_week
  GROUP BY
    lives.project_id,
    lives.cohort_week,
    lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS BIGINT) AS week,
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
), stays AS (
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
), projects AS (
  SELECT
    stays.project_id,
    MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY
    stays.project_id
), digits AS (
  SELECT
    0 AS digit
  UNION ALL
  SELECT
    1 AS digit
  UNION ALL
  SELECT
    2 AS digit
  UNION ALL
  SELECT
    3 AS digit
  UNION ALL
  SELECT
    4 AS digit
  UNION ALL
  SELECT
    5 AS digit
  UNION ALL
  SELECT
    6 AS digit
  UNION ALL
  SELECT
    7 AS digit
  UNION ALL
  SELECT
    8 AS digit
  UNION ALL
  SELECT
    9 AS digit
), weeks AS (
  SELECT
    100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE
    100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
), cohorts AS (
  SELECT
    stays.project_id,
    stays.cohort_week,
    SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY
    stays.project_id,
    stays.cohort_week
), lives AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    cohorts.visitors,
    weeks.week
  FROM cohorts
  INNER JOIN projects
    ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE
    DATE_DIFF(projects.last_week, cohorts.cohort_week, DAY) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN DATE_DIFF(stays.last_week, stays.cohort_week, DAY) >= 7 * lives.week
        THEN stays.visitors
        ELSE 0
      END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id AND stays.cohort_week = lives.cohort_week
  GROUP BY
    lives.project_id,
    lives.cohort_week,
    lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS INT64) AS week,
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
), stays AS (
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
), projects AS (
  SELECT
    stays.project_id,
    MAX(stays.last_week) AS last_week
  FROM stays
  GROUP BY
    stays.project_id
), digits AS (
  SELECT
    0 AS digit
  UNION ALL
  SELECT
    1 AS digit
  UNION ALL
  SELECT
    2 AS digit
  UNION ALL
  SELECT
    3 AS digit
  UNION ALL
  SELECT
    4 AS digit
  UNION ALL
  SELECT
    5 AS digit
  UNION ALL
  SELECT
    6 AS digit
  UNION ALL
  SELECT
    7 AS digit
  UNION ALL
  SELECT
    8 AS digit
  UNION ALL
  SELECT
    9 AS digit
), weeks AS (
  SELECT
    100 * hundreds.digit + 10 * tens.digit + ones.digit AS week
  FROM digits AS hundreds
  CROSS JOIN digits AS tens
  CROSS JOIN digits AS ones
  WHERE
    100 * hundreds.digit + 10 * tens.digit + ones.digit <= 520
), cohorts AS (
  SELECT
    stays.project_id,
    stays.cohort_week,
    SUM(stays.visitors) AS visitors
  FROM stays
  GROUP BY
    stays.project_id,
    stays.cohort_week
), lives AS (
  SELECT
    cohorts.project_id,
    cohorts.cohort_week,
    cohorts.visitors,
    weeks.week
  FROM cohorts
  INNER JOIN projects
    ON projects.project_id = cohorts.project_id
  CROSS JOIN weeks
  WHERE
    DATEDIFF(DAY, cohorts.cohort_week, projects.last_week) >= 7 * weeks.week
), counted AS (
  SELECT
    lives.project_id,
    lives.cohort_week,
    lives.week,
    MAX(lives.visitors) AS cohort_visitors,
    SUM(
      CASE
        WHEN DATEDIFF(DAY, stays.cohort_week, stays.last_week) >= 7 * lives.week
        THEN stays.visitors
        ELSE 0
      END
    ) AS visitors
  FROM lives
  INNER JOIN stays
    ON stays.project_id = lives.project_id AND stays.cohort_week = lives.cohort_week
  GROUP BY
    lives.project_id,
    lives.cohort_week,
    lives.week
)
SELECT
  counted.project_id,
  counted.cohort_week,
  CAST(counted.week AS BIGINT) AS week,
  CAST(counted.cohort_visitors AS BIGINT) AS cohort_visitors,
  CAST(counted.visitors AS BIGINT) AS visitors,
  CAST(counted.visitors AS DOUBLE) / counted.cohort_visitors AS retention
FROM counted
{%- endmacro -%}
