"""The command ``properties`` says which keys are worth a column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tomlkit
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.cli.main import main
from openpanel_source.operations.properties.survey import count_keys, survey, toml_key
from tests.support.destinations import made
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import Row, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(5)

__all__ = ["postgres", "postgres_url"]


def rows() -> list[Row]:
    return [
        event(
            number,
            properties={
                "total": str(number),
                "price": f"{number}.5" if number % 2 else "3",
                "on_sale": "true" if number % 2 else "false",
                "sold_on": "2026-11-10",
                "mixed": str(number) if number % 2 else "x",
                "__title": "Home",
                "empty": "",
                **({"evil\x1b[31m\u202e": "\x1b[2J"} if number == 1 else {}),
            },
        )
        for number in range(1, 5)
    ]


TYPES = {
    "empty": "text",
    "mixed": "text",
    "on_sale": "bool",
    "price": "double",
    "sold_on": "date",
    "total": "bigint",
    "evil\x1b[31m\u202e": "text",
}


def test_keys_are_told_with_their_types_and_a_mapping_to_paste(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(*rows()) as sandbox:
        warehouse.sync(sandbox)
    target = ["properties", "--database", str(warehouse.path)]
    found = CliRunner().invoke(main, target)
    assert found.exit_code == 0, found.output
    assert "total: 4 rows (100.0%), bigint: 4, 3, 2\n" in found.output
    assert not {"\x1b", "\u202e"} & set(found.output)
    pasted = tomlkit.parse(found.output[found.output.index("[sources") :]).unwrap()
    assert pasted["sources"]["openpanel"]["properties"] == TYPES
    told = json.loads(CliRunner().invoke(main, [*target, "--json"]).output)
    assert (told["rows"], told["properties"], told["more_keys"]) == (4, TYPES, False)
    newest = json.loads(CliRunner().invoke(main, [*target, "--json", "--limit", "3"]).output)
    assert newest["rows"] == 3
    assert "evil\x1b[31m\u202e" not in newest["properties"]
    few = CliRunner().invoke(main, [*target, "--keys", "2"]).output
    assert "... and 6 keys more" in few


def test_postgresql_is_asked_the_same(postgres: PostgresWarehouse) -> None:
    with world(*rows()) as sandbox:
        postgres.sync(sandbox)
    found = survey(postgres.pipeline(), 100)
    assert found.rows == 4
    assert {key.name: key.type for key in found.keys if key.name != "__title"} == TYPES


def test_tables_in_files_are_asked_the_same_without_any_extension(tmp_path: Path) -> None:
    files = made("delta", tmp_path, str)
    with world(*rows()) as sandbox:
        files.sync(sandbox)
    found = survey(files.pipeline(), 100)
    assert {key.name: key.type for key in found.keys if key.name != "__title"} == TYPES


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["10115", "01067"], "text"), (["+46701234567"], "text"), (["-01"], "text"),
        (["1.5", "00.5"], "text"), (["0", "-1"], "bigint"), (["0.5", "-0.25"], "double"),
        ([None, "1", None], "bigint"), ([None], "text"), ([True, None], "bool"),
    ],
)  # fmt: skip
def test_what_begins_like_a_code_is_no_number_and_null_is_no_value(
    values: list[object], kind: str
) -> None:
    [key] = count_keys(("buy", {"a": value}) for value in values).keys
    assert (key.type, key.rows) == (kind, len(values))
    assert "null" not in key.examples


def test_the_mapping_leaves_out_what_is_rare_or_of_the_sdk(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    often = [event(n, properties={"plan": "pro", "__screen": "1x1"}) for n in range(1, 250)]
    rare = [event(n, properties={"rare": "1", "some": "1"}) for n in (251, 252)]
    with world(*often, *rare, event(253, properties={"some": "1"})) as sandbox:
        warehouse.sync(sandbox)
    target = ["properties", "--database", str(warehouse.path)]
    listed, pasted = CliRunner().invoke(main, target).output.split("[sources")
    assert all(f"{key}: " in listed for key in ("plan", "__screen", "rare", "some"))
    assert '"plan" = "text"\n"some" = "bigint"' in pasted
    assert "__screen" not in pasted
    assert "rare" not in pasted
    told = json.loads(CliRunner().invoke(main, [*target, "--json"]).output)
    assert told["properties"] == {"plan": "text", "some": "bigint"}


def shop(purchases: int = 14) -> list[Row]:
    """2,000 views and some purchases, 0.7 % of all."""
    views = [event(n, name="screen_view", properties={"plan": "pro"}) for n in range(2_000)]
    total = {"total": "9.5"}
    bought = [event(3_000 + n, properties=total) for n in range(purchases)]
    # Anybody can send one event with a name of its own.
    return [*views, *bought, event(3_500, name="hostile", properties={"hostile": "1"})]


def test_a_key_of_rare_events_is_judged_among_events_of_their_name(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(*shop(20)) as sandbox:
        warehouse.sync(sandbox)
    target = ["properties", "--database", str(warehouse.path)]
    told = json.loads(CliRunner().invoke(main, [*target, "--json"]).output)
    assert told["properties"] == {"plan": "text", "total": "double"}
    text = CliRunner().invoke(main, target).output
    assert "total: 20 rows (1.0%; 100.0% of purchase), double: 9.5" in text
    some = CliRunner().invoke(main, [*target, "--event", "purchase", "--limit", "5", "--json"])
    assert json.loads(some.output)["rows"] == 5
    both = ["--event", "purchase", "--event", "it's \\ %s \" {x}"]
    assert json.loads(CliRunner().invoke(main, [*target, *both, "--json"]).output)["rows"] == 20


def test_events_of_a_name_are_asked_of_postgresql_and_files_alike(
    postgres: PostgresWarehouse, tmp_path: Path
) -> None:
    hostile = "it's \\ %s {x}"
    rows = [event(1, properties={"a": "1"}), event(2, name=hostile, properties={"b": "1"})]
    files = made("delta", tmp_path / "files", str)
    with world(*rows) as sandbox:
        for where in (postgres, files):
            where.sync(sandbox)
            found = survey(where.pipeline(), 10, [hostile])
            assert [key.name for key in found.keys] == ["b"]
            assert found.events == {hostile: 1}


@given(st.lists(st.none() | st.just("[1]") | st.dictionaries(st.text(), st.text() | st.integers())))
def test_whatever_properties_hold_each_key_is_counted(properties: list[object]) -> None:
    found = count_keys(("buy", one) for one in properties)
    assert found.rows == len(properties)
    maps = [value for value in properties if isinstance(value, dict)]
    assert sum(key.rows for key in found.keys) == sum(map(len, maps))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_key_can_be_pasted(key: str) -> None:
    assert tomlkit.parse(f"{toml_key(key)} = 1").unwrap() == {key: 1}
