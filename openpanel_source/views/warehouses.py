"""Make a view what a warehouse understands alike."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect

from openpanel_source.views.dialects import Words

_ALIASES = {"events": "event_rows"}
"""Tables that a column of some view has the name of, which grouping would mean."""


def translate(tree: exp.Select, dialect: str, words: Words, dataset: str) -> None:
    """Make a SELECT in PostgreSQL's dialect one that a warehouse understands alike.

    Args:
        tree: It; changed.
        dialect: A name that SQLGlot knows.
        words: Those of the warehouse.
        dataset: Where tables and other views are.
    """
    _say_dates(tree, dialect, words)
    _say_texts(tree, dialect, words)
    _name_tables(tree, words, dataset)
    _respect_types(tree)
    # What is ordered by is never null; some warehouses take no word on nulls here.
    nulls_first = Dialect.get_or_raise(dialect).NULL_ORDERING == "nulls_are_small"
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", nulls_first)
    if words.settings:
        tree.set("settings", [exp.column(name).eq(1) for name in words.settings])


def relation(name: str, words: Words, dataset: str) -> exp.Table:
    """A table or view of a dataset."""
    if words.separator == ".":
        return exp.table_(name, db=dataset)
    return exp.table_(f"{dataset}{words.separator}{name}")


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


def _name_tables(tree: exp.Select, words: Words, dataset: str) -> None:
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name not in local:
            alias = _ALIASES.get(table.name, table.name)
            table.replace(exp.alias_(relation(table.name, words, dataset), alias, table=True))
    for column in tree.find_all(exp.Column):
        if column.table in _ALIASES:
            column.set("table", exp.to_identifier(_ALIASES[column.table]))


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
