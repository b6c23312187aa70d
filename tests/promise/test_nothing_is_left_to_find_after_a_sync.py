"""What a sync has just read, neither an audit nor another sync calls changed."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpanel_source.operations.audit import audit
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, Row, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(5)

LATE = "2026-08-01T10:00:00.000Z"
"""Before the first day that the ledger remembers."""


def assert_nothing_is_left(warehouse: Warehouse, sandbox: Sandbox, lookback_days: int = 3) -> None:
    """Neither a deep audit nor a second sync finds a day that differs."""
    found = audit(warehouse.pipeline(), deep=True, **warehouse.settings(sandbox))
    assert (found.differences, found.exit_code) == ([], 0)
    assert warehouse.sync(sandbox, lookback_days=lookback_days).days_read == 0


@pytest.mark.parametrize("lookback_days", [0, 3, 200])
def test_an_event_before_the_first_day_known_is_read_once_and_not_called_changed(
    warehouse: Warehouse, lookback_days: int
) -> None:
    with world(event(1, createdAt="2026-11-20T10:00:00.000Z")) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(2, createdAt=LATE)])
        assert warehouse.sync(sandbox, lookback_days=lookback_days).days_read == 1
        assert_nothing_is_left(warehouse, sandbox, lookback_days)
        # What changes there is found all the same, alone or by its sum.
        late = [f"2026-0{month}-02T10:00:00.000Z" for month in (7, 9)]
        sandbox.add([event(3, createdAt=LATE), *(event(4 + n, createdAt=late[n]) for n in (0, 1))])
        assert warehouse.sync(sandbox, lookback_days=lookback_days).days_read == 3
        assert_nothing_is_left(warehouse, sandbox, lookback_days)
    assert warehouse.numbers() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("before", "after"), [("2026-02", None), (None, "2026-02")])
def test_a_server_of_another_generation_makes_no_day_a_changed_one(
    warehouse: Warehouse, before: str | None, after: str | None
) -> None:
    rows = [event(number, createdAt=_on(number)) for number in range(8)]
    with world(*rows, server_date=before) as sandbox:
        warehouse.sync(sandbox)
        assert_nothing_is_left(warehouse, sandbox)
    with world(*rows, server_date=after) as sandbox:
        assert_nothing_is_left(warehouse, sandbox)
        sandbox.add([event(20, createdAt=_on(1)), event(21, createdAt=_on(0))])
        assert warehouse.sync(sandbox).days_read == 2
        assert_nothing_is_left(warehouse, sandbox)


AGES = st.sampled_from((0, 0, 1, 2, 3, 4, 9, 30, 100, 400, -1, -40))
"""Days before today; negative ones are in the future."""


@pytest.mark.long
@pytest.mark.parametrize("server_date", [None, "2025-03", "2026-02"])
@settings(
    max_examples=5,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.lists(AGES, max_size=6), min_size=1, max_size=4), st.sampled_from((0, 3, 150)))
def test_whatever_arrives_nothing_is_left_to_find_after_a_sync(
    server_date: str | None, arrivals: list[list[int]], lookback_days: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        world(server_date=server_date) as sandbox,
    ):
        warehouse, made = Warehouse(Path(folder)), 0
        for ages in arrivals:
            rows: list[Row] = [event(made + n, createdAt=_on(age)) for n, age in enumerate(ages)]
            made += len(rows)
            sandbox.add(rows)
            assert warehouse.sync(sandbox, lookback_days=lookback_days).is_verified
            if made:
                assert_nothing_is_left(warehouse, sandbox, lookback_days)


def _on(age: int) -> str:
    return f"{NOW.date() - timedelta(days=age)}T10:00:00.000Z"
