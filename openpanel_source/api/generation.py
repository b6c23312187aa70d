"""The generations of servers, and what each can do (openpanel-api.md, section 8).

Self-hosted installations lag for years; what differs is said here once, as capabilities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Bounds(str, Enum):
    """What a server makes of ``start`` and ``end`` (openpanel-api.md, sections 3 and 10)."""

    DAYS = "whole UTC days"
    MILLISECONDS = "exact instants, in milliseconds"
    SECONDS = "exact instants, without their milliseconds"
    INSTANTS = "exact instants"
    UNTOLD = "not told, for lack of events"

    @property
    def are_instants(self) -> bool:
        """Whether they are taken as instants."""
        return self in (Bounds.MILLISECONDS, Bounds.SECONDS, Bounds.INSTANTS)


@dataclass(frozen=True)
class Generation:
    """What servers of a certain age can do.

    Attributes:
        dates: From when to when, in words.
        decodes_values: Query values are JSON-decoded, so that text has to be quoted.
        has_filters: Filters on events are applied, rather than ignored.
        has_profile_id: ``profileId`` is applied, rather than ignored.
        has_true_counts: ``totalCount`` is that of the range asked for; else a cache may answer.
        has_stable_pages: Page 1 hides nothing and rows of one millisecond have an order.
        has_ordered_ties: Rows of one millisecond come by profile and name at least.
        page_size: The most rows a page holds.
        bounds: What ``start`` and ``end`` select, as measured.
        decodes_lists_twice: What is in JSON lists is decoded once more, and numbers and booleans in
            them are lost (openpanel-3.md, section 2).
        draws_charts_of_2025: Charts are drawn as before 2025-04-16: in UTC, and weeks stop it.
    """

    dates: str
    decodes_values: bool = True
    has_filters: bool = True
    has_profile_id: bool = True
    has_true_counts: bool = True
    has_stable_pages: bool = True
    has_ordered_ties: bool = True
    page_size: int = 1000
    bounds: Bounds = Bounds.UNTOLD
    decodes_lists_twice: bool = False
    draws_charts_of_2025: bool = False

    @property
    def has_edges(self) -> bool:
        """Whether a day can only be asked for with the first instant of the next."""
        return self.bounds.are_instants and not self.has_filters


CURRENT = Generation("2026-05 or later")
UNKNOWN = Generation(
    "like none known: bounds are exact, and filters are not applied",
    has_filters=False,
    bounds=Bounds.MILLISECONDS,
)
"""Read in the way that is right everywhere: to the next midnight, without the rows at it."""
THREE = Generation("OpenPanel 3", decodes_lists_twice=True)
APRIL_2026 = Generation("2026-04-09 to 2026-05-18", has_filters=False)
MARCH_2026 = Generation("2026-03-03 to 2026-04-08", decodes_values=False, has_filters=False)
BEFORE_MARCH_2026 = Generation(
    "before 2026-03-03",
    decodes_values=False,
    has_filters=False,
    has_true_counts=False,
    has_stable_pages=False,
    has_ordered_ties=False,
)
BEFORE_APRIL_2025 = replace(
    BEFORE_MARCH_2026,
    dates="before 2025-04-16",
    has_profile_id=False,
    has_ordered_ties=True,
    page_size=50,
    draws_charts_of_2025=True,
)
UNDECIDED = replace(
    BEFORE_MARCH_2026,
    dates="before 2026-04-09, too few events to tell more",
    has_profile_id=False,
    page_size=50,
)
"""An old server that shows no row to recognise it by: nothing is taken for granted."""


_DATES = {
    Bounds.DAYS: "2026-05-19 to about 2026-08",
    Bounds.MILLISECONDS: "about 2026-09 or later",
    Bounds.SECONDS: "about 2026-09 or later",
    Bounds.INSTANTS: "about 2026-09 or later",
}


def measured(generation: Generation, bounds: Bounds) -> Generation:
    """The generation of a server whose bounds were found to mean this."""
    dates = _DATES.get(bounds, generation.dates) if generation == CURRENT else generation.dates
    return replace(generation, dates=dates, bounds=bounds)


def mark_of(generation: Generation) -> str:
    """What tells a generation, as measured, from others; to be remembered."""
    return f"{generation.dates}; {generation.bounds.value}"


def lists_parts(mark: str | None) -> bool:
    """Whether a server that is remembered lists a day's rows in order, so that parts add up.

    Args:
        mark: As ``mark_of`` made it; None of a server that is not remembered.
    """
    unordered = (BEFORE_MARCH_2026, BEFORE_APRIL_2025, UNDECIDED)
    return not any((mark or "").startswith(f"{one.dates};") for one in unordered)


def describe(generation: Generation) -> str:
    """The generation in words, and what this source does differently there."""
    notes = []
    if not generation.has_stable_pages:
        notes.append("page 1 may hide rows and pages may overlap: days are read by exact positions")
    if not generation.has_true_counts:
        notes.append("counts are asked for past the server's cache")
    if not generation.has_filters:
        lacking = "filters" if generation.has_profile_id else "filters and profile_id"
        notes.append(f"{lacking} on events are not available")
    if generation.bounds is not Bounds.UNTOLD:
        notes.append(f"start and end are {generation.bounds.value}")
    if generation.has_edges:
        notes.append("days are read up to the next midnight, without the rows at it")
    return "; ".join([generation.dates, *notes])
