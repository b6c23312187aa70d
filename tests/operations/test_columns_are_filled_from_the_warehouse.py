"""``properties --fill`` gives columns what reading the days again would give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpanel_source.cli.main import main
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.properties.fill import FillReport, fill
from openpanel_source.operations.values.choose_days import choice_of
from openpanel_source.rows.property_columns import column_names
from tests.support.destinations import made
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import CLIENT, NOW, SECRET, Row, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(24)

__all__ = ["postgres", "postgres_url"]

TYPES: dict[str, Any] = {
    "label": "text",
    "qty": "bigint",
    "total": "double",
    "is_new": "bool",
    "paid_at": "timestamp",
    "items.0.day": "date",
    'pri"ce': "decimal",
}
NAMES = column_names(TYPES, {})
HELD = f"SELECT id, {', '.join(NAMES.values())} FROM events ORDER BY project_id, event_date, id"
FAILED = (
    "SELECT CAST(event_date AS VARCHAR(10)), property_key, sum(failed_rows) FROM property_failures"
    " GROUP BY 1, 2 ORDER BY 1, 2"
)


@pytest.fixture(params=["duckdb", "postgresql", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    url = lambda: str(request.getfixturevalue("postgres_url"))  # noqa: E731
    warehouse: Warehouse = made(request.param, tmp_path, url)
    return warehouse


def filled(where: Warehouse, **given: Any) -> FillReport:
    return fill(where.pipeline(), **{"properties": TYPES} | given)


def held(where: Warehouse) -> tuple[list[Any], list[Any]]:
    return where.query(HELD), where.query(FAILED)


def row(number: int, day: int, **properties: Any) -> Row:
    at = f"2026-11-{day:02d}T12:{number // 60:02d}:{number % 60:02d}.000Z"
    return event(number, properties=properties, createdAt=at)


GOOD = dict(
    zip(
        TYPES,
        ("Ünï 😀 '%s", "-7", "1e-7", "yes", "2026-11-10 12:00", "2026-11-09", "1.5"),
        strict=True,
    )
)
BAD = dict.fromkeys(TYPES, "\x1b[31m no")
ROWS = [row(1, 10, **GOOD), row(2, 10, **BAD), row(3, 11), row(4, 12, qty="7"), row(5, 12, qty="")]


def test_it_equals_a_reload(where: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        where.sync(sandbox)
        asked = len(sandbox.requests)
        report = filled(where)
        assert len(sandbox.requests) == asked
        assert (report.rows, report.left, report.exit_code) == (3, [], 0)
        assert report.columns == NAMES
        assert report.failed_rows == {key: 1 for key, kind in TYPES.items() if kind != "text"}
        mine = held(where)
        # Again, there is nothing left to do, and nothing is counted twice.
        assert filled(where).rows == 0
        assert held(where) == mine
        values = choice_of(None, None, None, every=True)
        known = where.settings(sandbox, properties=TYPES)
        assert audit(where.pipeline(), values=values, **known).exit_code == 0
        where.sync(sandbox, properties=TYPES, reload=True)
        assert held(where) == mine
    assert mine[0][0][2] == -7


def test_a_sync_goes_on_with_the_columns(where: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        where.sync(sandbox)
        filled(where)
        sandbox.add([row(6, 20, qty="8")])
        summary = where.sync(sandbox, properties=TYPES)
        assert (summary.unfilled_days, summary.unfilled_properties) == (0, [])
    assert where.query("SELECT qty FROM events WHERE qty > 0 ORDER BY qty") == [(7,), (8,)]


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from([*GOOD.values(), "9223372036854775807", "1e400", "00", "\\", "'", "NaN", "\0"]),
    st.integers(-(2**64), 2**64).map(str),
    st.floats().map(str),
)
maps = st.dictionaries(st.sampled_from([*TYPES, "other"]), texts)
histories = st.lists(
    st.tuples(st.lists(maps, max_size=4), st.sets(st.sampled_from(list(TYPES)), max_size=3)),
    min_size=1,
    max_size=3,
)


def random_history(where: Warehouse, history: list[tuple[list[Any], set[str]]]) -> None:
    """Rows come day by day, while some keys have columns already; then all are filled."""
    number = 0
    with world() as sandbox:
        for day, (found, keys) in enumerate(history, 10):
            for properties in found:
                number += 1
                sandbox.add([row(number, day, **properties)])
            where.sync(sandbox, properties={key: TYPES[key] for key in sorted(keys)})
        if not number:
            return
        filled(where)
        mine = held(where)
        where.sync(sandbox, properties=TYPES, reload=True)
    assert held(where) == mine


few = settings(max_examples=6, suppress_health_check=list(HealthCheck))


@few
@given(histories)
def test_any_history_in_duckdb_equals_a_reload(
    tmp_path_factory: pytest.TempPathFactory, history: Any
) -> None:
    random_history(Warehouse(tmp_path_factory.mktemp("any")), history)


@few
@given(histories)
def test_any_history_in_postgresql_equals_a_reload(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, history: Any
) -> None:
    random_history(PostgresWarehouse(tmp_path_factory.mktemp("any"), postgres_url), history)


def test_values_that_are_no_text_are_filled_or_the_day_is_named(where: Warehouse) -> None:
    with world(row(1, 10), row(2, 11, qty="3")) as sandbox:
        where.sync(sandbox)
    odd = '{"qty": 1, "label": {"a": [1e2]}, "total": null}'
    change = f"UPDATE events SET properties = '{odd}' WHERE event_date = '2026-11-10'"
    where.change(change)
    report = filled(where)
    if isinstance(where, PostgresWarehouse):
        # It holds 100 of 1e2.
        assert [str(day) for _, day in report.left] == ["2026-11-10"]
        assert report.exit_code == 3
        first: tuple[Any, ...] = (None, None)
    else:
        assert (report.left, report.exit_code) == ([], 0)
        first = (1, '{"a": [1e2]}')
    assert where.query("SELECT qty, label FROM events ORDER BY id") == [first, (3, None)]


def test_what_privacy_hides_and_what_is_in_files_has_to_be_read_again(tmp_path: Path) -> None:
    warehouse, files = Warehouse(tmp_path), made("parquet", tmp_path / "files", str)
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
        files.sync(sandbox)
    hidden: list[dict[str, Any]] = [
        {"hash_columns": ["properties.label"], "hash_key": "a secret of sixteen or more"},
        {"hash_columns": ["label"], "hash_key": "a secret of sixteen or more"},
        {"exclude_columns": ["label"]},
        {"exclude_columns": ["properties"]},
        {"drop_properties": ["lab*"]},
    ]
    for given_ in hidden:
        with pytest.raises(InvalidSettingError, match="sync --reload"):
            filled(warehouse, **given_)
    with pytest.raises(DestinationError, match="sync --reload"):
        filled(files)
    with pytest.raises(InvalidSettingError, match="--property KEY=TYPE"):
        filled(warehouse, properties={})
    assert "label" not in str(warehouse.query("DESCRIBE events"))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_a_sync_says_what_it_did_not_fill_and_both_ways(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(*ROWS) as sandbox:
        configured = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": sandbox.url,
            "now": NOW.isoformat(),
        }
        for name, value in configured.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        assert "lack the values" not in command("sync", "--property", "label=text")
        said = command("sync", "--property", "qty=bigint")
        assert "3 days loaded before lack the values of qty" in said
        assert "openpanel-source properties --fill --property qty=bigint\n" in said
        assert "openpanel-source sync --reload --property qty=bigint\n" in said
    for name in configured:
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}")
    # Neither a server nor a client is needed.
    told = command("properties", "--fill", "--property", "qty=bigint")
    assert "Filled qty of 2 rows; looked at 3 days." in told
    assert "1 value of qty cannot be read as its type" in told
    again = json.loads(command("properties", "--fill", "--property", "qty=bigint", "--json"))
    assert (again["rows"], again["columns"], again["failed_rows"]) == (
        0,
        {"qty": "qty"},
        {"qty": 1},
    )
    refused = CliRunner().invoke(main, ["properties", "--property", "qty=bigint"])
    assert (refused.exit_code, "needs --fill" in refused.output) == (2, True)
