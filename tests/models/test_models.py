"""The analyst's models: what their rows say, and that they leave everything else alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import sqlglot
from click.testing import CliRunner, Result
from sqlglot import exp

from openpanel_source import refresh_models
from openpanel_source.cli.main import main
from openpanel_source.errors import ViewBlockedError
from openpanel_source.models.definitions import DIALECTS, NAMES, models
from openpanel_source.sandbox import Sandbox
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401 - fixtures
from tests.support.sandbox_world import CLIENT, NOW, SECRET, chart, event, event_id, points, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(20)

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
DATABASE = "warehouse.duckdb"
CAMPAIGN = {
    "__query.utm_source": "news",
    "__query.utm_medium": "email",
    "__query.utm_campaign": "june",
}


def visit(first: int, *names: str, **values: Any) -> list[dict[str, Any]]:
    """A session, one event a second, named after the number of its first event."""
    return [
        event(number, name=name, **{"sessionId": f"s{first}"} | values)
        for number, name in enumerate(names, first)
    ]


EVENTS = [
    *visit(1, "session_start", "screen_view", path="/pricing", referrer="https://www.google.com/"),
    event(3, name="screen_view", sessionId="s1", path="/product/1", properties=CAMPAIGN),
    event(4, sessionId="s1", path="/thanks", revenue=1200, profileId="bert"),
    event(5, name="session_end", sessionId="s1", properties={"__bounce": "0"}, profileId="bert"),
    *visit(10, "screen_view", path="/", country="\0\0", city="", os="", createdAt=NOW.isoformat()),
    *visit(20, "signup", sessionId="", deviceId="", profileId="server"),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*EVENTS) as server:
        yield server


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    settings = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "now": NOW.isoformat(),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--database", DATABASE])


def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(DATABASE) as connection:
        connection.execute("SET TimeZone = 'UTC'; USE openpanel")
        return connection.execute(sql, parameters).fetchall()


def execute(warehouse: PostgresWarehouse, sql: str) -> None:
    with closing(psycopg2.connect(warehouse.url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"SET search_path TO openpanel; {sql}")


def made(kind: str = "BASE TABLE") -> list[str]:
    rows = query("SELECT table_name, table_type FROM information_schema.tables")
    return sorted(name for name, type_ in rows if type_ == kind and name in NAMES)


def fails(result: Result, code: int, *words: str) -> None:
    """The command failed with one sentence that holds these words."""
    assert result.exit_code == code, result.output
    sentences = [line for line in result.stderr.splitlines() if "openpanel-source:" in line]
    assert len(sentences) == 1, result.stderr
    for word in words:
        assert word in sentences[0]


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
    assert sorted(weeks) == [("2026-11-08", 0, 3, 3), ("2026-11-08", 2, 3, 1)]


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


@pytest.mark.parametrize("kind", ["table", "view"])
def test_models_are_described_in_the_database_column_by_column(kind: str) -> None:
    run("sync", "--models")
    if kind == "view":
        run("models", "--views")
    for model in models():
        ((comment,),) = query(
            f"SELECT comment FROM duckdb_{kind}s() WHERE {kind}_name = ?", model.name
        )
        assert model.description in comment
        assert comment.endswith("Time zone: UTC.")
        columns = query(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", model.name
        )
        assert columns == list(model.columns.items())


def test_a_file_attached_under_another_name_keeps_its_views() -> None:
    run("sync")
    run("models", "--views")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{DATABASE}' AS copy (READ_ONLY)")
        for name in NAMES:
            assert connection.execute(f"FROM copy.openpanel.{name}").fetchall()


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


@pytest.mark.parametrize(
    "mine",
    ["CREATE TABLE pages AS SELECT 1 AS mine", "CREATE VIEW pages AS SELECT 1 AS mine"],
)
def test_what_has_the_name_of_a_model_stays(mine: str) -> None:
    run("sync")
    query(mine)
    fails(run("models"), 1, "dataset openpanel", "pages", "rename it")
    assert query("SELECT mine FROM pages") == [(1,)]
    assert set(made()) <= {"pages"}
    fails(run("sync", "--models"), 1, "pages")
    assert run("sync").exit_code == 0


def test_models_wait_for_events() -> None:
    fails(run("models"), 2, "run openpanel-source sync first")
    assert not Path(DATABASE).exists()
    run("sync", "--dataset", "other")
    fails(run("models"), 2, "nothing was loaded", "run openpanel-source sync first")


def test_days_without_events_make_empty_models() -> None:
    result = run("sync", "--models", "--start-date", "2026-11-12", "--end-date", "2026-11-13")
    assert result.exit_code == 0, result.output
    assert sorted(made()) == sorted(NAMES)
    assert [query(f"FROM {name}") for name in NAMES] == [[]] * len(NAMES)


def test_other_destinations_are_told_before_anything_is_read(sandbox: Sandbox) -> None:
    arguments = ["sync", "--models", "--destination", "filesystem"]
    fails(CliRunner().invoke(main, arguments), 2, "DuckDB and PostgreSQL, not in filesystem")
    assert sandbox.requests == []


def test_their_sql_is_printed_for_those_dialects_that_were_checked() -> None:
    run("sync")
    printed = run("models", "--print").stdout
    query(printed)
    assert made("VIEW") == sorted(NAMES)
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    for dialect in DIALECTS:
        assert f"`{dialect}`" in page
        assert run("models", "--print", "--dialect", dialect).exit_code == 0
    for dialect in ("sqlite", "klingon"):
        refused = run("models", "--print", "--dialect", dialect)
        assert refused.exit_code == 2
        assert "'snowflake'" in refused.stderr


def plain(row: tuple[Any, ...]) -> str:
    """A row as text, in which a date is its midnight, as DuckDB has it of most functions."""
    return str([f"{value} 00:00:00" if type(value) is date else str(value) for value in row])


def tables(select: exp.Select) -> set[str]:
    """The names that the tables of a SELECT have in it."""
    sources = [select.args.get("from_") or select.args["from"], *select.args.get("joins", ())]
    return {source.this.alias_or_name for source in sources}


@pytest.mark.parametrize("dialect", DIALECTS[2:])
def test_in_a_warehouse_of_the_cloud_they_parse_and_say_what_they_say_here(
    dialect: str, sandbox: Sandbox
) -> None:
    """Each statement is read as the warehouse would, and what it says is asked of DuckDB."""
    zone = ["--timezone", "Europe/Stockholm"]
    # Two Sundays, the second of which is a Monday in Stockholm, and sessions of milliseconds.
    times = ["2026-11-15T12:00:00.250Z", "2026-11-22T23:30:00.125Z", "2026-11-22T23:30:01.500Z"]
    for number, time in enumerate(times, 50):
        sandbox.add([event(number, name="screen_view", sessionId=f"s{time[8:10]}", createdAt=time)])
    run("sync")
    assert run("models", "--views", *zone).exit_code == 0
    command = ["models", "--print", "--dialect", dialect, "--dataset", "cloud", *zone]
    printed = run(*command).stdout
    assert "EPOCH" not in printed
    # It would begin on a day of the session's choice.
    assert not re.search(r"\bWEEK\b", printed)
    separator = "___" if dialect == "clickhouse" else "."
    statements = [
        "CREATE SCHEMA cloud",
        f"CREATE VIEW cloud{separator}events AS FROM openpanel.events",
    ]
    for statement in sqlglot.parse(printed, read=dialect):
        assert isinstance(statement, exp.Create)
        for grouped in statement.find_all(exp.Select):
            # To some, GROUP BY would mean the column that has the name of a table.
            assert not grouped.args.get("group") or not tables(grouped) & set(grouped.named_selects)
        for settings in statement.expression.args.pop("settings", None) or ():
            assert "= 1" in settings.sql(dialect)
        # What SQLGlot leaves as it is.
        sql = statement.sql("duckdb").replace("TEXT(MAX)", "TEXT")
        statements.append(sql)
    with duckdb.connect(DATABASE) as connection:
        connection.execute("SET TimeZone = 'UTC'; USE openpanel")
        for sql in statements:
            connection.execute(sql)
        for name in NAMES:
            here = connection.execute(f"FROM openpanel.{name}").fetchall()
            there = connection.execute(f"FROM cloud{separator}{name}").fetchall()
            assert sorted(map(plain, there)) == sorted(map(plain, here)), name
            assert here


def test_the_names_of_the_models_are_printed_as_json() -> None:
    run("sync")
    made = json.loads(run("models", "--json").stdout)
    assert (made["models"], made["kind"], made["rebuilt"]) == ([*NAMES], "table", True)


def test_postgres_keeps_views_that_depend_on_these(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    pipeline = postgres.pipeline()
    for views in (False, True):
        refresh_models(pipeline, views=views)
        execute(postgres, "CREATE VIEW mine AS SELECT count(*) AS sessions FROM sessions")
        refresh_models(pipeline, views=views, timezone="Europe/Stockholm")
        assert postgres.query("SELECT sessions FROM mine") == [(2,)]
        refresh_models(pipeline, views=views, rebuild=True)
        assert postgres.query("SELECT sessions FROM mine") == [(2,)]
        comment = "SELECT obj_description('sessions'::regclass)"
        assert postgres.query(comment)[0][0].endswith("Time zone: Europe/Stockholm, as given.")
        with pytest.raises(ViewBlockedError, match="view mine depends on"):
            refresh_models(pipeline, views=not views)
        execute(postgres, "DROP VIEW mine")


def test_postgres_replaces_views_of_another_version_unless_others_depend_on_them(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    for view in ("sessions", "pages"):
        execute(postgres, f"CREATE VIEW {view} AS SELECT 1 AS old, project_id FROM events")
        execute(postgres, f"COMMENT ON VIEW {view} IS 'View of openpanel-source. An older one.'")
    execute(postgres, "CREATE VIEW mine AS SELECT old FROM sessions")
    for views in (False, True):
        with pytest.raises(ViewBlockedError, match="view mine depends on view sessions"):
            refresh_models(postgres.pipeline(), views=views)
    assert postgres.query("SELECT DISTINCT old FROM mine") == [(1,)]
    execute(postgres, "DROP VIEW mine")
    refresh_models(postgres.pipeline())
    assert postgres.query("SELECT count(*) FROM sessions") == [(2,)]


def test_postgres_leaves_what_has_the_name_of_a_model(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    execute(postgres, "CREATE MATERIALIZED VIEW funnel AS SELECT 1 AS mine")
    with pytest.raises(ViewBlockedError, match="funnel"):
        refresh_models(postgres.pipeline())
    assert postgres.query("SELECT mine FROM funnel") == [(1,)]


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


@pytest.mark.long
def test_syncs_go_on_beneath_views(
    sandbox: Sandbox,
    tmp_path: Path,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    for warehouse in (Warehouse(tmp_path), postgres):
        warehouse.sync(sandbox)
        refresh_models(warehouse.pipeline(), views=True)
        sandbox.add([event(90, sessionId="s90")])
        summary = warehouse.sync(sandbox, reload=True)
        assert (summary.exit_code, summary.models) == (0, None)
        assert warehouse.query("SELECT events FROM sessions WHERE session_id = 's90'") == [(1,)]
        sandbox.remove([event_id(90)])


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


def test_views_take_the_place_of_tables_and_tables_that_of_views() -> None:
    run("sync", "--models")
    rows = [sorted(query(f"SELECT * FROM {name}")) for name in ("funnel", "daily_metrics")]
    assert "made as views" in run("models", "--views").stdout
    assert (made(), made("VIEW")) == ([], sorted(NAMES))
    assert rows == [sorted(query(f"SELECT * FROM {name}")) for name in ("funnel", "daily_metrics")]
    assert "made as tables" in run("models").stdout
    assert (made(), made("VIEW")) == (sorted(NAMES), [])


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
