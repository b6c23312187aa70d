"""The SQL of the analyst's views: read from the package, rendered for a dialect.

Each is a file in ``views/``: a comment that describes the view and each of its columns, then one
SELECT in PostgreSQL's dialect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlglot import exp, parse_one

from openpanel_source.views.dialects import WORDS
from openpanel_source.views.warehouses import relation, translate

UTC = "UTC"

Relations = Mapping[str, Collection[str]]
"""The columns of each table."""

_NAMES = ("sessions", "daily_metrics", "daily_countries", "pages", "funnel", "retention")
"""A view comes after those that it reads."""
_PROPERTIES = {
    "utm_source": "__query.utm_source",
    "utm_medium": "__query.utm_medium",
    "utm_campaign": "__query.utm_campaign",
    "page_title": "__title",
}
"""Columns that the ``events`` of an early version lacks, and the same in ``properties``."""
_EVENT_META = {"project_id": "text", "name": "text", "conversion": "boolean"}
"""What views read of the table ``event_meta``, which is loaded on request."""


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
    folder = files("openpanel_source") / "views"
    return tuple(
        _view(name, (folder / f"{name}.sql").read_text(encoding="utf-8")) for name in _NAMES
    )


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
    timezone: str = UTC,
    schema: str | None = None,
    relations: Relations | None = None,
) -> str:
    """The query of a view.

    Args:
        view: The view.
        dialect: ``duckdb`` or ``postgres``.
        timezone: IANA name of the time zone in which days and weeks begin.
        schema: Where tables and other views are; None leaves their names alone.
        relations: What tables the destination has; properties stand for web columns that its
            ``events`` lacks, no rows for an ``event_meta`` that it lacks. None if it has all.
    """
    return _tree(view, timezone, schema, relations).sql(dialect=dialect, pretty=True)


def script(view: View, dialect: str, *, timezone: str = UTC, dataset: str = "openpanel") -> str:
    """The statement that makes a view where ``event_meta`` is not loaded, with its description.

    Args:
        view: The view.
        dialect: One of ``DIALECTS``.
        timezone: IANA name of the time zone in which days and weeks begin.
        dataset: Where tables are; the statements for DuckDB and PostgreSQL are to be run in it.
    """
    name = exp.to_table(view.name)
    tree = _tree(view, timezone, relations={})
    words = WORDS.get(dialect)
    if words is not None:
        name = relation(view.name, words, dataset)
        translate(tree, dialect, words, dataset)
    statement = exp.Create(this=name, kind="VIEW", replace=True, expression=tree)
    return f"-- {view.description}\n{statement.sql(dialect=dialect, pretty=True)};"


def _tree(
    view: View, timezone: str, schema: str | None = None, relations: Relations | None = None
) -> exp.Select:
    tree = parse_one(view.query, read="postgres", into=exp.Select)
    for zoned in tree.find_all(exp.AtTimeZone):
        zoned.set("zone", exp.Literal.string(timezone))
    if relations is not None:
        _replace_what_lacks(tree, relations)
    if schema is not None:
        local = {cte.alias for cte in tree.find_all(exp.CTE)}
        for table in tree.find_all(exp.Table):
            if table.name not in local:
                table.set("db", exp.to_identifier(schema, quoted=True))
    return tree


def _replace_what_lacks(tree: exp.Select, relations: Relations) -> None:
    held = relations.get("events", _PROPERTIES)
    for column in list(tree.find_all(exp.Column)):
        if column.table == "events" and column.name in _PROPERTIES.keys() - set(held):
            path = f"events.properties ->> '{_PROPERTIES[column.name]}'"
            value = parse_one(path, read="postgres")
            is_selected = isinstance(column.parent, exp.Select)
            column.replace(exp.alias_(value, column.name) if is_selected else value)
    if _EVENT_META.keys() <= set(relations.get("event_meta", ())):
        return
    nulls = [exp.alias_(exp.cast(exp.null(), kind), name) for name, kind in _EVENT_META.items()]
    nothing = exp.select(*nulls).where(exp.false()).subquery("event_meta")
    for table in list(tree.find_all(exp.Table)):
        if table.name == "event_meta":
            table.replace(nothing.copy())
