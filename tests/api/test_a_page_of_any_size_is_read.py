"""A page above the size that is allowed is read in parts; no event is lost for its neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.errors import AnswerTooLargeError
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import Row, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

LIMIT = 50_000
"""Bytes allowed here: about eighty events without properties."""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def large(number: int, size: int) -> Row:
    return event(number, properties={"text": "x" * size})


def sync(warehouse: Warehouse, sandbox: Sandbox, **settings: Any) -> Any:
    return warehouse.sync(
        sandbox, **({"start_date": "2026-11-10", "max_page_bytes": LIMIT} | settings)
    )


def test_a_day_of_large_events_is_read_in_smaller_pages(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2101)]
    for number in (500, 1800):
        rows[number - 1] = large(number, LIMIT - 2_000)
    with world(*rows) as sandbox:
        summary = sync(warehouse, sandbox)
    assert warehouse.numbers() == list(range(1, 2101))
    assert summary.is_verified
    assert summary.rejected_rows == 0
    assert warehouse.query(
        f"SELECT sum(length(properties)) > {2 * (LIMIT - 2_000)} FROM events"
    ) == [(True,)]


@pytest.mark.sampled(12)
@pytest.mark.parametrize("number", [1, 1001, 1500])
def test_an_event_that_alone_is_too_large_is_rejected_and_told(
    warehouse: Warehouse, number: int
) -> None:
    rows = [event(index) for index in range(1, 1501)]
    rows[number - 1] = large(number, 2 * LIMIT)
    with world(*rows) as sandbox:
        summary = sync(warehouse, sandbox)
        assert summary.is_verified
        assert summary.rejected_rows == 1
        assert warehouse.numbers() == [index for index in range(1, 1501) if index != number]
        [(reason, raw)] = warehouse.query("SELECT reason, raw FROM rejected_events")
        assert f"number {1501 - number} of the day, the newest first" in reason
        assert "max_page_bytes (50,000)" in reason
        assert json.loads(raw)["id"] == event_id(number)
        # With a larger bound, nothing is left out.
        sync(warehouse, sandbox, max_page_bytes=10 * LIMIT, reload=True)
    assert warehouse.numbers() == list(range(1, 1501))
    assert warehouse.query("SELECT count(*) FROM rejected_events") == [(0,)]


@pytest.mark.sampled(8)
@pytest.mark.parametrize("size", [LIMIT - 2_000, 2 * LIMIT])
def test_a_large_event_on_an_open_day_is_met_once_it_comes(warehouse: Warehouse, size: int) -> None:
    def today(number: int, **values: Any) -> Row:
        return event(number, createdAt=f"2026-11-23T10:00:00.{number:03d}Z", **values)

    with world(*(today(number) for number in range(1, 21))) as sandbox:
        sync(warehouse, sandbox)
        sandbox.add([today(21, properties={"text": "x" * size}), today(22)])
        summary = sync(warehouse, sandbox)
        fits = size < LIMIT
        assert warehouse.numbers() == [n for n in range(1, 23) if fits or n != 21]
        assert summary.rejected_rows == (0 if fits else 1)
        assert sync(warehouse, sandbox).events_loaded == 0
        sandbox.add([today(23)])
        sync(warehouse, sandbox)
    assert warehouse.numbers() == [n for n in range(1, 24) if fits or n != 21]


def test_pages_all_too_large_are_read_event_by_event(warehouse: Warehouse) -> None:
    with world(*(large(number, LIMIT // 2) for number in range(1, 31))) as sandbox:
        summary = sync(warehouse, sandbox)
        assert summary.is_verified
        assert len(sandbox.requests) < 120
    assert warehouse.numbers() == list(range(1, 31))


def test_what_cannot_be_read_in_parts_ends_the_sync_with_the_remedy(warehouse: Warehouse) -> None:
    with world(event(1, name="n" * 2 * LIMIT), event(2)) as sandbox:
        with pytest.raises(AnswerTooLargeError, match="raise max_page_bytes"):
            sync(warehouse, sandbox)
        sync(warehouse, sandbox, max_page_bytes=10 * LIMIT)
    assert warehouse.numbers() == [1, 2]


def test_an_old_server_names_the_setting(warehouse: Warehouse) -> None:
    with world(large(1, 2 * LIMIT), event(2), server_date="2025-11") as sandbox:
        with pytest.raises(AnswerTooLargeError, match="raise max_page_bytes"):
            sync(warehouse, sandbox)
        sync(warehouse, sandbox, max_page_bytes=10 * LIMIT)
    assert warehouse.numbers() == [1, 2]


def test_a_chart_that_is_too_large_fails_alone(warehouse: Warehouse) -> None:
    sales = {"name": "sales", "series": ["purchase"], "range": "12m"}
    with world(event(1)) as sandbox:
        summary = sync(warehouse, sandbox, max_page_bytes=2_000, charts=[sales])
    assert warehouse.numbers() == [1]
    assert summary.exit_code == 1
    assert "raise max_page_bytes" in summary.failed_charts["sales"]
