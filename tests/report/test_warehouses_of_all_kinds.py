"""What a report does where models, tables, days or rights are missing, and says of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from openpanel_source import create_report, refresh_models
from openpanel_source.errors import DestinationError, InvalidSettingError
from tests.report.conftest import NOW, ZONE
from tests.support import lists_world
from tests.support.destinations import Files, SqliteFile, made
from tests.support.postgres import PostgresWarehouse
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(18)

VISITS = [
    event(1, name="screen_view", path="/", sessionId="s1"),
    event(2, name="screen_view", path="/product/1", sessionId="s1"),
    event(3, name="revenue", path="/thanks", sessionId="s1", revenue=1200),
    event(4, name="screen_view", path="/", sessionId="s2", profileId="bert"),
    event(5, name="screen_view", path="/", sessionId="s3", createdAt="2026-11-12T22:30:00.000Z"),
]


def report(warehouse: Any, **more: Any) -> dict[str, Any]:
    return create_report(warehouse.pipeline(), **({"now": NOW} | more)).numbers


def rows(numbers: dict[str, Any], key: str, scope: str = "") -> list[list[Any]]:
    found: list[list[Any]] = numbers["scopes"][scope][key]
    return found


def notes(numbers: dict[str, Any], *words: str) -> list[str]:
    """The notes in which all of these words stand."""
    return [note for note in numbers["notes"] if all(word in note for word in words)]


def approximately(scopes: Any) -> Any:
    """The same with numbers to nine digits: sums of parts depend on their order."""
    if isinstance(scopes, dict):
        return {key: approximately(value) for key, value in scopes.items()}
    if isinstance(scopes, list):
        return [approximately(value) for value in scopes]
    return float(f"{scopes:.9g}") if isinstance(scopes, float) else scopes


@pytest.fixture(params=["duckdb", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    if request.param == "postgres":
        return PostgresWarehouse(tmp_path, request.getfixturevalue("postgres_url"))
    return Warehouse(tmp_path)


@pytest.mark.parametrize("kind", ["duckdb", "postgresql", "parquet", "delta"])
def test_without_models_the_numbers_are_the_same(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    warehouse = made(kind, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    with world(*VISITS) as sandbox:
        warehouse.sync(sandbox)
    numbers = report(warehouse, timezone="Asia/Tokyo")
    assert numbers["timezone"] == "Asia/Tokyo"
    assert [row[3] for row in rows(numbers, "tiles")[:3]] == [2, 3, 4]
    assert [row[:3] for row in rows(numbers, "days") if row[1]] == [
        ["2026-11-10", 2, 2],
        ["2026-11-13", 1, 1],
    ]
    assert rows(numbers, "pages")[0] == ["/", None, 3, 3, 2]
    assert [row[2] for row in rows(numbers, "funnel")] == [3, 1, 1]
    if isinstance(warehouse, Files):
        assert notes(numbers, "computed from the files")
        return
    assert notes(numbers, "openpanel-source models")
    refresh_models(warehouse.pipeline(), timezone="Asia/Tokyo")
    again = report(warehouse)
    assert approximately(again["scopes"]) == approximately(numbers["scopes"])
    assert again["blocks"] == numbers["blocks"]
    assert not notes(again, "models")


def test_models_that_are_views_or_of_somebody_else_are_computed(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox)
    refresh_models(empty.pipeline(), views=True, timezone=ZONE)
    numbers = report(empty)
    assert numbers["timezone"] == ZONE
    assert notes(numbers, "models")
    for name in ("retention", "users"):
        empty.change(f"DROP VIEW {name}")
    empty.change("CREATE TABLE users (n INT)")
    assert approximately(report(empty)["scopes"]) == approximately(numbers["scopes"])


def test_another_time_zone_than_that_of_the_models_is_refused(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox)
    refresh_models(empty.pipeline(), timezone=ZONE)
    with pytest.raises(InvalidSettingError, match=r"Europe/Berlin.*--timezone Asia/Tokyo"):
        report(empty, timezone="Asia/Tokyo")
    assert report(empty, timezone=ZONE)["timezone"] == ZONE
    with pytest.raises(InvalidSettingError, match="Nowhere"):
        report(empty, timezone="Nowhere/Town")


def test_days_that_the_models_lack_are_counted_in_a_note(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox, models=True)
        sandbox.add([event(9, sessionId="s9", createdAt="2026-11-20T10:00:00.000Z")])
        empty.sync(sandbox, models=False)
    assert notes(report(empty), "not taken in", "openpanel-source models")
    refresh_models(empty.pipeline())
    assert not notes(report(empty), "models")


def test_nothing_loaded_is_told_and_a_project_without_events_is_reported(empty: Warehouse) -> None:
    with pytest.raises(DestinationError, match=r"(nothing was loaded|there is no database).*sync"):
        report(empty)
    with world() as sandbox:
        empty.sync(sandbox)
    if not empty.query("SELECT 1 FROM information_schema.tables WHERE table_name = 'events'"):
        pytest.skip("a sync of nothing makes no tables")
    numbers = report(empty)
    assert notes(numbers, "No events")
    assert rows(numbers, "sources") == []
    assert {row[3] for row in rows(numbers, "tiles")} == {None}
    assert len(rows(numbers, "days")) == 28


def test_the_calendar_of_proof_shows_gaps_rereadings_and_doubts(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox)
        sandbox.add([event(7, sessionId="s7")])
        empty.sync(sandbox, lookback_days=30)
    empty.change("DELETE FROM sync_days WHERE day = '2026-11-14'")
    empty.change(
        "UPDATE sync_days SET verdict = 'short', rows_received = 0 WHERE day = '2026-11-16'"
    )
    empty.change("DELETE FROM events WHERE event_date = '2026-11-12'")
    numbers = report(empty)
    days = {row[1]: row for row in rows(numbers, "proof", "web")}
    assert days["2026-11-14"] == ["web", "2026-11-14", "missing", *[None] * 4, 0, None, None]
    assert days["2026-11-16"][2] == "short"
    assert days["2026-11-16"][9] is None
    assert days["2026-11-10"][2:6] == ["complete", 5, 5, 5]
    assert days["2026-11-10"][7] == 2
    assert days["2026-11-10"][8] in ("recount", "changed")
    [summary] = rows(numbers, "proof_summary")
    assert summary[3:7] == [14, 11, 1, 1]
    assert notes(numbers, "2 days are not proven complete", "web 2026-11-14 missing")
    assert notes(numbers, "1 day is no longer as loaded", "web 2026-11-12", "openpanel-source sync")


def test_a_proof_without_reading_counts_and_that_of_a_part_does_not(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox)
    zone = "TIMESTAMP WITH TIME ZONE"
    kinds = f"proven_at {zone}, proof TEXT"
    empty.change(
        "CREATE TABLE IF NOT EXISTS day_proofs"
        f" (project_id TEXT, query_fingerprint TEXT, day DATE, {kinds})"
    )
    for day, proof in ((10, "listed"), (11, "part")):
        empty.change(
            "INSERT INTO day_proofs (project_id, query_fingerprint, day, proven_at, proof)"
            f" VALUES ('web', 'all', '2026-11-{day}', '2026-12-24 18:00:00+00', '{proof}')"
        )
    days = {row[1]: row for row in rows(report(empty), "proof")}
    assert days["2026-11-10"][9] == "2026-12-24T18:00:00Z"
    assert days["2026-11-11"][9] == days["2026-11-11"][6]


def test_what_is_beyond_fifty_rows_is_one_row_without_a_name(empty: Warehouse) -> None:
    visits = [
        event(n, name="screen_view", sessionId=f"s{n}", properties={"__query.utm_source": f"u{n}"})
        for n in range(1, 58)
    ]
    more = event(70, name="screen_view", sessionId="s70", properties={"__query.utm_source": "u9"})
    with world(*visits, more) as sandbox:
        empty.sync(sandbox, models=True)
    found = rows(report(empty), "sources")
    assert len(found) == 51
    assert found[0][:3] == ["u9", "none", 2]
    assert found[-1] == [None, None, 7, None, 0, 0]
    assert sum(row[2] for row in found) == 58


def test_no_address_and_no_query_string_is_shown(empty: Warehouse) -> None:
    visits = [
        event(1, name="screen_view", sessionId="s1", path="/reset?token=abc#top"),
        event(2, name="screen_view", sessionId="s1", path="/unsubscribe/anna%40example.com/now"),
        event(3, name="mail to anna@example.com", sessionId="s1", path="/u/anna@example.com"),
        event(
            4,
            name="screen_view",
            sessionId="s1",
            path="/" + "x" * 5000,
            properties={"__query.utm_campaign": "anna@example.com", "__title": "anna@example.com!"},
        ),
    ]
    with world(*visits) as sandbox:
        empty.sync(sandbox, models=True)
    numbers = report(empty)
    text = str(numbers["scopes"])
    assert "example.com" not in text
    assert "token" not in text
    assert "anna" not in text
    assert {row[0] for row in rows(numbers, "pages")} >= {"/reset", "/unsubscribe/(e-mail)/now"}
    assert max(len(row[0]) for row in rows(numbers, "pages")) == 200
    assert ["mail to (e-mail)", 1, 1] in rows(numbers, "events")


def test_hostile_names_are_told_as_they_are(empty: Warehouse) -> None:
    name = "</script><img src=x onerror=alert(1)>' OR 1=1 --{first}%s\u202e\x1b[31m"
    with world(event(1, name="screen_view", path=f"/{name}"), event(2, name=name)) as sandbox:
        empty.sync(sandbox, models=True)
    numbers = report(empty)
    assert [name, 1, 1] in rows(numbers, "events")
    assert rows(numbers, "landing_pages")[0][0] == f"/{name}"


def test_hashed_and_excluded_columns_stay_so(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(*VISITS) as sandbox:
        warehouse.sync(
            sandbox,
            models=True,
            hash_columns=["path"],
            exclude_columns=["country", "device"],
            hash_key="0123456789abcdef",
        )
    numbers = report(warehouse)
    assert [row[0] for row in rows(numbers, "countries")] == ["unknown"]
    assert [row[0] for row in rows(numbers, "devices")] == ["unknown"]
    assert {len(row[0]) for row in rows(numbers, "pages")} == {64}
    assert "/product" not in str(numbers["scopes"])


def test_names_of_projects_come_from_the_list(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with lists_world.world(*VISITS) as sandbox:
        warehouse.sync(sandbox, **lists_world.ROOT, lists=["projects"])
    [project] = report(warehouse)["projects"]
    assert project["id"] == "web"
    assert project["name"]


def test_an_unknown_project_is_named_with_those_there_are(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox)
    with pytest.raises(InvalidSettingError, match=r"'shop' is not in the warehouse.*web"):
        report(empty, project_ids=["web", "shop"])


def test_a_report_ends_with_the_last_day_read_and_says_what_it_lacks(empty: Warehouse) -> None:
    with world(*VISITS) as sandbox:
        empty.sync(sandbox, models=True)
    numbers = report(empty)
    assert numbers["range"]["until"] == "2026-11-23"
    assert [row[2] for row in rows(numbers, "days")[-14:]] == [2, 0, 1, *[0] * 11]
    assert {row[2] for row in rows(numbers, "days")[:-14]} == {None}
    assert notes(numbers, "no events before 2026-11-10", "not whole")
    assert not notes(numbers, "was read; openpanel-source sync")
    later = report(empty, days=2, now="2026-12-02T00:00:00+00:00")
    assert later["range"] == {"from": "2026-11-22", "until": "2026-11-23"}
    assert notes(later, "No day after 2026-11-23", "openpanel-source sync")
    assert not notes(later, "not whole")


def test_a_role_that_may_only_read_gets_a_report_once_there_are_models(
    postgres: PostgresWarehouse,
) -> None:
    with world(*VISITS) as sandbox:
        postgres.sync(sandbox)
    reader = f"reader_{postgres.database}"
    with closing(psycopg2.connect(postgres.url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(
            f"CREATE ROLE {reader} LOGIN; REVOKE TEMPORARY ON DATABASE {postgres.database} FROM"
            f" PUBLIC; GRANT USAGE ON SCHEMA openpanel TO {reader}; ALTER DEFAULT PRIVILEGES IN"
            f" SCHEMA openpanel GRANT SELECT ON TABLES TO {reader};"
            f" GRANT SELECT ON ALL TABLES IN SCHEMA openpanel TO {reader}"
        )

    def read() -> dict[str, Any]:
        import dlt

        pipeline = dlt.pipeline(
            "reader",
            destination=dlt.destinations.postgres(postgres.url.replace("postgres:", f"{reader}:")),
            dataset_name="openpanel",
            pipelines_dir=str(postgres.folder / "reader"),
        )
        return create_report(pipeline, now=NOW).numbers

    with pytest.raises(DestinationError, match=r"run openpanel-source models first"):
        read()
    refresh_models(postgres.pipeline())
    assert rows(read(), "sources")


def test_other_destinations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"DuckDB, PostgreSQL and files.*sqlalchemy"):
        report(SqliteFile(tmp_path))
