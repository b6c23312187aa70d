"""Text read as a value of a column's type, strictly: what is not clearly one is none; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Context, Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from openpanel_source.model.table import ARROW, ColumnType

LONGEST = 100
"""Characters beyond which no text is read as anything else."""

_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?:Z|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SCALE, _INTEGER_DIGITS = 9, 29
_EXACT = Context(prec=LONGEST + 20)


class Read(NamedTuple):
    """A column of text read as another type.

    Attributes:
        values: Null where a text is empty, or is none of that type.
        failed: Rows of texts that are none of that type.
    """

    values: pa.Array
    failed: list[int]


def read_values(texts: pa.Array, kind: ColumnType) -> Read:
    """A column of text as values of another type.

    Args:
        texts: Text or null.
        kind: ``text``, ``bigint``, ``double``, ``bool``, ``timestamp``, ``date`` or ``decimal``.
    """
    if kind == "text":
        return Read(texts, [])
    # Pages repeat a few values: each is read once.
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    read = [read_value(text, kind) for text in distinct]
    values = pa.array(read, ARROW[kind]).take(encoded.indices)
    failed = [place for place, text in enumerate(distinct) if text and read[place] is None]
    if not failed:
        return Read(values, [])
    import pyarrow.compute as pc

    places = pa.array(failed, encoded.indices.type)
    rows = pc.indices_nonzero(pc.is_in(encoded.indices, places))
    return Read(values, rows.to_pylist())


def read_value(text: str, kind: ColumnType) -> Any:
    """A text as a value of a type; None if it is none.

    Args:
        text: Anything.
        kind: Any type that has a column but text and json.
    """
    if len(text) > LONGEST:
        return None
    try:
        return _READ[kind](text)
    except (ValueError, OverflowError):
        return None


def _bigint(text: str) -> int | None:
    if not _WHOLE.fullmatch(text):
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None


def _double(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _decimal(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text).normalize(_EXACT)
    if not value:
        return Decimal(0)
    exponent = value.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -_SCALE and value.adjusted() < _INTEGER_DIGITS
    return value if fits else None


def _bool(text: str) -> bool | None:
    return _TRUTH.get(text.lower())


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if _DATE.fullmatch(text) else None


def _timestamp(text: str) -> datetime | None:
    if _DATE.fullmatch(text):
        text += "T00:00"
    found = _TIME.fullmatch(text)
    if not found:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    instant = datetime.fromisoformat(day).replace(
        hour=int(hour),
        minute=int(minute),
        second=int(second or 0),
        microsecond=int((fraction or "0")[:6].ljust(6, "0")),
        tzinfo=timezone.utc,
    )
    if sign is None:
        return instant
    if int(hours) > 23 or int(minutes or 0) > 59:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return instant - offset if sign == "+" else instant + offset


_READ: dict[ColumnType, Callable[[str], Any]] = {
    "bigint": _bigint,
    "double": _double,
    "bool": _bool,
    "timestamp": _timestamp,
    "date": _date,
    "decimal": _decimal,
}
