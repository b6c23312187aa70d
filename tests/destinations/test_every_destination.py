"""The same days, the same changes and the same hostile rows, on each kind of destination."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from openpanel_source import Chart
from openpanel_source.cli.main import main
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.audit import audit
from openpanel_source.operations.erase import erase
from openpanel_source.operations.status import read_days, read_status
from openpanel_source.sandbox import Sandbox, load_dataset
from openpanel_source.source.source import openpanel
from tests.support.destinations import NAMES, compare, compare_values, made
from tests.support.equality import SELECT_EVENTS, Rows, difference, expected, keyed
from tests.support.nasty import nasty_rows, parse
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import NOW, event, event_id, on, world

__all__ = ["postgres_url"]

DATASET = Path(__file__).parents[1] / "data" / "contract" / "dataset"
RECORDED_AT = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)

pytestmark = pytest.mark.sampled(70)


@pytest.fixture(params=NAMES)
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A warehouse on each kind of destination."""
    return made(request.param, tmp_path, lambda: request.getfixturevalue("postgres_url"))


def test_each_sync_ends_with_what_the_server_holds(held: Any) -> None:
    with world(*on(10, 1, 2, 3), *on(11, 11, 12), *on(12, 21), *on(14, 41, 42)) as sandbox:
        assert held.sync(sandbox).events_loaded == 8
        compare(held, sandbox)
        quiet = held.sync(sandbox)
        assert (quiet.days_read, quiet.events_loaded) == (0, 0)
        compare(held, sandbox)

        # A replaced day, a day that lost one, an emptied day, and a new one.
        sandbox.remove([event_id(2), event_id(11), event_id(21)])
        sandbox.add([*on(10, 4, 5, 6), *on(13, 31, properties={"plan": "pro"}, groups=["a"])])
        changed = held.sync(sandbox, lookback_days=20)
        assert changed.is_verified
        assert changed.verdicts == {"complete": 4}
        compare(held, sandbox)

        [status] = read_status(held.pipeline())
        assert (status.events, status.unproven_days) == (9, [])
        assert status.newest_event == datetime(2026, 11, 14, 10, 0, 42, 500_000, timezone.utc)
        days = {day.day.day: day.distinct_ids for day in read_days(held.pipeline())}
        assert [days[day] for day in (10, 11, 12, 13, 14)] == [5, 1, 0, 1, 2]
        report = audit(held.pipeline(), **held.settings(sandbox))
        assert (report.differences, report.exit_code) == ([], 0)
        compare_values(held, sandbox)


def test_an_open_day_is_read_from_its_newest_row_on(held: Any) -> None:
    today = NOW.day
    with world(*on(20, 1), *on(today, *range(100, 106))) as sandbox:
        held.sync(sandbox)
        # Two of the same moment as the newest row known, and later ones.
        twins = [event(n, createdAt=f"2026-11-{today}T10:01:45.500Z") for n in (120, 121)]
        sandbox.add([*twins, *on(today, 130, 131)])
        assert held.sync(sandbox).is_verified
        compare(held, sandbox)
        # One that came late, below what is known.
        sandbox.add([event(150, createdAt=f"2026-11-{today}T08:00:00.000Z")])
        held.sync(sandbox)
        compare(held, sandbox)


def test_what_somebody_deleted_is_found_and_repaired(held: Any) -> None:
    with world(*on(10, 1, 2, 3), *on(11, 11, 12), *on(12, 21)) as sandbox:
        held.sync(sandbox)
        held.damage("event_date = '2026-11-11'")
        assert held.numbers() == [1, 2, 3, 21]
        report = audit(held.pipeline(), **held.settings(sandbox))
        assert [(item.day.day, item.held) for item in report.differences] == [(11, 0)]
        assert report.exit_code == 3
        repaired = audit(held.pipeline(), repair=True, **held.settings(sandbox))
        assert repaired.exit_code == 0
        compare(held, sandbox)
        # The next sync finds it as well, though nothing was cut off.
        held.damage("event_date = '2026-11-10'")
        summary = held.sync(sandbox)
        assert (summary.days_read, summary.is_verified) == (1, True)
        compare(held, sandbox)


@pytest.mark.parametrize("name", ["duckdb", "postgresql", "sqlite"])
def test_no_copy_of_an_erased_profile_is_left_in_staging(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    held = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    rejected = event(13, _raw=json.dumps(event(13, profileId="bea", revenue="x")))
    rows = [*on(10, 1), *on(11, 11, 12, profileId="bea", groups=["a"]), rejected]
    with world(*rows) as sandbox:
        settings = held.settings(sandbox, include_profiles=True)
        # Both ways to load stage rows, each in a dataset of its own.
        for reload in (False, True):
            held.pipeline().run(openpanel(**settings, reload=reload))
        held.sync(sandbox, include_profiles=True, reload=True)
        report = erase(held.pipeline(), ["bea"], **settings, erased_profiles=["bea"])
        assert (report.exit_code, len(report.days)) == (0, 2)
        assert held.staged() == []
        sandbox.add(on(10, 2))
        assert held.sync(sandbox, erased_profiles=["bea"], lookback_days=20).is_verified
        assert held.numbers() == [1, 2]


SMALL = 100_000
"""Bytes; the largest hazards are loaded by the tests of hostile rows themselves."""
NO_JSON = {column.name for column in EVENTS.columns if column.type != "json"}


def test_hostile_values_arrive_as_documented(held: Any) -> None:
    rows = [row for row in nasty_rows() if len(row.raw) < SMALL]
    hostile = [event(n, _raw=row.raw) for n, row in enumerate(rows)]
    plain = [event(3000 + n, createdAt=f"2026-11-10T23:00:0{n}.250Z") for n in range(10)]
    with world(*hostile, *plain) as sandbox:
        assert held.sync(sandbox).is_verified
        assert held.sync(sandbox).days_read == 0
        [status] = read_status(held.pipeline())
    loaded = {
        row.expected["columns"].get("id", row.name): row
        for row in rows
        if "columns" in row.expected
    }
    names = sorted({name for row in loaded.values() for name in row.expected["columns"]} | {"id"})
    selected = ", ".join(name if name in NO_JSON else f"CAST({name} AS VARCHAR)" for name in names)
    found = {}
    for values in held.query(f"SELECT {selected} FROM events"):
        row = dict(zip(names, values, strict=True))
        found[row["id"]] = {
            name: value if name in NO_JSON or value is None else parse(value)
            for name, value in row.items()
        }
    assert len(found) == len(loaded) + 10
    for key, nasty in loaded.items():
        wanted = nasty.expected["columns"]
        assert {name: found[key][name] for name in wanted} == wanted, nasty.name
    assert status.rejected_rows == len(rows) - len(loaded)
    assert held.query("SELECT count(*) FROM rejected_events") == [(len(rows) - len(loaded),)]


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[Any, Sandbox]]:
    dataset = load_dataset(DATASET)
    with Sandbox(dataset, rate_limit=None, now=lambda: RECORDED_AT) as sandbox:
        yield dataset, sandbox


def test_the_recorded_dataset_compares_equal(held: Any, recorded: tuple[Any, Sandbox]) -> None:
    dataset, sandbox = recorded
    clients = {client.id[:4]: client for client in dataset.accounts.clients}
    wanted: Rows = {}
    for prefix, projects in (("4444", ["ny-shop"]), ("1111", ["acme-app", "2024", "acme-empty"])):
        client = clients[prefix]
        summary = held.sync(
            sandbox,
            project_id=projects,
            client_id=client.id,
            client_secret=client.secret,
            now=RECORDED_AT,
        )
        assert summary.is_verified
        for project in projects:
            wanted |= expected(dataset.events[project])
    assert len(wanted) == 620
    assert difference(wanted, keyed(held.query(SELECT_EVENTS))) == ""


def test_charts_replace_the_buckets_they_read(held: Any) -> None:
    chart = Chart("sales", ["purchase"], ["country"], start="2026-11-01")
    with world(*on(2, 1), *on(22, 11, 12)) as sandbox:
        held.sync(sandbox, charts=[chart])
        sandbox.remove([event_id(11)])
        sandbox.add(on(23, 31, country="DE"))
        held.sync(sandbox, charts=[chart])
    rows = held.query(
        "SELECT bucket_date, breakdown_1, value FROM chart_points"
        " JOIN chart_series USING (chart_id, series_key) WHERE value <> 0 ORDER BY 1, 2"
    )
    assert [(date[:10], country, value) for date, country, value in rows] == [
        ("2026-11-02", "SE", 1.0),
        ("2026-11-22", "SE", 1.0),
        ("2026-11-23", "DE", 1.0),
    ]
    assert held.query("SELECT count(*) FROM charts") == [(1,)]
    points = held.query("SELECT series_key, bucket_start FROM chart_points")
    assert len(points) == len(set(points))


@pytest.mark.parametrize("name", ["parquet", "delta", "sqlite"])
def test_the_command_loads_into_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = made(name, tmp_path, str)
    target = ["--destination", "sqlalchemy" if name == "sqlite" else "filesystem", "--json"]

    def command(*arguments: str) -> Any:
        result: Result = CliRunner().invoke(main, [*arguments, *target])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    with world(*on(10, 1, 2, 3)) as sandbox:
        for key, value in command_environment(name, warehouse, sandbox).items():
            monkeypatch.setenv(key, value)
        assert command("sync")["events_loaded"] == 3
        sandbox.remove([event_id(1)])
        assert command("audit", "--repair")["verified"]
        assert '"events": 2' in json.dumps(command("status"))
        compare(warehouse, sandbox)


def command_environment(name: str, warehouse: Any, sandbox: Sandbox) -> dict[str, str]:
    settings = {key.upper(): str(value) for key, value in warehouse.settings(sandbox).items()}
    settings["NOW"] = NOW.isoformat()
    settings["TABLE_FORMAT"] = name if name in ("delta", "iceberg") else ""
    environment = {f"SOURCES__OPENPANEL__{key}": value for key, value in settings.items()}
    if name == "sqlite":
        file = f"sqlite:///{warehouse.folder}/warehouse.db"
        return environment | {"DESTINATION__SQLALCHEMY__CREDENTIALS": file}
    return environment | {"DESTINATION__FILESYSTEM__BUCKET_URL": str(warehouse.lake)}
