"""Every block of a report, counted once more in Python from the rows of models and tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Rows = list[list[Any]]
DAY = timedelta(days=1)


class Reference:
    """What a report has to say.

    Args:
        query: Asks the warehouse.
        zone: Of its models.
        first: First day of the report.
        last: The last one.
        project: The project; None for all.
    """

    def __init__(
        self,
        query: Callable[[str], list[tuple[Any, ...]]],
        zone: str,
        first: date,
        last: date,
        project: str | None,
    ) -> None:
        self.query, self.zone = query, ZoneInfo(zone)
        self.first, self.last = first, last
        self.length = (last - first).days + 1
        self.project = project

    def table(self, name: str, *columns: str) -> list[Row]:
        rows = self.query(f"SELECT project_id, {', '.join(columns)} FROM {name}")
        found = [dict(zip(("project_id", *columns), row, strict=True)) for row in rows]
        return [row for row in found if self.project in (None, row["project_id"])]

    def within(self, rows: Iterable[Row], back: int = 0) -> list[Row]:
        shift = back * self.length * DAY
        return [row for row in rows if self.first - shift <= row["day"] <= self.last - shift]

    def sessions(self, back: int = 0) -> list[Row]:
        names = (
            *("session_id", "day", "profile_id", "started_at", "duration_seconds", "views"),
            *("is_bounce", "entry_page", "exit_page", "source", "medium", "campaign", "device"),
            *("browser", "country", "conversions", "revenue", "event_revenue", "funnel_step"),
        )
        return self.within(self.table("sessions", *names), back)

    def events(self) -> list[Row]:
        names = ("name", "created_at", "profile_id", "session_id", "path", "page_title")
        rows = self.table("events", *names)
        for row in rows:
            row["day"] = row["created_at"].astimezone(self.zone).date()
        return rows

    def tiles(self) -> Rows:
        columns = []
        for back in (0, 1):
            sessions = self.sessions(back)
            days = self.within(self.table("daily_metrics", "day", "revenue"), back)
            timed = [one["duration_seconds"] for one in sessions if one["duration_seconds"] > 0]
            columns.append(
                [
                    visitors(sessions),
                    len(sessions),
                    total(sessions, "views"),
                    share(sum(one["is_bounce"] for one in sessions), len(sessions)),
                    sum(timed) / len(timed) if timed else None,
                    total(days, "revenue"),
                    total(sessions, "conversions"),
                ]
            )
        return [list(values) for values in zip(*columns, strict=True)]

    def days(self) -> Rows:
        names = ("day", "visitors", "sessions", "views", "revenue", "bounces")
        sums: dict[date, Counter[str]] = defaultdict(Counter)
        for row in self.table("daily_metrics", *names):
            sums[row["day"]].update({name: row[name] for name in names[1:]})
        rows = []
        for number in range(self.length):
            day = self.first + number * DAY
            now, before = sums[day], sums[day - self.length * DAY]
            told = [now[name] for name in ("visitors", "sessions", "views", "revenue")]
            earlier = [before[name] for name in ("visitors", "sessions", "views")]
            rate = share(now["bounces"], now["sessions"])
            rows.append([day.isoformat(), *told, rate, *earlier])
        return rows

    def sources(self) -> Rows:
        return [
            [*key, len(some), visitors(some), total(some, "conversions"), total(some, "revenue")]
            for key, some in grouped(self.sessions(), "source", "medium")
        ]

    def campaigns(self) -> Rows:
        tagged = [one for one in self.sessions() if one["campaign"] is not None]
        return [
            [*key, len(some), total(some, "conversions"), total(some, "revenue")]
            for key, some in grouped(tagged, "campaign")
        ]

    def landing_pages(self) -> Rows:
        entered = [one for one in self.sessions() if one["entry_page"]]
        rows = []
        for key, some in grouped(entered, "entry_page"):
            bounces = sum(one["is_bounce"] for one in some)
            rows.append([*key, len(some), bounces, share(bounces, len(some))])
        return rows

    def pages(self) -> Rows:
        names = ("day", "path", "title", "views", "sessions", "exits")
        rows = []
        for key, some in grouped(self.within(self.table("pages", *names)), "path"):
            title = max((one["title"] for one in some if one["title"]), default=None)
            sums = [total(some, name) for name in ("views", "sessions", "exits")]
            rows.append([*key, title, *sums])
        return rows

    def event_names(self) -> Rows:
        return [
            [*key, len(some), visitors(one for one in some if one["profile_id"])]
            for key, some in grouped(self.within(self.events()), "name")
        ]

    def by(self, column: str, *, with_visitors: bool = False) -> Rows:
        rows = []
        for (key,), some in grouped(self.sessions(), column):
            more = [visitors(some)] if with_visitors else []
            rows.append([key or "unknown", len(some), *more, total(some, "views")])
        return rows

    def hours(self) -> Rows:
        hours: Counter[tuple[int, int]] = Counter()
        for one in self.sessions():
            local: datetime = one["started_at"].astimezone(self.zone)
            hours[local.isoweekday(), local.hour] += 1
        return [[*key, count] for key, count in hours.items()]

    def funnel(self) -> Rows:
        reached = [one["funnel_step"] for one in self.sessions()]
        counts = [sum(step >= least for step in reached) for least in (1, 2, 3)]
        names = ("visit", "product view", "purchase")
        return [
            [step, name, count, share(count, counts[0])]
            for step, (name, count) in enumerate(zip(names, counts, strict=True), start=1)
        ]

    def identified_weeks(self) -> dict[tuple[str, str], set[date]]:
        """The weeks in which each identified visitor came, up to the last day."""
        found: dict[tuple[str, str], set[date]] = defaultdict(set)
        for row in self.table("visitor_days", "profile_id", "day", "is_identified"):
            if row["is_identified"] and row["day"] <= self.last:
                found[row["project_id"], row["profile_id"]].add(sunday(row["day"]))
        return found

    def visitor_flow(self) -> Rows:
        rows = []
        week = sunday(self.first)
        seen = self.identified_weeks().values()
        while week <= self.last:
            came = [weeks for weeks in seen if week in weeks]
            new = sum(min(weeks) == week for weeks in came)
            before = [weeks for weeks in seen if week - 7 * DAY in weeks]
            churned = sum(week not in weeks for weeks in before)
            is_over = week + 6 * DAY <= self.last
            rows.append([week.isoformat(), new, len(came) - new, churned if is_over else None])
            week += 7 * DAY
        return rows

    def paths(self) -> Rows:
        views: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for event in self.events():
            if event["name"] == "screen_view" and event["path"]:
                views[event["project_id"], event["session_id"]].append(event)
        walks = []
        for one in self.sessions():
            if one["entry_page"] is None:
                continue
            others = [
                (event["created_at"], event["path"])
                for event in views[one["project_id"], one["session_id"]]
                if event["path"] != one["entry_page"]
            ]
            sold = one["revenue"] > 0 or one["event_revenue"] > 0 or one["funnel_step"] == 3
            second = min(others)[1] if others else None
            walks.append((one["entry_page"], second, "purchase" if sold else "left"))
        entries = largest(Counter(entry for entry, _, _ in walks), 4)
        seconds = largest(Counter(second for _, second, _ in walks if second), 3)
        links: Counter[tuple[str, str, int, int]] = Counter()
        for landing, seen, ending in walks:
            entry = landing if landing in entries else "other pages"
            if seen is None:
                links[entry, ending, 1, 3] += 1
                continue
            second = seen if seen in seconds else "other pages"
            links[entry, second, 1, 2] += 1
            links[second, ending, 2, 3] += 1
        return [[source, target, n, *stages] for (source, target, *stages), n in links.items()]

    def proof(self) -> Rows:
        names = ("day", "verdict", "total_count", "rows_received", "distinct_ids", "read_at")
        latest: dict[tuple[str, date], Row] = {}
        readings: Counter[tuple[str, date]] = Counter()
        rows = self.table("sync_days", *names, "reason", "load_id")
        for row in sorted(rows, key=lambda one: (one["read_at"], one["load_id"])):
            latest[row["project_id"], row["day"]] = row
            readings[row["project_id"], row["day"]] += 1
        return [
            [
                *(project, day.isoformat(), row["verdict"], row["total_count"]),
                *(row["rows_received"], row["distinct_ids"], utc(row["read_at"])),
                *(readings[project, day], row["reason"]),
                utc(row["read_at"]) if row["verdict"] == "complete" else None,
            ]
            for (project, day), row in latest.items()
        ]


def visitors(rows: Iterable[Row]) -> int:
    return len({(row["project_id"], row["profile_id"]) for row in rows if row["profile_id"]})


def total(rows: Iterable[Row], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def sunday(day: date) -> date:
    return day - day.isoweekday() % 7 * DAY


def utc(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ}"


def largest(counts: Counter[str], most: int) -> set[str]:
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:most])


def grouped(rows: Iterable[Row], *names: str) -> Iterable[tuple[tuple[Any, ...], list[Row]]]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups.items()
