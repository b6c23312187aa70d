"""Names of time zones: which there are, and how SQL has to call them."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from openpanel_source.model.conditions import literal

NO_ZONE = "timezone {value!r} is unknown; use an IANA name as Europe/Stockholm, or UTC"

IN_SQL = {
    "CET": "Europe/Brussels",
    "MET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "WET": "Europe/Lisbon",
    "EST": "Etc/GMT+5",
    "MST": "Etc/GMT+7",
    "HST": "Etc/GMT+10",
}
"""Zones that PostgreSQL takes for abbreviations, without summer time or, by its settings, of
elsewhere, and what all databases understand."""


def timezone_problem(name: object) -> str | None:
    """What is wrong with the name of a time zone, as half a sentence; None if nothing is."""
    try:
        ZoneInfo(name)  # type: ignore[arg-type]
    except (TypeError, ValueError, OSError, KeyError):
        return NO_ZONE.format(value=name)
    # Python also reads other files of the system, as the one called localtime.
    return None if name == "UTC" or name in _names() else NO_ZONE.format(value=name)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime"})


def zone_in_sql(name: str) -> str:
    """A text in SQL that names a time zone, the same one in each database.

    Args:
        name: IANA name.
    """
    return literal(IN_SQL.get(name, name))
