"""A sandbox with the recorded dataset answers what the real servers answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import groupby
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from tests.support.sandbox_exceptions import EVENTS_BEFORE, EXCEPTIONS, server_time
from tests.support.sandbox_recordings import (
    DATASET,
    Recording,
    ask,
    difference,
    parsed,
    recordings,
    shortened,
)

pytestmark = pytest.mark.sampled(2)

RECORDED = "2026-08"
GENERATIONS = ("2025-03", "2026-02", "2026-03", "2026-04")
NEWER = ("2026-09", "2026-09s", "3")
UNLIMITED = ("rate_limit_first", "rate_limit_recovered")
IN_TIME = (
    "count_time_1_before_insert",
    "count_time_2_after_insert_cached",
    "count_time_4_after_insert_other_limit",
    "count_time_5_cached_with_row",
    "count_time_6_row_deleted_cached",
)
TIES = {"2025-03": ("createdAt", "profileId", "name"), "2026-02": ("createdAt",)}


def comparable(generation: str | None = None) -> list[Any]:
    return [
        pytest.param(recording, id=str(recording))
        for recording in recordings(generation)
        if str(recording) not in EXCEPTIONS
    ]


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.time


class Servers:
    """One sandbox for each generation and rate limit, started when it is asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.clock = Clock()
        self.running: dict[tuple[str | None, bool], Sandbox] = {}

    def get(self, recording: Recording) -> Sandbox:
        limited = is_limited(recording)
        self.clock.time = server_time(recording.name, recording.generation)
        key = recording.generation, limited
        if key not in self.running:
            self.running[key] = Sandbox(
                self.dataset,
                rate_limit=1 if limited else None,
                window_seconds=3600,
                server_date=recording.generation or RECORDED,
                now=self.clock,
            ).start()
        return self.running[key]


def is_limited(recording: Recording) -> bool:
    if recording.generation == "3":
        return recording.name.startswith("rate_limit_") and recording.name not in UNLIMITED
    return "_429" in recording.name


def recorded_dataset() -> Dataset:
    """The dataset, with the durations that only old servers tell: those that were recorded."""
    dataset = load_dataset(DATASET)
    told: dict[str, int] = {}
    for recording in (r for generation in TIES for r in recordings(generation)):
        body = recording.body if isinstance(recording.body, dict) else {}
        rows = [row for part in ("data", "first", "last") for row in body.get(part, [])]
        told |= {row["id"]: row["duration"] for row in rows if "duration" in row}
    for rows in dataset.events.values():
        for row in rows:
            row["duration"] = told.get(row["id"], 0)
    return dataset


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    servers = Servers(recorded_dataset())
    yield servers
    for sandbox in servers.running.values():
        sandbox.stop()


def assert_same(recording: Recording, sandbox: Sandbox) -> None:
    if is_limited(recording):
        ask(sandbox.url, replace(recording, url="/export/events?limit=1"))
    response = ask(sandbox.url, with_true_count(recording))
    assert response.status_code == recording.status
    assert response.headers.get("content-type", "") == recording.content_type
    assert found_difference(recording, response) is None


def found_difference(recording: Recording, response: requests.Response) -> str | None:
    answer = shortened(recording, parsed(response))
    return difference(normal(recording, recording.body), normal(recording, answer))


def with_true_count(recording: Recording) -> Recording:
    """An unknown name in includes gives an old server's counts a key of their own."""
    if recording.generation in TIES and "/export/events?" in recording.url:
        url = f"{recording.url}&includes={quote(f'x{uuid4().hex}')}"
        return Recording(**{**vars(recording), "url": url})
    return recording


def normal(recording: Recording, body: Any) -> Any:
    """Take out what a sandbox cannot know: the order of ties that have none."""
    if isinstance(body, dict) and "series" in body:
        totals = [total(series) for series in body["series"]]
        assert totals == sorted(totals, reverse=True)
        series = sorted(body["series"], key=lambda one: (total(one), str(one["names"])))
        return body | {"series": series}
    if not isinstance(body, dict) or recording.generation not in TIES:
        return body
    body = {part: rows for part, rows in body.items() if part != "rows"}
    for part in body.keys() & {"data", "first", "last"}:
        body[part] = without_ties(body[part], TIES[recording.generation])
    return body


def total(series: Any) -> float:
    return float(series["metrics"]["sum"])


def without_ties(rows: list[Any], key: tuple[str, ...]) -> list[Any]:
    """Sort tied rows; of those that another page may share in, keep the place only."""
    groups = [list(group) for _, group in groupby(rows, lambda row: place(row, key))]
    for i, group in enumerate(groups):
        group.sort(key=lambda row: row["id"])
        if i in (0, len(groups) - 1) and place(group[0], key) in tied_places(key):
            groups[i] = [place(row, key) for row in group]
    return groups


def place(row: Any, key: tuple[str, ...]) -> tuple[str, ...]:
    return row["projectId"], *(row[name] for name in key)


@cache
def tied_places(key: tuple[str, ...]) -> set[tuple[str, ...]]:
    events = load_dataset(DATASET).events.values()
    counts = Counter(place(row, key) for rows in events for row in rows)
    return {where for where, count in counts.items() if count > 1}


@pytest.mark.sampled(18)
@pytest.mark.parametrize("recording", comparable())
def test_the_server_of_august_2026_is_played_as_recorded(
    recording: Recording, servers: Servers
) -> None:
    sandbox = servers.get(recording)
    event = EVENTS_BEFORE.get(recording.name)
    if event:
        sandbox.add([event])
    try:
        assert_same(recording, sandbox)
    finally:
        sandbox.remove([event["id"]] if event else [])


@pytest.mark.sampled(18)
@pytest.mark.parametrize("recording", [p for g in GENERATIONS for p in comparable(g)])
def test_an_older_server_is_played_as_recorded(recording: Recording, servers: Servers) -> None:
    assert_same(recording, servers.get(recording))


@pytest.mark.sampled(18)
@pytest.mark.parametrize("recording", [p for g in NEWER for p in comparable(g)])
def test_a_newer_server_is_played_as_recorded(recording: Recording, servers: Servers) -> None:
    assert_same(recording, servers.get(recording))


def named(generation: str, name: str) -> Recording:
    return next(r for r in recordings(generation) if r.name == name)


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    ("generation", "names"),
    [
        ("2025-03", ("count_cache_1_day_10", "count_cache_2_other_day_same_total")),
        ("2026-02", ("count_cache_1_day_10", "count_cache_2_other_day_same_total")),
        ("2026-02", ("count_cache_4_empty_day_first", "count_cache_5_then_full_day_total_0")),
        ("2026-02", ("count_cache_6_small_day_first", "count_cache_7_big_day_pages_1")),
    ],
)
def test_the_count_of_other_days_is_reported_as_recorded(
    generation: str, names: tuple[str, ...], servers: Servers
) -> None:
    with Sandbox(servers.dataset, server_date=generation, now=servers.clock) as sandbox:
        for recording in (named(generation, name) for name in names):
            servers.clock.time = server_time(recording.name, generation)
            assert found_difference(recording, ask(sandbox.url, recording)) is None


@pytest.mark.long
def test_a_cached_count_lasts_as_recorded(servers: Servers) -> None:
    steps = {name[11]: named("2026-02", name) for name in IN_TIME}
    added = steps["2"].body["data"][1]
    with Sandbox(servers.dataset, server_date="2026-02", now=servers.clock) as sandbox:

        def assert_recorded(step: str) -> None:
            recording = steps[step]
            assert found_difference(recording, ask(sandbox.url, recording)) is None

        servers.clock.time = server_time("", "2026-02")
        assert_recorded("1")
        sandbox.add([added])
        assert_recorded("2")
        assert_recorded("4")
        servers.clock.time += timedelta(minutes=10)
        assert_recorded("5")
        sandbox.remove([added["id"]])
        assert_recorded("6")


def test_every_exception_is_a_recording() -> None:
    known = {str(recording) for g in (None, *GENERATIONS, *NEWER) for recording in recordings(g)}
    assert EXCEPTIONS.keys() <= known
    assert EVENTS_BEFORE.keys() <= known
