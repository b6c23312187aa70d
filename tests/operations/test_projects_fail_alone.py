"""A project that cannot be read fails alone; the others are loaded and verified."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dlt
import pytest
from click.testing import CliRunner

from openpanel_source import errors
from openpanel_source.charts.definition import Chart
from openpanel_source.cli.main import main
from openpanel_source.operations.audit import audit
from openpanel_source.operations.partitions import partitions
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project
from tests.support.sandbox_world import NOW, Row, event, event_id, pages_of
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

ROOT = "11111111-1111-4111-8111-111111111111"
PROJECTS = ["shop", "gone", "blog"]
DAYS = [f"2026-11-{day}" for day in range(10, 20)]
OF_GONE = "projectId=gone"


def rows(project: str, first: int) -> list[Row]:
    return [
        event(first + number, projectId=project, createdAt=f"{day}T10:00:00.000Z")
        for number, day in enumerate(DAYS)
    ]


@contextmanager
def world(*names: str, server_date: str | None = None) -> Iterator[Sandbox]:
    """A server with some of the projects ``shop``, ``gone`` and ``blog``."""
    accounts = Accounts(
        organizations=[Organization("acme", "UTC")],
        projects=[Project(name, "acme") for name in names],
        clients=[Client(ROOT, "root", "acme", None, "sec_root")],
    )
    events = {name: rows(name, 100 * PROJECTS.index(name)) for name in names}
    dataset = Dataset(accounts, events, {})
    with Sandbox(dataset, rate_limit=None, now=lambda: NOW, server_date=server_date) as sandbox:
        yield sandbox


def settings(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    return {"client_id": ROOT, "client_secret": "sec_root", "project_id": PROJECTS} | more


def held(warehouse: Warehouse) -> dict[str, int]:
    return dict(warehouse.query("SELECT project_id, count(*) FROM events GROUP BY 1"))


FAULTS: list[tuple[dict[str, Any] | None, str]] = [
    (None, "no such project"),
    ({"status": 403, "body": '{"message":"You do not have access to this project"}'}, "access"),
    ({"status": 500, "body": "Internal server error"}, "500"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
@pytest.mark.parametrize("order", [PROJECTS, ["gone", "shop", "blog"]])
def test_the_others_are_loaded_and_the_project_is_named_with_the_reason(
    warehouse: Warehouse, fault: dict[str, Any] | None, reason: str, order: list[str]
) -> None:
    with world("shop", "blog", *([] if fault is None else ["gone"])) as sandbox:
        if fault is not None:
            sandbox.behave(path=OF_GONE, content_type="application/json", **fault)
        for loaded in (20, 0):
            summary = warehouse.sync(sandbox, **settings(sandbox, project_id=order))
            assert list(summary.failed_projects) == ["gone"]
            assert reason in summary.failed_projects["gone"]
            assert (summary.exit_code, summary.is_verified) == (1, True)
            assert (summary.events_loaded, summary.days_left) == (loaded, 0)
        assert held(warehouse) == {"shop": 10, "blog": 10}
        found = audit(
            warehouse.pipeline(), deep=True, **warehouse.settings(sandbox, **settings(sandbox))
        )
        assert (list(found.failed_projects), found.differences) == (["gone"], [])
        assert found.exit_code == 1
        failed: dict[str, errors.OpenPanelError] = {}
        planned = partitions(failed=failed, **warehouse.settings(sandbox, **settings(sandbox)))
        assert {partition.project_id for partition in planned} == {"shop", "blog"}
        assert list(failed) == ["gone"]
        if fault is not None:
            # It is well again.
            sandbox.behave()
            assert warehouse.sync(sandbox, **settings(sandbox)).exit_code == 0
            assert held(warehouse) == dict.fromkeys(PROJECTS, 10)


@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_a_project_that_may_not_be_read_does_not_decide_what_the_server_is(
    warehouse: Warehouse, server_date: str
) -> None:
    with world(*PROJECTS, server_date=server_date) as sandbox:
        sandbox.behave(path=OF_GONE, status=500, body="no")
        given = settings(sandbox, project_id=["gone", "shop", "blog"])
        summary = warehouse.sync(sandbox, **given)
    assert (summary.exit_code, summary.is_verified) == (1, True)
    assert held(warehouse) == {"shop": 10, "blog": 10}


@pytest.mark.parametrize("max_days_per_run", [366, 4])
def test_what_was_read_of_a_project_before_it_failed_is_kept_and_the_rest_is_read_later(
    warehouse: Warehouse, max_days_per_run: int
) -> None:
    with world(*PROJECTS) as sandbox:
        # The page of one day in the middle.
        page = f"{OF_GONE}&start=2026-11-15T00%3A00%3A00.000Z&end=2026-11-16T00%3A00%3A00.000Z"
        sandbox.behave(path=f"{page}&limit=1000", status=500, body="no")
        given = settings(sandbox, max_days_per_run=max_days_per_run)
        summary = warehouse.sync(sandbox, **given)
        assert (list(summary.failed_projects), summary.exit_code) == (["gone"], 1)
        assert held(warehouse) == {"shop": 10, "blog": 10, "gone": 4}
        sandbox.behave()
        again = warehouse.sync(sandbox, **given)
        assert (again.exit_code, again.events_loaded) == (0, 6)
        assert warehouse.sync(sandbox, **given).days_read == 0
    assert held(warehouse) == dict.fromkeys(PROJECTS, 10)


def test_days_that_a_killed_sync_left_in_doubt_are_not_forgotten_while_their_project_fails(
    warehouse: Warehouse,
) -> None:
    with world(*PROJECTS) as sandbox:
        warehouse.sync(sandbox, **settings(sandbox))
        warehouse.change(f"DELETE FROM events WHERE id = '{event_id(103)}'")
        (warehouse.folder / "pipelines" / "openpanel.ended-well").unlink()
        sandbox.behave(path=OF_GONE, status=500, body="no")
        assert warehouse.sync(sandbox, **settings(sandbox)).exit_code == 1
        sandbox.behave()
        assert warehouse.sync(sandbox, **settings(sandbox)).days_read == 1
    assert held(warehouse) == dict.fromkeys(PROJECTS, 10)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401, "body": '{"message":"Export: Invalid client secret"}'}, "Credentials"),
        ({"status": 503, "body": "no"}, "Transient"),
        ({"reset": "before_headers"}, "Transient"),
    ],
)
def test_credentials_and_connections_end_all(
    warehouse: Warehouse, fault: dict[str, Any], kind: str
) -> None:
    with world(*PROJECTS) as sandbox:
        sandbox.behave(path=OF_GONE, **fault)
        with pytest.raises(getattr(errors, f"{kind}Error")):
            warehouse.sync(sandbox, **settings(sandbox))


@pytest.mark.parametrize(("status", "code"), [(404, 2), (500, 1)])
def test_if_all_projects_fail_the_first_error_is_raised(
    warehouse: Warehouse, status: int, code: int
) -> None:
    with world("shop", "blog") as sandbox:
        if status == 500:
            sandbox.behave(path="/export/events", status=500, body="no")
        given = warehouse.settings(sandbox, **settings(sandbox, project_id=["gone", "lost"]))
        for attempt in (lambda: warehouse.sync(sandbox, **given), lambda: partitions(**given)):
            with pytest.raises(errors.OpenPanelError) as raised:
                attempt()
            assert raised.value.exit_code == code
            assert "gone" in str(raised.value)


@pytest.mark.long
def test_if_the_last_project_fails_while_what_was_read_is_committed_its_error_is_raised(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load = dlt.Pipeline.load

    def load_late(self: dlt.Pipeline, *given: Any, **named: Any) -> Any:
        while "project shop cannot be read" not in caplog.text:
            time.sleep(0.05)
        return load(self, *given, **named)

    with world("shop") as sandbox:
        given = settings(sandbox, project_id="shop", max_days_per_run=1)
        sandbox.behave(path=pages_of(DAYS[-2]), status=500, body="no", delay=1)
        with monkeypatch.context() as patch:
            patch.setattr(dlt.Pipeline, "load", load_late)
            with pytest.raises(errors.InternalServerError):
                warehouse.sync(sandbox, **given)
        assert held(warehouse) == {"shop": 1}
        sandbox.behave()
        assert warehouse.sync(sandbox, **given).exit_code == 0
    assert held(warehouse) == {"shop": 10}


def test_charts_of_the_project_fail_with_it_and_the_others_are_drawn(warehouse: Warehouse) -> None:
    chart = Chart("daily", ["*"], start="2026-11-10", end="2026-11-19")
    with world("shop", "blog") as sandbox:
        summary = warehouse.sync(sandbox, **settings(sandbox, charts=[chart]))
    assert list(summary.failed_projects) == ["gone"]
    assert list(summary.failed_charts) == ["daily (gone)"]
    drawn = "SELECT DISTINCT project_id FROM charts JOIN chart_points USING (chart_id) ORDER BY 1"
    assert warehouse.query(drawn) == [("blog",), ("shop",)]


def test_the_command_names_the_project_in_words_and_in_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with world("shop", "blog") as sandbox:
        for name, value in {
            "CLIENT_ID": ROOT,
            "CLIENT_SECRET": "sec_root",
            "PROJECT_ID": json.dumps(PROJECTS),
            "BASE_URL": sandbox.url,
            "NOW": NOW.isoformat(),
        }.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name}", value)
        for command in ("sync", "audit", "partitions"):
            said = CliRunner().invoke(main, [command])
            assert "PROJECT FAILED gone: " in said.stdout, said.output
            told = CliRunner().invoke(main, [command, "--json"])
            assert list(json.loads(told.stdout)["failed_projects"]) == ["gone"]
            assert (said.exit_code, told.exit_code) == (1, 1)
        checked = CliRunner().invoke(main, ["check"])
        assert "FAIL  project gone" in checked.stdout
        assert "ok    project shop: 10 events" in checked.stdout
        assert checked.exit_code == 2


def test_a_sync_that_is_stopped_names_the_projects_that_had_failed(warehouse: Warehouse) -> None:
    stop = threading.Event()
    with world("shop", "blog") as sandbox:
        summary = warehouse.sync(
            sandbox, **settings(sandbox, on_day=lambda report: stop.set(), stop=stop)
        )
    assert (summary.stopped, list(summary.failed_projects)) == (True, ["gone"])


def test_a_project_whose_days_fill_the_first_run_starves_no_other(warehouse: Warehouse) -> None:
    with world("gone", "shop") as sandbox:
        # It can be counted, and none of its pages can be had.
        pages = (f"{OF_GONE}&{pages_of(day)}" for day in DAYS)
        sandbox.behave(faults=[{"path": page, "status": 500, "body": "{}"} for page in pages])
        names = ["gone", "shop"]
        summary = warehouse.sync(
            sandbox, **settings(sandbox, project_id=names, end_date=DAYS[-1], max_days_per_run=1)
        )
    assert list(summary.failed_projects) == ["gone"]
    assert held(warehouse) == {"shop": len(DAYS)}
