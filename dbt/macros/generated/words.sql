{#- Made by `make docs` in the repository of openpanel-source. What each warehouse says in words of its own. -#}

{%- macro sql_fingerprint() -%}
{{ return('a4b5810b1b643c41') }}
{%- endmacro -%}

{%- macro property_columns() -%}
{{ return({'utm_source': '__query.utm_source', 'utm_medium': '__query.utm_medium', 'utm_campaign': '__query.utm_campaign', 'page_title': '__title'}) }}
{%- endmacro -%}

{%- macro zones_in_sql() -%}
{{ return({'CET': 'Europe/Brussels', 'MET': 'Europe/Brussels', 'EET': 'Europe/Athens', 'WET': 'Europe/Lisbon', 'EST': 'Etc/GMT+5', 'MST': 'Etc/GMT+7', 'HST': 'Etc/GMT+10'}) }}
{%- endmacro -%}

{%- macro local_day(instant) -%}
{{ return(openpanel.only_known() or adapter.dispatch('local_day', 'openpanel')(instant)) }}
{%- endmacro -%}

{%- macro duckdb__local_day(instant) -%}
CAST({{ instant }} AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE)
{%- endmacro -%}

{%- macro postgres__local_day(instant) -%}
CAST({{ instant }} AT TIME ZONE '{{ openpanel.timezone() }}' AS DATE)
{%- endmacro -%}

{%- macro bigquery__local_day(instant) -%}
DATE({{ instant }}, '{{ openpanel.timezone() }}')
{%- endmacro -%}

{%- macro snowflake__local_day(instant) -%}
CAST(CONVERT_TIMEZONE('{{ openpanel.timezone() }}', {{ instant }}) AS DATE)
{%- endmacro -%}

{%- macro local_day_of_date(date, milliseconds) -%}
{{ return(openpanel.only_known() or adapter.dispatch('local_day_of_date', 'openpanel')(date, milliseconds)) }}
{%- endmacro -%}

{%- macro duckdb__local_day_of_date(date, milliseconds) -%}
cast((cast({{ date }} as timestamp) + interval '{{ milliseconds }} milliseconds') at time zone 'UTC' at time zone '{{ openpanel.timezone() }}' as date)
{%- endmacro -%}

{%- macro postgres__local_day_of_date(date, milliseconds) -%}
cast((cast({{ date }} as timestamp) + interval '{{ milliseconds }} milliseconds') at time zone 'UTC' at time zone '{{ openpanel.timezone() }}' as date)
{%- endmacro -%}

{%- macro bigquery__local_day_of_date(date, milliseconds) -%}
date(timestamp_add(timestamp({{ date }}), interval {{ milliseconds }} millisecond), '{{ openpanel.timezone() }}')
{%- endmacro -%}

{%- macro snowflake__local_day_of_date(date, milliseconds) -%}
cast(convert_timezone('UTC', '{{ openpanel.timezone() }}', dateadd(millisecond, {{ milliseconds }}, cast({{ date }} as timestamp_ntz))) as date)
{%- endmacro -%}

{%- macro property(json, key) -%}
{{ return(openpanel.only_known() or adapter.dispatch('property', 'openpanel')(json, key)) }}
{%- endmacro -%}

{%- macro duckdb__property(json, key) -%}
({{ json }} ->> '{{ key }}')
{%- endmacro -%}

{%- macro postgres__property(json, key) -%}
({{ json }} ->> '{{ key }}')
{%- endmacro -%}

{%- macro bigquery__property(json, key) -%}
JSON_VALUE({{ json }}, '$."{{ key }}"')
{%- endmacro -%}

{%- macro snowflake__property(json, key) -%}
CAST({{ json }}['{{ key }}'] AS VARCHAR)
{%- endmacro -%}

{%- macro taken_in(sync_days, dlt_loads) -%}
{{ return(openpanel.only_known() or adapter.dispatch('taken_in', 'openpanel')(sync_days, dlt_loads)) }}
{%- endmacro -%}

{%- macro duckdb__taken_in(sync_days, dlt_loads) -%}
SELECT
  days.project_id,
  days.day AS event_date,
  CAST(COUNT(DISTINCT days.load_id) AS TEXT) || ' ' || CAST(COUNT(DISTINCT ended.load_id) AS TEXT) || ' ' || MAX(days.load_id) AS loads
FROM {{ sync_days }} AS days
LEFT JOIN {{ dlt_loads }} AS ended
  ON ended.load_id = days.load_id
WHERE
  days.reason <> 'adopted' AND days.verdict <> 'shrunk'
GROUP BY
  days.project_id,
  days.day
{%- endmacro -%}

{%- macro postgres__taken_in(sync_days, dlt_loads) -%}
SELECT
  days.project_id,
  days.day AS event_date,
  CAST(COUNT(DISTINCT days.load_id) AS TEXT) || ' ' || CAST(COUNT(DISTINCT ended.load_id) AS TEXT) || ' ' || MAX(days.load_id) AS loads
FROM {{ sync_days }} AS days
LEFT JOIN {{ dlt_loads }} AS ended
  ON ended.load_id = days.load_id
WHERE
  days.reason <> 'adopted' AND days.verdict <> 'shrunk'
GROUP BY
  days.project_id,
  days.day
{%- endmacro -%}

{%- macro bigquery__taken_in(sync_days, dlt_loads) -%}
SELECT
  days.project_id,
  days.day AS event_date,
  CAST(COUNT(DISTINCT days.load_id) AS STRING) || ' ' || CAST(COUNT(DISTINCT ended.load_id) AS STRING) || ' ' || MAX(days.load_id) AS loads
FROM {{ sync_days }} AS days
LEFT JOIN {{ dlt_loads }} AS ended
  ON ended.load_id = days.load_id
WHERE
  days.reason <> 'adopted' AND days.verdict <> 'shrunk'
GROUP BY
  days.project_id,
  days.day
{%- endmacro -%}

{%- macro snowflake__taken_in(sync_days, dlt_loads) -%}
SELECT
  days.project_id,
  days.day AS event_date,
  CAST(COUNT(DISTINCT days.load_id) AS VARCHAR) || ' ' || CAST(COUNT(DISTINCT ended.load_id) AS VARCHAR) || ' ' || MAX(days.load_id) AS loads
FROM {{ sync_days }} AS days
LEFT JOIN {{ dlt_loads }} AS ended
  ON ended.load_id = days.load_id
WHERE
  days.reason <> 'adopted' AND days.verdict <> 'shrunk'
GROUP BY
  days.project_id,
  days.day
{%- endmacro -%}
