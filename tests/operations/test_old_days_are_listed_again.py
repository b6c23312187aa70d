"""A sync lists the ids of the days that were proven longest ago, and reads what differs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.cli.summary import print_summary
from openpanel_source.destinations.pipeline_lock import running_alone
from openpanel_source.errors import OpenPanelError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.status import read_status
from openpanel_source.operations.sync import sync
from openpanel_source.operations.values.choose_days import ValueAudit
from openpanel_source.sandbox import Sandbox
from tests.support.command import run
from tests.support.destinations import NAMES, made
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import NOW, Row, event, event_id, pages_of, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres_url"]

GENERATIONS = ["2025-03", "2025-11", "2026-02", "2026-03", "2026-04", "2026-08", "2026-09s"]
GENERATIONS += ["2026-09", "3"]


def on(age: int, *numbers: int, **values: Any) -> list[Row]:
    """Events of a day so many days ago, in order of their numbers."""
    day = NOW.date() - timedelta(days=age)
    return [
        event(
            n,
            createdAt=f"{day}T10:{n // 60 % 60:02d}:{n % 60:02d}.{n % 1000:03d}Z",
            **values,
        )
        for n in numbers
    ]


def night(held: Any, sandbox: Sandbox, number: int, **settings: Any) -> SyncSummary:
    """A sync so many days after the first."""
    summary: SyncSummary = held.sync(sandbox, now=NOW + timedelta(days=number), **settings)
    return summary


def swap(sandbox: Sandbox, gone: int, came: Row) -> None:
    """Have a row go and another come."""
    sandbox.remove([event_id(gone)])
    sandbox.add([came])


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
            assert again.scrub.days == (7 - wanted if number == 1 else 0) or number > 1
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
def test_much_is_not_deleted_because_of_a_listing(warehouse: Warehouse) -> None:
    with world(*on(200, *range(1, 1201))) as sandbox:
        warehouse.sync(sandbox)
        # The server lists nothing of the day, though it counts it.
        sandbox.behave(path=pages_of("2026-05-07"), empty_pages=True)
        found = night(warehouse, sandbox, 1)
        sandbox.behave()
        assert found.scrub is not None
        assert len(found.scrub.differing) == 1
        assert (found.exit_code, found.verdicts["short"]) == (3, 1)
        assert len(warehouse.numbers()) == 1200
        # Once it lists it again, the day is proven.
        assert night(warehouse, sandbox, 2).exit_code == 0


@pytest.mark.long
def test_a_server_that_fails_meanwhile_fails_no_sync(warehouse: Warehouse) -> None:
    with world(*on(200, 1, 2), *on(100, 3)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.behave(path=pages_of("2026-05-07"), status=500, body="no")
        found = night(warehouse, sandbox, 1)
        assert found.exit_code == 0
        assert found.scrub is not None
        assert found.scrub.days == 0
        assert found.scrub.failure
        sandbox.behave()
        found = night(warehouse, sandbox, 1)
        assert found.scrub is not None
        assert (found.scrub.days, found.scrub.failure) == (2, "")


READING = "2026-05-08+00%3A00%3A00.000%5C%22%5D%7D%5D%22&includes="
"""In the requests that read 2026-05-07, and not in those that list it."""
ROOT = {"client_id": "11111111-1111-4111-8111-111111111111", "client_secret": "sec_root"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("status", "projects"), [(500, ["web", "empty"]), (503, ["web"])])
def test_a_server_that_fails_as_days_are_read_again_fails_no_sync(
    warehouse: Warehouse,
    status: int,
    projects: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with world(*on(200, 1, 2), *on(100, 3)) as sandbox:
        settings: dict[str, Any] = {"project_id": projects, **ROOT}
        warehouse.sync(sandbox, **settings)
        swap(sandbox, 2, *on(200, 4))
        sandbox.behave(path=READING, status=status, body="no")
        found = night(warehouse, sandbox, 1, **settings)
        assert found.exit_code == 0
        assert found.scrub is not None
        assert "could not be read" in found.scrub.failure
        assert found.scrub.unread == found.scrub.differing != []
        assert found.days_left == 0
        print_summary(found)
        said = capsys.readouterr().out
        assert "of 1 old day than were held; not read yet; the next sync lists them again" in said
        assert "Old days could not be read, the next sync lists them again: " in said
        assert "held; read again" not in said
        assert warehouse.numbers() == [1, 2, 3]
        # What was listed meanwhile is kept, and nothing is in the way of the next load.
        assert warehouse.query("SELECT count(*) FROM day_proofs") == [(1,)]
        assert not warehouse.pipeline().has_pending_data
        assert not list((warehouse.folder / "pipelines").glob("*.ended-well"))
        sandbox.behave()
        found = night(warehouse, sandbox, 1, **settings)
        assert found.scrub is not None
        assert (len(found.scrub.differing), found.scrub.unread) == (1, [])
        assert not found.scrub.failure
        print_summary(found)
        assert "of 1 old day than were held; read again." in capsys.readouterr().out
        assert warehouse.numbers() == [1, 3, 4]
        assert list((warehouse.folder / "pipelines").glob("*.ended-well"))


@pytest.mark.long
def test_a_destination_that_fails_as_days_are_read_again_fails_the_sync(
    warehouse: Warehouse,
) -> None:
    with world(*on(200, 1, 2), *on(100, 3)) as sandbox:
        warehouse.sync(sandbox)
        swap(sandbox, 2, *on(200, 4))
        warehouse.change("CREATE UNIQUE INDEX one_reading_a_day ON sync_days (day)")
        with pytest.raises(OpenPanelError, match="the destination failed"):
            night(warehouse, sandbox, 1)
        warehouse.change("DROP INDEX one_reading_a_day")
        night(warehouse, sandbox, 1)
        assert warehouse.numbers() == [1, 3, 4]


@pytest.mark.long
def test_a_destination_that_takes_no_proofs_is_loaded_all_the_same(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with world(*on(200, 1, 2), *on(100, 3)) as sandbox:
        warehouse.sync(sandbox)
        night(warehouse, sandbox, 1)
        swap(sandbox, 2, *on(200, 4))
        warehouse.change("CREATE UNIQUE INDEX no_further_proof ON day_proofs (day)")
        found = night(warehouse, sandbox, 2)
        assert found.exit_code == 0
        assert found.scrub is not None
        assert "could not be written down" in found.scrub.failure
        assert "could not be written down" in caplog.text
        assert warehouse.numbers() == [1, 3, 4]
        assert not warehouse.pipeline().has_pending_data


def stopping_after(requests: int, sandbox: Sandbox, stop: threading.Event) -> Callable[[], None]:
    """Set an event once a server was asked so often."""

    def watch() -> None:
        before = len(sandbox.requests)
        while len(sandbox.requests) < before + requests:
            stop.wait(0.001)
        stop.set()

    return watch


@pytest.mark.long
def test_a_sync_that_is_asked_to_stop_keeps_what_was_listed(warehouse: Warehouse) -> None:
    rows = [row for age in range(5, 105) for row in on(age, age)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        stop = threading.Event()
        settings = warehouse.settings(sandbox, now=NOW + timedelta(days=1), scrub_requests=100)
        watcher = threading.Thread(target=stopping_after(30, sandbox, stop))
        watcher.start()
        stopped = sync(warehouse.pipeline(), stop=stop, **settings)
        watcher.join()
        assert stopped.stopped
        assert stopped.scrub is not None
        assert stopped.scrub.days < 100
        done = night(warehouse, sandbox, 1, scrub_requests=100)
        assert done.scrub is not None
        assert stopped.scrub.days + done.scrub.days == 100


@pytest.mark.long
@pytest.mark.parametrize(("server_date", "parts"), [("2026-08", 1), ("2026-02", 0)])
def test_a_listing_ends_between_pages_when_the_sync_has_to(
    warehouse: Warehouse, server_date: str, parts: int
) -> None:
    rows = [
        event(n, createdAt=f"2026-05-07T10:{n // 100:02d}:{n // 10 % 10:02d}.000Z")
        for n in range(2500)
    ]
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox)
        stop = threading.Event()
        settings = warehouse.settings(sandbox, now=NOW + timedelta(days=1))
        asked = partial(listings_of_may, sandbox, len(sandbox.requests))
        sandbox.behave(path="start=2026-05-07", delay=0.3)
        watcher = threading.Thread(target=stopping_once, args=(asked, stop))
        watcher.start()
        stopped = sync(warehouse.pipeline(), stop=stop, **settings)
        watcher.join()
        assert len(asked()) == 1
        assert stopped.scrub is not None
        assert (stopped.scrub.days, stopped.scrub.parts) == (0, parts)
        assert (stopped.scrub.differing, stopped.scrub.failure) == ([], "")
        sandbox.behave()
        done = night(warehouse, sandbox, 1).scrub
        assert done is not None
        assert (done.days, done.differing) == (1, [])


def listings_of_may(sandbox: Sandbox, before: int) -> list[str]:
    urls = [one.url for one in sandbox.requests[before:] if "start=2026-05-07" in one.url]
    return [url for url in urls if "limit=1000&" in url or "limit=992&" in url]


def stopping_once(is_asked: Callable[[], object], stop: threading.Event) -> None:
    while not is_asked():
        stop.wait(0.001)
    stop.set()


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
def test_a_comparison_is_told_though_what_it_proved_cannot_be_written_down(
    warehouse: Warehouse,
) -> None:
    with world(*on(200, 1, 2), *on(199, 3)) as sandbox, ExitStack() as stack:
        warehouse.sync(sandbox)
        warehouse.change("UPDATE events SET country = 'NO' WHERE id LIKE '%3'")

        another = [running_alone(warehouse.pipeline())]

        def begin_another(_: object) -> None:
            if another:
                stack.enter_context(another.pop())

        first, last = (NOW.date() - timedelta(days=age) for age in (200, 199))
        found = audit(
            warehouse.pipeline(),
            values=ValueAudit(first=first, last=last),
            on_difference=begin_another,
            busy_timeout=0,
            **warehouse.settings(sandbox, now=NOW),
        )
        assert found.values is not None
        assert (found.values.days, len(found.values.differing)) == (2, 1)
        assert ("day_proofs",) not in warehouse.query("SHOW TABLES")


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
