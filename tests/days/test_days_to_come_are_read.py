"""Days after today, as imports and wrong clocks bring them, are read and proven as others are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.sandbox_world import NOW, event, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(4)

OLD = [event(n, createdAt=f"2026-11-20T08:00:{n:02d}.000Z") for n in range(10)]
FUTURE = [event(100 + n, createdAt=f"2026-12-20T08:00:{n:02d}.000Z") for n in range(10)]


def test_a_day_to_come_that_came_short_is_read_again(warehouse: Warehouse) -> None:
    with world(*OLD, *FUTURE) as sandbox:
        sandbox.behave(path=pages_of("2026-12-20"), drop_rows=4)
        assert warehouse.sync(sandbox).exit_code == 3
        sandbox.behave()
        assert warehouse.sync(sandbox).exit_code == 0
        assert len(warehouse.numbers()) == 20
        assert warehouse.sync(sandbox).days_read == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("end", ["9999-12-31", "2027-12-31", "2100-12-31"])
def test_an_end_in_the_future_costs_what_no_end_costs(warehouse: Warehouse, end: str) -> None:
    with world(*OLD, *FUTURE) as sandbox:
        assert warehouse.sync(sandbox, end_date=end).is_verified
        assert len(warehouse.numbers()) == 20
        plain = warehouse.sync(sandbox, scrub_requests=0)
        bounded = warehouse.sync(sandbox, end_date=end, scrub_requests=0)
        assert bounded.requests == plain.requests
        # It is over then.
        later = NOW + timedelta(days=40)
        assert warehouse.sync(sandbox, end_date=end, now=later).is_verified
        days = warehouse.query("SELECT verdict FROM sync_days WHERE day = '2026-12-20'")
        assert days[-1] == ("complete",)


def test_days_after_an_end_in_the_future_are_left_alone(warehouse: Warehouse) -> None:
    with world(*OLD, *FUTURE) as sandbox:
        assert warehouse.sync(sandbox, end_date="2026-12-19").is_verified
        assert len(warehouse.numbers()) == 10
        assert warehouse.sync(sandbox, end_date="2026-12-20").is_verified
    assert len(warehouse.numbers()) == 20


def test_a_reload_finds_events_before_the_first_day_that_was_known(warehouse: Warehouse) -> None:
    with world(*OLD) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(50, createdAt="2026-10-01T09:00:00.000Z")])
        assert warehouse.sync(sandbox, reload=True).exit_code == 0
    assert 50 in warehouse.numbers()
