"""The views in the SQL of each dialect, translated by SQLGlot, and what it would not say right.

What is known only when a view is made stays a name in braces: ``{timezone}``, ``{events}`` and the
names of other tables and views, and the columns that a table may lack.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect

from openpanel_source.views.render import NO_EVENT_META, PROPERTIES, View, views


@dataclass(frozen=True)
class Words:
    """What a warehouse says in words of its own, as templates in its dialect.

    Attributes:
        seconds: From one instant, ``{start}``, to another, ``{end}``.
        days: From one date to another.
        day: The date of an ``{instant}`` in a time zone, ``{zone}``.
        monday: The first date of the week of a ``{day}``, whatever the session's settings.
        part: The third part of a ``{text}`` that is cut at slashes; empty or null if there is none.
        member: The text under ``{key}`` in ``{json}``; null if there is none.
        previous: The function that gives the value of the row before in a window.
        settings: What the semantics of PostgreSQL need, by name.
    """

    seconds: str
    days: str = "DATEDIFF(DAY, {start}, {end})"
    day: str = "CAST(CONVERT_TIMEZONE({zone}, {instant}) AS DATE)"
    monday: str = "CAST(DATE_TRUNC('WEEK', {day}) AS DATE)"
    part: str = "SPLIT_PART({text}, '/', 3)"
    member: str = "NULLIF(JSON_EXTRACT_PATH_TEXT({json}, '{key}'), '')"
    previous: str = "LAG"
    settings: tuple[str, ...] = ()


WORDS = {
    "bigquery": Words(
        seconds="CAST(TIMESTAMP_DIFF({end}, {start}, MILLISECOND) AS FLOAT64) / 1000",
        days="DATE_DIFF({end}, {start}, DAY)",
        day="DATE({instant}, {zone})",
        monday="DATE_TRUNC({day}, ISOWEEK)",
        part="SPLIT({text}, '/')[SAFE_OFFSET(2)]",
        member="JSON_VALUE({json}, '$.{key}')",
    ),
    "snowflake": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE) / 1000",
        # DATE_TRUNC follows the session's WEEK_START.
        monday="DATEADD(DAY, 1 - DAYOFWEEKISO({day}), {day})",
        member="CAST(GET_PATH({json}, '{key}') AS VARCHAR)",
    ),
    "databricks": Words(
        seconds="CAST(TIMESTAMPDIFF(MILLISECOND, {start}, {end}) AS DOUBLE) / 1000",
        member="GET_JSON_OBJECT({json}, '$.{key}')",
    ),
    "clickhouse": Words(
        seconds="CAST(dateDiff('millisecond', {start}, {end}) AS Nullable(Float64)) / 1000",
        days="dateDiff('day', {start}, {end})",
        day="CAST({instant} AT TIME ZONE {zone} AS Date)",
        monday="CAST(toMonday({day}) AS Date)",
        part="splitByChar('/', COALESCE({text}, ''))[3]",
        member="NULLIF(JSONExtractString({json}, '{key}'), '')",
        previous="lagInFrame",
        # A left join has nulls, and a column is not shadowed by an alias of the same SELECT.
        settings=("join_use_nulls", "prefer_column_name_to_alias"),
    ),
    "redshift": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE PRECISION) / 1000",
        day="CAST({instant} AT TIME ZONE {zone} AS DATE)",
    ),
}
"""Of the warehouses whose dialect was checked; in DuckDB and PostgreSQL the views are made."""

_ALIASES = {"events": "event_rows"}
"""Tables that a column of some view has the name of, which grouping would mean."""


def dialect_file(dialect: str) -> str:
    """What ``openpanel_source/views/dialects/`` holds for a dialect."""
    head = "-- Made by `make docs` from openpanel_source/views/: what each view selects, in order."
    return "\n\n".join([head, *(translated(view, dialect) for view in views())]) + "\n"


def translated(view: View, dialect: str) -> str:
    """The SELECT of a view, with names in braces for what is not known yet.

    Args:
        view: The view.
        dialect: One of ``DIALECTS``, which SQLGlot knows by the same names.
    """
    tree = parse_one(view.query, read="postgres", into=exp.Select)
    for zoned in tree.find_all(exp.AtTimeZone):
        zoned.set("zone", exp.Literal.string("{timezone}"))
    words = WORDS.get(dialect)
    _leave_tables_open(tree, words)
    if words is None:
        _leave_columns_open(tree)
    else:
        _say_dates(tree, dialect, words)
        _say_texts(tree, dialect, words)
        _respect_types(tree)
        # What is ordered by is never null; some warehouses take no word on nulls here.
        nulls_first = Dialect.get_or_raise(dialect).NULL_ORDERING == "nulls_are_small"
        for ordered in tree.find_all(exp.Ordered):
            ordered.set("nulls_first", nulls_first)
        if words.settings:
            tree.set("settings", [exp.column(name).eq(1) for name in words.settings])
    return tree.sql(dialect=dialect, pretty=True)


def _open(name: str) -> exp.Identifier:
    return exp.to_identifier(f"{{{name}}}", quoted=False)


def _leave_columns_open(tree: exp.Select) -> None:
    for column in list(tree.find_all(exp.Column)):
        if column.table == "events" and column.name in PROPERTIES:
            value = exp.column(_open(column.name))
            is_selected = isinstance(column.parent, exp.Select)
            column.replace(exp.alias_(value, column.name) if is_selected else value)


def _leave_tables_open(tree: exp.Select, words: Words | None) -> None:
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name in local:
            continue
        place = exp.Table(this=_open(table.name))
        if words is None:
            table.replace(place)
        elif table.name == "event_meta":
            selected = exp.select("*").from_(NO_EVENT_META, dialect="postgres")
            table.replace(selected.find(exp.Subquery))
        else:
            alias = _ALIASES.get(table.name, table.name)
            table.replace(exp.alias_(place, alias, table=True))
    for column in tree.find_all(exp.Column) if words else ():
        if column.table in _ALIASES:
            column.set("table", exp.to_identifier(_ALIASES[column.table]))


def _say_dates(tree: exp.Select, dialect: str, words: Words) -> None:
    for cast in list(tree.find_all(exp.Cast)):
        value = cast.this
        zoned = value.this if isinstance(value, exp.TimestampTrunc) else value
        if isinstance(value, exp.Extract):
            end, start = value.expression.this, value.expression.expression
            cast.replace(_said(words.seconds, dialect, start=start, end=end))
        elif isinstance(zoned, exp.AtTimeZone):
            zone = zoned.args["zone"]
            day = _said(words.day, dialect, instant=zoned.this, zone=zone)
            cast.replace(day if zoned is value else _said(words.monday, dialect, day=day))
    differences = [paren for paren in tree.find_all(exp.Paren) if isinstance(paren.this, exp.Sub)]
    for paren in differences:
        end, start = paren.this.this, paren.this.expression
        paren.replace(_said(words.days, dialect, start=start, end=end))


def _say_texts(tree: exp.Select, dialect: str, words: Words) -> None:
    for split in list(tree.find_all(exp.SplitPart)):
        split.replace(_said(words.part, dialect, text=split.this))
    for member in list(tree.find_all(exp.JSONExtractScalar)):
        key = member.expression.expressions[-1].this
        template = words.member.replace("{key}", key)
        member.replace(_said(template, dialect, json=member.this))
    for lag in list(tree.find_all(exp.Lag)):
        lag.replace(exp.func(words.previous, lag.this, dialect=dialect))


def _respect_types(tree: exp.Select) -> None:
    for average in tree.find_all(exp.Avg):
        # That of a decimal may have as few digits as the decimal.
        average.set("this", exp.cast(average.this, exp.DataType.Type.DOUBLE))
    for select in tree.find_all(exp.Select):
        if select.args.get("where") and not select.args.get("from_", select.args.get("from")):
            # BigQuery takes no condition without a table.
            select.set("where", None)
            select.limit(0, copy=False)


def _said(template: str, dialect: str, **parts: exp.Expr) -> exp.Expr:
    """Words of a warehouse, as SQLGlot understands them."""
    said = {name: part.sql(dialect=dialect) for name, part in parts.items()}
    return parse_one(template.format(**said), read=dialect)
