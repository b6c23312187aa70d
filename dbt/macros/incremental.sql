{#
  How the models stay up to date: only what follows from the days that `sync_days` tells to have
  changed is made anew. A run finds these days (int_openpanel__changed_days), the sessions with an
  event in them, and the days and visitors whose numbers follow. Those lists grow until the last
  model of a run, openpanel__model_days, has recorded what was taken in, and empties them. So a run
  that fails anywhere is made up for by the next one.
#}

{%- macro goes_on() -%}
  {#- Whether a model that is there is brought up to date. `--empty` must take nothing away; a unit
      test has no table. -#}
  {{ return(this is not none and is_incremental() and not flags.EMPTY) }}
{%- endmacro -%}

{%- macro mart_names() -%}
  {{ return([
    'openpanel__sessions', 'openpanel__visitor_days', 'openpanel__daily_metrics',
    'openpanel__daily_countries', 'openpanel__daily_sources', 'openpanel__pages',
    'openpanel__funnel', 'openpanel__users', 'openpanel__retention', 'openpanel__model_days',
  ]) }}
{%- endmacro -%}

{%- macro work_names() -%}
  {{ return([
    'int_openpanel__changed_days', 'int_openpanel__touched_sessions',
    'int_openpanel__affected_days', 'int_openpanel__affected_visitors',
  ]) }}
{%- endmacro -%}

{%- macro built(name) -%}
  {#- The table of another model as an earlier run left it, or none. It is no ref, as that model
      comes later. -#}
  {%- if not execute or should_full_refresh() or flags.EMPTY -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set node = graph.nodes['model.openpanel.' ~ name] -%}
  {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{%- endmacro -%}

{%- macro all_selected(names) -%}
  {%- for name in names if 'model.openpanel.' ~ name not in selected_resources -%}
    {{ return(false) }}
  {%- endfor -%}
  {{ return(true) }}
{%- endmacro -%}

{%- macro refuse_part(names) -%}
  {#- What later models read of an earlier run would be gone. -#}
  {%- if execute and flags.WHICH in ('run', 'build', 'retry') and flags.FULL_REFRESH
        and not openpanel.all_selected(names) -%}
    {{ exceptions.raise_compiler_error(
      model.name ~ " cannot be made anew without the models that follow from it; run: dbt build"
      ~ " --full-refresh --select package:openpanel"
    ) }}
  {%- endif -%}
{%- endmacro -%}

{%- macro refuse_gaps() -%}
  {%- if execute and openpanel.built('openpanel__model_days') is not none -%}
    {%- for name in openpanel.work_names() + ['openpanel__sessions', 'openpanel__visitor_days']
          if openpanel.built(name) is none -%}
      {{ exceptions.raise_compiler_error(
        "the table of " ~ name ~ " is missing, from which others are brought up to date; run: dbt"
        ~ " build --full-refresh --select package:openpanel"
      ) }}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}

{%- macro matches(kept, columns, of) -%}
  {%- for column in columns %}{{ ' and ' if not loop.first }}{{ kept }}.{{ column }} = {{ of }}.{{ column }}{% endfor -%}
{%- endmacro -%}

{%- macro forget(kept, columns) -%}
  {#- A hook: delete the rows of this model that are to be made anew. -#}
  {%- if openpanel.goes_on() -%}
    delete from {{ this }} as held
    where exists (select 1 from {{ kept }} as kept where {{ openpanel.matches('kept', columns, 'held') }})
  {%- endif -%}
{%- endmacro -%}

{%- macro note(into, columns, kept, keys) -%}
  {#- A hook: add what rows of this model that are made anew say to a list. -#}
  {%- if openpanel.goes_on() -%}
    insert into {{ into }} ({{ columns | join(', ') }})
    select distinct {% for column in columns %}held.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ this }} as held
    where not held.{{ columns[-1] }} is null
      and exists (select 1 from {{ kept }} as kept where {{ openpanel.matches('kept', keys, 'held') }})
  {%- endif -%}
{%- endmacro -%}

{%- macro note_all_visitors(into) -%}
  {#- A hook: as `note`, of a table that is about to be replaced whole. -#}
  {%- if execute and flags.FULL_REFRESH and not flags.EMPTY and load_relation(this) is not none -%}
    insert into {{ into }} (project_id, profile_id)
    select distinct held.project_id, held.profile_id from {{ this }} as held
  {%- endif -%}
{%- endmacro -%}

{%- macro kept(relation, list, columns) -%}
  {#- The rows of a table whose keys are in a list; all of them if the model is made whole. -#}
  {%- if openpanel.goes_on() -%}
    (
      select held.* from {{ relation }} as held
      inner join (select distinct {{ columns | join(', ') }} from {{ list }}) as kept
        on {{ openpanel.matches('kept', columns, 'held') }}
    )
  {%- else -%}
    {{ relation }}
  {%- endif -%}
{%- endmacro -%}

{%- macro events_of_sessions() -%}
  {%- set events, touched = ref('stg_openpanel__events'), ref('int_openpanel__touched_sessions') -%}
  {%- if openpanel.goes_on() -%}
    (
      select held.* from {{ events }} as held
      inner join (
        select
          project_id,
          session_id,
          min(first_event_date) as first_event_date,
          max(last_event_date) as last_event_date
        from {{ touched }}
        group by project_id, session_id
      ) as touched
        on touched.project_id = held.project_id and touched.session_id = held.session_id
      where held.event_date between touched.first_event_date and touched.last_event_date
        and held.event_date in ({{ openpanel.dates_between(
          'select distinct first_event_date, last_event_date from ' ~ touched
        ) }})
    )
  {%- else -%}
    {{ events }}
  {%- endif -%}
{%- endmacro -%}

{%- macro events_of_days() -%}
  {%- set events, days = ref('stg_openpanel__events'), ref('int_openpanel__affected_days') -%}
  {%- if openpanel.goes_on() -%}
    (
      select held.* from {{ events }} as held
      inner join (select distinct project_id, day from {{ days }}) as kept
        on kept.project_id = held.project_id and kept.day = {{ openpanel.local_day('held.created_at') }}
      {#- A local day lies in these UTC days, in whatever time zone. #}
      where held.event_date in ({{ openpanel.dates_between(
        'select distinct day as first_day, day as last_day from ' ~ days, around=1
      ) }})
    )
  {%- else -%}
    {{ events }}
  {%- endif -%}
{%- endmacro -%}

{%- macro dates_between(query, around=0) -%}
  {#- All dates of the ranges that a query gives, as literals, by which warehouses skip partitions. -#}
  {%- set found = {} -%}
  {%- for first, last in run_query(query).rows -%}
    {%- set start = openpanel.as_date(first) - modules.datetime.timedelta(days=around) -%}
    {%- for number in range((openpanel.as_date(last) - start).days + 1 + around) -%}
      {%- set date = start + modules.datetime.timedelta(days=number) -%}
      {%- do found.update({date.strftime('%Y-%m-%d'): true}) -%}
    {%- endfor -%}
  {%- endfor -%}
  {%- if not found -%}
    {{ return('cast(null as date)') }}
  {%- endif -%}
  {%- set dates = [] -%}
  {%- for date in found | sort -%}
    {%- do dates.append("cast('" ~ date ~ "' as date)") -%}
  {%- endfor -%}
  {{ return(dates | join(', ')) }}
{%- endmacro -%}

{%- macro as_date(value) -%}
  {{ return(modules.datetime.datetime.strptime((value | string)[:10], '%Y-%m-%d')) }}
{%- endmacro -%}

{%- macro closes() -%}
  {#- Whether this run brings all models up to date, so that it may be recorded. -#}
  {{ return(execute and not flags.EMPTY and openpanel.all_selected(
    openpanel.work_names() + openpanel.mart_names()
  )) }}
{%- endmacro -%}

{%- macro forget_recorded(list) -%}
  {%- if openpanel.closes() -%}{{ openpanel.forget(list, ['project_id', 'event_date']) }}{%- endif -%}
{%- endmacro -%}

{%- macro empty_list(list) -%}
  {%- if openpanel.closes() -%}delete from {{ list }} where 1 = 1{%- endif -%}
{%- endmacro -%}
