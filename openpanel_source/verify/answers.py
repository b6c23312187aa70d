"""The rows of an answer, decoded by Python's own decoder, each with its text; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from openpanel_source.errors import UnexpectedAnswerError

MOST_LEVELS = 500
"""Rows that nest deeper are rejected (docs/completeness.md)."""
_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)


class Number(Decimal):
    """A number as exact as it is written, which no truth value equals."""

    text: str

    def __new__(cls, text: str) -> Number:
        """A number of its digits."""
        try:
            made = super().__new__(cls, text)
        except InvalidOperation:
            # Its exponent has more digits than any database takes.
            made = super().__new__(cls, "Infinity")
        made.text = text
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()


class Row(NamedTuple):
    """A row of an answer: its text, and what it says; None if that is no JSON object."""

    raw: str
    value: dict[str, Any] | None


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_decoder = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refused)


def parse(text: str) -> Any:
    """JSON with exact numbers.

    Raises:
        ValueError: It is none.
        RecursionError: It nests too deep to be read.
    """
    return _decoder.decode(text)


def rows_of(body: bytes, request: str) -> tuple[int, list[Row]]:
    """How many rows an answer counts, and those it lists.

    Args:
        body: The answer's bytes; what is no UTF-8 in them becomes halves of surrogate pairs.
        request: For the error.

    Raises:
        UnexpectedAnswerError: It is no page of events.
    """
    text = body.decode("utf-8", "surrogateescape").lstrip("\ufeff \t\r\n")
    try:
        return _page(text)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnexpectedAnswerError(
            f"the answer is no page of events ({error}).", request
        ) from None


def _page(text: str) -> tuple[int, list[Row]]:
    rows: list[Row] = []
    meta: dict[str, Any] = {}
    place = _after(text, 0, "{")
    while text[place] != "}":
        name, place = _decoder.raw_decode(text, place)
        place = _after(text, _skip(text, place), ":")
        if name == "data":
            rows, place = _list(text, place)
        else:
            value, place = _decoder.raw_decode(text, place)
            meta = value if name == "meta" else meta
        place = _skip(text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return int(meta["totalCount"]), rows


def _list(text: str, place: int) -> tuple[list[Row], int]:
    rows: list[Row] = []
    is_utf8 = not re.search("[\udc80-\udcff]", text)
    place = _after(text, place, "[")
    while text[place] != "]":
        start = place
        try:
            value, place = _decoder.raw_decode(text, start)
            place = _skip(text, place)
            is_json = text[place] in ",]"
        except (ValueError, RecursionError):
            is_json = False
        if not is_json:
            value, place = None, _end(text, start)
        raw = text[start:place].strip()
        is_row = isinstance(value, dict) and not _is_deep(raw)
        is_row = is_row and (is_utf8 or not re.search("[\udc80-\udcff]", raw))
        rows.append(Row(raw, value if is_row else None))
        if text[place] == ",":
            place = _skip(text, place + 1)
    return rows, place + 1


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _after(text: str, place: int, sign: str) -> int:
    if text[place] != sign:
        raise ValueError(f"{sign} is missing")
    return _skip(text, place + 1)


def _levels(text: str, start: int = 0) -> Iterator[tuple[str, int, int]]:
    level = 0
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        level += (sign in "[{") - (sign in "]}")
        yield sign, level, token.start()


def _end(text: str, start: int) -> int:
    """Where a row that is no JSON ends, by its brackets."""
    for sign, level, place in _levels(text, start):
        if (sign == "," and level == 0) or level < 0:
            return place
    raise ValueError("its brackets do not match")


def _is_deep(raw: str) -> bool:
    if raw.count("[") + raw.count("{") <= MOST_LEVELS:
        return False
    return any(level > MOST_LEVELS for _, level, _ in _levels(raw))


def text_of(value: Any) -> str:
    """A value as compact JSON, a text as itself."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        members = ",".join(f"{_json(name)}:{_json(held)}" for name, held in value.items())
        return f"{{{members}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    return json.dumps(value, ensure_ascii=False)
