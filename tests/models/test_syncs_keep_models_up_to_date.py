"""Once they are made, each sync brings the models up to date, as they were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main
from openpanel_source.sandbox import Sandbox
from tests.support.command import fails
from tests.support.sandbox_world import event
from tests.support.visits import DATABASE, query, run

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("configured")]


def test_models_wait_for_events() -> None:
    fails(run("models"), 2, "run openpanel-source sync first")
    assert not Path(DATABASE).exists()
    run("sync", "--dataset", "other")
    fails(run("models"), 2, "nothing was loaded", "run openpanel-source sync first")


def test_other_destinations_are_told_before_anything_is_read(sandbox: Sandbox) -> None:
    arguments = ["sync", "--models", "--destination", "filesystem"]
    fails(CliRunner().invoke(main, arguments), 2, "DuckDB and PostgreSQL, not in filesystem")
    assert sandbox.requests == []


def test_once_made_each_sync_keeps_them_up_to_date(sandbox: Sandbox) -> None:
    assert "Models" not in run("sync").stdout
    assert "made as tables" in run("models").stdout
    assert "0 days taken in" in run("models").stdout
    sandbox.add([event(90, sessionId="s1")])
    left_alone = run("sync", "--no-models", "--reload")
    assert (left_alone.exit_code, "Models" in left_alone.stdout) == (0, False)
    size = "SELECT events FROM sessions WHERE session_id = 's1'"
    assert query(size) == [(5,)]
    assert "Models" in run("sync").stdout
    assert query(size) == [(6,)]


def test_a_sync_that_was_killed_before_they_were_brought_up_to_date_is_made_up_for(
    sandbox: Sandbox,
) -> None:
    run("sync", "--models")
    sandbox.add([event(90, sessionId="s90")])
    # The rows arrive, and what would follow does not.
    run("sync", "--no-models", "--reload")
    result = run("sync")
    assert "Nothing new" in result.stdout
    assert query("SELECT events FROM sessions WHERE session_id = 's90'") == [(1,)]


def test_models_keep_the_time_zone_that_they_were_given_until_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def first_day(*arguments: str) -> str:
        assert run(*arguments).exit_code == 0
        ((day,),) = query("SELECT min(day)::VARCHAR FROM daily_metrics")
        return str(day)

    setting = "SOURCES__OPENPANEL__TIMEZONE"
    assert first_day("sync", "--models") == "2026-11-10"
    monkeypatch.setenv(setting, "Pacific/Kiritimati")
    assert first_day("sync", "--models") == "2026-11-11"
    monkeypatch.delenv(setting)
    assert first_day("sync", "--models") == "2026-11-11"
    assert first_day("models", "--timezone", "UTC") == "2026-11-10"
    assert first_day("sync", "--models") == "2026-11-10"
    monkeypatch.setenv(setting, "Pacific/Kiritimati")
    assert first_day("sync", "--models") == "2026-11-10"
    assert first_day("models", "--timezone", "Pacific/Kiritimati") == "2026-11-11"
    monkeypatch.setenv(setting, "Europe/Stockholm")
    assert first_day("sync", "--models") == "2026-11-11"
    assert first_day("models") == "2026-11-11"


def test_erased_profiles_are_gone_from_all_models(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync", "--models")
    held = "SELECT count(*) FROM users WHERE profile_id = 'bert'"
    assert query(held) == [(1,)]
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", '["bert"]')
    assert run("erase", "bert").exit_code == 0
    assert query(held) == [(0,)]
    assert query("SELECT profile_id FROM sessions WHERE session_id = 's1'") == [("anna",)]


def test_another_definition_of_conversions_makes_all_anew() -> None:
    run("sync", "--models")
    query(
        "CREATE TABLE event_meta AS SELECT 'web' AS project_id, 'screen_view' AS name,"
        " TRUE AS conversion"
    )
    assert "made as tables" in run("sync").stdout
    conversions = "SELECT conversions FROM sessions ORDER BY started_at"
    assert query(conversions) == [(3,), (1,)]
    query("UPDATE event_meta SET conversion = FALSE")
    assert "made as tables" in run("sync").stdout
    assert query(conversions) == [(1,), (0,)]
