"""The models in the SQL of each dialect, translated by SQLGlot, and what it would not say right.

What is known only when a model is made stays a name in braces: ``{timezone}``, ``{events}`` and the
names of other tables and models, and the columns that a table may lack.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect

from openpanel_source.models.definitions import NO_EVENT_META, PROPERTIES, Model, models


def _total(added: str, wide: str = "DECIMAL(38, 0)", narrow: str = "BIGINT") -> str:
    """A sum that is 0 of nothing, and the least or largest number of eight bytes beyond these.

    Whoever sends events may send such revenue, and what fails on it would fail for ever.

    Args:
        added: The sum, of a type that holds more.
        wide: Such a type.
        narrow: That of the result.
    """
    least, most = (f"CAST('{bound}' AS {wide})" for bound in (-(2**63), 2**63 - 1))
    return f"CAST(LEAST(GREATEST(COALESCE({added}, 0), {least}), {most}) AS {narrow})"


@dataclass(frozen=True)
class Words:
    """What a warehouse says in words of its own, as templates in its dialect.

    Attributes:
        seconds: From one instant, ``{start}``, to another, ``{end}``.
        days: From one date to another.
        day: The date of an ``{instant}`` in a time zone, ``{zone}``.
        earlier: The date so many, ``{number}``, days before a ``{day}``.
        part: The third part of a ``{text}`` that is cut at slashes; empty or null if there is none.
        member: The text under ``{key}`` in ``{json}``; null if there is none.
        total: The sum of each ``{value}``, as ``_total`` bounds it.
        settings: What the semantics of PostgreSQL need, by name.
    """

    seconds: str
    days: str = "DATEDIFF(DAY, {start}, {end})"
    day: str = "CAST(CONVERT_TIMEZONE({zone}, {instant}) AS DATE)"
    earlier: str = "DATEADD(DAY, -{number}, {day})"
    part: str = "SPLIT_PART({text}, '/', 3)"
    member: str = "NULLIF(JSON_EXTRACT_PATH_TEXT({json}, '{key}'), '')"
    total: str = _total("SUM(CAST({value} AS DECIMAL(38, 0)))")
    settings: tuple[str, ...] = ()


WORDS = {
    "bigquery": Words(
        seconds="CAST(TIMESTAMP_DIFF({end}, {start}, MILLISECOND) AS FLOAT64) / 1000",
        days="DATE_DIFF({end}, {start}, DAY)",
        day="DATE({instant}, {zone})",
        earlier="DATE_SUB({day}, INTERVAL {number} DAY)",
        part="SPLIT({text}, '/')[SAFE_OFFSET(2)]",
        member="JSON_VALUE({json}, '$.{key}')",
        total=_total("SUM(CAST({value} AS BIGNUMERIC))", "BIGNUMERIC", "INT64"),
    ),
    "snowflake": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE) / 1000",
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
        earlier="DATE_SUB(DAY, {number}, {day})",
        part="splitByChar('/', COALESCE({text}, ''))[3]",
        member="NULLIF(JSONExtractString({json}, '{key}'), '')",
        total=_total(
            "SUM(CAST({value} AS Nullable(Decimal(38, 0))))", "Decimal(38, 0)", "Nullable(Int64)"
        ),
        # A left join has nulls, and a column is not shadowed by an alias of the same SELECT.
        settings=("join_use_nulls", "prefer_column_name_to_alias"),
    ),
    "redshift": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE PRECISION) / 1000",
        day="CAST({instant} AT TIME ZONE {zone} AS DATE)",
    ),
}
"""Of the warehouses whose dialect was checked; in DuckDB and PostgreSQL the models are made."""

_HERE = {
    dialect: Words(
        seconds=seconds,
        days="{end} - {start}",
        earlier="{day} - CAST({number} AS INT)",
        # A sum of numbers of eight bytes is wider here.
        total=_total("SUM({value})", wide),
    )
    for dialect, wide, seconds in (
        # A difference of instants has days of the session's time zone, of 23 or 25 hours at times.
        ("duckdb", "HUGEINT", "CAST(EPOCH_US({end}) - EPOCH_US({start}) AS DOUBLE) / 1000000"),
        ("postgres", "DECIMAL", "CAST(EXTRACT(EPOCH FROM {end} - {start}) AS DOUBLE PRECISION)"),
    )
}
"""In DuckDB and PostgreSQL, where all else is said as it is written."""

_A_SUNDAY = exp.cast(exp.Literal.string("1970-01-04"), exp.DataType.Type.DATE)

_ALIASES = {"events": "event_rows", "sessions": "session_rows"}
"""Tables that a column of some model has the name of, which grouping would mean."""


def dialect_file(dialect: str) -> str:
    """What ``openpanel_source/models/dialects/`` holds for a dialect."""
    head = (
        "-- Made by `make docs` from openpanel_source/models/: what each model selects, in order."
    )
    return "\n\n".join([head, *(translated(model, dialect) for model in models())]) + "\n"


def translated(model: Model, dialect: str, *, opens_event_meta: bool = False) -> str:
    """The SELECT of a model, with names in braces for what is not known yet.

    Args:
        model: The model.
        dialect: One of ``DIALECTS``, which SQLGlot knows by the same names.
        opens_event_meta: Whether ``event_meta`` is such a name in all of them.
    """
    tree = parse_one(model.query, read="postgres", into=exp.Select)
    for zoned in tree.find_all(exp.AtTimeZone):
        zoned.set("zone", exp.Literal.string("{timezone}"))
    words = WORDS.get(dialect)
    _leave_tables_open(tree, words, opens_event_meta)
    _say_sundays(tree, dialect, words or _HERE[dialect])
    _say_totals(tree, dialect, words or _HERE[dialect])
    _say_seconds(tree, dialect, words or _HERE[dialect])
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


def _leave_tables_open(tree: exp.Select, words: Words | None, opens_event_meta: bool) -> None:
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name in local:
            continue
        place = exp.Table(this=_open(table.name))
        if words is None:
            table.replace(exp.alias_(place, table.name, table=True))
        elif table.name == "event_meta" and not opens_event_meta:
            selected = exp.select("*").from_(f"{NO_EVENT_META} AS event_meta", dialect="postgres")
            table.replace(selected.find(exp.Subquery))
        else:
            alias = _ALIASES.get(table.name, table.name)
            table.replace(exp.alias_(place, alias, table=True))
    for column in tree.find_all(exp.Column) if words else ():
        if column.table in _ALIASES:
            column.set("table", exp.to_identifier(_ALIASES[column.table]))


def _say_sundays(tree: exp.Select, dialect: str, words: Words) -> None:
    """The first date of a week, whatever the session's settings."""
    for sunday in list(tree.find_all(exp.Anonymous)):
        if sunday.name.upper() == "SUNDAY":
            [day] = sunday.expressions
            number = _said(words.days, dialect, start=_A_SUNDAY, end=day)
            # The time has begun on a Thursday.
            since = exp.paren(exp.Add(this=exp.paren(number), expression=exp.Literal.number(7)))
            into_week = exp.func("MOD", since, exp.Literal.number(7))
            earlier = _said(words.earlier, dialect, number=into_week, day=day)
            sunday.replace(exp.cast(earlier, exp.DataType.Type.DATE))


def _say_totals(tree: exp.Select, dialect: str, words: Words) -> None:
    for total in list(tree.find_all(exp.Anonymous)):
        if total.name.upper() == "TOTAL":
            total.replace(_said(words.total, dialect, value=total.expressions[0]))


def _say_seconds(tree: exp.Select, dialect: str, words: Words) -> None:
    for cast in list(tree.find_all(exp.Cast)):
        if isinstance(cast.this, exp.Extract):
            difference = cast.this.expression
            end, start = difference.this, difference.expression
            cast.replace(_said(words.seconds, dialect, start=start, end=end))


def _say_dates(tree: exp.Select, dialect: str, words: Words) -> None:
    for cast in list(tree.find_all(exp.Cast)):
        value = cast.this
        if isinstance(value, exp.AtTimeZone):
            zone = value.args["zone"]
            cast.replace(_said(words.day, dialect, instant=value.this, zone=zone))
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
