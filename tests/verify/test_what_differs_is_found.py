"""Whatever a mistake of the loader, or anybody else, makes of the rows is found, value by value."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ALL
from openpanel_source.operations.values.report import ValueReport
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

KEY = "a secret of at least sixteen characters"
SETTINGS: dict[str, Any] = {
    "exclude_columns": ["city"],
    "hash_columns": ["device_id", "properties.email"],
    "drop_properties": ["card*"],
    "erased_profiles": ["gone"],
    "hash_key": KEY,
    "properties": {
        "total": "double",
        "price": "decimal",
        "count": "bigint",
        "paid": "bool",
        "at": "timestamp",
        "day": "date",
        "plan": "text",
    },
}


def rows() -> list[dict[str, Any]]:
    """Events whose every value differs from that of the next, and some that are odd."""
    found = []
    for number in range(1, 21):
        properties = {
            "total": f"{number}.25",
            "price": f"{number}.10",
            "count": str(number),
            "paid": ("yes", "no")[number % 2],
            "at": f"2026-11-{number:02d}T10:00:00.125Z",
            "day": f"2026-11-{number:02d}",
            "plan": f"plan {number}",
            "email": f"{number}@example.org",
            "card": "4111",
            "deep": {"card": "4111", "number": number, "list": [1.50, "a"]},
            "__title": f"Title {number}",
            "__query.utm_source": f"source {number}",
        }
        row = event(
            number,
            createdAt=f"2026-11-{10 + number % 2}T12:{number:02d}:03.{number:03d}Z",
            name=f"name {number}",
            deviceId=f"device {number}",
            profileId=f"profile {number}",
            sessionId=f"session {number}",
            country="\0\0" if number == 4 else "SE",
            region=f"region {number}",
            osVersion=f"{number}.1",
            path=f"/{number}",
            referrer=f"a\0{number}",
            latitude=50 + number / 7,
            longitude=10 + number / 7,
            revenue=number * 1000,
            importedAt=f"2026-11-12T00:00:{number:02d}.000Z",
            groups=[f"group {number}"],
            properties=properties,
            mood=f"mood {number}",
        )
        # As text, for what the server never holds.
        found.append(event(number, createdAt=row["createdAt"], _raw=json.dumps(row)))
    return [*found, event(90, createdAt="2026-11-10T09:00:00.000Z", profileId="gone")]


ODD = event(91, _raw=json.dumps(event(91, revenue="much")))
"""Is rejected."""


@dataclass(frozen=True)
class Damage:
    """What is done to a warehouse, and the kind and column of what has to be found then."""

    what: str
    sql: str
    found: str


def _at(number: int) -> str:
    return f"id = '00000000-0000-4000-8000-{number:012d}'"


def _set(column: str, value: str, number: int = 3) -> str:
    return f"UPDATE events SET {column} = {value} WHERE {_at(number)}"


def _json(column: str, old: str, new: str, number: int = 3) -> str:
    changed = f"CAST(replace(CAST({column} AS VARCHAR), '{old}', '{new}') AS JSON)"
    return f"UPDATE events SET {column} = {changed} WHERE {_at(number)}"


DAMAGES = [
    Damage("a row is dropped", f"DELETE FROM events WHERE {_at(3)}", "missing here: id"),
    Damage(
        "a row is doubled",
        f"INSERT INTO events SELECT * FROM events WHERE {_at(3)}",
        "held twice: id",
    ),
    Damage(
        "a row is doubled under another id",
        f"INSERT INTO events SELECT * REPLACE ('other' AS id) FROM events WHERE {_at(3)}",
        "held only here: id",
    ),
    Damage("an id is another", _set("id", "'other'"), "held only here: id"),
    Damage(
        "a row lies on another day",
        _set("event_date", "DATE '2026-11-10'"),
        "missing here: id",
    ),
    Damage(
        "two text columns are swapped",
        f"UPDATE events SET region = os_version, os_version = region WHERE {_at(3)}",
        "value: region",
    ),
    Damage(
        "two columns are swapped throughout",
        "UPDATE events SET browser = brand, brand = browser",
        "value: browser",
    ),
    Damage(
        "the coordinates are swapped",
        f"UPDATE events SET latitude = longitude, longitude = latitude WHERE {_at(3)}",
        "value: latitude",
    ),
    Damage(
        "a coordinate loses its last digit", _set("latitude", "latitude + 1e-13"), "value: latitude"
    ),
    Damage(
        "a millisecond is lost",
        _set("created_at", "created_at - INTERVAL 1 MILLISECOND"),
        "value: created_at",
    ),
    Damage(
        "milliseconds are cut off",
        "UPDATE events SET created_at = date_trunc('second', created_at)",
        "value: created_at",
    ),
    Damage(
        "an hour is added, as of a time zone",
        _set("created_at", "created_at + INTERVAL 1 HOUR"),
        "value: created_at",
    ),
    Damage("the time of import is null", _set("imported_at", "NULL"), "value: imported_at"),
    Damage(
        "the time of import is that of the event",
        _set("imported_at", "created_at"),
        "value: imported_at",
    ),
    Damage("NUL is kept", _set("referrer", "'a' || chr(0) || '3'"), "value: referrer"),
    Damage("NUL is dropped", _set("referrer", "'a3'"), "value: referrer"),
    Damage("NUL alone is kept", _set("country", "chr(0) || chr(0)", 4), "value: country"),
    Damage("NUL alone is empty", _set("country", "''", 4), "value: country"),
    Damage("an empty text is null", _set("origin", "NULL"), "value: origin"),
    Damage("a space is cut off", _set("name", "'name3'"), "value: name"),
    Damage("case is changed", _set("path", "upper(session_id)"), "value: path"),
    Damage("a revenue is rounded", _set("revenue", "revenue + 1"), "value: revenue"),
    Damage("a revenue of 0 is null", _set("revenue", "NULL"), "value: revenue"),
    Damage(
        "values of two rows are swapped",
        f"UPDATE events SET session_id = CASE WHEN {_at(3)} THEN 'session 5' ELSE 'session 3' END"
        f" WHERE {_at(3)} OR {_at(5)}",
        "value: session_id",
    ),
    Damage(
        "a hash is made without key", _set("device_id", "sha256('device 3')"), "value: device_id"
    ),
    Damage(
        "a hash is that of another row",
        _set("device_id", f"(SELECT device_id FROM events WHERE {_at(5)})"),
        "value: device_id",
    ),
    Damage("a hashed value is plain", _set("device_id", "'device 3'"), "not hidden: device_id"),
    Damage("an excluded value is there", _set("city", "'Stockholm'"), "not hidden: city"),
    Damage(
        "a dropped key is there",
        _json("properties", '"deep":', '"card":"4111","deep":'),
        "value: properties",
    ),
    Damage(
        "a hashed key is plain",
        _set("properties", """json_merge_patch(properties, '{"email":"3@example.org"}')"""),
        "value: properties",
    ),
    Damage("a number in JSON is rounded", _json("properties", "1.5", "1.51"), "value: properties"),
    Damage("a number in JSON is text", _json("properties", "1.5", '"1.5"'), "value: properties"),
    Damage("a text in JSON is a number", _json("properties", '"3"', "3"), "value: properties"),
    Damage("a key is renamed", _json("properties", '"plan"', '"Plan"'), "value: properties"),
    Damage("a list is empty", _json("groups", '"group 3"', ""), "value: groups"),
    Damage("a list is null", _set("groups", "NULL"), "value: groups"),
    Damage("properties are null", _set("properties", "NULL"), "value: properties"),
    Damage(
        "a promoted value is of another row",
        _set("plan", "'plan 5'"),
        "value: plan",
    ),
    Damage("a promoted value is null", _set("total", "NULL"), "value: total"),
    Damage("a promoted number is rounded", _set("total", "3.0"), "value: total"),
    Damage("a promoted decimal is cut", _set("price", "3.0"), "value: price"),
    Damage("a promoted integer is another", _set("count", '"count" + 1'), "value: count"),
    Damage("a promoted truth is another", _set("paid", "NOT paid"), "value: paid"),
    Damage(
        "a promoted time is cut",
        _set("property_at", "date_trunc('second', property_at)"),
        "value: property_at",
    ),
    Damage("a promoted day is the next", _set('"day"', '"day" + 1'), "value: day"),
    Damage("a web column is of another key", _set("page_title", "utm_source"), "value: page_title"),
    Damage(
        "a web column is null throughout",
        "UPDATE events SET page_title = NULL",
        "not filled: page_title",
    ),
    Damage("a new field is of another row", _set("mood", "'\"mood 5\"'"), "value: mood"),
    Damage("a new field is null", _set("mood", "NULL"), "value: mood"),
    Damage("an unknown field is made up", _set("extras", "'{\"x\":1}'"), "value: extras"),
    Damage(
        "an erased profile is there",
        "INSERT INTO events SELECT * REPLACE ('00000000-0000-4000-8000-000000000090' AS id)"
        f" FROM events WHERE {_at(2)}",
        "not erased: id",
    ),
    Damage("a rejected row is dropped", "DELETE FROM rejected_events", "missing here: rejected"),
    Damage(
        "a rejected row is another",
        "UPDATE rejected_events SET raw = replace(raw, 'much', 'more')",
        "held only here: rejected",
    ),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Sandbox, Path]]:
    """A warehouse with the rows, the server, and a copy of the DuckDB file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_DATA_DIR", str(tmp_path_factory.mktemp("dlt")))
        warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"))
        copy = warehouse.folder / "copy"
        with world(*rows(), ODD) as sandbox:
            warehouse.sync(sandbox, **SETTINGS)
            shutil.copy(warehouse.path, copy)
            yield warehouse, sandbox, copy


def values(warehouse: Warehouse, sandbox: Sandbox, **settings: Any) -> ValueReport:
    """What comparing all values finds."""
    report = audit(
        warehouse.pipeline(), values=ALL, **warehouse.settings(sandbox, **SETTINGS | settings)
    )
    assert report.values is not None
    return report.values


@pytest.mark.long
def test_what_was_loaded_is_found_equal(loaded: tuple[Warehouse, Sandbox, Path]) -> None:
    warehouse, sandbox, copy = loaded
    shutil.copy(copy, warehouse.path)
    found = values(warehouse, sandbox)
    assert (found.differences, found.skipped) == ([], [])
    assert (found.rows, found.fields) == (20, 20 * 45)


@pytest.mark.sampled(36)
@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.what for damage in DAMAGES])
def test_damage_is_found(loaded: tuple[Warehouse, Sandbox, Path], damage: Damage) -> None:
    warehouse, sandbox, copy = loaded
    shutil.copy(copy, warehouse.path)
    warehouse.change(damage.sql)
    assert damage.found in values(warehouse, sandbox).kinds
