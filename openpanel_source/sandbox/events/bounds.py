"""What ``start`` and ``end`` of a query mean: whole days or instants."""

from __future__ import annotations

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.dates import DAY_MS, parse_js_date
from openpanel_source.sandbox.events.conditions import Sql, joined
from openpanel_source.sandbox.generation import Generation

_YEARS = range(-62_167_219_200_000, 253_402_300_800_000)
"""Milliseconds of the years 0 to 9999: others have a form that ClickHouse cannot read."""

_LAST_DAY = 0xFFFF
_LAST_KNOWN_DAY = 120_529
_FIRST_MS, _LAST_MS = -2_208_988_800_000, 10_413_791_999_999
"""What a ClickHouse ``DateTime64`` holds: the years 1900 to 2299."""

_LAST_SECOND = 0xFFFF_FFFF
"""The last that a ClickHouse ``DateTime`` holds; the first is 1970."""


def bounds(start: str | None, end: str | None, generation: Generation) -> Sql | None:
    """Return the condition that start and end put on events, None for none.

    Raises:
        Refusal: 500, a date is one that the server fails on.
    """
    if generation.bounds == "days":
        return _whole_days(start, end) if start and end else None
    pieces = []
    for text, comparison in ((start, ">="), (end, "<=")):
        instant = _instant(text, generation) if text else None
        if instant is not None:
            pieces.append(Sql(f"created_ms {comparison} ?", (instant,)))
    return joined(pieces, "AND") if pieces else None


def _whole_days(start: str, end: str) -> Sql:
    first, last = _day(start), _day(end)
    range_ms = (first * DAY_MS, (last + 1) * DAY_MS)
    return Sql("(created_ms >= ? AND created_ms < ?)", range_ms)


def _day(text: str) -> int:
    """Days since 1970, within what a ClickHouse ``Date`` holds: the years 1970 to 2149."""
    day = _readable(parse_js_date(text)) // DAY_MS
    if not 0 <= day <= _LAST_KNOWN_DAY:
        return 0
    return min(day, _LAST_DAY)


def _instant(text: str, generation: Generation) -> int | None:
    instant = parse_js_date(text)
    if instant is None and generation.rewritten:
        return None
    instant = _readable(instant)
    if generation.bounds == "seconds":
        return min(max(instant // 1000, 0), _LAST_SECOND) * 1000
    return min(max(instant, _FIRST_MS), _LAST_MS)


def _readable(instant: int | None) -> int:
    if instant is None or instant not in _YEARS:
        raise server_error()
    return instant
