"""The Dagster example: days by schedule, months by backfill, checks, and what it tells of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.orchestrators.conftest import PROJECTS, Installation
from tests.support.sandbox_world import pages_of


@pytest.fixture
def dagster(installation: Installation) -> Installation:
    home = installation.folder / "home"
    home.mkdir()
    # A DuckDB file takes one writer.
    limit = "concurrency: {pools: {default_limit: 1}}"
    (home / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{limit}\n")
    installation.use_environment()
    installation.environment["DAGSTER_HOME"] = str(home)
    first_day = installation.first_day.isoformat()
    installation.copy("dagster_definitions.py", PROJECTS=PROJECTS, FIRST_DAY=first_day)
    return installation


def test_days_are_materialized_checked_and_explained(dagster: Installation) -> None:
    yesterday, earlier = (dagster.today - timedelta(days=days) for days in (1, 20))

    (old,) = dagster.drive("materialize", earlier.isoformat())
    assert dagster.days_read() == {earlier}
    assert old["success"]
    assert old["metadata"]["verdicts"] == {"complete": len(PROJECTS)}
    assert old["checks"] == {"every_settled_day_is_complete": True, "every_project_is_fresh": True}

    (new,) = dagster.drive("materialize", yesterday.isoformat())
    assert dagster.difference() == ""
    assert all(new["checks"].values())
    table = new["metadata"]["days"]
    assert {(row["project_id"], row["day"], row["verdict"]) for row in table} == {
        (project, yesterday.isoformat(), "complete") for project in PROJECTS
    }
    held = dagster.query(f"SELECT count(*) FROM events WHERE event_date = '{yesterday}'")
    assert new["metadata"]["dagster/partition_row_count"] == held[0][0]
    assert new["report"]["report"].startswith("# OpenPanel report")
    page = dagster.page("openpanel-report.html")
    assert all(project in new["report"]["report"] and project in page for project in PROJECTS)


def test_a_day_that_cannot_be_verified_fails_a_check_and_not_the_run(dagster: Installation) -> None:
    yesterday = dagster.today - timedelta(days=1)
    dagster.sandbox.behave(path=pages_of(str(yesterday)), drop_rows=1)
    (night,) = dagster.drive("materialize", yesterday.isoformat())
    assert night["success"]
    assert night["metadata"]["verified"] is False
    assert night["checks"]["every_settled_day_is_complete"] is False

    dagster.sandbox.behave()
    (night,) = dagster.drive("materialize", yesterday.isoformat())
    assert all(night["checks"].values())
    assert dagster.difference() == ""


def test_a_backfill_by_month_is_adopted_by_the_next_day(dagster: Installation) -> None:
    done = dagster.drive("backfill")
    assert set(done.values()) == {"SUCCESS"}
    assert len(done) >= len(PROJECTS)
    backfilled = dagster.query("SELECT count(*) FROM sync_days WHERE verdict = 'complete'")[0][0]

    yesterday = dagster.today - timedelta(days=1)
    (night,) = dagster.drive("materialize", yesterday.isoformat())
    assert dagster.difference() == ""
    assert night["metadata"]["days_adopted"] == backfilled
