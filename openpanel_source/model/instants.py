"""Instants as the API writes them; pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pyarrow as pa

INSTANT = pa.timestamp("us", "UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST_INSTANT = (datetime.min.replace(tzinfo=timezone.utc) - _EPOCH) // _MICROSECOND
LATEST_INSTANT = (datetime.max.replace(tzinfo=timezone.utc) - _EPOCH) // _MICROSECOND
"""Microseconds of the years 1 to 9999: Arrow's have others, those of Python and of SQL do not."""


def instant_text(instant: datetime) -> str:
    """A UTC instant to the millisecond, as ``2026-01-31T12:00:00.000Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def parse_instant(text: str) -> datetime | None:
    """The UTC instant of the API's ``2026-11-23T01:46:01.686Z``; None for what is none.

    Read as whole columns are: also with a space for the T, without seconds or minutes, and with an
    offset for the Z; years from 1 on.
    """
    try:
        return _EPOCH + timedelta(microseconds=pa.scalar(text).cast(INSTANT).value)
    except (ValueError, OverflowError):
        return None
