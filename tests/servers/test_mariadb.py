"""What is different in MariaDB: long texts, texts that look alike, two writers, and its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import dlt
import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from openpanel_source import sync
from openpanel_source.cli.main import main
from openpanel_source.operations.audit import audit
from tests.support.destinations import compare
from tests.support.mariadb import MariaDbWarehouse
from tests.support.sandbox_world import event_id, on, profile, world


@pytest.fixture
def mariadb(made: Callable[[str], Any]) -> MariaDbWarehouse:
    warehouse: MariaDbWarehouse = made("mariadb")
    return warehouse


def test_a_text_of_a_megabyte_is_held(mariadb: MariaDbWarehouse) -> None:
    long = {"note": "å" * 1_000_000}
    with world(*on(10, 1, properties=long, path="/" + "p" * 200_000)) as sandbox:
        assert mariadb.sync(sandbox).is_verified
        compare(mariadb, sandbox)


def test_texts_that_differ_in_case_accents_or_a_space_are_others(
    mariadb: MariaDbWarehouse,
) -> None:
    names = ["anna", "Anna", "ANNA", "ännä", "anna ", "anna\t", "ａnna", ""]
    rows = [row for n, name in enumerate(names[:-1]) for row in on(10, n, profileId=name)]
    with world(*rows, profiles=[profile(name) for name in names[:-1]]) as sandbox:
        for _ in range(2):
            assert mariadb.sync(sandbox, include_profiles=True, reload=True).is_verified
        compare(mariadb, sandbox)
    found = mariadb.query("SELECT id FROM profiles")
    assert sorted(name for (name,) in found) == sorted(names[:-1])


def test_days_and_keys_are_found_by_an_index(mariadb: MariaDbWarehouse) -> None:
    with world(*on(10, 1, 2), *on(11, 11)) as sandbox:
        mariadb.sync(sandbox)
    plan = mariadb.query(
        "EXPLAIN DELETE FROM events WHERE project_id = 'web' AND event_date = '2026-11-10'"
    )
    assert "by_key" in str(plan)


def test_a_new_column_is_added_to_a_table_that_is_there(mariadb: MariaDbWarehouse) -> None:
    with world(*on(10, 1, properties={"plan": "pro"})) as sandbox:
        mariadb.sync(sandbox)
        settings: Any = {"properties": {"plan": "text", "seats": "bigint", "price": "decimal"}}
        sandbox.add(on(11, 11, properties={"plan": "Pro", "seats": "7", "price": "19.90"}))
        assert mariadb.sync(sandbox, reload=True, **settings).is_verified
        report = audit(mariadb.pipeline(), **mariadb.settings(sandbox, **settings))
        assert report.differences == []
    rows = mariadb.query("SELECT plan, seats, CAST(price AS VARCHAR) FROM events ORDER BY id")
    assert rows == [("pro", None, None), ("Pro", 7, "19.900000000")]


def test_two_writers_of_the_same_days_leave_each_row_once(mariadb: MariaDbWarehouse) -> None:
    rows = [row for day in range(10, 16) for row in on(day, *range(day * 60, day * 60 + 50))]
    with world(*rows) as sandbox:
        mariadb.sync(sandbox)
        settings = mariadb.settings(sandbox, reload=True)
        failures: list[BaseException] = []

        def load(number: int) -> None:
            pipeline = dlt.pipeline(
                f"worker_{number}",
                destination=dlt.destinations.sqlalchemy(mariadb.url),
                dataset_name=mariadb.dataset,
                pipelines_dir=str(mariadb.folder / f"pipelines {number}"),
            )
            try:
                sync(pipeline, **settings)
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=load, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        compare(mariadb, sandbox)
        sandbox.remove([event_id(601)])
        assert mariadb.sync(sandbox, lookback_days=20).is_verified
        compare(mariadb, sandbox)


@pytest.mark.parametrize(
    ("changed", "said", "code"),
    [
        ({"password": "other"}, "refuses its credentials", 2),
        ({"port": 1}, "the destination failed", 1),
        ({"drivername": "mysql+nodriver"}, "name no driver that is there", 2),
        ({"drivername": "mysql"}, "needs the Python package MySQLdb", 2),
    ],
)
def test_an_address_that_does_not_work_is_told_in_a_sentence(
    mariadb: MariaDbWarehouse,
    changed: dict[str, Any],
    said: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = make_url(mariadb.url).set(**changed)
    mariadb.url = url.render_as_string(hide_password=False)
    with world(*on(10, 1)) as sandbox:
        settings = mariadb.settings(sandbox) | {"now": "2026-11-23T12:00:00Z"}
        named = {f"SOURCES__OPENPANEL__{key.upper()}": str(settings[key]) for key in settings}
        for key, value in (named | mariadb.environment()).items():
            monkeypatch.setenv(key, value)
        result = CliRunner().invoke(main, ["sync", "--destination", "sqlalchemy"])
        assert said in result.output
        assert (result.exit_code, str(url.password) in result.output) == (code, False)
        assert result.output.count("\n") == 1
        assert sandbox.requests == []
