"""What is made of the dbt package in ``dbt/``: the SQL of its models, and what is said of them.

Each number has its SQL in ``openpanel_source/models/`` alone. Here a macro is made of it for each
warehouse that dbt-openpanel knows, and the properties of sources and models are made of what
``model/schema.py`` and these files say.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import yaml
from sqlglot import parse_one

from docs.model_dialects import WORDS, translated
from openpanel_source.model.schema import EVENTS, LIST_TABLES, SYNC_DAYS, TABLES, Table
from openpanel_source.model.zones import IN_SQL
from openpanel_source.models.build import RECORD_COLUMNS, RECORD_MEANING, taken_in
from openpanel_source.models.definitions import NO_EVENT_META, PROPERTIES, Model, models, select

PACKAGE = Path(__file__).parents[1] / "dbt"
WAREHOUSES = ("duckdb", "postgres", "bigquery", "snowflake")
"""As dbt's adapters and SQLGlot's dialects are called."""

MADE = "Made by `make docs` in the repository of openpanel-source."

_KEYS = {
    "sessions": ("project_id", "session_id"),
    "visitor_days": ("project_id", "day", "profile_id"),
    "daily_metrics": ("project_id", "day"),
    "daily_countries": ("project_id", "day", "country"),
    "daily_sources": ("project_id", "day", "source", "medium", "campaign"),
    "pages": ("project_id", "day", "path"),
    "funnel": ("project_id", "day", "step"),
    "users": ("project_id", "profile_id"),
    "retention": ("project_id", "cohort_week", "week"),
}
_NULLABLE = {"country", "campaign"}
_FUNNEL = {"'/product%'": "funnel_view", "'purchase', 'revenue'": "funnel_purchases"}
"""Texts in the SQL that are variables of the package."""
_USED = {"event_meta": "event_meta", "profiles": "profiles", "event_groups": "groups"}
"""Tables that are loaded on request, or by some sites alone, and the variable of each."""

_TYPES = {
    "VARCHAR": {"bigquery": "string", "": "text"},
    "BIGINT": {"bigquery": "int64", "": "bigint"},
    "INTEGER": {"bigquery": "int64", "": "int"},
    "DOUBLE": {"bigquery": "float64", "": "float8"},
    "BOOLEAN": {"bigquery": "bool", "": "boolean"},
    "DATE": {"": "date"},
    "TIMESTAMP WITH TIME ZONE": {
        "bigquery": "timestamp",
        "snowflake": "timestamp_tz",
        "": "timestamptz",
    },
}
"""What other warehouses call DuckDB's types."""

# What each warehouse says of its own, as Jinja in SQL.
_LOCAL_DAYS = {
    "bigquery": "date(timestamp_add(timestamp({{ date }}), interval {{ milliseconds }}"
    " millisecond), '{{ openpanel.timezone() }}')",
    "snowflake": "cast(convert_timezone('UTC', '{{ openpanel.timezone() }}',"
    " dateadd(millisecond, {{ milliseconds }}, cast({{ date }} as timestamp_ntz))) as date)",
}
_LOCAL_DAY_HERE = (
    "cast((cast({{ date }} as timestamp) + interval '{{ milliseconds }} milliseconds')"
    " at time zone 'UTC' at time zone '{{ openpanel.timezone() }}' as date)"
)
_MEMBERS = {
    "bigquery": """JSON_VALUE({{ json }}, '$."{{ key }}"')""",
    "snowflake": "CAST({{ json }}['{{ key }}'] AS VARCHAR)",
}
_MEMBER_HERE = "({{ json }} ->> '{{ key }}')"


def dbt_files() -> dict[Path, str]:
    """The generated files of the package, and what they should hold."""
    types = _types()
    files = {
        PACKAGE / "macros" / "generated" / f"select_{model.name}.sql": _macros_of(
            model, types[model.name]
        )
        for model in models()
    }
    files[PACKAGE / "macros" / "generated" / "words.sql"] = _words()
    files[PACKAGE / "models" / "staging" / "src_openpanel.yml"] = _yaml(_sources())
    files[PACKAGE / "models" / "staging" / "stg_openpanel.yml"] = _yaml(_staging())
    files[PACKAGE / "models" / "marts" / "openpanel.yml"] = _yaml(_marts(types))
    return files


def _macros_of(model: Model, types: Mapping[str, str]) -> str:
    parts = [_comment(f"{MADE} Its SQL: openpanel_source/models/{model.name}.sql")]
    queries = {name: translated(model, name, opens_event_meta=True) for name in WAREHOUSES}
    read = [
        name
        for name in ("events", "event_meta", *(other.name for other in models()))
        if any(f"{{{name}}}" in query for query in queries.values())
    ]
    name, arguments = f"select_{model.name}", ", ".join(read)
    # Tables have texts, numbers and instants of other types in each warehouse, and of each age.
    lines = ",\n".join(
        f"cast(made.{column} as {_type(types[column])}) as {column}" for column in model.columns
    )
    call = f"adapter.dispatch('{name}', 'openpanel')({arguments})"
    body = (
        f"{{%- do openpanel.only_known() -%}}\nselect\n{lines}\nfrom (\n{{{{ {call} }}}}\n) as made"
    )
    parts.append(_macro(name, arguments, body))
    parts += [_macro(f"{it}__{name}", arguments, _jinja(query)) for it, query in queries.items()]
    return "\n\n".join(parts) + "\n"


def _jinja(query: str) -> str:
    """A query with names in braces as a template of dbt's."""
    for text, macro in _FUNNEL.items():
        query = query.replace(text, f"{{{{ openpanel.{macro}() }}}}")
    query = query.replace("{timezone}", "{{ openpanel.timezone() }}")
    for column in PROPERTIES:
        # The staging model has them in any case.
        query = query.replace(f"{{{column}}}", f"events.{column}")
    return re.sub(r"(?<!\{)\{(\w+)\}(?!\})", r"{{ \1 }}", query)


def _words() -> str:
    """What depends on the warehouse alone."""
    parts = [_comment(f"{MADE} What each warehouse says in words of its own.")]
    everything = "\0".join(translated(model, "duckdb") for model in models())
    fingerprint = hashlib.sha256(everything.encode()).hexdigest()[:16]
    parts.append(_macro("sql_fingerprint", "", f"{{{{ return('{fingerprint}') }}}}"))
    columns = ", ".join(f"'{name}': '{key}'" for name, key in PROPERTIES.items())
    parts.append(_macro("property_columns", "", f"{{{{ return({{{columns}}}) }}}}"))
    parts.append(_macro("zones_in_sql", "", f"{{{{ return({IN_SQL}) }}}}"))
    for name, arguments, bodies in (
        ("local_day", "instant", {name: _local_day(name) for name in WAREHOUSES}),
        (
            "local_day_of_date",
            "date, milliseconds",
            {name: _LOCAL_DAYS.get(name, _LOCAL_DAY_HERE) for name in WAREHOUSES},
        ),
        ("property", "json, key", {name: _MEMBERS.get(name, _MEMBER_HERE) for name in WAREHOUSES}),
        ("taken_in", "sync_days, dlt_loads", {name: _taken_in(name) for name in WAREHOUSES}),
    ):
        parts.append(_dispatched(name, arguments))
        parts += [_macro(f"{it}__{name}", arguments, body) for it, body in bodies.items()]
    return "\n\n".join(parts) + "\n"


def _local_day(warehouse: str) -> str:
    form = "CAST({instant} AT TIME ZONE {zone} AS DATE)"
    if warehouse in WORDS:
        form = WORDS[warehouse].day
    return form.format(instant="{{ instant }}", zone="'{{ openpanel.timezone() }}'")


def _taken_in(warehouse: str) -> str:
    tables: Any = SimpleNamespace(named=lambda name: f"open_{name.lstrip('_')}")
    query = parse_one(taken_in(tables), read="postgres").sql(dialect=warehouse, pretty=True)
    for name in (SYNC_DAYS.name, "dlt_loads"):
        query = query.replace(f"open_{name}", f"{{{{ {name} }}}}")
    return query


def _dispatched(name: str, arguments: str) -> str:
    call = f"adapter.dispatch('{name}', 'openpanel')({arguments})"
    return _macro(name, arguments, f"{{{{ return(openpanel.only_known() or {call}) }}}}")


def _macro(name: str, arguments: str, body: str) -> str:
    return f"{{%- macro {name}({arguments}) -%}}\n{body}\n{{%- endmacro -%}}"


def _comment(text: str) -> str:
    return f"{{#- {text} -#}}"


def _sources() -> dict[str, Any]:
    tables: list[dict[str, Any]] = [_source(table) for table in (*TABLES, *LIST_TABLES)]
    loads = "One row is a load package of dlt's that has ended."
    tables.append({"name": "_dlt_loads", "description": loads})
    return {
        "version": 2,
        "sources": [
            {
                "name": "openpanel",
                "description": "What openpanel-source loads: see docs/schema.md there.",
                "database": "{{ var('openpanel_database', target.database) }}",
                "schema": "{{ var('openpanel_schema', 'openpanel') }}",
                "tables": tables,
            }
        ],
    }


def _source(table: Table) -> dict[str, Any]:
    found: dict[str, Any] = {"name": table.name, "description": table.description}
    if table is SYNC_DAYS:
        found["config"] = {
            "loaded_at_field": "read_at",
            "freshness": {
                "warn_after": {"count": 36, "period": "hour"},
                "error_after": {"count": 72, "period": "hour"},
            },
        }
    return found | {"columns": _described({it.name: it.description for it in table.columns})}


def _staging() -> dict[str, Any]:
    found = []
    for table in TABLES:
        if table not in (EVENTS, SYNC_DAYS) and table.name not in _USED:
            continue
        text = table.description
        if table.name == "event_meta":
            text += " Without rows unless the variable openpanel_using_event_meta is true."
        found.append(
            {
                "name": f"stg_openpanel__{table.name}",
                "description": text,
                "columns": _described({it.name: it.description for it in table.columns}),
            }
        )
    return {"version": 2, "models": found}


def _marts(types: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    found = [_mart(model, types[model.name]) for model in models()]
    record = {**RECORD_COLUMNS, "loads": f"{RECORD_COLUMNS['loads']} And what the models were."}
    record_types = {"project_id": "VARCHAR", "event_date": "DATE", "loads": "VARCHAR"}
    found.append(
        {
            "name": "openpanel__model_days",
            "description": RECORD_MEANING,
            "config": {"contract": {"enforced": True}},
            "columns": _described(record, record_types),
            "data_tests": [_unique(("project_id", "event_date"))],
        }
    )
    return {"version": 2, "models": found}


def _mart(model: Model, types: Mapping[str, str]) -> dict[str, Any]:
    keys = _KEYS[model.name]
    needed = [name for name in keys if name not in _NULLABLE]
    return {
        "name": f"openpanel__{model.name}",
        "description": model.description,
        "config": {"contract": {"enforced": True}},
        "columns": _described(model.columns, types, needed),
        "data_tests": [_unique(keys)],
    }


def _unique(columns: Iterable[str]) -> dict[str, Any]:
    return {"openpanel.unique_rows": {"arguments": {"columns": [*columns]}}}


def _described(
    columns: Mapping[str, str], types: Mapping[str, str] | None = None, needed: Iterable[str] = ()
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, description in columns.items():
        column: dict[str, Any] = {"name": name, "description": description}
        if types:
            column["data_type"] = _type(types[name])
        if name in needed:
            column["data_tests"] = ["not_null"]
        found.append(column)
    return found


def _type(name: str) -> str:
    others = dict(_TYPES[name])
    here = others.pop("")
    for warehouse, other in others.items():
        here = f"{{{{ '{other}' if target.type == '{warehouse}' else {_quoted(here)} }}}}"
    return here


def _quoted(text: str) -> str:
    return text[3:-3] if text.startswith("{{") else f"'{text}'"


def _types() -> dict[str, dict[str, str]]:
    """The types of the models' columns, as DuckDB finds them."""
    names = {"bool": "BOOLEAN", "timestamp": "TIMESTAMP WITH TIME ZONE", "text": "VARCHAR"}
    columns = ", ".join(f'"{it.name}" {names.get(it.type, it.type)}' for it in EVENTS.columns)
    relations = {EVENTS.name: [it.name for it in EVENTS.columns]}
    tables = {name: name for name in (EVENTS.name, *(model.name for model in models()))}
    tables["event_meta"] = NO_EVENT_META
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE events ({columns})")
        for model in models():
            query = select(model, "duckdb", timezone="UTC", tables=tables, relations=relations)
            connection.execute(f"CREATE TABLE {model.name} AS {query}")
            rows = connection.execute(f"DESCRIBE {model.name}").fetchall()
            found[model.name] = {name: kind for name, kind, *_ in rows}
    return found


def _yaml(content: dict[str, Any]) -> str:
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return f"# {MADE}\n{text}"
