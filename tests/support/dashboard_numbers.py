"""What OpenPanel's own dashboard counts, computed from events in plain Python.

Written to be read, and independent of the package's SQL: tests compare its models with this. The
definitions are those of OpenPanel's ``/insights`` of 2026-08. An event is a mapping with the
columns of the table ``events`` that are named here; an empty text may be None, but for that of a
device, and ``created_at`` has a time zone. Days and weeks are those of the zone that is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

Event = Mapping[str, Any]
Group = TypeVar("Group", bound=Hashable)

MADE_BY_THE_SERVER = ("session_start", "session_end")
"""Copies of other events, ``revenue`` included, that the server adds to each session. It leaves
them out where it makes its own table of sessions, of which most numbers come."""


@dataclass(frozen=True)
class Session:
    """A session: its events, without those that the server made, oldest first."""

    events: tuple[Event, ...]

    @property
    def began(self) -> datetime:
        """When its first event happened."""
        began: datetime = self.events[0]["created_at"]
        return began

    @property
    def duration_seconds(self) -> float:
        """From its first event to its last."""
        ended: datetime = self.events[-1]["created_at"]
        return (ended - self.began).total_seconds()

    @property
    def views(self) -> int:
        """How many pages or screens were seen."""
        return sum(event["name"] == "screen_view" for event in self.events)

    @property
    def bounced(self) -> bool:
        """Whether fewer than two were."""
        return self.views < 2

    @property
    def visitor(self) -> str:
        """The final profile id: the last that is not the device's, if any is; else that."""
        known = [
            event["profile_id"]
            for event in self.events
            if identified(event) and event["name"] not in MADE_BY_THE_SERVER
        ]
        return str(known[-1] if known else self.events[-1]["profile_id"] or "")

    @property
    def paths(self) -> list[str]:
        """Where its events happened, those without a path left out."""
        return [event["path"] for event in self.events if event["path"]]

    @property
    def entered_at(self) -> set[str]:
        """Where its first event was that has a path; of those at the same instant, each."""
        return self._edge(self.events)

    @property
    def left_at(self) -> set[str]:
        """The same of its last event."""
        return self._edge(self.events[::-1])

    def _edge(self, events: Sequence[Event]) -> set[str]:
        placed = [event for event in events if event["path"]]
        return {event["path"] for event in placed if event["created_at"] == placed[0]["created_at"]}


def identified(event: Event) -> bool:
    """Whether the visitor is known; the profile id of an anonymous one is the device's.

    What servers send has no device, an empty text; of a device that is None, nothing is known.
    """
    profile, device = event["profile_id"] or "", event["device_id"]
    return device is not None and profile not in (device, "")


def sessions(events: Iterable[Event]) -> dict[tuple[str, str], Session]:
    """Return the sessions by project and id.

    A session of which only the server's own events are left is one all the same: nothing else
    tells of it. Events without a session id belong to none.
    """
    found = {}
    named = (event for event in events if event["session_id"])
    for key, rows in _grouped(named, lambda row: (row["project_id"], row["session_id"])).items():
        rows.sort(key=lambda row: (row["created_at"], row["id"]))
        sent = [row for row in rows if row["name"] not in MADE_BY_THE_SERVER]
        found[key] = Session(tuple(sent or rows))
    return found


@dataclass(frozen=True)
class Day:
    """The numbers of a local day of a project."""

    sessions: int = 0
    """Sessions that began on the day."""
    visitors: int = 0
    """Their different visitors."""
    views: int = 0
    """Their views, also those after midnight; views without a session are not counted."""
    duration_seconds: float | None = None
    """Mean length of those that are longer than 0 seconds; None without any, where the dashboard
    shows 0."""
    bounce_rate: float | None = None
    """Share of those that bounced, from 0 to 1; None without any."""
    revenue: int = 0
    """Sum of what events named ``revenue`` bring on the day, with a session or without."""


def days(events: Iterable[Event], zone: str) -> dict[tuple[str, date], Day]:
    """Return the numbers by project and local day, of days with a session or revenue."""
    events = list(events)
    begun: dict[tuple[str, date], list[Session]] = defaultdict(list)
    for (project, _), session in sessions(events).items():
        begun[project, local_day(session.began, zone)].append(session)
    revenue: dict[tuple[str, date], int] = defaultdict(int)
    for event in events:
        if event["name"] == "revenue" and event["revenue"]:
            revenue[event["project_id"], local_day(event["created_at"], zone)] += event["revenue"]
    return {key: numbers_of(begun.get(key, []), revenue.get(key, 0)) for key in {*begun, *revenue}}


def numbers_of(begun: Sequence[Session], revenue: int = 0) -> Day:
    """Return the numbers of sessions that began on a day, or of some of them."""
    lengths = [one.duration_seconds for one in begun if one.duration_seconds > 0]
    return Day(
        sessions=len(begun),
        visitors=len({one.visitor for one in begun}),
        views=sum(one.views for one in begun),
        duration_seconds=sum(lengths) / len(lengths) if lengths else None,
        bounce_rate=sum(one.bounced for one in begun) / len(begun) if begun else None,
        revenue=revenue,
    )


@dataclass(frozen=True)
class Cohort:
    """The identified visitors of a project who were first seen in one week."""

    size: int
    active: tuple[int, ...]
    """By weeks since then, how many were seen in that week or later."""


def retention(events: Iterable[Event], zone: str) -> dict[tuple[str, date], Cohort]:
    """Return the cohorts by project and the Sunday that began their week.

    Any event shows that a visitor is there. A cohort's numbers end with its last seen week.
    """
    seen: dict[tuple[str, str], set[date]] = defaultdict(set)
    for event in filter(identified, events):
        sunday = local_week(event["created_at"], zone)
        seen[event["project_id"], event["profile_id"]].add(sunday)
    stays: dict[tuple[str, date], list[int]] = defaultdict(list)
    for (project, _), weeks in seen.items():
        stays[project, min(weeks)].append((max(weeks) - min(weeks)).days // 7)
    return {
        cohort: Cohort(
            len(stayed),
            tuple(sum(stay >= week for stay in stayed) for week in range(max(stayed) + 1)),
        )
        for cohort, stayed in stays.items()
    }


def funnel(
    events: Iterable[Event],
    steps: Sequence[Callable[[Event], bool]],
    within: timedelta = timedelta(hours=24),
) -> dict[str, tuple[int, ...]]:
    """Return by project how many sessions came to each step.

    Counted as ClickHouse's ``windowFunnel`` does with ``strict_increase``: a step counts if it
    happened within the time since the first one and later than the newest of the step before; so
    not if one of the step before happened at the same instant. All events of a project that have
    no session count as one session.
    """
    reached: dict[str, list[int]] = defaultdict(lambda: [0] * len(steps))
    by_session = _grouped(events, lambda row: (row["project_id"], row["session_id"] or ""))
    for (project, _), rows in by_session.items():
        for step in range(_furthest(rows, steps, within)):
            reached[project][step] += 1
    return {project: tuple(counts) for project, counts in reached.items()}


def _furthest(
    rows: Sequence[Event], steps: Sequence[Callable[[Event], bool]], within: timedelta
) -> int:
    taken = sorted(
        (row["created_at"], place) for row in rows for place, step in enumerate(steps) if step(row)
    )
    # By step: when the newest chain that came so far began, and when it took the step.
    chains: dict[int, tuple[datetime, datetime]] = {}
    for at, place in taken:
        if place == 0:
            chains[0] = at, at
        elif place - 1 in chains:
            began, before = chains[place - 1]
            if before < at <= began + within:
                chains[place] = began, at
    return max(chains, default=-1) + 1


@dataclass(frozen=True)
class Page:
    """The numbers of a path of a project."""

    views: int = 0
    sessions: int = 0
    """Sessions that saw it; views without a session are of none."""
    entries: int = 0
    """Sessions whose first event with a path was there."""
    exits: int = 0
    """Sessions whose last one was."""


def pages(events: Iterable[Event]) -> dict[tuple[str, str], Page]:
    """Return the numbers by project and path, of paths with a view, an entry or an exit."""
    events = list(events)
    views: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event["name"] == "screen_view" and event["path"]:
            views[event["project_id"], event["path"]].append(event)
    entries: dict[tuple[str, str], int] = defaultdict(int)
    exits: dict[tuple[str, str], int] = defaultdict(int)
    for (project, _), session in sessions(events).items():
        if session.paths:
            entries[project, session.paths[0]] += 1
            exits[project, session.paths[-1]] += 1
    return {
        key: Page(
            views=len(views[key]),
            sessions=len({view["session_id"] for view in views[key] if view["session_id"]}),
            entries=entries[key],
            exits=exits[key],
        )
        for key in {*views, *entries, *exits}
    }


def local_day(instant: datetime, zone: str) -> date:
    """Return the day that it is in a time zone at an instant."""
    return instant.astimezone(ZoneInfo(zone)).date()


def local_week(instant: datetime, zone: str) -> date:
    """Return the Sunday with which the week began there."""
    day = local_day(instant, zone)
    return day - timedelta(days=day.isoweekday() % 7)


def _grouped(events: Iterable[Event], key: Callable[[Event], Group]) -> dict[Group, list[Event]]:
    groups: dict[Group, list[Event]] = defaultdict(list)
    for event in events:
        groups[key(event)].append(event)
    return dict(groups)
