"""The Prefect example: nights, retries that resume, a backfill, and what is published."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.orchestrators.conftest import PROJECTS, Installation
from tests.support.sandbox_world import pages_of


@pytest.fixture
def prefect(installation: Installation) -> Installation:
    installation.use_environment()
    installation.environment |= {
        "PREFECT_HOME": str(installation.folder / "home"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # A busy machine takes longer than the usual 20 seconds.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "DO_NOT_TRACK": "1",
    }
    installation.copy("prefect_flow.py", RETRY_SECONDS=[1, 1, 1])
    return installation


def test_a_night_that_fails_in_the_middle_is_resumed_by_its_retry(prefect: Installation) -> None:
    day = prefect.today - timedelta(days=40)
    prefect.environment["SOURCES__OPENPANEL__MAX_DAYS_PER_RUN"] = "30"
    # A request is tried three times; five bad answers are enough for one of two projects.
    prefect.sandbox.behave(path=pages_of(str(day)), html=True, times=5)
    night = prefect.drive("openpanel_nightly")
    assert night["state"] == "COMPLETED"
    assert night["tasks"]["load"] == [["COMPLETED", 2]]
    assert prefect.difference() == ""
    # What was read before the failure was not read again.
    assert (
        prefect.query("SELECT 1 FROM sync_days GROUP BY project_id, day HAVING count(*) > 1") == []
    )

    ledger = night["artifacts"]["openpanel-ledger"]
    assert all(f"| {project} |" in ledger for project in PROJECTS)
    report, page = night["artifacts"]["openpanel-report"], prefect.page("openpanel-report.html")
    assert report.startswith("# OpenPanel report")
    assert all(project in report and project in page for project in PROJECTS)


def test_a_night_in_doubt_fails_its_check(prefect: Installation) -> None:
    prefect.sandbox.behave(path=pages_of(str(prefect.today - timedelta(days=1))), drop_rows=1)
    night = prefect.drive("openpanel_nightly")
    assert night["state"] == "FAILED"
    states = {name: [state for state, _ in runs] for name, runs in night["tasks"].items()}
    assert states == {"load": ["COMPLETED"], "report": ["COMPLETED"], "verify": ["FAILED"]}
    assert str(prefect.today - timedelta(days=1)) in night["artifacts"]["openpanel-ledger"]


def test_a_backfill_in_parallel_is_adopted_by_the_next_night(prefect: Installation) -> None:
    prefect.run("prefect", "gcl", "create", "openpanel", "--limit", "1")
    done = prefect.drive("openpanel_backfill", json.dumps({"events_per_partition": 600}))
    assert done["state"] == "COMPLETED"
    assert len(done["tasks"]["load"]) >= 5
    backfilled = prefect.query("SELECT count(*) FROM sync_days WHERE verdict = 'complete'")[0][0]

    prefect.drive("openpanel_nightly")
    assert prefect.difference() == ""
    adopted = prefect.query("SELECT count(*) FROM sync_days WHERE reason = 'adopted'")[0][0]
    assert adopted == backfilled
