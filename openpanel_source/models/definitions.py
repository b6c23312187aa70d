"""What the analyst's models are: their SQL, read from the package and filled in for a destination.

Each is a file in ``models/``: a comment that describes the model and each of its columns, then one
SELECT in PostgreSQL's dialect. `make docs` translates them (docs/model_dialects.py): what a dialect
selects is in ``models/dialects/``, with names in braces for what depends on the destination.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from openpanel_source.model.zones import zone_in_sql

UTC = "UTC"

Relations = Mapping[str, Collection[str]]
"""The columns of each table."""

NAMES = (
    "sessions",
    "visitor_days",
    "daily_metrics",
    "daily_countries",
    "daily_sources",
    "pages",
    "funnel",
    "users",
    "retention",
)
"""A model comes after those that it reads."""
OF_DAYS = ("visitor_days", "daily_metrics", "daily_countries", "daily_sources", "pages", "funnel")
"""Models of which a row is of one day, so that it follows from the events and sessions of that."""
READABLE = ("events", "event_meta", *NAMES)
"""What models may read."""
PROPERTIES = {
    "utm_source": "__query.utm_source",
    "utm_medium": "__query.utm_medium",
    "utm_campaign": "__query.utm_campaign",
    "page_title": "__title",
}
"""Columns that the ``events`` of an early version lacks, and the same in ``properties``."""

NO_EVENT_META = (
    "(SELECT CAST(NULL AS TEXT) AS project_id, CAST(NULL AS TEXT) AS name,"
    " CAST(NULL AS BOOLEAN) AS conversion WHERE FALSE)"
)
"""What models read of the table ``event_meta``, which is loaded on request, where it is not."""
_EVENT_META = {"project_id", "name", "conversion"}

_WAREHOUSES = {
    "bigquery": "`{}`.{}",
    "snowflake": '"{}".{}',
    "databricks": "`{}`.{}",
    "clickhouse": '"{}___{}"',
    "redshift": '"{}".{}',
}
"""How a dataset's tables are named where models are only printed, if its name has to be quoted."""

DIALECTS = ("duckdb", "postgres", *_WAREHOUSES)
"""The dialects that ``models --print`` writes."""

_FOLDER = files("openpanel_source") / "models"


@dataclass(frozen=True)
class Model:
    """A model as its file describes it.

    Attributes:
        name: The file's name without its suffix.
        description: What one row is, and what the model leaves out.
        columns: A description for each column, in order.
        query: The SELECT, in PostgreSQL's dialect.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    query: str


@cache
def models() -> tuple[Model, ...]:
    """All models of the package, each after those that it reads."""
    return tuple(_model(name, (_FOLDER / f"{name}.sql").read_text("utf-8")) for name in NAMES)


def _model(name: str, text: str) -> Model:
    comment, query = text.split("\n\n", 1)
    lines = [line.removeprefix("--").rstrip() for line in comment.splitlines()]
    blank = lines.index("")
    # A column's description goes on in lines that are indented.
    described = "\n".join(lines[blank + 1 :]).replace("\n   ", " ").splitlines()
    columns = dict(line.strip().split(": ", 1) for line in described)
    return Model(name, " ".join(line.strip() for line in lines[:blank]), columns, query.strip())


def select(
    model: Model,
    dialect: str,
    *,
    timezone: str,
    tables: Mapping[str, str],
    relations: Relations,
) -> str:
    """The query of a model.

    Args:
        model: The model.
        dialect: ``duckdb`` or ``postgres``.
        timezone: IANA name of the time zone in which days and weeks begin.
        tables: What to read, as SQL, for ``events``, ``event_meta`` and the names of other models.
        relations: What tables the destination has; properties stand for web columns that its
            ``events`` lacks, no rows for an ``event_meta`` that it lacks.
    """
    return _filled(model, dialect, timezone, tables, relations)


def columns_read(query: str, table: str) -> list[str]:
    """The columns that a query, as ``select`` gives it, reads of a table."""
    return sorted(set(re.findall(rf"\b{table}\.(\w+)", query)))


def script(model: Model, dialect: str, *, timezone: str, dataset: str) -> str:
    """The statement that makes a view where ``event_meta`` is not loaded, with its description.

    Args:
        model: The model.
        dialect: One of ``DIALECTS``.
        timezone: IANA name of the time zone in which days and weeks begin.
        dataset: Where tables are; the statements for DuckDB and PostgreSQL are to be run in it.
    """

    def named(name: str) -> str:
        form = _WAREHOUSES.get(dialect)
        if form is None:
            return name
        quote = form[0]
        if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", dataset):
            return form.replace(quote, "").format(dataset, name)
        return form.format(dataset.replace(quote, 2 * quote), name)

    tables = {name: named(name) for name in READABLE}
    query = _filled(model, dialect, timezone, tables, relations={})
    return f"-- {model.description}\nCREATE OR REPLACE VIEW {tables[model.name]} AS\n{query};"


def has_event_meta(relations: Relations) -> bool:
    """Whether models can read conversions of the table ``event_meta``."""
    return _EVENT_META.issubset(relations.get("event_meta", ()))


def _filled(
    model: Model,
    dialect: str,
    timezone: str,
    tables: Mapping[str, str],
    relations: Relations,
) -> str:
    held = relations.get("events", PROPERTIES)
    columns = {
        name: f"events.{name}" if name in held else f"(events.properties ->> '{key}')"
        for name, key in PROPERTIES.items()
    }
    read = dict(tables)
    if not has_event_meta(relations):
        read["event_meta"] = NO_EVENT_META
    query = _LOCAL_DAY.sub(
        lambda found: local_day(found["instant"], timezone, dialect), _queries(dialect)[model.name]
    )
    return query.format(timezone=zone_in_sql(timezone)[1:-1], **read, **columns)


_LOCAL_DAY = re.compile(r"CAST\((?P<instant>[\w.]+) AT TIME ZONE '\{timezone\}' AS DATE\)")


def local_day(instant: str, timezone: str, dialect: str) -> str:
    """The day on which an instant lies, in SQL of DuckDB or PostgreSQL.

    DuckDB asks its calendar for each row, of UTC too: that takes ten times as long as to divide.

    Args:
        instant: In SQL.
        timezone: IANA name of the time zone in which the day begins.
        dialect: ``duckdb``, or another.
    """
    if dialect == "duckdb" and timezone == UTC:
        return f"CAST(make_timestamp(epoch_us({instant})) AS DATE)"
    return f"CAST({instant} AT TIME ZONE {zone_in_sql(timezone)} AS DATE)"


def each_day(first: str, last: str, dialect: str) -> str:
    """All dates from one to another, a row each, in SQL of DuckDB or PostgreSQL.

    Args:
        first: A date in SQL.
        last: The same, inclusive.
        dialect: ``duckdb``, or another.
    """
    # Of dates, PostgreSQL would make instants of the session's time zone, where days have no
    # midnight or two, and the last is lost.
    ends = f"CAST({first} AS TIMESTAMP), CAST({last} AS TIMESTAMP)"
    series = f"GENERATE_SERIES({ends}, INTERVAL '1 day')"
    return f"CAST({f'UNNEST({series})' if dialect == 'duckdb' else series} AS DATE)"


@cache
def _queries(dialect: str) -> Mapping[str, str]:
    text = (_FOLDER / "dialects" / f"{dialect}.sql").read_text("utf-8")
    return dict(zip(NAMES, text.rstrip("\n").split("\n\n")[1:], strict=True))
