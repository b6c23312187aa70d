"""The tests of all destinations, on those that need a server or an environment of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from openpanel_source.cli.main import main
from openpanel_source.operations.erase import erase
from tests.destinations.test_every_destination import (
    recorded,
    test_an_open_day_is_read_from_its_newest_row_on,
    test_charts_replace_the_buckets_they_read,
    test_each_sync_ends_with_what_the_server_holds,
    test_hostile_values_arrive_as_documented,
    test_the_recorded_dataset_compares_equal,
    test_what_somebody_deleted_is_found_and_repaired,
)
from tests.servers.conftest import NAMES
from tests.support.destinations import compare
from tests.support.sandbox_world import NOW, event, event_id, on, world

__all__ = [
    "recorded",
    "test_an_open_day_is_read_from_its_newest_row_on",
    "test_charts_replace_the_buckets_they_read",
    "test_each_sync_ends_with_what_the_server_holds",
    "test_hostile_values_arrive_as_documented",
    "test_the_recorded_dataset_compares_equal",
    "test_what_somebody_deleted_is_found_and_repaired",
]

DESTINATIONS = {"mariadb": "sqlalchemy", "ducklake": "ducklake", "clickhouse": "clickhouse"}


@pytest.mark.parametrize("name", NAMES)
def test_the_command_loads_into_it(
    made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    warehouse = made(name)
    target = ["--destination", DESTINATIONS.get(name, "filesystem"), "--json"]
    if name == "mariadb":
        target += ["--dataset", warehouse.dataset]

    def command(*arguments: str) -> Any:
        result: Result = CliRunner().invoke(main, [*arguments, *target])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    with world(*on(10, 1, 2, 3)) as sandbox:
        settings = {key.upper(): value for key, value in warehouse.settings(sandbox).items()}
        settings |= {"NOW": NOW.isoformat(), "TABLE_FORMAT": ""}
        environment = {f"SOURCES__OPENPANEL__{key}": str(settings[key]) for key in settings}
        for key, value in (environment | warehouse.environment()).items():
            monkeypatch.setenv(key, value)
        assert command("sync")["events_loaded"] == 3
        sandbox.remove([event_id(1)])
        assert command("audit", "--repair")["verified"]
        assert '"events": 2' in json.dumps(command("status"))
        compare(warehouse, sandbox)


def test_an_erased_profile_is_gone_and_stays_away(held: Any) -> None:
    rejected = event(13, _raw=json.dumps(event(13, profileId="bea", revenue="x")))
    rows = [*on(10, 1), *on(11, 11, 12, profileId="bea", groups=["a"]), rejected]
    with world(*rows) as sandbox:
        settings = held.settings(sandbox, include_profiles=True)
        held.sync(sandbox, include_profiles=True)
        report = erase(held.pipeline(), ["bea"], **settings, erased_profiles=["bea"])
        assert (report.exit_code, len(report.days)) == (0, 2)
        sandbox.add(on(10, 2))
        assert held.sync(sandbox, erased_profiles=["bea"], lookback_days=20).is_verified
        assert held.numbers() == [1, 2]
    tables = ("events", "event_groups", "rejected_events")
    assert "bea" not in str([held.query(f"SELECT * FROM {table}") for table in tables])
