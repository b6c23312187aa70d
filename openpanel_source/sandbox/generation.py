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

Bounds = Literal["days", "milliseconds", "seconds"]
"""What ``start`` and ``end`` are: a pair of whole days, or instants each on its own, with or
without their milliseconds."""

Step = Literal["limit", "query", "credentials"]
"""What a request is checked for."""


@dataclass(frozen=True)
class Generation:
    """The capabilities in which servers differ.

    Attributes:
        max_limit: Most rows on a page.
        rate_limit: Requests in ten seconds.
        steps: What a request is checked for, in this order.
        decodes_values: Query values are JSON-decoded.
        filters: ``/export/events`` knows ``filters``.
        profile_filter: ``/export/events`` knows ``profileId``.
        comma_includes: ``includes=a,b`` names two fields.
        bounds: What ``start`` and ``end`` are.
        window: When the page-1 window applies.
        order: What decides between rows of one millisecond.
        cached_counts: ``totalCount`` comes from a cache whose key leaves the range out.
        groups: Rows have ``groups`` whatever was asked for, and no ``duration``.
        revenue: Rows can have ``revenue``.
        named_errors: Errors of access are ``{error, message}``, not ``{status, message}``.
        no_country: What stands for an unknown country: that of a fixed-width column, or nothing.
        health: The ``/healthz`` routes exist.
        rewritten: It is OpenPanel 3: values are split at commas and decoded twice, a date that is
            none counts as absent, no header tells of the rate limit, and errors and headers have
            other forms.
        manage: The routes ``/manage`` exist.
        insights: The lists of ``/insights`` exist.
        insights_filters: They know ``filters``.
        manage_limit: Requests in ten seconds to ``/manage``.
        charts: What ``/export/charts`` can do.
    """

    max_limit: int = 1000
    rate_limit: int = 100
    steps: tuple[Step, ...] = ("limit", "query", "credentials")
    decodes_values: bool = True
    filters: bool = True
    profile_filter: bool = True
    comma_includes: bool = True
    bounds: Bounds = "days"
    window: Window = "without_dates"
    order: Order = "id"
    cached_counts: bool = False
    groups: bool = True
    revenue: bool = True
    named_errors: bool = False
    no_country: str = "\0\0"
    health: bool = True
    rewritten: bool = False
    manage: bool = True
    insights: bool = True
    insights_filters: bool = True
    manage_limit: int = 20
    charts: Dialect = charts_dialect.CURRENT


_CREDENTIALS_FIRST: tuple[Step, ...] = ("limit", "credentials", "query")

GENERATIONS: dict[str, Generation] = {
    "2025-03": Generation(
        max_limit=50,
        rate_limit=10,
        steps=_CREDENTIALS_FIRST,
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
        manage=False,
        insights=False,
        charts=charts_dialect.EARLY_2025,
    ),
    "2025-11": Generation(
        steps=_CREDENTIALS_FIRST,
        decodes_values=False,
        filters=False,
        comma_includes=False,
        window="always",
        order="profile_and_name",
        cached_counts=True,
        groups=False,
        revenue=False,
        manage=False,
        insights=False,
        charts=charts_dialect.AUTUMN_2025,
    ),
    "2026-02": Generation(
        steps=_CREDENTIALS_FIRST,
        decodes_values=False,
        filters=False,
        comma_includes=False,
        window="always",
        order="unstable",
        cached_counts=True,
        groups=False,
        insights=False,
        charts=charts_dialect.WINTER_2026,
    ),
    "2026-03": Generation(
        steps=_CREDENTIALS_FIRST,
        decodes_values=False,
        filters=False,
        insights=False,
        charts=charts_dialect.MARCH_2026,
    ),
    "2026-04": Generation(filters=False, insights_filters=False, charts=charts_dialect.SPRING_2026),
    "2026-08": Generation(),
    "2026-09": Generation(bounds="milliseconds"),
    "2026-09s": Generation(bounds="seconds"),
    "3": Generation(
        steps=("query", "limit", "credentials"),
        bounds="milliseconds",
        window="never",
        no_country="",
        rewritten=True,
        charts=charts_dialect.REWRITTEN,
    ),
}

DEFAULT = "2026-09"
"""The generation that is played unless another one is asked for."""


def generation_of(server_date: str | None) -> Generation:
    """Return the capabilities of a server.

    Args:
        server_date: One of ``GENERATIONS``: the month as of whose end it is, or its version; None
            is ``DEFAULT``.

    Raises:
        ValueError: There is no such generation; the message names those there are.
    """
    if server_date is None:
        server_date = DEFAULT
    if server_date not in GENERATIONS:
        known = ", ".join(GENERATIONS)
        raise ValueError(f"unknown server date {server_date!r}: use one of {known}, or none")
    return GENERATIONS[server_date]
