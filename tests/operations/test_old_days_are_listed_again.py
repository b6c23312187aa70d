"""A sync lists the ids of the days that were proven longest ago, and reads what differs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.status import read_status
from openpanel_source.operations.values.choose_days import ValueAudit
from tests.support.command import run
from tests.support.destinations import NAMES, made
from tests.support.old_days import night, on, swap
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres_url"]

GENERATIONS = ["2025-03", "2025-11", "2026-02", "2026-03", "2026-04", "2026-08", "2026-09s"]
GENERATIONS += ["2026-09", "3"]


@pytest.mark.sampled(48)
@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_came_for_one_that_went_is_found_on_each_kind_of_destination(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    held = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    with world(*on(200, 1, 2, 3), *on(100, 11, 12)) as sandbox:
        held.sync(sandbox)
        swap(sandbox, 2, *on(200, 4))
        assert night(held, sandbox, 1, scrub_requests=0).events_loaded == 0
        assert held.numbers() == [1, 2, 3, 11, 12]
        found = night(held, sandbox, 2)
        assert held.numbers() == [1, 3, 4, 11, 12]
        assert found.scrub is not None
        assert (found.scrub.days, len(found.scrub.differing)) == (1, 1)
        assert found.exit_code == 0
        reasons = held.query("SELECT count(*) FROM sync_days WHERE reason = 'scrub'")
        assert reasons == [(1,)]
        proofs = held.query("SELECT CAST(day AS VARCHAR), proof, rows FROM day_proofs")
        assert proofs == [(str(NOW.date() - timedelta(days=100)), "listed", 2)]


@pytest.mark.sampled(36)
@pytest.mark.parametrize("server_date", GENERATIONS)
def test_it_is_found_on_each_generation_of_servers_whatever_rows_are_odd(
    warehouse: Warehouse, server_date: str
) -> None:
    odd = event(60, _raw='{"id":"odd","createdAt":"2026-08-15T10:00:00.000Z","revenue":"much"}')
    odd |= {"createdAt": "2026-08-15T10:00:00.000Z"}
    edge = event(61, createdAt="2026-08-16T00:00:00.000Z")
    gone = on(100, 62, profileId="gone")
    rows = [*on(200, *range(1, 8)), *on(100, *range(30, 50)), odd, edge, *gone]
    settings = {"erased_profiles": ["gone"], "hash_key": "k" * 20}
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox, **settings)
        quiet = night(warehouse, sandbox, 1, **settings)
        assert quiet.scrub is not None
        assert (quiet.scrub.days, quiet.scrub.differing) == (3, [])
        swap(sandbox, 40, *on(100, 50))
        found = night(warehouse, sandbox, 2, **settings)
        assert found.scrub is not None
        assert found.scrub.differing == [("web", date(2026, 8, 15))]
        assert 50 in warehouse.numbers()
        assert 40 not in warehouse.numbers()


@pytest.mark.long
def test_days_are_listed_once_a_day_and_within_the_budget(warehouse: Warehouse) -> None:
    rows = [row for age in range(5, 12) for row in on(age, age)]
    with world(*rows) as sandbox:
        first = warehouse.sync(sandbox)
        assert first.scrub is not None
        assert (first.scrub.days, first.scrub.requests) == (0, 0)
        for number, wanted in ((1, 3), (2, 3), (3, 1 + 2)):
            found = night(warehouse, sandbox, number, scrub_requests=3)
            assert found.scrub is not None
            assert (found.scrub.days, found.scrub.requests) == (wanted, 3)
            again = night(warehouse, sandbox, number, scrub_requests=100)
            assert again.scrub is not None
            # The others of the seven.
            assert again.scrub.days == 7 - wanted
        listed = warehouse.query("SELECT day, count(*) FROM day_proofs GROUP BY 1")
        assert len(listed) == 7


@pytest.mark.long
def test_nothing_of_it_happens_without_a_budget(warehouse: Warehouse) -> None:
    with world(*on(200, 1)) as sandbox:
        warehouse.sync(sandbox)
        assert night(warehouse, sandbox, 5, scrub_requests=0).scrub is None
        assert ("day_proofs",) not in warehouse.query("SHOW TABLES")


@pytest.mark.sampled(36)
@pytest.mark.parametrize(
    ("server_date", "number"), [("2026-08", 1499), ("2026-03", 2499), ("2026-09", 0)]
)
def test_a_day_larger_than_the_budget_is_listed_in_parts_over_several_nights(
    warehouse: Warehouse, server_date: str, number: int
) -> None:
    # Some happen at one instant, where pages end.
    rows = [
        event(n, createdAt=f"2026-05-07T10:{n // 100:02d}:{n // 10 % 10:02d}.000Z")
        for n in range(2500)
    ]
    with world(*rows, *on(1, 9000), server_date=server_date) as sandbox:
        warehouse.sync(sandbox)
        nights = [night(warehouse, sandbox, n, scrub_requests=1).scrub for n in range(1, 4)]
        assert [found.parts for found in nights if found] == [1, 1, 0]
        assert all(found and not found.differing for found in nights)
        swap(sandbox, number, event(9001, createdAt=rows[number]["createdAt"]))
        # The other day is first.
        last = 3
        while 9001 not in warehouse.numbers():
            last += 1
            assert last < 9
            night(warehouse, sandbox, last, scrub_requests=1)
        assert number not in warehouse.numbers()


@pytest.mark.long
def test_a_swap_200_days_ago_is_found_within_the_time_that_status_promised(
    warehouse: Warehouse,
) -> None:
    rows = [row for age in range(180, 205) for row in on(age, 2 * age, 2 * age + 1)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        swap(sandbox, 400, *on(200, 1000))
        [status] = read_status(warehouse.pipeline(), scrub_requests=4, now=NOW)
        assert status.proofs is not None
        assert status.proofs.oldest_proof == NOW
        assert status.proofs.nights == 8
        assert status.proofs.seen_by == NOW.date() + timedelta(days=8)
        for number in range(1, status.proofs.nights + 1):
            night(warehouse, sandbox, number, scrub_requests=4)
        assert 1000 in warehouse.numbers()
        assert 400 not in warehouse.numbers()
        later = NOW + timedelta(days=status.proofs.nights)
        [status] = read_status(warehouse.pipeline(), scrub_requests=4, now=later)
        assert status.proofs is not None
        assert status.proofs.oldest_proof > NOW


@pytest.mark.sampled(6)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02", "2026-03"])
def test_status_promises_no_night_where_days_are_listed_as_a_whole(
    warehouse: Warehouse, server_date: str
) -> None:
    with world(*on(200, *range(120)), server_date=server_date) as sandbox:
        warehouse.sync(sandbox)
    [status] = read_status(warehouse.pipeline(), scrub_requests=1, now=NOW)
    assert status.proofs is not None
    assert (status.proofs.nights is None) == (server_date < "2026-03")
    told = run("status", "--database", str(warehouse.path)).stdout
    assert ("this server lists days as a whole" in told) == (server_date < "2026-03")


@pytest.mark.long
def test_days_that_were_compared_by_value_need_not_be_listed(warehouse: Warehouse) -> None:
    with world(*on(200, 1, 2), *on(100, 3)) as sandbox:
        warehouse.sync(sandbox)
        later = NOW + timedelta(days=1)
        wanted = ValueAudit(first=later.date() - timedelta(days=201), last=None)
        assert (
            audit(
                warehouse.pipeline(), values=wanted, **warehouse.settings(sandbox, now=later)
            ).exit_code
            == 0
        )
        assert warehouse.query("SELECT DISTINCT proof FROM day_proofs") == [("values",)]
        found = night(warehouse, sandbox, 1)
        assert found.scrub is not None
        assert found.scrub.days == 0


@pytest.mark.long
def test_the_time_of_a_proof_is_that_of_the_clock(warehouse: Warehouse) -> None:
    with world(*on(200, 1)) as sandbox:
        warehouse.sync(sandbox)
        night(warehouse, sandbox, 3)
        [(at,)] = warehouse.query("SELECT proven_at FROM day_proofs")
        assert at == NOW + timedelta(days=3)
        assert isinstance(at, datetime)


@pytest.mark.long
def test_days_of_a_profile_are_listed_with_the_rows_that_are_not_counted(
    warehouse: Warehouse,
) -> None:
    before = {"profileId": "device"}
    with world(*on(200, 1, 2), *on(200, 3, **before), *on(100, 5, **before)) as sandbox:
        warehouse.sync(sandbox, profile_id="anna")
        assert warehouse.numbers() == [1, 2, 3, 5]
        quiet = night(warehouse, sandbox, 1, profile_id="anna").scrub
        assert quiet is not None
        assert (quiet.days, quiet.differing) == (2, [])
        swap(sandbox, 3, *on(200, 4, **before))
        found = night(warehouse, sandbox, 2, profile_id="anna").scrub
        assert found is not None
        assert len(found.differing) == 1
        assert warehouse.numbers() == [1, 2, 4, 5]
