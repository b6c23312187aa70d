"""What is to be read again of an open day is all of it, also where only its tail has grown."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.erase import erase
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, Row, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(6)

OLD = [event(100 + n, groups=["g"], createdAt=f"2026-11-20T08:00:{n:02d}.000Z") for n in range(10)]
TODAY = [event(n, groups=["g"], createdAt=f"2026-11-23T08:00:{n:02d}.000Z") for n in range(10)]


def grow(sandbox: Sandbox, number: int = 50, **values: object) -> None:
    sandbox.add([event(number, groups=["g"], createdAt="2026-11-23T09:00:00.000Z", **values)])


@pytest.mark.parametrize(
    ("dropped", "held"),
    [
        ("DROP TABLE event_groups", "SELECT count(*) FROM event_groups"),
        ("ALTER TABLE events DROP COLUMN city", "SELECT count(city) FROM events"),
    ],
)
def test_a_table_or_a_column_that_was_dropped_is_filled_again(
    warehouse: Warehouse, dropped: str, held: str
) -> None:
    with world(*OLD, *TODAY) as sandbox:
        warehouse.sync(sandbox)
        before = warehouse.query(held)
        assert before == [(20,)]
        warehouse.change(dropped)
        grow(sandbox)
        assert warehouse.sync(sandbox).is_verified
        assert warehouse.query(held) == [(21,)]
        assert warehouse.sync(sandbox, now=NOW + timedelta(days=1)).is_verified
    assert warehouse.query(held) == [(21,)]


def test_a_sync_that_is_stopped_meanwhile_leaves_the_rest_to_the_next(
    warehouse: Warehouse,
) -> None:
    older = [event(200 + n, createdAt=f"2026-11-{10 + n}T08:00:00.000Z") for n in range(5)]
    with world(*older, *OLD, *TODAY) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change("ALTER TABLE events DROP COLUMN city")
        stop = threading.Event()
        stopped = warehouse.sync(
            sandbox, max_days_per_run=2, stop=stop, on_day=lambda _: stop.set()
        )
        assert 0 < stopped.days_read < 7
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.query("SELECT count(city) FROM events") == [(25,)]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("heals", ["repair", "sync"])
def test_rows_that_were_deleted_here_are_loaded_again(warehouse: Warehouse, heals: str) -> None:
    with world(*OLD, *TODAY) as sandbox:
        warehouse.sync(sandbox)
        gone = f"'{event_id(3)}', '{event_id(103)}'"
        warehouse.change(f"DELETE FROM events WHERE id IN ({gone})")
        grow(sandbox)
        if heals == "sync":
            assert warehouse.sync(sandbox).exit_code == 0
        else:
            settings = warehouse.settings(sandbox)
            assert audit(warehouse.pipeline(), repair=True, **settings).exit_code == 0
            assert audit(warehouse.pipeline(), deep=True, **settings).exit_code == 0
    assert {3, 50, 103} <= set(warehouse.numbers())


def test_a_profile_that_is_erased_is_erased_from_today_though_it_grows(
    warehouse: Warehouse,
) -> None:
    def seen(row: Row, number: int) -> Row:
        return row | {"profileId": "gone" if number == 3 else "anna", "deviceId": f"d{number}"}

    rows = [seen(row, number) for number, row in enumerate(TODAY)]
    rows += [seen(row, number) for number, row in enumerate(OLD)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        grow(sandbox)
        settings = warehouse.settings(sandbox, erased_profiles=["gone"])
        assert erase(warehouse.pipeline(), ["gone"], **settings).exit_code == 0
    assert warehouse.query("SELECT count(*) FROM events WHERE profile_id = 'gone'") == [(0,)]


def test_a_row_that_came_meanwhile_and_one_that_went_do_not_make_up_for_each_other(
    warehouse: Warehouse,
) -> None:
    rows = [
        event(n, createdAt=f"2026-11-23T08:{n // 60:02d}:{n % 60:02d}.000Z") for n in range(1500)
    ]
    late = event(2000, createdAt="2026-11-23T07:00:00.000Z")
    with world(*rows) as sandbox:
        # Among the rows of the second page, when the first has told how many there are.
        sandbox.behave(path="limit=1000", skip=1, add_between=[late])
        warehouse.sync(sandbox)
        assert 2000 in warehouse.numbers()
        sandbox.behave()
        sandbox.remove([event_id(3)])
        summary = warehouse.sync(sandbox, now=NOW + timedelta(days=1), scrub_requests=0)
        assert summary.is_verified
    assert 3 not in warehouse.numbers()
