{%- macro timezone() -%}
  {#- PostgreSQL would take some names for abbreviations, without summer time. -#}
  {%- set zone = var('openpanel_timezone') -%}
  {{ return(openpanel.zones_in_sql().get(zone, zone) | replace("'", "''")) }}
{%- endmacro -%}

{%- macro text_list(values) -%}
  {#- Texts in SQL; one may stand alone. -#}
  {%- set texts = [] -%}
  {%- for value in ([values] if values is string else values) -%}
    {%- do texts.append("'" ~ (value | replace("'", "''")) ~ "'") -%}
  {%- endfor -%}
  {{ return(texts | join(', ')) }}
{%- endmacro -%}

{%- macro funnel_view() -%}
  {{ return(openpanel.text_list(var('openpanel_funnel_view'))) }}
{%- endmacro -%}

{%- macro funnel_purchases() -%}
  {{ return(openpanel.text_list(var('openpanel_funnel_purchases'))) }}
{%- endmacro -%}

{%- macro definition() -%}
  {#- Of all that decides what rows of events become: when it changes, all days are taken in anew. -#}
  {{ return(local_md5([
    openpanel.sql_fingerprint(), openpanel.timezone(), openpanel.funnel_view(),
    openpanel.funnel_purchases(), var('openpanel_using_event_meta') | string,
  ] | join('|'))) }}
{%- endmacro -%}

{%- macro no_rows(columns) -%}
  {#- What stands for a table that is not loaded: its columns, as SQL types by their names. -#}
  select
    {%- for name, type in columns.items() %}
    cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
  limit 0
{%- endmacro -%}

{%- macro only_known() -%}
  {%- if target.type not in ('duckdb', 'postgres', 'bigquery', 'snowflake') -%}
    {{ exceptions.raise_compiler_error(
      "dbt-" ~ target.type ~ " is not among those that the package openpanel has SQL for: duckdb,"
      ~ " postgres, bigquery, snowflake"
    ) }}
  {%- endif -%}
  {{ return(none) }}
{%- endmacro -%}
