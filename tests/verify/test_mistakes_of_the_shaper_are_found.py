"""Whatever mistake the code that shapes rows may make, comparing values finds it.

Each is made on purpose, by a shaper that spoils what the real one has made, in a row or throughout.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main
from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ALL
from openpanel_source.rows.shape import ShapedPage, Shaper
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import world
from tests.support.warehouse import Warehouse
from tests.verify.test_what_differs_is_found import ODD, SETTINGS, rows

Spoil = Callable[[pa.Table, int, int], pa.Table]
"""Takes rows and the places of two of them; gives them back with the mistake."""


@dataclass(frozen=True)
class Mistake:
    """What a shaper does wrong."""

    what: str
    spoil: Spoil


def _with(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    place = table.schema.names.index(name)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, field.type))


def value(column: str, change: Callable[[Any], Any]) -> Spoil:
    """A value is another."""

    def spoil(table: pa.Table, row: int, _: int) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = change(values[row])
        return _with(table, column, values)

    return spoil


def every(column: str, change: Callable[[Any], Any]) -> Spoil:
    """All values of a column are others."""
    return lambda table, *_: _with(table, column, list(map(change, table[column].to_pylist())))


def of_another_row(column: str) -> Spoil:
    """A value is that of another row."""

    def spoil(table: pa.Table, row: int, other: int) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = values[other]
        return _with(table, column, values)

    return spoil


def shifted(column: str) -> Spoil:
    """All values are those of the rows before."""

    def spoil(table: pa.Table, *_: int) -> pa.Table:
        values = table[column].to_pylist()
        return _with(table, column, [values[-1], *values[:-1]])

    return spoil


def swapped(first: str, second: str, *, throughout: bool = False) -> Spoil:
    """Two columns are swapped, in a row or throughout."""

    def spoil(table: pa.Table, row: int, _: int) -> pa.Table:
        one, two = table[first].to_pylist(), table[second].to_pylist()
        for place in range(len(one)) if throughout else (row,):
            one[place], two[place] = two[place], one[place]
        return _with(_with(table, first, one), second, two)

    return spoil


def copied(source: str, target: str) -> Spoil:
    """A column has the values of another."""
    return lambda table, *_: _with(table, target, table[source].to_pylist())


def unkeyed(table: pa.Table, row: int, _: int) -> pa.Table:
    """A hash is made without its key."""
    number = int(table["id"][row].as_py()[-12:])
    digest = sha256(f"device {number}".encode()).hexdigest()
    return value("device_id", lambda _: digest)(table, row, row)


def _in_text(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def _without(unit: str) -> Callable[[datetime], datetime]:
    return lambda at: at.replace(microsecond=0 if unit == "ms" else at.microsecond)


_MILLISECOND = timedelta(milliseconds=1)

MISTAKES = [
    Mistake("text columns swapped in a row", swapped("region", "os_version")),
    Mistake("text columns swapped throughout", swapped("browser", "brand", throughout=True)),
    Mistake("coordinates swapped", swapped("latitude", "longitude")),
    Mistake("a column copied from another", copied("browser", "os")),
    Mistake("a millisecond lost", value("created_at", lambda at: at - _MILLISECOND)),
    Mistake("milliseconds cut off", every("created_at", _without("ms"))),
    Mistake("a time in another zone", value("created_at", lambda at: at + timedelta(hours=1))),
    Mistake("no time of import", value("imported_at", lambda _: None)),
    Mistake("the time of import is the event's", copied("created_at", "imported_at")),
    Mistake("a NUL kept", value("referrer", _in_text("\ufffd", "\0"))),
    Mistake("a NUL dropped", value("referrer", _in_text("\ufffd", ""))),
    Mistake("a text cut", value("referrer", lambda text: text[:-1])),
    Mistake("an unknown country empty", every("country", lambda text: text or "")),
    Mistake("an empty text null", value("origin", lambda _: None)),
    Mistake("null made a text", value("city", str)),
    Mistake("spaces dropped", every("name", lambda text: text.replace(" ", ""))),
    Mistake("case changed", value("session_id", str.upper)),
    Mistake("a revenue rounded", value("revenue", lambda number: number + 1)),
    Mistake("no revenue", value("revenue", lambda _: None)),
    Mistake("a last digit lost", value("latitude", lambda number: float(f"{number:.12f}"))),
    Mistake("a text of another row", of_another_row("session_id")),
    Mistake("texts one row further", shifted("path")),
    Mistake("an id one row further", shifted("id")),
    Mistake("an id of no row", value("id", lambda _: "another")),
    Mistake("a hash without key", unkeyed),
    Mistake("a hash of another row", of_another_row("device_id")),
    Mistake("no hash", value("device_id", lambda _: "device 3")),
    Mistake("an excluded column filled", every("city", lambda _: "Stockholm")),
    Mistake(
        "a dropped key kept",
        value("properties", lambda text: text.replace("{", '{"card":"4111",', 1)),
    ),
    Mistake(
        "a hashed key plain",
        value("properties", lambda text: text.replace('"email":"', '"email":"a@example.org', 1)),
    ),
    Mistake("a number in JSON rounded", value("properties", _in_text("1.5", "1.6"))),
    Mistake("a number in JSON a text", value("properties", _in_text("1.5", '"1.5"'))),
    Mistake("a key of JSON renamed", value("properties", _in_text('"plan"', '"Plan"'))),
    Mistake("JSON of another row", of_another_row("properties")),
    Mistake("no JSON", value("properties", lambda _: None)),
    Mistake("a list empty", value("groups", lambda _: "[]")),
    Mistake("lists one row further", shifted("groups")),
    Mistake("a promoted value of the wrong row", of_another_row("plan")),
    Mistake("promoted values one row further", shifted("total")),
    Mistake("a promoted value null", value("total", lambda _: None)),
    Mistake("a promoted number rounded", value("total", round)),
    Mistake("a promoted decimal off", value("price", lambda number: number + Decimal("0.01"))),
    Mistake("a promoted integer off", value("count", lambda number: number - 1)),
    Mistake("a promoted truth turned", value("paid", lambda held: not held)),
    Mistake("a promoted time cut", value("property_at", _without("ms"))),
    Mistake("a promoted day off", value("day", lambda day: day + timedelta(days=1))),
    Mistake("a web column of another key", copied("utm_source", "page_title")),
    Mistake("a new field of the wrong row", of_another_row("mood")),
    Mistake("a new field lost", value("mood", lambda _: None)),
    Mistake("an unknown field made up", value("extras", lambda _: '{"x":1}')),
    Mistake("a row doubled under another id", value("id", lambda text: f"{text}0")),
]


def spoiling(spoil: Spoil, seed: int) -> type[Shaper]:
    """A shaper that makes a mistake on the first page of each day."""

    class Spoiling(Shaper):
        def page(self, body: bytes, project_id: str, day: date, request: str) -> ShapedPage:
            page = super().page(body, project_id, day, request)
            profiles = page.table["profile_id"].to_pylist()
            places = [place for place, name in enumerate(profiles) if name.startswith("profile ")]
            if len(places) < 2:
                return page
            one, other = random.Random(seed).sample(places, 2)
            return page._replace(table=spoil(page.table, one, other))

    return Spoiling


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with world(*rows(), ODD) as running:
        yield running


@pytest.mark.sampled(78)
@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[one.what for one in MISTAKES])
def test_a_mistake_is_found(
    number: int, warehouse: Warehouse, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        shaper = spoiling(MISTAKES[number].spoil, number)
        patch.setattr("openpanel_source.days.reader.Shaper", shaper)
        warehouse.sync(sandbox, **SETTINGS)
    settings = warehouse.settings(sandbox, **SETTINGS)
    found = audit(warehouse.pipeline(), values=ALL, **settings).values
    assert found is not None
    assert found.differing


@pytest.mark.long
def test_a_mistake_that_reading_again_does_not_mend_is_told_with_a_file_to_report(
    warehouse: Warehouse, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil = value("region", lambda text: f"{text}!")
    monkeypatch.setattr("openpanel_source.days.reader.Shaper", spoiling(spoil, 1))
    warehouse.sync(sandbox)
    for name, said in warehouse.settings(sandbox).items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(said))
    options = ["--database", str(warehouse.path), "--values", "--all", "--repair"]
    done = CliRunner().invoke(main, ["audit", *options])
    assert done.exit_code == 3
    assert "differ still: that is a mistake of this package" in done.stdout
    written = Path("openpanel-source-reproduction.json")
    assert str(written.absolute()) in done.stderr
    differences = json.loads(written.read_text(encoding="utf-8"))["differences"]
    assert {one["column"] for one in differences} == {"region"}
    assert differences[0]["held"].endswith("Po*1")
