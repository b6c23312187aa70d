"""The rows of the models say what the events say: of sessions, days, pages and the funnel."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from openpanel_source import refresh_models
from openpanel_source.cli.main import main
from openpanel_source.models.definitions import NAMES
from openpanel_source.sandbox import Sandbox
from tests.support.command import fails
from tests.support.sandbox_world import chart, event, points, world
from tests.support.visits import made, query, run, visit
from tests.support.warehouse import Warehouse

pytestmark = [pytest.mark.sampled(20), pytest.mark.usefixtures("configured")]

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_a_session_tells_what_its_events_tell() -> None:
    result = run("sync", "--models")
    assert result.exit_code == 0, result.output
    assert f"Models: {', '.join(NAMES)}; made as tables" in result.stdout
    rows = query(
        "SELECT session_id, profile_id, strftime(started_at, '%H:%M:%S'), duration_seconds, events,"
        " views, is_bounce, entry_page, exit_page, source, medium, campaign, country, city, os,"
        " conversions, revenue, event_revenue FROM sessions ORDER BY started_at"
    )
    assert rows == [
        (
            *("s1", "bert", "12:00:02", 2.0, 5, 2, False, "/pricing", "/thanks"),
            *("news", "email", "june", "SE", "Stockholm", "iOS", 1, 0, 1200),
        ),
        (
            *("s10", "anna", "12:00:00", 0.0, 1, 1, True, "/", "/"),
            *("direct", "none", None, None, None, None, 0, 0, 0),
        ),
    ]


def test_without_a_campaign_the_referrer_is_the_source(sandbox: Sandbox, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    google = {"referrer": "https://g.co/", "referrerName": "Google", "referrerType": "search"}
    with world(
        *visit(1, "screen_view", **google),
        *visit(2, "screen_view", referrer="https://example.org/a"),
        *visit(3, "screen_view", properties={"__query.utm_source": "x"}, **google),
    ) as server:
        warehouse.sync(server)
    refresh_models(warehouse.pipeline())
    assert warehouse.query("SELECT source, medium FROM sessions ORDER BY session_id") == [
        ("Google", "search"),
        ("example.org", "referral"),
        ("x", "search"),
    ]


def test_a_table_without_web_columns_has_campaigns_in_its_properties() -> None:
    run("sync")
    for column in ("utm_source", "utm_medium", "utm_campaign", "page_title"):
        query(f"ALTER TABLE events DROP COLUMN {column}")
    assert run("models").exit_code == 0
    assert query("SELECT source, medium, campaign FROM sessions ORDER BY started_at") == [
        ("news", "email", "june"),
        ("direct", "none", None),
    ]


def test_days_pages_and_the_funnel_add_up() -> None:
    run("sync", "--models")
    days = query(
        "SELECT day::VARCHAR, sessions, visitors, views, bounce_rate, avg_duration_seconds,"
        " revenue, events, active_visitors, active_sessions, all_views, event_revenue"
        " FROM daily_metrics ORDER BY day"
    )
    assert days == [
        ("2026-11-10", 1, 1, 2, 0.0, 2.0, 0, 6, 3, 1, 2, 1200),
        ("2026-11-23", 1, 1, 1, 1.0, None, 0, 1, 1, 1, 1, 0),
    ]
    assert query("SELECT country, events, sessions FROM daily_countries ORDER BY day") == [
        ("SE", 6, 1),
        (None, 1, 1),
    ]
    pages = query("SELECT path, views, sessions, entries, exits, bounces FROM pages ORDER BY 1")
    assert pages == [
        ("/", 1, 1, 1, 1, 1),
        ("/pricing", 1, 1, 1, 0, 0),
        ("/product/1", 1, 1, 0, 0, 0),
        ("/thanks", 0, 0, 0, 1, 0),
    ]
    assert query(
        "SELECT name, sessions, of_previous, of_visits FROM funnel ORDER BY day, step"
    ) == [
        ("visit", 1, None, 1.0),
        ("product view", 1, 1.0, 1.0),
        ("purchase", 1, 1.0, 1.0),
        ("visit", 1, None, 1.0),
        ("product view", 0, 0.0, 0.0),
        ("purchase", 0, None, 0.0),
    ]
    weeks = query("SELECT cohort_week::VARCHAR, week, cohort_visitors, visitors FROM retention")
    assert sorted(weeks) == [("2026-11-08", week, 3, left) for week, left in enumerate([3, 1, 1])]


def test_steps_of_the_funnel_come_in_order(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(
        *visit(1, "purchase"), event(2, name="screen_view", sessionId="s1", path="/product/1")
    ) as server:
        warehouse.sync(server)
    refresh_models(warehouse.pipeline())
    assert warehouse.query("SELECT sessions FROM funnel ORDER BY step") == [(1,), (1,), (0,)]


def test_events_without_a_session_are_none_here_and_one_in_charts(sandbox: Sandbox) -> None:
    run("sync", "--models")
    ((sessions,),) = query("SELECT sessions FROM daily_metrics WHERE day = '2026-11-10'")
    drawn = chart(sandbox, series=[{"name": "*", "segment": "session"}])
    assert points(drawn["series"][0])["2026-11-10 00:00:00"] == sessions + 1


def test_conversions_are_those_of_event_meta_where_it_was_loaded() -> None:
    run("sync")
    query(
        "CREATE TABLE event_meta AS SELECT 'web' AS project_id, 'screen_view' AS name,"
        " TRUE AS conversion"
    )
    assert run("models").exit_code == 0
    assert query("SELECT conversions FROM sessions ORDER BY started_at") == [(3,), (1,)]


def test_days_begin_where_the_organisation_is(monkeypatch: pytest.MonkeyPatch) -> None:
    run("sync")
    days = "SELECT min(day)::VARCHAR, max(day)::VARCHAR FROM daily_metrics"
    monkeypatch.setenv("SOURCES__OPENPANEL__TIMEZONE", "Pacific/Kiritimati")
    run("models")
    assert query(days) == [("2026-11-11", "2026-11-24")]
    run("models", "--timezone", "UTC")
    assert query(days) == [("2026-11-10", "2026-11-23")]
    fails(run("models", "--timezone", "Mars"), 2, "timezone 'Mars'")


def test_names_and_paths_of_events_are_only_data(tmp_path: Path) -> None:
    hostile = "'; DROP TABLE sessions; --\" %s {0} $1 \\"
    warehouse = Warehouse(tmp_path)
    with world(
        event(1, name="screen_view", path=hostile, sessionId=hostile, country="'x"),
        event(2, name=hostile, path=hostile, sessionId=hostile),
    ) as server:
        warehouse.sync(server)
    refresh_models(warehouse.pipeline())
    refresh_models(warehouse.pipeline())
    assert warehouse.query("SELECT session_id, entry_page, events FROM sessions") == [
        (hostile, hostile, 2)
    ]
    assert warehouse.query("SELECT path, exits FROM pages") == [(hostile, 1)]


def test_days_without_events_make_empty_models() -> None:
    result = run("sync", "--models", "--start-date", "2026-11-12", "--end-date", "2026-11-13")
    assert result.exit_code == 0, result.output
    assert sorted(made()) == sorted(NAMES)
    assert [query(f"FROM {name}") for name in NAMES] == [[]] * len(NAMES)


def test_the_readme_tells_which_campaigns_sold_on_the_database_of_the_demo() -> None:
    demo = CliRunner().invoke(main, ["demo", "--events", "10000", "--days", "10"])
    assert demo.exit_code == 0, demo.output
    assert f"Models: {', '.join(NAMES)}; made as tables" in demo.stdout
    (statement,) = re.findall(r"^SELECT campaign[^;]*;", README, flags=re.MULTILINE)
    with duckdb.connect("openpanel_demo.duckdb") as connection:
        connection.execute("USE openpanel")
        campaigns = connection.execute(statement).fetchall()
    assert {"retargeting", "weekly-digest"} & {campaign for campaign, _, _ in campaigns}
    assert all(buyers > 0 and revenue > 0 for _, buyers, revenue in campaigns)
