"""SQL conditions that name days and buckets, and how SQL is to write values and names; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timezone
from itertools import groupby
from typing import NamedTuple

from openpanel_source.model.day_ranges import day_ranges


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name of a table or column in SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def quoted(instant: datetime) -> str:
    """An instant as SQL that most destinations compare with timestamps."""
    return f"'{instant.isoformat(' ', 'microseconds')}'"


def without_zone(instant: datetime) -> str:
    """An instant as SQLAlchemy's drivers write it; SQLite compares the texts."""
    return quoted(instant.astimezone(timezone.utc).replace(tzinfo=None))


class Replaced(NamedTuple):
    """A project's UTC day whose rows make way; only those after an instant if one is given."""

    project_id: str
    day: date
    after: datetime | None = None


def days_condition(days: Iterable[Replaced], instant: Callable[[datetime], str] = quoted) -> str:
    """A condition on ``project_id``, ``event_date`` and ``created_at`` for exactly these rows.

    Days in a row become one range, so that a destination can prune partitions. Project ids are
    checked by the settings to hold nothing that means something in SQL or in a format string.

    Args:
        days: What makes way, in any order.
        instant: Writes an instant as the destination reads it.

    Returns:
        Portable SQL; ``1 = 0`` for no days.
    """
    wanted = sorted(set(days), key=lambda item: (item.project_id, item.day))
    parts = []
    for project, items in groupby(wanted, key=lambda item: item.project_id):
        own = list(items)
        ranges = [
            f"event_date = '{first}'"
            if first == last
            else f"event_date BETWEEN '{first}' AND '{last}'"
            for first, last in day_ranges(item.day for item in own if item.after is None)
        ]
        ranges += [
            f"(event_date = '{item.day}' AND created_at > {instant(item.after)})"
            for item in own
            if item.after is not None
        ]
        parts.append(f"(project_id = '{project}' AND ({' OR '.join(ranges)}))")
    return " OR ".join(parts) or "1 = 0"


def range_condition(column: str, first: date, last: date) -> str:
    """A condition for the days of a range, its last one included.

    ``date.min`` and ``date.max`` stand for no bound: not every destination holds such days.
    """
    bounds = [f"{column} >= '{first}'"] if first > date.min else []
    bounds += [f"{column} <= '{last}'"] if last < date.max else []
    return " AND ".join(bounds) or "1 = 1"


class ReplacedBuckets(NamedTuple):
    """Buckets of a chart that make way: from an instant up to, not including, another."""

    chart_id: str
    first: datetime
    end: datetime


def buckets_condition(
    ranges: Iterable[ReplacedBuckets], instant: Callable[[datetime], str] = quoted
) -> str:
    """A condition on ``chart_id`` and ``bucket_start`` for exactly these rows.

    Chart ids are hashes, and so hold nothing that means something in SQL or in a format string.

    Args:
        ranges: What makes way.
        instant: Writes an instant as the destination reads it.

    Returns:
        Portable SQL; ``1 = 0`` for nothing.
    """
    parts = [
        f"(chart_id = '{item.chart_id}' AND bucket_start >= {instant(item.first)}"
        f" AND bucket_start < {instant(item.end)})"
        for item in ranges
    ]
    return " OR ".join(parts) or "1 = 0"
