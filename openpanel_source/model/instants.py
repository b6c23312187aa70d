"""Instants as the API writes them; pure."""

from __future__ import annotations

import re
from datetime import datetime


def instant_text(instant: datetime) -> str:
    """A UTC instant to the millisecond, as ``2026-01-31T12:00:00.000Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def parse_instant(text: str) -> datetime | None:
    """The UTC instant of the API's ``2026-11-23T01:46:01.686Z``; None for anything else."""
    if not _INSTANT.fullmatch(text):
        return None
    whole, _, fraction = text[:-1].partition(".")
    try:
        return datetime.fromisoformat(f"{whole}.{fraction:0<6}+00:00")
    except ValueError:
        return None
