"""What a server of a certain age can do: the differences between the generations, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from openpanel_source.sandbox import charts_dialect
from openpanel_source.sandbox.charts_dialect import Dialect

Window = Literal["never", "without_dates", "always"]
"""When page 1 shows only the newest rows: never, without a start and end, or on every request."""

Order = Literal["id", "profile_and_name", "unstable"]
"""What decides between rows of one millisecond."""


@dataclass(frozen=True)
class Generation:
    """The capabilities in which servers differ (openpanel-api.md, section 8).

    Attributes:
        max_limit: Most rows on a page.
        rate_limit: Requests in ten seconds.
        decodes_values: Query values are JSON-decoded, and checked before the credentials.
        filters: ``/export/events`` knows ``filters``.
        profile_filter: ``/export/events`` knows ``profileId``.
        comma_includes: ``includes=a,b`` names two fields.
        window: When the page-1 window applies.
        order: What decides between rows of one millisecond.
        cached_counts: ``totalCount`` comes from a cache whose key leaves the range out.
        groups: Rows have ``groups`` whatever was asked for, and no ``duration``.
        revenue: Rows can have ``revenue``.
        named_errors: Errors of access are ``{error, message}``, not ``{status, message}``.
        health: The ``/healthz`` routes exist.
        charts: What ``/export/charts`` can do.
    """

    max_limit: int = 1000
    rate_limit: int = 100
    decodes_values: bool = True
    filters: bool = True
    profile_filter: bool = True
    comma_includes: bool = True
    window: Window = "without_dates"
    order: Order = "id"
    cached_counts: bool = False
    groups: bool = True
    revenue: bool = True
    named_errors: bool = False
    health: bool = True
    charts: Dialect = charts_dialect.CURRENT


CURRENT = Generation()

GENERATIONS: dict[str, Generation] = {
    "2025-03": Generation(
        max_limit=50,
        rate_limit=10,
        decodes_values=False,
        filters=False,
        profile_filter=False,
        comma_includes=False,
        window="never",
        order="profile_and_name",
        cached_counts=True,
        groups=False,
        revenue=False,
        named_errors=True,
        health=False,
        charts=charts_dialect.EARLY_2025,
    ),
    "2025-11": Generation(
        decodes_values=False,
        filters=False,
        comma_includes=False,
        window="always",
        order="profile_and_name",
        cached_counts=True,
        groups=False,
        charts=charts_dialect.AUTUMN_2025,
    ),
    "2026-02": Generation(
        decodes_values=False,
        filters=False,
        comma_includes=False,
        window="always",
        order="unstable",
        cached_counts=True,
        groups=False,
        charts=charts_dialect.WINTER_2026,
    ),
    "2026-03": Generation(decodes_values=False, filters=False, charts=charts_dialect.MARCH_2026),
    "2026-04": Generation(filters=False, charts=charts_dialect.SPRING_2026),
}


def generation_of(server_date: str | None) -> Generation:
    """Return the capabilities of the server as of the end of a month.

    Args:
        server_date: ``YYYY-MM``, one of ``GENERATIONS``; None is the current server.

    Raises:
        ValueError: There is no such generation; the message names those there are.
    """
    if server_date is None:
        return CURRENT
    if server_date not in GENERATIONS:
        known = ", ".join(GENERATIONS)
        raise ValueError(f"unknown server date {server_date!r}: use one of {known}, or none")
    return GENERATIONS[server_date]
