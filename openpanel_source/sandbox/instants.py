"""Instants as ClickHouse reads them from text: its own strict form, and its best effort."""

from __future__ import annotations

import re

from openpanel_source.sandbox.dates import milliseconds, parse_js_date

_STRICT = re.compile(
    r"(\d{4})\D(\d\d)\D(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?(?:\.(?P<fraction>\d+))?\Z"
)
_START = re.compile(r"\d{4}\D\d\d\D\d\d([ T]\d\d:\d\d:\d\d|(?![ T])|\Z)|\d{5,10}")
_UNIX = re.compile(r"(\d{5,10})(?:\.(?P<fraction>\d+))?\Z")
_DAY_FIRST = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})(.*)\Z", re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?\Z")


def clickhouse_instant(text: str, *, fractions: bool) -> int | None:
    """Read ``YYYY-MM-DD HH:MM:SS.mmm``, a date, or Unix seconds.

    Args:
        text: What a filter on a column of instants was given.
        fractions: Whether the column holds fractions of seconds; one that does not refuses them.

    Returns:
        Milliseconds since 1970, UTC; None where ClickHouse cannot read the text.
    """
    if fractions and not text:
        return 0
    strict, unix = _STRICT.match(text), _UNIX.match(text)
    match = strict or unix
    if match is None or (match["fraction"] and not fractions):
        return None
    if strict:
        instant = milliseconds(*(int(part or 0) for part in strict.groups()[:6]))
    else:
        instant = int(match[1]) * 1000
    fraction = int((match["fraction"] or "0")[:3].ljust(3, "0"))
    return None if instant is None else instant + fraction


def starts_as_instant(text: str) -> bool:
    """Say whether ClickHouse fails on what follows an instant, rather than on the instant."""
    return bool(_START.match(text))


def best_effort(text: str) -> int | None:
    """Read a date or time in nearly any form, as ``parseDateTimeBestEffortOrNull`` does.

    Returns:
        Seconds since 1970, UTC; None where the text is no date.
    """
    compact = _COMPACT.match(text)
    if compact:
        instant = milliseconds(*(int(part or 0) for part in compact.groups()))
    elif re.fullmatch(r"\d{9,10}", text):
        instant = int(text) * 1000
    else:
        instant = parse_js_date(_DAY_FIRST.sub(r"\3/\2/\1\4", text))
    return None if instant is None else instant // 1000


def best_effort_sql(text: str) -> str:
    """Return the SQL for the seconds that a text expression stands for, null for no date."""
    return (
        f"coalesce(epoch_ms(try_cast({text} AS TIMESTAMPTZ)) // 1000,"
        f" epoch_ms(try_strptime({text}, ['%Y%m%d', '%Y%m%d%H%M%S', '%d/%m/%Y',"
        f" '%d/%m/%Y %H:%M:%S', '%b %d %Y', '%d %b %Y'])) // 1000,"
        f" CASE WHEN regexp_full_match({text}, '\\d{{9,10}}') THEN try_cast({text} AS BIGINT) END)"
    )
