"""Conditions on one value, with ClickHouse's meaning, written for DuckDB."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from openpanel_source.sandbox.answers import BadInput, server_error
from openpanel_source.sandbox.instants import (
    best_effort,
    best_effort_sql,
    clickhouse_instant,
    starts_as_instant,
)
from openpanel_source.sandbox.query import js_string

Json = str | float | bool | None

_COMPARISONS = {"is": "=", "isNot": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LIKE = {
    "contains": ("LIKE", "%{}%"),
    "doesNotContain": ("NOT LIKE", "%{}%"),
    "startsWith": ("LIKE", "{}%"),
    "endsWith": ("LIKE", "%{}"),
}
_UUID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True)
class Sql:
    """A piece of SQL and the parameters in it."""

    text: str
    parameters: tuple[Any, ...] = ()


def joined(pieces: Iterable[Sql], word: str) -> Sql:
    """Return pieces joined by AND or OR, in brackets."""
    pieces = list(pieces)
    text = f" {word} ".join(piece.text for piece in pieces)
    return Sql(f"({text})", tuple(p for piece in pieces for p in piece.parameters))


def compared(left: Sql, operator: str, right: Any) -> Sql:
    """Return a comparison with a value."""
    return Sql(f"{left.text} {_COMPARISONS[operator]} ?", (*left.parameters, right))


def is_comparison(operator: str) -> bool:
    """Say whether the operator compares, as do those that a type changes."""
    return operator in _COMPARISONS


def text_condition(left: Sql, operator: str, values: list[str]) -> Sql:
    """Return a condition on text.

    Raises:
        Refusal: ClickHouse would fail on it: a broken pattern.
    """
    if operator in ("isNull", "isNotNull"):
        return Sql(f"{left.text} {'=' if operator == 'isNull' else '<>'} ''", left.parameters)
    if operator in _LIKE:
        word, pattern = _LIKE[operator]
        return _any(
            values,
            lambda value: Sql(
                rf"{left.text} {word} ? ESCAPE '\'",
                (*left.parameters, _like(pattern.format(value))),
            ),
        )
    if operator == "regex":
        return _any(
            values,
            lambda value: Sql(f"regexp_matches({left.text}, ?, 's')", (*left.parameters, value)),
        )
    if operator == "isNot":
        return joined((compared(left, operator, value) for value in values), "AND")
    return _any(values, lambda value: compared(left, operator, value))


def property_condition(left: Sql, operator: str, values: list[str]) -> Sql:
    """Return a condition on a property: text, but compared as numbers, 0 for what is none."""
    if operator not in ("gt", "gte", "lt", "lte"):
        return text_condition(left, operator, values)
    number = Sql(f"coalesce({number_sql(left.text)}, 0)", left.parameters * 2)
    return _any(values, lambda value: compared(number, operator, constant(value)))


def number_condition(column: str, kind: str, operator: str, values: list[str]) -> Sql:
    """Return a condition on a column of numbers.

    Raises:
        Refusal: The operator is one for text, or a value is no number.
    """
    whole = kind == "UBIGINT"
    if not is_comparison(operator):
        # Null is compared with the empty text as well.
        raise BadInput("number") if _is_null(operator) and not whole else server_error()
    if operator in ("is", "isNot"):
        if whole and not all(re.fullmatch("0|[1-9][0-9]*", value) for value in values):
            raise server_error()
        numbers = [constant(value) for value in values]
        left = Sql(column)
        pieces = (
            Sql(f"{column} {_COMPARISONS[operator]} ?::{kind}", (number,)) for number in numbers
        )
        return joined(pieces, "AND" if operator == "isNot" else "OR")
    left = Sql(f"{column}::DOUBLE")
    return _any(values, lambda value: compared(left, operator, constant(value)))


def instant_condition(column: str, unit: int, operator: str, values: list[str]) -> Sql:
    """Return a condition on a column of instants.

    Args:
        column: Holds instants in the unit.
        unit: Milliseconds in a unit: 1 or 1000.
        operator: A comparison.
        values: Texts in ClickHouse's form.

    Raises:
        Refusal: The operator is none for instants, or a value cannot be read.
    """
    if _is_null(operator):
        # Null is compared with the empty text as well, which is the start of 1970 or no instant.
        if unit > 1:
            raise BadInput("date")
        return Sql("FALSE" if operator == "isNull" else "TRUE")
    if not is_comparison(operator):
        raise server_error()
    pieces = []
    for value in values:
        instant = clickhouse_instant(value, fractions=unit == 1)
        if instant is None:
            raise server_error() if starts_as_instant(value) else BadInput("date")
        pieces.append(compared(Sql(column), operator, instant // unit))
    return joined(pieces, "AND" if operator == "isNot" else "OR")


def id_condition(operator: str, values: list[str]) -> Sql:
    """Return a condition on the id of an event, a UUID.

    Raises:
        Refusal: The operator is none for UUIDs, or a value is none.
    """
    if not is_comparison(operator):
        raise BadInput("id") if _is_null(operator) else server_error()
    pieces = []
    for value in values:
        match = _UUID.match(value)
        if match is None:
            raise BadInput("id")
        if match.end() < len(value):
            raise server_error()
        number = uuid.UUID(value).int
        low, high = number & (1 << 64) - 1, number >> 64
        text = f"(id_low, id_high) {_COMPARISONS[operator]} (?::UBIGINT, ?::UBIGINT)"
        pieces.append(Sql(text, (low, high)))
    return joined(pieces, "AND" if operator == "isNot" else "OR")


def typed_condition(
    left: Sql, seconds: Sql | None, kind: str, operator: str, values: list[Json]
) -> Sql:
    """Return a comparison in which both sides are cast; what cannot be cast never matches.

    Args:
        left: The value as text.
        seconds: The value as an instant, where it is one.
        kind: ``number``, ``date``, ``datetime`` or ``boolean``.
        operator: A comparison.
        values: The values as given.
    """
    if kind == "number":
        cast = Sql(number_sql(left.text), left.parameters * 2)
    elif kind == "boolean":
        text = f"(lower(trim({left.text})) IN ('true', '1', 'yes') IS TRUE)::INTEGER"
        cast = Sql(text, left.parameters)
    else:
        instant = seconds or Sql(best_effort_sql(left.text), left.parameters * 4)
        cast = (
            instant if kind == "datetime" else Sql(f"({instant.text}) // 86400", instant.parameters)
        )
    pieces = []
    for value in values:
        right = _cast(value, kind)
        pieces.append(Sql("FALSE") if right is None else compared(cast, operator, right))
    return joined(pieces, "AND" if operator == "isNot" else "OR")


def number_sql(text: str) -> str:
    """Return the SQL for the number in a text expression, twice in it; null for no number."""
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN {text}::DOUBLE END"


def constant(text: str) -> float:
    """Return ``toFloat64(text)``.

    Raises:
        Refusal: It is no number.
    """
    if not text:
        raise BadInput("number")
    if not re.fullmatch(_NUMBER, text):
        raise server_error()
    return float(text)


def _cast(value: Json, kind: str) -> float | None:
    text = "" if value is None else js_string(value).strip()
    if kind == "boolean":
        return int(text.lower() in ("true", "1", "yes"))
    if kind == "number":
        return float(text) if re.fullmatch(_NUMBER, text) else None
    seconds = best_effort(text)
    return seconds if seconds is None or kind == "datetime" else seconds // 86_400


def _is_null(operator: str) -> bool:
    return operator in ("isNull", "isNotNull")


def _any(values: list[str], condition: Callable[[str], Sql]) -> Sql:
    return joined(map(condition, values), "OR")


def _like(pattern: str) -> str:
    """ClickHouse takes a backslash for itself unless a wildcard or another one follows."""
    return re.sub(r"\\([%_\\])|\\(?!$)", lambda m: m[0] if m[1] else r"\\", pattern)
