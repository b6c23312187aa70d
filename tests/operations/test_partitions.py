"""A backfill is cut into whole days of about equal size, that miss nothing and do not overlap."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, log2
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source import Partition, partitions, sync
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.partitions import cut
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, Row, dataset, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

FIRST = date(2024, 1, 1)
histories = st.lists(
    st.one_of(st.just(0), st.integers(0, 3000), st.integers(0, 60_000)), min_size=1, max_size=400
).filter(any)


class Counter:
    """Counts as a server does, and how often."""

    def __init__(self, history: list[int]) -> None:
        self.history = history
        self.asked = 0

    def __call__(self, first: date, last: date) -> int:
        self.asked += 1
        return sum(self.history[(first - FIRST).days : (last - FIRST).days + 1])


@given(histories, st.integers(1, 20))
def test_partitions_cover_each_day_once_and_know_their_events(
    history: list[int], into: int
) -> None:
    last = FIRST + timedelta(days=len(history) - 1)
    found = cut(Counter(history), FIRST, last, sum(history), into)
    assert (found[-1].first, found[0].last) == (FIRST, last)
    for newer, older in pairwise(found):
        assert newer.first - older.last == timedelta(days=1)
    count = Counter(history)
    assert all(partition.events == count(partition.first, partition.last) for partition in found)
    assert 1 <= len(found) <= into


@given(histories, st.integers(1, 20))
def test_no_partition_holds_much_more_than_its_share(history: list[int], into: int) -> None:
    last = FIRST + timedelta(days=len(history) - 1)
    found = cut(Counter(history), FIRST, last, sum(history), into)
    share = sum(history) / into
    assert max(partition.events for partition in found) <= 1.1 * share + max(history) + 1


@given(histories, st.integers(2, 20))
def test_a_cut_costs_a_few_counts(history: list[int], into: int) -> None:
    count = Counter(history)
    cut(count, FIRST, FIRST + timedelta(days=len(history) - 1), sum(history), into)
    assert count.asked <= (into - 1) * (2 * ceil(log2(len(history) + 1)) + 1)


def test_even_traffic_is_cut_with_one_or_two_counts_a_cut() -> None:
    count = Counter([1000] * 730)
    found = cut(count, FIRST, FIRST + timedelta(days=729), 730_000, 10)
    assert {partition.events for partition in found} == {73_000}
    assert count.asked <= 9


def test_events_that_arrive_while_it_is_planned_do_not_disturb_it() -> None:
    history = [100] * 100

    def count(first: date, last: date) -> int:
        history[10] += 7
        return sum(history[(first - FIRST).days : (last - FIRST).days + 1])

    found = cut(count, FIRST, FIRST + timedelta(days=99), 10_000, 8)
    assert sum(partition.events for partition in found) == 10_000
    assert min(partition.events for partition in found) >= 0
    assert sum((partition.last - partition.first).days + 1 for partition in found) == 100


def settings(sandbox: Sandbox) -> dict[str, Any]:
    return {
        "project_id": "web",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "base_url": sandbox.url,
        "now": NOW,
    }


def rows(*days: str, each: int = 10) -> list[Row]:
    return [
        event(number * 100 + index, createdAt=f"{day}T10:00:{index:02d}.000Z")
        for number, day in enumerate(days)
        for index in range(each)
    ]


NOVEMBER = [f"2026-11-{day:02d}" for day in range(1, 24)]


def test_partitions_reach_from_the_first_event_to_yesterday() -> None:
    with world(*rows("2026-10-03", *NOVEMBER)) as sandbox:
        found = partitions(events_per_partition=60, **settings(sandbox))
        assert sum(partition.events for partition in found) == 10 + 22 * 10
        assert (found[-1].start, found[0].end) == (date(2026, 10, 3), date(2026, 11, 22))
        assert len(found) == 4
        assert len(sandbox.requests) < 40


def test_a_range_and_a_query_are_planned_as_they_are_read() -> None:
    with world(*rows(*NOVEMBER), event(9_999, name="other")) as sandbox:
        found = partitions(
            count=2,
            **settings(sandbox),
            start_date="2026-11-09",
            end_date="2026-11-12",
            events=["purchase"],
        )
        assert [partition.as_dict() for partition in found] == [
            {
                "name": f"openpanel_web_{start}_{end}",
                "project_id": "web",
                "start": f"2026-11-{start[-2:]}",
                "end": f"2026-11-{end[-2:]}",
                "events": 20,
                "query": {"events": ["purchase"]},
            }
            for start, end in (("20261111", "20261112"), ("20261109", "20261110"))
        ]


def test_partitions_of_several_projects_come_newest_first() -> None:
    data = dataset(*rows(*NOVEMBER[:20]))
    others = rows("2026-11-02", "2026-11-22", each=30)
    data.events["empty"] = [row | {"projectId": "empty"} for row in others]
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
        root = {"client_id": "11111111-1111-4111-8111-111111111111", "client_secret": "sec_root"}
        found = partitions(count=4, **settings(sandbox) | root | {"project_id": ["web", "empty"]})
        assert {partition.project_id for partition in found} == {"web", "empty"}
        assert [partition.end for partition in found] == sorted(
            (p.end for p in found), reverse=True
        )


@pytest.mark.parametrize("days", [[], ["2026-11-23"]])
def test_without_events_of_days_that_are_over_there_are_no_partitions(days: list[str]) -> None:
    with world(*rows(*days)) as sandbox:
        assert partitions(**settings(sandbox)) == []


@pytest.mark.parametrize("wrong", [{"count": 0}, {"events_per_partition": -1}, {"count": True}])
def test_a_nonsensical_size_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match="must be a whole number above 0"):
        partitions(**wrong)


@pytest.mark.parametrize("project", ["web", "Web", "my-shop.eu", "my_shop-eu", "日本", "x" * 90])
def test_a_partition_has_a_name_of_its_own_that_any_file_system_takes(project: str) -> None:
    partition = Partition(project, date(2026, 1, 1), date(2026, 1, 31), 1)
    other = Partition(project + "-", date(2026, 1, 1), date(2026, 1, 31), 1)
    assert partition.name != other.name
    assert partition.name.isascii()
    assert partition.name == partition.name.lower()
    assert partition.name.replace("_", "").isalnum()


def test_a_partition_survives_the_json_of_an_orchestrator() -> None:
    partition = Partition("my-shop", date(2026, 1, 1), date(2026, 1, 31), 5)
    assert Partition.from_dict(json.loads(json.dumps(partition.as_dict()))) == partition
    for broken in ({}, partition.as_dict() | {"start": "x"}, partition.as_dict() | {"end": None}):
        with pytest.raises(InvalidSettingError):
            Partition.from_dict(broken)


def test_a_partition_is_loaded_by_its_settings(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(*rows(*NOVEMBER)) as sandbox:
        newest, *_ = partitions(count=4, **settings(sandbox))
        summary = sync(warehouse.pipeline(), **settings(sandbox) | newest.settings)
        assert summary.events_loaded == newest.events


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "query",
    [
        {"events": "purchase"},
        {"filters": [{"property": "country", "operator": "is", "value": ["SE"]}]},
        {"profile_id": "anna"},
        {
            "events": "purchase",
            "filters": [{"name": "id", "operator": "notInCohort", "value": "v"}],
        },
    ],
)
def test_a_partition_loads_what_it_was_sized_by(
    warehouse: Warehouse, query: dict[str, Any]
) -> None:
    other = {"name": "visit", "country": "DE", "profileId": "bert", "deviceId": "other"}
    with world(event(1), event(2, **other), event(3, **other)) as sandbox:
        [partition] = partitions(**warehouse.settings(sandbox, **query))
        again = Partition.from_dict(json.loads(json.dumps(partition.as_dict())))
        assert (partition.events, again, len({partition, again})) == (1, partition, 1)
        sync(warehouse.pipeline(partition.name), **warehouse.settings(sandbox, **again.settings))
    assert warehouse.numbers() == [1]
