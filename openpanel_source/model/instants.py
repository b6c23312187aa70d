"""Instants as the API writes them; pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone


def instant_text(instant: datetime) -> str:
    """A UTC instant to the millisecond, as ``2026-01-31T12:00:00.000Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def parse_instant(text: str) -> datetime | None:
    """The UTC instant of the API's ``2026-11-23T01:46:01.686Z``; None for anything else."""
    if not _INSTANT.fullmatch(text):
        return None
    whole, _, fraction = text[:-1].partition(".")
    try:
        instant = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return instant.replace(microsecond=int(fraction.ljust(6, "0")) if fraction else 0)
