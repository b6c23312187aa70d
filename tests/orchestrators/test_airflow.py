"""The Airflow example: nights, nights repeated, nights in doubt, and a backfill."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.orchestrators.conftest import PROJECTS, Installation
from tests.support.sandbox_world import pages_of


@pytest.fixture
def airflow(installation: Installation) -> Installation:
    home = installation.folder / "home"
    installation.environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    page = str(installation.folder / "report.html")
    installation.copy("airflow_dag.py", home / "dags", REPORT=page)
    installation.run("airflow", "db", "migrate")
    source = "\n".join(f"{name} = {json.dumps(it)}" for name, it in installation.settings.items())
    warehouse = f"[destination.duckdb]\ncredentials = {json.dumps(str(installation.warehouse))}"
    secrets = f"[sources.openpanel]\n{source}\n{warehouse}\n"
    installation.run("airflow", "variables", "set", "dlt_secrets_toml", secrets)
    return installation


def test_a_night_loads_everything_and_one_in_doubt_fails_its_check(airflow: Installation) -> None:
    night = airflow.drive("openpanel_nightly")
    assert night["parsed_with"] == []  # nothing that takes a second to import
    assert night["tasks"] == {key: ["success"] for key in ("load_events", "report", "verify")}
    assert airflow.difference() == ""
    assert all(project in airflow.page("report.html") for project in PROJECTS)

    airflow.sandbox.behave(path=pages_of(str(airflow.today - timedelta(days=1))), drop_rows=1)
    airflow.sandbox.remove([_an_event_of(airflow, days_ago=1)])
    night = airflow.drive("openpanel_nightly")
    succeeded = {key: ["success"] for key in ("load_events", "report")}
    assert night["tasks"] == succeeded | {"verify": ["failed"]}
    assert night["state"] == "failed"


def test_credentials_that_are_wrong_are_not_tried_again(airflow: Installation) -> None:
    airflow.environment["SOURCES__OPENPANEL__CLIENT_SECRET"] = "sec_wrong"
    night = airflow.drive("openpanel_nightly")
    missing = {key: ["upstream_failed"] for key in ("report", "verify")}
    assert night["tasks"] == {"load_events": ["failed"]} | missing


def test_a_repeated_night_reads_just_its_day(airflow: Installation) -> None:
    day = airflow.today - timedelta(days=20)
    # As in the interface, an interval that a person asks for is the one that was over by then.
    night = airflow.drive("openpanel_nightly", f"{day + timedelta(days=1)}T00:00:00+00:00")
    assert night["state"] == "success"
    assert airflow.days_read() == {day}


def test_a_backfill_is_cut_up_and_adopted_by_the_next_night(airflow: Installation) -> None:
    done = airflow.drive("openpanel_backfill", json.dumps({"events_per_partition": 600}))
    assert done["state"] == "success"
    assert len(done["tasks"]["load_partition"]) >= 5
    backfilled = airflow.query("SELECT count(*) FROM sync_days WHERE verdict = 'complete'")[0][0]

    airflow.drive("openpanel_nightly")
    assert airflow.difference() == ""
    adopted = airflow.query("SELECT count(*) FROM sync_days WHERE reason = 'adopted'")[0][0]
    assert adopted == backfilled
    assert backfilled >= 60 * len(PROJECTS)


def _an_event_of(airflow: Installation, *, days_ago: int) -> Any:
    day = airflow.today - timedelta(days=days_ago)
    return airflow.query(f"SELECT id FROM events WHERE event_date = '{day}' LIMIT 1")[0][0]
