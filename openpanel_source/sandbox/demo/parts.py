"""What the demo's sites are made of: choices that are not equally likely, pages, steps, sources."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Fields = dict[str, Any]


class Weighted(Generic[T]):
    """A choice among items that are not equally likely."""

    def __init__(self, table: Iterable[tuple[float, T]]) -> None:
        pairs = list(table)
        self.items = [item for _, item in pairs]
        self._sums = list(accumulate(weight for weight, _ in pairs))

    def pick(self, rng: Random) -> T:
        """Return one item, drawn by weight."""
        return self.items[bisect(self._sums, rng.random() * self._sums[-1], hi=len(self.items) - 1)]


@dataclass(frozen=True)
class Page:
    """A page of a site; a product page has an article number and a price in cents."""

    path: str
    title: str
    sku: str = ""
    cents: int = 0


@dataclass(frozen=True)
class Step:
    """One thing a visitor does: the event, where (None: the page they are on), and with what."""

    event: str
    pages: Weighted[Page] | None = None
    properties: Weighted[dict[str, str]] | None = None


@dataclass(frozen=True)
class Source:
    """Where a visit comes from, and how many more of its visitors convert than of others."""

    conversion: float
    referrer: tuple[str, str, str] = ("", "", "")
    queries: tuple[dict[str, str], ...] = ({},)


@dataclass(frozen=True)
class Site:
    """A project: its share of the events, its week from Monday to Sunday, its visits.

    Profile ids begin with ``member``; ``customers`` of all new visitors had an account before.
    ``conversion`` of all visits take a journey of ``goals``, the others one of ``browsing`` (names
    of STEPS). The first ``imported`` part of the time came from another tool; ``late`` is what an
    offline app delivers afterwards.
    """

    id: str
    member: str
    origin: str
    share: float
    week: tuple[float, ...]
    customers: float
    conversion: float
    sources: Weighted[Source]
    browsing: Weighted[tuple[str, ...]]
    goals: Weighted[tuple[str, ...]]
    imported: float = 0.0
    late: Step | None = None
    meta: dict[str, tuple[bool | None, str | None, str | None]] = field(default_factory=dict)


def fields(names: str, *rows: tuple[Any, ...]) -> Weighted[Fields]:
    """Return a choice among dictionaries: the names of their keys; rows of weight and values."""
    keys = names.split()
    return Weighted((row[0], dict(zip(keys, row[1:], strict=True))) for row in rows)
