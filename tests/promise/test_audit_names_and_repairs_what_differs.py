"""An audit counts server and warehouse against the ledger, and repairs what differs."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from filelock import FileLock

from openpanel_source.api.client import Client
from openpanel_source.cli.main import main
from openpanel_source.errors import DestinationError, OpenPanelError, PipelineBusyError
from openpanel_source.operations.audit import AuditReport, audit
from openpanel_source.operations.status import read_status
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.load_package import reader_of
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(24)


def history(days: int) -> list[dict[str, Any]]:
    """An event on each day up to yesterday, the newest with number 1."""
    today = NOW.date()
    return [
        event(number, createdAt=f"{today - timedelta(days=number)}T10:00:00.000Z")
        for number in range(1, days + 1)
    ]


def look(warehouse: Warehouse, sandbox: Sandbox, **options: Any) -> AuditReport:
    return audit(warehouse.pipeline(), **warehouse.settings(sandbox), **options)


def differing(report: AuditReport) -> list[tuple[str, str]]:
    return [(str(item.day), item.problem) for item in report.differences if item.is_damage]


def change_the_warehouse(warehouse: Warehouse, sql: str) -> None:
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("USE openpanel")
        connection.execute(sql)


def test_nothing_differs_after_a_sync(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        report = look(warehouse, sandbox)
    assert (report.days, report.differences, report.exit_code) == (41, [], 0)
    assert report.requests <= 12


def test_an_audit_reads_and_changes_nothing(warehouse: Warehouse) -> None:
    with world(*history(10)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(7)])
        before = warehouse.days()
        assert look(warehouse, sandbox).exit_code == 3
        assert warehouse.numbers() == list(range(1, 11))
        assert warehouse.days() == before


def test_rows_that_came_and_went_upstream_are_named_and_repaired(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(20), event_id(2)])
        late = [event(500 + n, createdAt="2026-11-01T11:00:00.000Z") for n in range(2)]
        sandbox.add(late)
        assert differing(look(warehouse, sandbox)) == [
            ("2026-11-21", "changed upstream, or not proven when read"),
            ("2026-11-03", "changed upstream"),
            ("2026-11-01", "changed upstream"),
        ]
        repaired = look(warehouse, sandbox, repair=True)
        assert repaired.exit_code == 0
        assert look(warehouse, sandbox).differences == []
    wanted = [number for number in range(1, 41) if number not in (2, 20)]
    assert warehouse.numbers() == [*wanted, 500, 501]


@pytest.mark.long
def test_changes_that_cancel_out_are_found_by_a_deep_audit(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(20)])
        sandbox.add([event(500, createdAt="2026-10-20T11:00:00.000Z")])
        assert look(warehouse, sandbox).differences == []
        deep = look(warehouse, sandbox, deep=True)
        assert [day for day, _ in differing(deep)] == ["2026-11-03", "2026-10-20"]
        look(warehouse, sandbox, deep=True, repair=True)
        assert look(warehouse, sandbox, deep=True).differences == []
    assert warehouse.numbers() == [*(n for n in range(1, 41) if n != 20), 500]


def test_a_manual_delete_in_the_warehouse_is_named_and_repaired(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        change_the_warehouse(warehouse, "DELETE FROM events WHERE event_date = '2026-11-01'")
        change_the_warehouse(
            warehouse, "INSERT INTO events SELECT * FROM events WHERE event_date = '2026-11-05'"
        )
        report = look(warehouse, sandbox)
        assert differing(report) == [
            ("2026-11-05", "changed in the destination"),
            ("2026-11-01", "changed in the destination"),
        ]
        assert [(item.loaded, item.held) for item in report.differences] == [(1, 2), (1, 0)]
        assert look(warehouse, sandbox, repair=True).exit_code == 0
    assert warehouse.numbers() == list(range(1, 41))


def test_a_table_that_was_dropped_is_named_and_repaired(warehouse: Warehouse) -> None:
    with world(*history(5)) as sandbox:
        warehouse.sync(sandbox)
        held = warehouse.numbers()
        warehouse.change("DROP TABLE events")
        report = audit(warehouse.pipeline(), repair=True, **warehouse.settings(sandbox))
        assert report.exit_code == 0
        assert {item.held for item in report.differences} == {0}
    assert warehouse.numbers() == held


def test_a_restored_backup_is_named_and_repaired(warehouse: Warehouse) -> None:
    backup = warehouse.folder / "backup.duckdb"
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox, end_date="2026-11-10")
        shutil.copy(warehouse.path, backup)
        sandbox.add([event(500, createdAt="2026-11-05T11:00:00.000Z")])
        warehouse.sync(sandbox)
        shutil.copy(backup, warehouse.path)
        assert look(warehouse, sandbox).exit_code == 3
        assert look(warehouse, sandbox, repair=True).exit_code == 0
        assert look(warehouse, sandbox).differences == []
    assert warehouse.numbers() == [*range(1, 41), 500]


def test_days_that_a_sync_would_read_anyway_are_pending_not_damaged(warehouse: Warehouse) -> None:
    with world(*history(5)) as sandbox:
        warehouse.sync(sandbox, end_date="2026-11-20")
        report = look(warehouse, sandbox)
    assert {str(item.day): item.problem for item in report.differences} == {
        "2026-11-23": "not read yet",
        "2026-11-22": "not read yet",
        "2026-11-21": "not read yet",
    }
    assert report.exit_code == 0


def test_a_sync_while_the_server_is_asked_is_no_damage(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(*history(5)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(600, createdAt=f"{NOW.date()}T10:00:00.000Z")])

        def synced_meanwhile(*given: Any, **named: Any) -> Any:
            warehouse.sync(sandbox)
            return reader_of(*given, **named)

        monkeypatch.setattr("openpanel_source.operations.audit.reader_of", synced_meanwhile)
        report = look(warehouse, sandbox)
    assert [item.problem for item in report.differences] == ["open and changed since it was read"]
    assert report.exit_code == 0


def test_what_a_killed_sync_had_not_loaded_is_pending_not_damaged(warehouse: Warehouse) -> None:
    with world(*history(5)) as sandbox:
        warehouse.sync(sandbox, end_date="2026-11-20")
        cut_off = warehouse.pipeline()
        cut_off.extract(warehouse.source(sandbox))
        report = look(warehouse, sandbox)
        assert {item.problem for item in report.differences} == {"not read yet"}
        assert (len(report.differences), report.exit_code) == (3, 0)
        assert cut_off.has_pending_data
        assert warehouse.sync(sandbox).events_loaded == 2
    assert warehouse.numbers() == [1, 2, 3, 4, 5]


def test_the_status_of_a_first_sync_that_was_killed_leaves_its_folder_alone(
    warehouse: Warehouse,
) -> None:
    with world(*history(5)) as sandbox:
        cut_off = warehouse.pipeline()
        cut_off.extract(warehouse.source(sandbox))
        with pytest.raises(DestinationError, match="nothing was loaded into dataset openpanel yet"):
            read_status(warehouse.pipeline())
        assert cut_off.has_pending_data


def test_connections_are_closed_whatever_becomes_of_an_audit(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Client] = []
    close = Client.close

    def noted(client: Client) -> None:
        closed.append(client)
        close(client)

    monkeypatch.setattr(Client, "close", noted)
    with world(*history(5)) as sandbox:
        warehouse.sync(sandbox)
        closed.clear()
        look(warehouse, sandbox)
        sandbox.behave(status=400)
        with pytest.raises(OpenPanelError):
            look(warehouse, sandbox)
    assert len(closed) == 2


def test_the_command_tells_what_differs(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["audit", "--project-id", "web", *arguments])

    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", CLIENT)
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SOURCES__OPENPANEL__NOW", NOW.isoformat())
    with world(*history(40)) as sandbox:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", sandbox.url)
        assert run().exit_code == 2
        CliRunner().invoke(main, ["sync", "--project-id", "web"])
        assert "41 days audited" in run().stdout
        sandbox.remove([event_id(20)])
        sandbox.add([event(600, createdAt=f"{NOW.date()}T10:00:00.000Z")])
        found = run()
        assert found.exit_code == 3
        assert "DIFFERS  web 2026-11-03: changed upstream" in found.stdout
        assert "pending  web 2026-11-23: open and changed" in found.stdout
        assert "audit --repair" in found.stdout
        repaired = json.loads(run("--repair", "--deep", "--json").stdout)
        assert repaired["verified"] is True
        assert repaired["repair"]["days_read"] == 2
        assert run().exit_code == 0


def test_two_runs_of_one_pipeline_keep_out_of_each_other_s_way(warehouse: Warehouse) -> None:
    with world(*history(5)) as sandbox:
        folder = warehouse.folder / "pipelines"
        folder.mkdir()
        with FileLock(folder / "openpanel.lock"):
            with pytest.raises(PipelineBusyError, match="another sync") as caught:
                sync(warehouse.pipeline(), busy_timeout=0, **warehouse.settings(sandbox))
            assert caught.value.exit_code == 1
        assert warehouse.sync(sandbox).events_loaded == 5
