"""The SQL of the analyst's views: read from the package, filled in for a destination.

Each is a file in ``views/``: a comment that describes the view and each of its columns, then one
SELECT in PostgreSQL's dialect. `make docs` translates them (docs/view_dialects.py): what a dialect
selects is in ``views/dialects/``, with names in braces for what depends on the destination.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

UTC = "UTC"

Relations = Mapping[str, Collection[str]]
"""The columns of each table."""

_NAMES = ("sessions", "daily_metrics", "daily_countries", "pages", "funnel", "retention")
"""A view comes after those that it reads."""
PROPERTIES = {
    "utm_source": "__query.utm_source",
    "utm_medium": "__query.utm_medium",
    "utm_campaign": "__query.utm_campaign",
    "page_title": "__title",
}
"""Columns that the ``events`` of an early version lacks, and the same in ``properties``."""

NO_EVENT_META = (
    "(SELECT CAST(NULL AS TEXT) AS project_id, CAST(NULL AS TEXT) AS name,"
    " CAST(NULL AS BOOLEAN) AS conversion WHERE FALSE) AS event_meta"
)
"""What views read of the table ``event_meta``, which is loaded on request, where it is not."""
_EVENT_META = {"project_id", "name", "conversion"}

_WAREHOUSES = {
    "bigquery": "`{}`.{}",
    "snowflake": '"{}".{}',
    "databricks": "`{}`.{}",
    "clickhouse": '"{}___{}"',
    "redshift": '"{}".{}',
}
"""How a dataset's tables are named where views are only printed, if its name has to be quoted."""

DIALECTS = ("duckdb", "postgres", *_WAREHOUSES)
"""The dialects that ``views --print`` writes."""

_FOLDER = files("openpanel_source") / "views"


@dataclass(frozen=True)
class View:
    """A view as its file describes it.

    Attributes:
        name: The file's name without its suffix.
        description: What one row is, and what the view leaves out.
        columns: A description for each column, in order.
        query: The SELECT, in PostgreSQL's dialect.
    """

    name: str
    description: str
    columns: Mapping[str, str]
    query: str


@cache
def views() -> tuple[View, ...]:
    """All views of the package, each after those that it reads."""
    return tuple(_view(name, (_FOLDER / f"{name}.sql").read_text("utf-8")) for name in _NAMES)


def _view(name: str, text: str) -> View:
    comment, query = text.split("\n\n", 1)
    lines = [line.removeprefix("--").rstrip() for line in comment.splitlines()]
    blank = lines.index("")
    # A column's description goes on in lines that are indented.
    described = "\n".join(lines[blank + 1 :]).replace("\n   ", " ").splitlines()
    columns = dict(line.strip().split(": ", 1) for line in described)
    return View(name, " ".join(line.strip() for line in lines[:blank]), columns, query.strip())


def select(
    view: View,
    dialect: str,
    *,
    timezone: str,
    schema: str | None,
    relations: Relations,
) -> str:
    """The query of a view.

    Args:
        view: The view.
        dialect: ``duckdb`` or ``postgres``.
        timezone: IANA name of the time zone in which days and weeks begin.
        schema: Where tables and other views are; None leaves their names alone.
        relations: What tables the destination has; properties stand for web columns that its
            ``events`` lacks, no rows for an ``event_meta`` that it lacks.
    """
    prefix = "" if schema is None else '"' + schema.replace('"', '""') + '".'
    return _filled(view, dialect, timezone, lambda name: prefix + name, relations)


def script(view: View, dialect: str, *, timezone: str, dataset: str) -> str:
    """The statement that makes a view where ``event_meta`` is not loaded, with its description.

    Args:
        view: The view.
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

    query = _filled(view, dialect, timezone, named, relations={})
    return f"-- {view.description}\nCREATE OR REPLACE VIEW {named(view.name)} AS\n{query};"


def _filled(
    view: View,
    dialect: str,
    timezone: str,
    named: Callable[[str], str],
    relations: Relations,
) -> str:
    held = relations.get("events", PROPERTIES)
    columns = {
        name: f"events.{name}" if name in held else f"(events.properties ->> '{key}')"
        for name, key in PROPERTIES.items()
    }
    tables = {name: named(name) for name in ("events", "event_meta", *_NAMES)}
    if not _EVENT_META.issubset(relations.get("event_meta", ())):
        tables["event_meta"] = NO_EVENT_META
    zone = timezone.replace("'", "''")
    return _queries(dialect)[view.name].format(timezone=zone, **tables, **columns)


@cache
def _queries(dialect: str) -> Mapping[str, str]:
    text = (_FOLDER / "dialects" / f"{dialect}.sql").read_text("utf-8")
    return dict(zip(_NAMES, text.rstrip("\n").split("\n\n")[1:], strict=True))
