"""What fails while old days are listed and read again costs no row, and no sync that can go on."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from openpanel_source.cli.summary import print_summary
from openpanel_source.destinations.pipeline_lock import running_alone
from openpanel_source.errors import OpenPanelError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ValueAudit
from tests.support.old_days import night, on, swap
from tests.support.sandbox_world import NOW, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.long

READING = "2026-05-08+00%3A00%3A00.000%5C%22%5D%7D%5D%22&includes="
"""In the requests that read 2026-05-07, and not in those that list it."""
ROOT = {"client_id": "11111111-1111-4111-8111-111111111111", "client_secret": "sec_root"}


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
