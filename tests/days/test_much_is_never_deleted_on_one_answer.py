"""Rows that vanish upstream vanish here, unless they are so many that one answer is not enough."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.days.safety_catch import DeletionLimits, Loss, SafetyCatch, is_much
from openpanel_source.days.verdict import Verdict
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.sync import sync
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import Arguments
from tests.support.contrary import Query, contrary, filters_of, with_filters
from tests.support.sandbox_world import NOW, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(28)

SMALL = {"max_deleted_rows": 10, "max_deleted_share": 0.1}
DAYS = [f"2026-11-{day:02d}" for day in range(1, 21)]


def rows(days: list[str], each: int = 5) -> list[dict[str, Any]]:
    return [
        event(place * each + number, createdAt=f"{day}T10:00:{number:02d}.000Z")
        for place, day in enumerate(days)
        for number in range(each)
    ]


def ids(first: int, after: int) -> list[str]:
    return [event_id(number) for number in range(first, after)]


def later(**elapsed: float) -> datetime:
    return NOW + timedelta(**elapsed)


def shrunk_days(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.query(
        "SELECT day::VARCHAR, total_count, shrunk_to, distinct_ids FROM sync_days"
        " WHERE verdict = 'shrunk' ORDER BY read_at DESC, day"
    )


def test_many_rows_that_vanish_are_kept_and_their_days_named(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 12))
        summary = warehouse.sync(sandbox, **SMALL)
        assert summary.exit_code == 3
        assert warehouse.numbers() == list(range(100))
        assert shrunk_days(warehouse) == [
            ("2026-11-01", 5, 0, 5),
            ("2026-11-02", 5, 0, 5),
            ("2026-11-03", 5, 3, 5),
        ]
        report = audit(warehouse.pipeline(), repair=True, **warehouse.settings(sandbox, **SMALL))
        assert [item.day.day for item in report.differences] == [3, 2, 1]
        assert "shrunk upstream to 3 rows" in report.differences[0].problem
        assert report.exit_code == 3
    assert warehouse.numbers() == list(range(100))


def test_what_is_new_is_loaded_while_losses_are_held_back(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 12))
        sandbox.add([event(200, createdAt="2026-11-22T10:00:00.000Z")])
        warehouse.sync(sandbox, **SMALL)
    assert warehouse.numbers() == [*range(100), 200]


def test_few_rows_that_vanish_vanish_here(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 9))
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
    assert warehouse.numbers() == list(range(9, 100))


def test_ten_days_that_are_emptied_are_kept(warehouse: Warehouse) -> None:
    with world(*rows(DAYS, each=1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove(ids(0, 10))
        assert warehouse.sync(sandbox).exit_code == 3
        assert warehouse.numbers() == list(range(20))
        sandbox.add(rows(DAYS, each=1)[:1])
        # Nine are few.
        assert warehouse.sync(sandbox).exit_code == 0
    assert warehouse.numbers() == [0, *range(10, 20)]


@pytest.mark.parametrize("given", ["sync", "audit"])
def test_consent_lets_all_vanish(given: str, warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove(ids(0, 100))
        assert warehouse.sync(sandbox).exit_code == 3
        settings = warehouse.settings(sandbox, allow_deletions=True)
        if given == "sync":
            assert sync(warehouse.pipeline(), **settings).exit_code == 0
        else:
            assert audit(warehouse.pipeline(), repair=True, **settings).exit_code == 0
        assert warehouse.numbers() == []
        assert warehouse.sync(sandbox).days_read == 0


@pytest.mark.parametrize(("hours", "left"), [(2, 100), (22, 100), (24, 88)])
def test_a_loss_that_is_seen_for_a_day_is_believed(
    hours: int, left: int, warehouse: Warehouse
) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 12))
        warehouse.sync(sandbox, **SMALL)
        summary = warehouse.sync(sandbox, now=later(hours=hours), **SMALL)
        assert summary.exit_code == (3 if left == 100 else 0)
    assert len(warehouse.numbers()) == left


def test_a_loss_that_goes_on_is_not_believed(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 12))
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(12, 30))
        summary = warehouse.sync(sandbox, now=later(hours=24), **SMALL)
    assert summary.exit_code == 3
    # Two days are as they were a day ago.
    assert warehouse.numbers() == list(range(10, 100))


def test_a_loss_that_a_filter_does_not_see_is_an_error_and_not_believed(
    warehouse: Warehouse,
) -> None:
    def as_filtered(query: Query) -> Query:
        """Bounds alone leave the first days out."""
        is_bounded = not dict(query).get("start", "1970").startswith("1970")
        first = {"name": "created_at", "operator": "gte", "value": ["2026-11-04 00:00:00.000"]}
        if not is_bounded or "{}" in dict(query).values():
            return query
        return with_filters(query, [*filters_of(query), first])

    with world(*rows(DAYS)) as sandbox, contrary(sandbox.url, as_filtered) as url:
        warehouse.sync(sandbox, **SMALL)
        for hours in (0, 30):
            with pytest.raises(Exception, match="counts"):
                warehouse.sync(sandbox, base_url=url, now=later(hours=hours), **SMALL)
    assert warehouse.numbers() == list(range(100))


def test_rows_that_come_back_end_it(warehouse: Warehouse) -> None:
    held = rows(DAYS)
    with world(*held) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 12))
        warehouse.sync(sandbox, **SMALL)
        sandbox.add(held[:12])
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
        assert warehouse.sync(sandbox, **SMALL).days_read == 0
    assert warehouse.numbers() == list(range(100))


def test_reading_all_anew_deletes_no_more_than_a_night(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 60))
        assert warehouse.sync(sandbox, reload=True, **SMALL).exit_code == 3
    assert warehouse.numbers() == list(range(100))


def test_another_query_needs_consent_to_replace_what_one_has_loaded(
    warehouse: Warehouse,
) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox)
        with pytest.raises(InvalidSettingError, match="--allow-deletions"):
            warehouse.sync(sandbox, events=["push"])
        with pytest.raises(Exception, match="--allow-deletions"):
            warehouse.run_once(sandbox, events=["push"])
        assert warehouse.numbers() == list(range(100))
        warehouse.sync(sandbox, events=["push"], allow_deletions=True)
        assert warehouse.numbers() == []


def test_a_query_without_conditions_takes_nothing_away(warehouse: Warehouse) -> None:
    with world(*rows(DAYS), event(200, name="push")) as sandbox:
        warehouse.sync(sandbox, events=["push"])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [*range(100), 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"allow_deletions": "yes"},
        {"max_deleted_rows": -1},
        {"max_deleted_share": 5},
        {"max_emptied_days": 0},
    ],
)
def test_limits_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(wrong))):
        parse_settings(Arguments("web", **wrong))


def record(day: date, total: int) -> DayRecord:
    return DayRecord(
        project_id="web",
        query_fingerprint="all",
        day=day,
        load_id="1",
        verdict=Verdict.COMPLETE,
        reason=Reason.NEW,
        total_count=total,
        rows_received=total,
        distinct_ids=total,
        rejected_rows=0,
        pages=1,
        requests=1,
        rereads=0,
        read_at=datetime(2026, 11, 1, tzinfo=timezone.utc),
    )


_day_counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=30)
_limits = st.builds(
    DeletionLimits,
    allow_deletions=st.just(False),
    max_deleted_rows=st.integers(0, 600),
    max_deleted_share=st.floats(0, 1),
    max_emptied_days=st.integers(1, 12),
)


@given(counts=_day_counts, limits=_limits, read=st.lists(st.integers(0, 500), max_size=30))
def test_whatever_is_counted_and_read_no_more_is_lost_than_limits_allow(
    counts: list[tuple[int, int]], limits: DeletionLimits, read: list[int]
) -> None:
    first = date(2026, 1, 1)
    known = {
        first + timedelta(days=place): record(first + timedelta(days=place), held)
        for place, (held, _) in enumerate(counts)
    }
    catch = SafetyCatch(limits, known)
    held_back = catch.held_back(
        {first + timedelta(days=place): left for place, (_, left) in enumerate(counts)}
    )
    losses = []
    for place, (held, left) in enumerate(counts):
        day = first + timedelta(days=place)
        found = read[place] if place < len(read) else left
        if day not in held_back and catch.permits(record(day, found)) and found < held:
            losses.append(Loss(held, found))
    total = sum(held for held, _ in counts)
    assert not is_much(losses, total, limits)
