{#- Made by `make docs` in the repository of openpanel-source. Its SQL: openpanel_source/models/sessions.sql -#}

{%- macro select_sessions(events, event_meta) -%}
{%- do openpanel.only_known() -%}
select
cast(made.project_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as project_id,
cast(made.session_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as session_id,
cast(made.day as date) as day,
cast(made.profile_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as profile_id,
cast(made.device_id as {{ 'string' if target.type == 'bigquery' else 'text' }}) as device_id,
cast(made.started_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as started_at,
cast(made.ended_at as {{ 'timestamp_tz' if target.type == 'snowflake' else 'timestamp' if target.type == 'bigquery' else 'timestamptz' }}) as ended_at,
cast(made.duration_seconds as {{ 'float64' if target.type == 'bigquery' else 'float8' }}) as duration_seconds,
cast(made.events as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as events,
cast(made.views as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as views,
cast(made.is_bounce as {{ 'bool' if target.type == 'bigquery' else 'boolean' }}) as is_bounce,
cast(made.entry_page as {{ 'string' if target.type == 'bigquery' else 'text' }}) as entry_page,
cast(made.exit_page as {{ 'string' if target.type == 'bigquery' else 'text' }}) as exit_page,
cast(made.referrer_name as {{ 'string' if target.type == 'bigquery' else 'text' }}) as referrer_name,
cast(made.referrer_type as {{ 'string' if target.type == 'bigquery' else 'text' }}) as referrer_type,
cast(made.source as {{ 'string' if target.type == 'bigquery' else 'text' }}) as source,
cast(made.medium as {{ 'string' if target.type == 'bigquery' else 'text' }}) as medium,
cast(made.campaign as {{ 'string' if target.type == 'bigquery' else 'text' }}) as campaign,
cast(made.device as {{ 'string' if target.type == 'bigquery' else 'text' }}) as device,
cast(made.os as {{ 'string' if target.type == 'bigquery' else 'text' }}) as os,
cast(made.browser as {{ 'string' if target.type == 'bigquery' else 'text' }}) as browser,
cast(made.country as {{ 'string' if target.type == 'bigquery' else 'text' }}) as country,
cast(made.city as {{ 'string' if target.type == 'bigquery' else 'text' }}) as city,
cast(made.conversions as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as conversions,
cast(made.revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as revenue,
cast(made.event_revenue as {{ 'int64' if target.type == 'bigquery' else 'bigint' }}) as event_revenue,
cast(made.funnel_step as {{ 'int64' if target.type == 'bigquery' else 'int' }}) as funnel_step,
cast(made.first_event_date as date) as first_event_date,
cast(made.last_event_date as date) as last_event_date
from (
{{ adapter.dispatch('select_sessions', 'openpanel')(events, event_meta) }}
) as made
{%- endmacro -%}

{%- macro duckdb__select_sessions(events, event_meta) -%}
WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM {{ event_meta }} AS event_meta
  WHERE
    event_meta.conversion
), facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(
      MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MIN(marked.created_at)
    ) AS started_at,
    COALESCE(
      MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MAX(marked.created_at)
    ) AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END) AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy
        THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN marked.name = 'revenue' THEN marked.revenue END), 0),
        CAST('-9223372036854775808' AS INT128)
      ),
      CAST('9223372036854775807' AS INT128)
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN NOT marked.is_copy THEN marked.revenue END), 0),
        CAST('-9223372036854775808' AS INT128)
      ),
      CAST('9223372036854775807' AS INT128)
    ) AS BIGINT) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE {{ openpanel.funnel_view() }}
        THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ({{ openpanel.funnel_purchases() }}) THEN marked.created_at END) AS purchased_at
  FROM (
    SELECT
      events.project_id,
      events.session_id,
      events.event_date,
      events.created_at,
      events.name,
      events.path,
      events.revenue,
      COALESCE(events.name, '') IN ('session_start', 'session_end') AS is_copy,
      events.profile_id <> '' AND events.profile_id <> events.device_id AS is_identified,
      events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> '' AS is_tagged
    FROM {{ events }} AS events
    WHERE
      events.session_id <> ''
  ) AS marked
  LEFT JOIN goals
    ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY
    marked.project_id,
    marked.session_id
), edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    events.created_at = facts.started_at AS is_first,
    events.created_at = facts.ended_at AS is_last,
    events.created_at = facts.entered_at AS is_entry,
    events.created_at = facts.left_at AS is_exit,
    events.created_at = facts.tagged_at
    AND (
      events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> ''
    ) AS is_tagged,
    CASE
      WHEN events.created_at = facts.identified_at AND events.profile_id <> events.device_id
      THEN NULLIF(events.profile_id, '')
    END AS identified_id,
    events.profile_id,
    events.device_id,
    events.path,
    events.referrer,
    events.referrer_name,
    events.referrer_type,
    events.utm_source AS utm_source,
    events.utm_medium AS utm_medium,
    events.utm_campaign AS utm_campaign,
    events.device,
    events.os,
    events.browser,
    events.country,
    events.city
  FROM {{ events }} AS events
  INNER JOIN facts
    ON facts.project_id = events.project_id AND facts.session_id = events.session_id
  WHERE
    (
      events.created_at = facts.started_at
      OR events.created_at = facts.ended_at
      OR events.created_at = facts.entered_at
      OR events.created_at = facts.left_at
      OR events.created_at = facts.identified_at
      OR events.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(events.name, '') IN ('session_start', 'session_end')
    )
), told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN NULLIF(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN NULLIF(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN NULLIF(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.city, '') END) AS city
  FROM edges
  GROUP BY
    edges.project_id,
    edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  CAST(facts.started_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(EPOCH_US(facts.ended_at) - EPOCH_US(facts.started_at) AS DOUBLE) / 1000000 AS duration_seconds,
  facts.events,
  CAST(facts.views AS BIGINT) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    NULLIF(SPLIT_PART(told.referrer, '/', 3), ''),
    'direct'
  ) AS source,
  COALESCE(
    told.utm_medium,
    told.referrer_type,
    CASE WHEN told.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  told.campaign,
  told.device,
  told.os,
  told.browser,
  told.country,
  told.city,
  CAST(facts.conversions AS BIGINT) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT facts.product_viewed_at IS NULL
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id
{%- endmacro -%}

{%- macro postgres__select_sessions(events, event_meta) -%}
WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM {{ event_meta }} AS event_meta
  WHERE
    event_meta.conversion
), facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(
      MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MIN(marked.created_at)
    ) AS started_at,
    COALESCE(
      MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MAX(marked.created_at)
    ) AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END) AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy
        THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN marked.name = 'revenue' THEN marked.revenue END), 0),
        CAST('-9223372036854775808' AS DECIMAL)
      ),
      CAST('9223372036854775807' AS DECIMAL)
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CASE WHEN NOT marked.is_copy THEN marked.revenue END), 0),
        CAST('-9223372036854775808' AS DECIMAL)
      ),
      CAST('9223372036854775807' AS DECIMAL)
    ) AS BIGINT) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE {{ openpanel.funnel_view() }}
        THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ({{ openpanel.funnel_purchases() }}) THEN marked.created_at END) AS purchased_at
  FROM (
    SELECT
      events.project_id,
      events.session_id,
      events.event_date,
      events.created_at,
      events.name,
      events.path,
      events.revenue,
      COALESCE(events.name, '') IN ('session_start', 'session_end') AS is_copy,
      events.profile_id <> '' AND events.profile_id <> events.device_id AS is_identified,
      events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> '' AS is_tagged
    FROM {{ events }} AS events
    WHERE
      events.session_id <> ''
  ) AS marked
  LEFT JOIN goals
    ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY
    marked.project_id,
    marked.session_id
), edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    events.created_at = facts.started_at AS is_first,
    events.created_at = facts.ended_at AS is_last,
    events.created_at = facts.entered_at AS is_entry,
    events.created_at = facts.left_at AS is_exit,
    events.created_at = facts.tagged_at
    AND (
      events.utm_source <> '' OR events.utm_medium <> '' OR events.utm_campaign <> ''
    ) AS is_tagged,
    CASE
      WHEN events.created_at = facts.identified_at AND events.profile_id <> events.device_id
      THEN NULLIF(events.profile_id, '')
    END AS identified_id,
    events.profile_id,
    events.device_id,
    events.path,
    events.referrer,
    events.referrer_name,
    events.referrer_type,
    events.utm_source AS utm_source,
    events.utm_medium AS utm_medium,
    events.utm_campaign AS utm_campaign,
    events.device,
    events.os,
    events.browser,
    events.country,
    events.city
  FROM {{ events }} AS events
  INNER JOIN facts
    ON facts.project_id = events.project_id AND facts.session_id = events.session_id
  WHERE
    (
      events.created_at = facts.started_at
      OR events.created_at = facts.ended_at
      OR events.created_at = facts.entered_at
      OR events.created_at = facts.left_at
      OR events.created_at = facts.identified_at
      OR events.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(events.name, '') IN ('session_start', 'session_end')
    )
), told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN NULLIF(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN NULLIF(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN NULLIF(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.city, '') END) AS city
  FROM edges
  GROUP BY
    edges.project_id,
    edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  CAST(facts.started_at AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE) AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(EXTRACT(EPOCH FROM facts.ended_at - facts.started_at) AS DOUBLE PRECISION) AS duration_seconds,
  facts.events,
  CAST(facts.views AS BIGINT) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    NULLIF(SPLIT_PART(told.referrer, '/', 3), ''),
    'direct'
  ) AS source,
  COALESCE(
    told.utm_medium,
    told.referrer_type,
    CASE WHEN told.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  told.campaign,
  told.device,
  told.os,
  told.browser,
  told.country,
  told.city,
  CAST(facts.conversions AS BIGINT) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT facts.product_viewed_at IS NULL
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id
{%- endmacro -%}

{%- macro bigquery__select_sessions(events, event_meta) -%}
WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM {{ event_meta }} AS event_meta
  WHERE
    event_meta.conversion
), facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(
      MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MIN(marked.created_at)
    ) AS started_at,
    COALESCE(
      MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MAX(marked.created_at)
    ) AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END) AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy
        THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(CAST(CASE WHEN marked.name = 'revenue' THEN marked.revenue END AS BIGNUMERIC)),
          0
        ),
        CAST('-9223372036854775808' AS BIGNUMERIC)
      ),
      CAST('9223372036854775807' AS BIGNUMERIC)
    ) AS INT64) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(SUM(CAST(CASE WHEN NOT marked.is_copy THEN marked.revenue END AS BIGNUMERIC)), 0),
        CAST('-9223372036854775808' AS BIGNUMERIC)
      ),
      CAST('9223372036854775807' AS BIGNUMERIC)
    ) AS INT64) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE {{ openpanel.funnel_view() }}
        THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ({{ openpanel.funnel_purchases() }}) THEN marked.created_at END) AS purchased_at
  FROM (
    SELECT
      event_rows.project_id,
      event_rows.session_id,
      event_rows.event_date,
      event_rows.created_at,
      event_rows.name,
      event_rows.path,
      event_rows.revenue,
      COALESCE(event_rows.name, '') IN ('session_start', 'session_end') AS is_copy,
      event_rows.profile_id <> '' AND event_rows.profile_id <> event_rows.device_id AS is_identified,
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> '' AS is_tagged
    FROM {{ events }} AS event_rows
    WHERE
      event_rows.session_id <> ''
  ) AS marked
  LEFT JOIN goals
    ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY
    marked.project_id,
    marked.session_id
), edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    event_rows.created_at = facts.started_at AS is_first,
    event_rows.created_at = facts.ended_at AS is_last,
    event_rows.created_at = facts.entered_at AS is_entry,
    event_rows.created_at = facts.left_at AS is_exit,
    event_rows.created_at = facts.tagged_at
    AND (
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> ''
    ) AS is_tagged,
    CASE
      WHEN event_rows.created_at = facts.identified_at
      AND event_rows.profile_id <> event_rows.device_id
      THEN NULLIF(event_rows.profile_id, '')
    END AS identified_id,
    event_rows.profile_id,
    event_rows.device_id,
    event_rows.path,
    event_rows.referrer,
    event_rows.referrer_name,
    event_rows.referrer_type,
    event_rows.utm_source,
    event_rows.utm_medium,
    event_rows.utm_campaign,
    event_rows.device,
    event_rows.os,
    event_rows.browser,
    event_rows.country,
    event_rows.city
  FROM {{ events }} AS event_rows
  INNER JOIN facts
    ON facts.project_id = event_rows.project_id
    AND facts.session_id = event_rows.session_id
  WHERE
    (
      event_rows.created_at = facts.started_at
      OR event_rows.created_at = facts.ended_at
      OR event_rows.created_at = facts.entered_at
      OR event_rows.created_at = facts.left_at
      OR event_rows.created_at = facts.identified_at
      OR event_rows.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
    )
), told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN NULLIF(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN NULLIF(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN NULLIF(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.city, '') END) AS city
  FROM edges
  GROUP BY
    edges.project_id,
    edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  DATE(facts.started_at, '{{ openpanel.timezone() }}') AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(TIMESTAMP_DIFF(facts.ended_at, facts.started_at, MILLISECOND) AS FLOAT64) / 1000 AS duration_seconds,
  facts.events,
  CAST(facts.views AS INT64) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    NULLIF(SPLIT(told.referrer, '/')[SAFE_OFFSET(2)], ''),
    'direct'
  ) AS source,
  COALESCE(
    told.utm_medium,
    told.referrer_type,
    CASE WHEN told.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  told.campaign,
  told.device,
  told.os,
  told.browser,
  told.country,
  told.city,
  CAST(facts.conversions AS INT64) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT facts.product_viewed_at IS NULL
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id
{%- endmacro -%}

{%- macro snowflake__select_sessions(events, event_meta) -%}
WITH goals AS (
  SELECT DISTINCT
    event_meta.project_id,
    event_meta.name
  FROM {{ event_meta }} AS event_meta
  WHERE
    event_meta.conversion
), facts AS (
  SELECT
    marked.project_id,
    marked.session_id,
    COALESCE(
      MIN(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MIN(marked.created_at)
    ) AS started_at,
    COALESCE(
      MAX(CASE WHEN NOT marked.is_copy THEN marked.created_at END),
      MAX(marked.created_at)
    ) AS ended_at,
    COALESCE(
      MIN(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MIN(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS entered_at,
    COALESCE(
      MAX(CASE WHEN marked.path <> '' AND NOT marked.is_copy THEN marked.created_at END),
      MAX(CASE WHEN marked.path <> '' THEN marked.created_at END)
    ) AS left_at,
    MAX(CASE WHEN marked.is_identified AND NOT marked.is_copy THEN marked.created_at END) AS identified_at,
    MIN(CASE WHEN marked.is_tagged AND NOT marked.is_copy THEN marked.created_at END) AS tagged_at,
    MIN(marked.event_date) AS first_event_date,
    MAX(marked.event_date) AS last_event_date,
    COUNT(*) AS events,
    SUM(CASE WHEN marked.is_copy THEN 0 ELSE 1 END) AS sent,
    SUM(CASE WHEN marked.name = 'screen_view' THEN 1 ELSE 0 END) AS views,
    SUM(
      CASE
        WHEN marked.is_copy
        THEN 0
        WHEN marked.revenue > 0 OR NOT goals.name IS NULL
        THEN 1
        ELSE 0
      END
    ) AS conversions,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(
            CAST(CASE WHEN marked.name = 'revenue' THEN marked.revenue END AS DECIMAL(38, 0))
          ),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS revenue,
    CAST(LEAST(
      GREATEST(
        COALESCE(
          SUM(CAST(CASE WHEN NOT marked.is_copy THEN marked.revenue END AS DECIMAL(38, 0))),
          0
        ),
        CAST('-9223372036854775808' AS DECIMAL(38, 0))
      ),
      CAST('9223372036854775807' AS DECIMAL(38, 0))
    ) AS BIGINT) AS event_revenue,
    MIN(
      CASE
        WHEN marked.name = 'screen_view' AND marked.path LIKE {{ openpanel.funnel_view() }}
        THEN marked.created_at
      END
    ) AS product_viewed_at,
    MAX(CASE WHEN marked.name IN ({{ openpanel.funnel_purchases() }}) THEN marked.created_at END) AS purchased_at
  FROM (
    SELECT
      event_rows.project_id,
      event_rows.session_id,
      event_rows.event_date,
      event_rows.created_at,
      event_rows.name,
      event_rows.path,
      event_rows.revenue,
      COALESCE(event_rows.name, '') IN ('session_start', 'session_end') AS is_copy,
      event_rows.profile_id <> '' AND event_rows.profile_id <> event_rows.device_id AS is_identified,
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> '' AS is_tagged
    FROM {{ events }} AS event_rows
    WHERE
      event_rows.session_id <> ''
  ) AS marked
  LEFT JOIN goals
    ON goals.project_id = marked.project_id AND goals.name = marked.name
  GROUP BY
    marked.project_id,
    marked.session_id
), edges AS (
  SELECT
    facts.project_id,
    facts.session_id,
    event_rows.created_at = facts.started_at AS is_first,
    event_rows.created_at = facts.ended_at AS is_last,
    event_rows.created_at = facts.entered_at AS is_entry,
    event_rows.created_at = facts.left_at AS is_exit,
    event_rows.created_at = facts.tagged_at
    AND (
      event_rows.utm_source <> ''
      OR event_rows.utm_medium <> ''
      OR event_rows.utm_campaign <> ''
    ) AS is_tagged,
    CASE
      WHEN event_rows.created_at = facts.identified_at
      AND event_rows.profile_id <> event_rows.device_id
      THEN NULLIF(event_rows.profile_id, '')
    END AS identified_id,
    event_rows.profile_id,
    event_rows.device_id,
    event_rows.path,
    event_rows.referrer,
    event_rows.referrer_name,
    event_rows.referrer_type,
    event_rows.utm_source,
    event_rows.utm_medium,
    event_rows.utm_campaign,
    event_rows.device,
    event_rows.os,
    event_rows.browser,
    event_rows.country,
    event_rows.city
  FROM {{ events }} AS event_rows
  INNER JOIN facts
    ON facts.project_id = event_rows.project_id
    AND facts.session_id = event_rows.session_id
  WHERE
    (
      event_rows.created_at = facts.started_at
      OR event_rows.created_at = facts.ended_at
      OR event_rows.created_at = facts.entered_at
      OR event_rows.created_at = facts.left_at
      OR event_rows.created_at = facts.identified_at
      OR event_rows.created_at = facts.tagged_at
    )
    AND (
      facts.sent = 0
      OR NOT COALESCE(event_rows.name, '') IN ('session_start', 'session_end')
    )
), told AS (
  SELECT
    edges.project_id,
    edges.session_id,
    COALESCE(
      MAX(edges.identified_id),
      MAX(CASE WHEN edges.is_last THEN NULLIF(edges.profile_id, '') END)
    ) AS profile_id,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device_id, '') END) AS device_id,
    MAX(CASE WHEN edges.is_entry THEN NULLIF(edges.path, '') END) AS entry_page,
    MAX(CASE WHEN edges.is_exit THEN NULLIF(edges.path, '') END) AS exit_page,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer, '') END) AS referrer,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_name, '') END) AS referrer_name,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.referrer_type, '') END) AS referrer_type,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_source, '') END) AS utm_source,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_medium, '') END) AS utm_medium,
    MAX(CASE WHEN edges.is_tagged THEN NULLIF(edges.utm_campaign, '') END) AS campaign,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.device, '') END) AS device,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.os, '') END) AS os,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.browser, '') END) AS browser,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.country, '') END) AS country,
    MAX(CASE WHEN edges.is_first THEN NULLIF(edges.city, '') END) AS city
  FROM edges
  GROUP BY
    edges.project_id,
    edges.session_id
)
SELECT
  facts.project_id,
  facts.session_id,
  CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', facts.started_at) AS DATE) AS day,
  told.profile_id,
  told.device_id,
  facts.started_at,
  facts.ended_at,
  CAST(DATEDIFF(MILLISECOND, facts.started_at, facts.ended_at) AS DOUBLE) / 1000 AS duration_seconds,
  facts.events,
  CAST(facts.views AS BIGINT) AS views,
  facts.views < 2 AS is_bounce,
  told.entry_page,
  told.exit_page,
  told.referrer_name,
  told.referrer_type,
  COALESCE(
    told.utm_source,
    told.referrer_name,
    NULLIF(SPLIT_PART(told.referrer, '/', 3), ''),
    'direct'
  ) AS source,
  COALESCE(
    told.utm_medium,
    told.referrer_type,
    CASE WHEN told.referrer IS NULL THEN 'none' ELSE 'referral' END
  ) AS medium,
  told.campaign,
  told.device,
  told.os,
  told.browser,
  told.country,
  told.city,
  CAST(facts.conversions AS BIGINT) AS conversions,
  facts.revenue,
  facts.event_revenue,
  CASE
    WHEN facts.purchased_at > facts.product_viewed_at
    THEN 3
    WHEN NOT facts.product_viewed_at IS NULL
    THEN 2
    ELSE 1
  END AS funnel_step,
  facts.first_event_date,
  facts.last_event_date
FROM facts
INNER JOIN told
  ON told.project_id = facts.project_id AND told.session_id = facts.session_id
{%- endmacro -%}
