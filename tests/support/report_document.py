"""A document of a report, as rich as they come: a year of proof of three projects, and charts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.support.report_blocks import COLUMNS, block

Rows = list[list[Any]]
Document = dict[str, Any]

PROJECTS = {"shop": "Acme shop", "blog": "The blog", "app": None}
UNTIL = date(2026, 11, 27)

_CODES = (
    "DE US FR GB AT CH NL IT ES PL SE NO DK FI BE CZ PT IE CA AU JP BR IN MX ZA KR SG TR GR HU"
    " RO UA BG HR RS SK SI LT LV EE IS LU MT CY AR CL CO PE NZ KE MA"
)
_SOURCES = ["google", None, "newsletter", "bing", "duckduckgo", "instagram", "github.com", "reddit"]
_EVENTS = ["screen_view", "session_start", "add_to_cart", "purchase", "sign_up", "search", "share"]
_STAGES = [
    ["/", "/shoes", "/blog/how-to-run", "/sale"],
    ["/product/42", "/cart", "/search"],
    ["/checkout", "/cart"],
]


def sample(days: int = 28, proof_days: int = 365, rows: int = 50) -> Document:
    """A document of all that a report can hold, always the same.

    Args:
        days: Of the range.
        proof_days: Days of each project in the calendar of proof.
        rows: Of each breakdown; if 50, one more for all others.
    """
    before = UNTIL - timedelta(days=days)
    scopes = {"": _scope("", 3.0, days, rows)}
    for place, project in enumerate(PROJECTS):
        scopes[project] = _scope(project, (1.7, 0.9, 0.4)[place], days, rows)
        scopes[project]["proof"] = _proof(project, proof_days)
        scopes[project]["proof_summary"] = [_summary(project, scopes[project]["proof"])]
    for key in ("proof", "proof_summary"):
        scopes[""][key] = [row for project in PROJECTS for row in scopes[project][key]]
    return {
        "version": 1,
        "product": "openpanel-source 0.1.0",
        "generated_at": "2026-11-27T17:30:00Z",
        "timezone": "Europe/Berlin",
        "range": {"from": str(before + timedelta(days=1)), "until": str(UNTIL)},
        "compared": {"from": str(before - timedelta(days=days - 1)), "until": str(before)},
        "projects": [{"id": one, "name": name} for one, name in PROJECTS.items()],
        "notes": ["There are no groups yet: `openpanel-source sync --groups` loads them."],
        "blocks": {key: block(key) for key in COLUMNS},
        "scopes": scopes,
    }


def _scope(project: str, size: float, days: int, rows: int) -> dict[str, Rows]:
    chance = random.Random(f"report of {project}")
    by_day = [_day(chance, size, days, number) for number in range(days)]
    return {
        "tiles": _tiles(by_day),
        "days": by_day,
        "sources": list(_listed(chance, size, rows, _names(_SOURCES, "site-{}.example"), 3)),
        "campaigns": list(_listed(chance, size, 12, _names(["autumn", "black-friday"], "c{}"), 2)),
        "landing_pages": _landing_pages(chance, size, rows),
        "pages": list(_listed(chance, size, rows, _names(["/", "/shoes"], "/product/{}"), 3)),
        "events": list(_listed(chance, size, len(_EVENTS), _EVENTS, 1)),
        "devices": list(_listed(chance, size, 3, ["mobile", "desktop", "tablet"], 1)),
        "browsers": list(_listed(chance, size, 6, _names(["Chrome", "Safari"], "Browser {}"), 1)),
        "countries": list(_listed(chance, size, rows, _CODES.split(), 2)),
        "hours": _hours(chance, size),
        "funnel": _funnel(size),
        "retention": _retention(chance, size),
        "visitor_flow": _flow(chance, size),
        "paths": _paths(chance, size),
        "charts": _charts(chance, size),
    }


def _names(first: list[Any], pattern: str) -> list[Any]:
    return [*first, *(pattern.format(number) for number in range(60))]


def _day(chance: random.Random, size: float, days: int, number: int) -> list[Any]:
    day = UNTIL - timedelta(days=days - 1 - number)
    visitors = round(
        size * (900 + 8 * number - 260 * (day.weekday() > 4) + chance.uniform(-90, 90))
    )
    sessions = round(visitors * 1.24)
    views = round(sessions * chance.uniform(2.6, 3.4))
    before = [round(one * chance.uniform(0.75, 1.05)) for one in (visitors, sessions, views)]
    revenue = round(visitors * chance.uniform(60, 140))
    return [str(day), visitors, sessions, views, revenue, chance.uniform(0.3, 0.5), *before]


def _tiles(by_day: Rows) -> Rows:
    def total(column: int) -> int:
        return sum(row[column] for row in by_day)

    return [
        ["visitors", "Visitors", "count", round(total(1) * 0.7), round(total(6) * 0.7)],
        ["sessions", "Sessions", "count", total(2), total(7)],
        ["views", "Views", "count", total(3), total(8)],
        ["bounce_rate", "Bounce rate", "share", 0.4173, 0.3921],
        ["avg_duration_seconds", "Time of a session", "seconds", 143.6, 151.2],
        ["revenue", "Revenue", "money", total(4), None],
        ["conversions", "Conversions", "count", total(2) // 31, total(7) // 31],
    ]


def _listed(
    chance: random.Random, size: float, rows: int, names: list[Any], more: int
) -> Iterator[list[Any]]:
    """A breakdown, the largest first; with as many as are listed, one row has all others."""
    number = 12_000 * size
    texts = 1 if more == 3 else 0
    for place, name in enumerate([*names[:rows], *([None] if rows == 50 else [])]):
        number *= chance.uniform(0.75, 0.95)
        value = max(1, round(number))
        cells = [value * (3 - at) // 4 for at in range(more - texts)]
        yield [name, *(["organic", "A page"][place % 2],) * texts, value, *cells]


def _landing_pages(chance: random.Random, size: float, rows: int) -> Rows:
    found = []
    for place in range(rows):
        entries = max(1, round(8000 * size / (place + 1)))
        bounces = round(entries * chance.uniform(0.2, 0.7))
        found.append([f"/landing/{place}", entries, bounces, bounces / entries])
    return found


def _hours(chance: random.Random, size: float) -> Rows:
    busy = [1, 1, 1, 1, 1, 2, 4, 7, 9, 11, 12, 12, 11, 11, 12, 12, 11, 11, 13, 15, 16, 13, 8, 3]
    return [
        [
            weekday,
            hour,
            round(size * busy[hour] * (20 - 8 * (weekday > 5)) * chance.uniform(0.8, 1)),
        ]
        for weekday in range(1, 8)
        for hour in range(24)
    ]


def _funnel(size: float) -> Rows:
    steps = [
        ("session_start", 1.0),
        ("product_view", 0.61),
        ("add_to_cart", 0.22),
        ("purchase", 0.07),
    ]
    return [
        [number, name, round(30_000 * size * share), share]
        for number, (name, share) in enumerate(steps, start=1)
    ]


def _weeks(number: int) -> list[date]:
    last = UNTIL - timedelta(days=(UNTIL.weekday() + 1) % 7)
    return [last - timedelta(weeks=number - 1 - place) for place in range(number)]


def _retention(chance: random.Random, size: float) -> Rows:
    rows: Rows = []
    for place, cohort in enumerate(_weeks(9)):
        first = round(size * chance.uniform(2500, 3500))
        for week in range(9 - place):
            share = 1.0 if week == 0 else 0.34 * 0.82**week * chance.uniform(0.9, 1.1)
            rows.append([str(cohort), week, round(first * share), share])
    return rows


def _flow(chance: random.Random, size: float) -> Rows:
    return [
        [str(week), *(round(size * chance.uniform(*span)) for span in _FLOWS)] for week in _weeks(9)
    ]


_FLOWS = ((2200, 3200), (1200, 2100), (900, 2000))


def _paths(chance: random.Random, size: float) -> Rows:
    rows: Rows = []
    for stage, pages in enumerate(_STAGES):
        ends = [*(_STAGES[stage + 1] if stage + 1 < len(_STAGES) else ["purchase"]), "left"]
        for page in pages:
            for end in ends:
                sessions = round(size * chance.uniform(200, 900) / (stage + 1))
                rows.append([stage, page, stage + 1, end, sessions])
    return rows


def _charts(chance: random.Random, size: float) -> Rows:
    rows: Rows = []
    for chart, series in (("Sign-ups by plan", ["free", "pro", "team"]), ("Revenue", ["all"])):
        for name in series:
            level = size * chance.uniform(20, 90)
            for place in range(90):
                level *= chance.uniform(0.9, 1.12)
                at = f"{UNTIL - timedelta(days=89 - place)}T00:00:00Z"
                rows.append([chart, name, at, round(level, 2)])
    return rows


def _proof(project: str, days: int) -> Rows:
    chance = random.Random(f"proof of {project}")
    return [
        [project, str(UNTIL - timedelta(days=days - 1 - place)), *_verdict(chance, days, place)]
        for place in range(days)
    ]


def _verdict(chance: random.Random, days: int, place: int) -> list[Any]:
    counted = round(chance.uniform(2000, 9000))
    day = UNTIL - timedelta(days=days - 1 - place)
    read_at = f"{min(day + timedelta(days=1), UNTIL)}T03:12:44Z"
    proven = f"{UNTIL - timedelta(days=place % 60)}T03:20:00Z"
    if place == days - 1:
        return ["open", counted, counted, counted, read_at, 1, "open", read_at]
    if chance.random() < 0.008:
        return ["missing", None, None, None, None, 0, None, None]
    if chance.random() < 0.012:
        verdict = chance.choice(["short", "shrunk", "moving"])
        held = counted - 17
        return [verdict, counted, held, held, read_at, 3, "unsettled", None]
    return ["complete", counted, counted, counted, read_at, 1 + (place % 9 == 0), "new", proven]


def _summary(project: str, proof: Rows) -> list[Any]:
    verdicts = [row[2] for row in proof]
    missing = verdicts.count("missing")
    proven = verdicts.count("complete") + verdicts.count("open")
    rows = sum(row[5] or 0 for row in proof)
    oldest = min(row[9] for row in proof if row[9])
    doubtful = len(proof) - missing - proven
    return [project, proof[0][1], proof[-1][1], len(proof), proven, doubtful, missing, rows, oldest]
