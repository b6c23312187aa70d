"""What the privacy settings hide reaches no file and no table; erased profiles stay away."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

from openpanel_source import audit, erase
from openpanel_source.api.page import Meta
from openpanel_source.cli.main import main
from openpanel_source.days.attempt import Attempt
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import INCLUDES
from openpanel_source.operations.status import read_status
from openpanel_source.rows.shape import Shaper
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.source.settings.privacy import parse_privacy
from tests.rows.test_privacy_rules import DAY
from tests.support.hunting import found
from tests.support.recorded import page_of
from tests.support.sandbox_world import NOW, event, event_id, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(21)

KEY = "a-key-of-thirty-two-characters!!"
TODAY = "2026-11-23T10:00:00.000Z"
MARK = "anna.marked@example.com"


def hashed(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


HIDING: dict[str, Any] = {
    "exclude_columns": ["city", "longitude"],
    "hash_columns": ["profile_id", "properties.email"],
    "drop_properties": ["user.*"],
    "hash_key": KEY,
}


def marked(number: int, **values: Any) -> dict[str, Any]:
    """An event with a text in every place that ``HIDING`` hides."""
    properties = {"email": MARK, "user.name": MARK, "plan": "pro"}
    hidden = {"profileId": MARK, "city": MARK, "properties": properties}
    return event(number, **(hidden | values))


def rejected(number: int, **values: Any) -> dict[str, Any]:
    return event(number, _raw=json.dumps(marked(number, longitude=MARK, **values)))


@pytest.mark.sampled(18)
@pytest.mark.parametrize("server_date", [None, "2026-02"])
@pytest.mark.parametrize("run", ["sync", "run_once"])
def test_hidden_values_are_in_no_file_of_a_run(
    warehouse: Warehouse, tmp_path: Path, run: str, server_date: str | None
) -> None:
    rows = [rejected(1), marked(2), marked(3), event(4, profileId="bea")]
    with world(*rows, server_date=server_date) as sandbox:
        getattr(warehouse, run)(sandbox, **HIDING)
    assert found(MARK, tmp_path) == []
    assert found(KEY, tmp_path) == []
    assert warehouse.query(
        "SELECT profile_id, city, properties ->> 'email', properties ->> 'plan' FROM events"
        f" WHERE id = '{event_id(2)}'"
    ) == [(hashed(MARK), None, hashed(MARK), "pro")]
    [(raw, reason)] = warehouse.query("SELECT raw, reason FROM rejected_events")
    assert json.loads(raw)["properties"] == {"email": hashed(MARK), "plan": "pro"}
    assert reason == "longitude is not a number"


def test_hashes_are_the_same_on_each_run_and_settings_apply_to_history_with_reload(
    warehouse: Warehouse,
) -> None:
    ids = "SELECT DISTINCT profile_id FROM events"
    with world(marked(1), marked(2, createdAt=TODAY)) as sandbox:
        warehouse.sync(sandbox)
        assert warehouse.sync(sandbox, **HIDING).days_read == 0
        assert warehouse.query(ids) == [(MARK,)]
        warehouse.sync(sandbox, reload=True, **HIDING)
        assert warehouse.query(ids) == [(hashed(MARK),)]
        sandbox.add([marked(3, createdAt="2026-11-23T11:00:00.000Z")])
        assert warehouse.sync(sandbox, **HIDING).is_verified
        assert warehouse.query(ids) == [(hashed(MARK),)]


def test_excluded_columns_are_not_asked_for(warehouse: Warehouse) -> None:
    with world(marked(1, groups=["team"])) as sandbox:
        summary = warehouse.sync(sandbox, exclude_columns=["properties", "groups", "page_title"])
        [asked] = [
            parse_qs(urlsplit(item.url).query) for item in sandbox.requests if "page=" in item.url
        ]
        assert set(asked["includes"]) == set(INCLUDES) - {"properties", "groups"}
        assert summary.is_verified
        assert warehouse.query("SELECT properties, groups, profile_id FROM events") == [
            (None, None, MARK)
        ]
        # The query is the same, so nothing is read again.
        assert warehouse.sync(sandbox).days_read == 0
        warehouse.sync(sandbox, reload=True)
        assert MARK in warehouse.query("SELECT properties FROM events")[0][0]


def test_rows_of_an_erased_profile_are_counted_and_not_loaded(warehouse: Warehouse) -> None:
    rows = [event(1), event(1), event(2, profileId="bea"), event(3, profileId="cy", deviceId="bea")]
    rows += [event(4, _raw=json.dumps(event(4, profileId="bea", revenue="x")))]
    with world(*rows) as sandbox:
        summary = warehouse.sync(sandbox, erased_profiles=["bea"])
        assert (summary.is_verified, summary.events_loaded, summary.erased_rows) == (True, 1, 3)
        assert warehouse.numbers() == [1]
        assert "rejected_events" not in str(warehouse.query("SHOW TABLES"))
        assert warehouse.query(
            "SELECT total_count, rows_received, distinct_ids, erased_rows FROM sync_days"
            " WHERE total_count > 0"
        ) == [(5, 5, 1, 3)]
        settings = warehouse.settings(sandbox, erased_profiles=["bea"])
        assert audit(warehouse.pipeline(), **settings).differences == []
        # A machine that remembers nothing compares the warehouse with the ledger.
        (warehouse.folder / "pipelines" / "openpanel.ended-well").unlink()
        assert warehouse.sync(sandbox, erased_profiles=["bea"]).days_read == 0


def test_the_open_day_is_tailed_without_an_erased_profile(warehouse: Warehouse) -> None:
    def at(number: int, hour: int, **values: Any) -> dict[str, Any]:
        return event(number, createdAt=f"2026-11-23T{hour:02d}:00:00.000Z", **values)

    with world(at(1, 1), at(2, 2, profileId="bea")) as sandbox:
        warehouse.sync(sandbox, erased_profiles=["bea"])
        sandbox.add([at(3, 3, profileId="bea"), at(4, 4), at(5, 5, profileId="bea")])
        sandbox.behave(path="page=2", status=500)
        assert warehouse.sync(sandbox, erased_profiles=["bea"]).days_read == 1
        assert warehouse.sync(sandbox, erased_profiles=["bea"]).days_read == 0
    assert warehouse.numbers() == [1, 4]
    assert warehouse.query(
        "SELECT total_count, distinct_ids, erased_rows FROM sync_days ORDER BY read_at, total_count"
    ) == [(2, 1, 1), (5, 2, 3)]


def test_rows_that_wait_in_memory_or_in_a_spill_file_are_without_erased_ones() -> None:
    attempt = Attempt()
    privacy = parse_privacy(Arguments(erased_profiles=["bea"]), {})
    bea = event(2, profileId="bea")
    for rows in ([event(1), bea, bea], [bea, event(3)]):
        attempt.add(Shaper(privacy).page(page_of(*rows), "web", DAY, "GET x"))
    waiting = [row["id"] for table in attempt.tables for row in table.to_pylist()]
    assert waiting == [event_id(1), event_id(3)]
    assert (attempt.rows, attempt.repeats, len(attempt.erased_at)) == (5, 1, 1)
    assert attempt.totals == [Meta(3, 1).total_count, 2]


class Erasing:
    """A warehouse with three profiles, and the command with its configuration."""

    def __init__(self, warehouse: Warehouse, sandbox: Sandbox, monkeypatch: Any) -> None:
        self.warehouse, self._monkeypatch = warehouse, monkeypatch
        for name, value in warehouse.settings(sandbox).items():
            text = value if isinstance(value, str) else str(value)
            self.set(name, NOW.isoformat() if name == "now" else text)

    def set(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(main, [*arguments, "--database", str(self.warehouse.path)])


ROWS = (
    event(1),
    event(2, profileId="bea", createdAt="2026-11-11T00:00:00.000Z"),
    event(3, createdAt="2026-11-11T01:00:00.000Z"),
    event(4, profileId="bea", createdAt=TODAY),
    event(5, deviceId="bea", createdAt="2026-11-12T00:00:00.000Z"),
    event(6, _raw=json.dumps(event(6, profileId="bea", revenue="x"))),
)


def test_erase_reads_exactly_the_days_of_a_profile_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(*ROWS) as sandbox:
        erasing = Erasing(warehouse, sandbox, monkeypatch)
        assert erasing.run("sync").exit_code == 0
        refused = erasing.run("erase", "bea")
        assert refused.exit_code == 2
        assert "'bea' is not in erased_profiles" in refused.stderr
        assert warehouse.numbers() == [1, 2, 3, 4, 5]
        erasing.set("erased_profiles", '["bea", "nobody"]')
        result = erasing.run("erase", "bea", "nobody")
        assert result.exit_code == 0, result.output
        assert "4 days held the profiles, 0 still do." in result.stdout
        assert "Loaded 2 events of 4 days" in result.stdout
        assert warehouse.numbers() == [1, 3]
        assert warehouse.query("SELECT count(*) FROM rejected_events") == [(0,)]
        assert erasing.run("sync", "--reload").exit_code == 0
        assert warehouse.numbers() == [1, 3]
        again = json.loads(erasing.run("erase", "bea", "--json").stdout)
        assert again == {"days": [], "left": [], "sync": None, "profiles": 0}
        assert read_status(warehouse.pipeline())[0].events == 2


@pytest.mark.sampled(18)
@pytest.mark.parametrize("loaded_as", ["plain", "hashed"])
@pytest.mark.parametrize("given_as", ["plain", "hashed"])
def test_a_profile_is_found_whether_it_was_loaded_plain_or_hashed(
    warehouse: Warehouse, loaded_as: str, given_as: str
) -> None:
    given = "bea" if given_as == "plain" else hashed("bea")
    hiding = {"hash_columns": ["profile_id", "device_id"]} if loaded_as == "hashed" else {}
    with world(*ROWS[:5]) as sandbox:
        settings = warehouse.settings(sandbox, hash_key=KEY, **hiding)
        warehouse.sync(sandbox, hash_key=KEY, **hiding)
        report = erase(warehouse.pipeline(), [given], **settings, erased_profiles=[given])
    assert [day.isoformat() for _, day in report.days] == ["2026-11-23", "2026-11-12", "2026-11-11"]
    assert (report.left, report.exit_code) == ([], 0)
    assert warehouse.numbers() == [1, 3]


def test_days_that_could_not_be_erased_are_named(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(*ROWS[:5]) as sandbox:
        erasing = Erasing(warehouse, sandbox, monkeypatch)
        erasing.run("sync")
        erasing.set("erased_profiles", "bea")
        sandbox.behave(path=pages_of("2026-11-11"), lie_total="+1")
        result = erasing.run("erase", "bea")
        assert result.exit_code == 3
        assert "NOT ERASED web 2026-11-11" in result.stdout
        sandbox.behave()
        assert erasing.run("erase", "bea").exit_code == 0
    assert warehouse.numbers() == [1, 3]


def test_what_a_killed_sync_had_not_loaded_is_no_obstacle_to_erase(warehouse: Warehouse) -> None:
    with world(*ROWS[:5]) as sandbox:
        warehouse.sync(sandbox)
        # Its schema, which the destination lacks, has the table of profiles.
        warehouse.pipeline().extract(warehouse.source(sandbox, include_profiles=True))
        settings = warehouse.settings(sandbox, erased_profiles=["bea"])
        report = erase(warehouse.pipeline(), ["bea"], **settings)
    assert (len(report.days), report.left, report.exit_code) == (3, [], 0)
    assert warehouse.numbers() == [1, 3]


def test_a_profile_deleted_upstream_vanishes_with_the_next_sync(warehouse: Warehouse) -> None:
    with world(*ROWS[:5]) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(number) for number in (2, 4, 5)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 3]


def test_a_chart_may_not_bring_what_the_settings_hide(warehouse: Warehouse) -> None:
    chart = {"name": "mails", "series": [{"event": "*"}], "breakdowns": ["properties.email"]}
    with world(event(1)) as sandbox, pytest.raises(InvalidSettingError, match=r"'mails'.*email"):
        warehouse.sync(sandbox, charts=[chart], **HIDING)


@pytest.mark.parametrize("setting", ["exclude_columns", "hash_columns", "erased_profiles"])
def test_a_setting_of_another_kind_is_one_sentence(warehouse: Warehouse, setting: str) -> None:
    with world(event(1)) as sandbox:
        for wrong in ({"a": 1}, [1], 7):
            with pytest.raises(Exception, match=setting) as caught:
                warehouse.sync(sandbox, **{setting: wrong, "hash_key": KEY})
            assert type(caught.value).__name__ == "InvalidSettingError"
