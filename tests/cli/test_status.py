"""Status by command, from the warehouse alone."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run


def test_status_needs_something_to_tell() -> None:
    fails(run("status"), 2, "there is no database", "sync")
    assert not Path("warehouse.duckdb").exists()
    duckdb.connect("warehouse.duckdb").close()
    fails(run("status"), 2, "nothing was loaded", "sync")


def test_status_tells_freshness_days_and_verdicts_from_the_warehouse_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync")
    sandbox.stop()
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENT_SECRET")
    text = run("status").stdout
    assert "web: 3 events, newest 2026-11-23 10:00:00 UTC" in text
    assert "days 2026-11-10 to 2026-11-23: 13 complete, 1 open" in text
    assert "oldest proof 2026-11-23 12:00 UTC, of 2026-11-10; a sync each night proves" in text
    project = json.loads(run("status", "--json").stdout)["projects"][0]
    assert project["events"] == 3
    assert project["verdicts"] == {"complete": 13, "open": 1}
    assert project["newest_event"] == "2026-11-23T10:00:00+00:00"
