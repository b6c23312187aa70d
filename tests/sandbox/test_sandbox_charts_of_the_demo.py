"""Charts of the demo's data show what a real server would, the copies that it makes included."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.dataset import Dataset, Row
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, generate
from tests.support.sandbox_world import get, points

NOW = datetime(2026, 11, 12, tzinfo=timezone.utc)
DAYS = ("2026-11-09", "2026-11-10", "2026-11-11")
HEADERS = {
    "openpanel-client-id": DEMO_CLIENT_ID,
    "openpanel-client-secret": DEMO_CLIENT_SECRET,
}
REVENUE = {"segment": "property_sum", "property": "revenue"}


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return generate(3_000, 10, now=NOW)


@pytest.fixture(scope="module")
def sandbox(demo: Dataset) -> Iterator[Sandbox]:
    with Sandbox(demo, rate_limit=None, now=lambda: NOW) as server:
        yield server


def drawn(sandbox: Sandbox, name: str, **series: str) -> list[float]:
    """The values of a series of the shop on each of the days."""
    asked = quote(json.dumps([{"name": name, **series}]))
    dates = f"startDate={DAYS[0]}&endDate={NOW.date()}"
    query = f"projectId=acme-shop&series={asked}&{dates}"
    (one,) = get(sandbox, query, headers=HEADERS, path="/export/charts").json()["series"]
    return [points(one)[f"{day} 00:00:00"] for day in DAYS]


def counted(
    demo: Dataset, wanted: Callable[[Row], bool], value: Callable[[list[Row]], float]
) -> list[float]:
    by_day: dict[str, list[Row]] = defaultdict(list)
    for row in filter(wanted, demo.events["acme-shop"]):
        by_day[row["createdAt"][:10]].append(row)
    return [value(by_day[day]) for day in DAYS]


def revenue_of(rows: list[Row]) -> float:
    return sum(int(row["revenue"]) for row in rows)


def test_revenue_is_that_of_the_events_named_so(demo: Dataset, sandbox: Sandbox) -> None:
    shown = drawn(sandbox, "revenue", **REVENUE)
    assert shown == counted(demo, lambda row: row["name"] == "revenue", revenue_of)
    assert sum(shown) > 0
    assert drawn(sandbox, "purchase", **REVENUE) == [0, 0, 0]


def test_revenue_of_all_events_has_it_twice_where_the_server_copied_it(
    demo: Dataset, sandbox: Sandbox
) -> None:
    shown = drawn(sandbox, "*", **REVENUE)
    assert shown == counted(demo, lambda row: True, revenue_of)
    assert sum(shown) > sum(drawn(sandbox, "revenue", **REVENUE))


@pytest.mark.parametrize(("segment", "field"), [("session", "sessionId"), ("user", "profileId")])
def test_what_has_no_session_or_visitor_counts_as_one(
    demo: Dataset, sandbox: Sandbox, segment: str, field: str
) -> None:
    different = counted(demo, lambda row: True, lambda rows: len({row[field] for row in rows}))
    assert drawn(sandbox, "*", segment=segment) == different
