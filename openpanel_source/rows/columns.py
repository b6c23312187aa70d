"""Values of decoded rows as Arrow columns, such that every destination stores them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from openpanel_source.model.instants import EARLIEST_INSTANT, INSTANT, LATEST_INSTANT
from openpanel_source.model.json_text import SHORT, check_levels, without_nul_or_halves
from openpanel_source.model.schema import ColumnType

Values = Sequence[Any]
"""The values of one column, in the order of the rows."""


class ShapeError(ValueError):
    """Some value does not fit the column; its page has to be taken row by row."""


def shape_column(type_: ColumnType, values: Values) -> pa.Array:
    """Values as a column.

    Raises:
        ShapeError: One of them does not fit.
    """
    return _MAKE[type_](values)


def id_column(values: Values) -> pa.Array:
    """Ids of events as a column.

    Raises:
        ShapeError: One of them is not as it is loaded.
    """
    array = pa.array(values, pa.string())
    if b"\0" in _characters(array):
        raise ShapeError("an id holds NUL")
    return array


def _timestamps(values: Values) -> pa.Array:
    import pyarrow.compute as pc

    try:
        array = pa.array(values, pa.string()).cast(INSTANT)
    except pa.ArrowInvalid as error:
        raise ShapeError(str(error)) from None
    bounds = pc.min_max(array)
    # Arrow knows a year 0, and the end of 9999 in another zone may be that of 10000.
    first, last = bounds["min"].value, bounds["max"].value
    if first is not None and (first < EARLIEST_INSTANT or last > LATEST_INSTANT):
        raise ShapeError("a time is not of the years 1 to 9999")
    return array


def _text(values: Values) -> pa.Array:
    array = pa.array(values, pa.string())
    if b"\0" in _characters(array):
        import pyarrow.compute as pc

        # An unknown country is two NUL characters (section 2), which PostgreSQL refuses.
        only_nul = pc.match_substring_regex(array, r"^\x00+$")
        array = pc.if_else(only_nul, None, array)
        if b"\0" in _characters(array):
            array = pc.replace_substring(array, "\0", "\ufffd")
    return array


def _json(values: Values) -> pa.Array:
    texts: list[bytes | None] = list(map(bytes, values))
    if b"null" in texts:
        texts = [None if text == b"null" else text for text in texts]
    try:
        array = pa.array(texts, pa.string())
        if _has_escapes(array):
            array = pa.array([text and without_nul_or_halves(text) for text in texts], pa.string())
        for text in texts:
            if text is not None and len(text) > SHORT:
                check_levels(text)
    except (pa.ArrowInvalid, ValueError) as error:
        raise ShapeError(str(error)) from None
    return array


def _has_escapes(array: pa.Array) -> bool:
    """Whether a character is escaped by its number, other than as a quote or a line's end is."""
    characters = _characters(array)
    # One byte is found much faster than two.
    return b"\\" in characters and b"\\u" in characters


def _characters(array: pa.Array) -> bytes:
    """The text of all values in one."""
    buffer = array.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


_MAKE: dict[str, Callable[[Values], pa.Array]] = {
    "text": _text,
    "json": _json,
    "bool": partial(pa.array, type=pa.bool_()),
    "double": partial(pa.array, type=pa.float64()),
    "bigint": partial(pa.array, type=pa.int64()),
    "timestamp": _timestamps,
}
