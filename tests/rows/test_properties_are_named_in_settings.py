"""Keys that become columns are named with their types in options, a file or JSON, or refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import tomlkit
from click.testing import CliRunner

from openpanel_source.errors import InvalidSettingError
from openpanel_source.rows.property_columns import parse_properties
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(14)


@pytest.mark.parametrize(
    "value", ["total", ["total"], {"total": "json"}, {"total": 1}, {1: "text"}]
)
def test_a_mapping_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InvalidSettingError, match="properties"):
        parse_properties(value)


def test_a_key_with_dots_that_is_not_in_quotes_is_told_so() -> None:
    nested = tomlkit.parse('items.0.sku = "text"').unwrap()
    with pytest.raises(InvalidSettingError, match=r'in quotes: "items\.0\.sku" = "text"'):
        parse_properties(nested)


def test_a_mapping_may_be_json() -> None:
    assert parse_properties('{"total": "double"}') == {"total": "double"}
    assert parse_properties(None) == parse_properties("") == parse_properties({}) == {}


def test_the_command_takes_keys_with_their_types(warehouse: Warehouse, monkeypatch: Any) -> None:
    from openpanel_source.cli.main import main

    with world(event(1, properties={"a=b": "7"})) as sandbox:
        settings = warehouse.settings(sandbox)
        for name in ("client_id", "client_secret", "now"):
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(settings[name]))
        target = ["--database", str(warehouse.path), "--base-url", sandbox.url]
        command = ["sync", "--project-id", "web", *target, "--property"]
        found = CliRunner().invoke(main, [*command, "a=b=number"])
        assert found.exit_code == 2
        assert "the types are text, bigint" in found.output
        without = CliRunner().invoke(main, [*command, "x"])
        assert without.exit_code == 2
        assert "write --property KEY=TYPE" in without.output
        assert CliRunner().invoke(main, [*command, "a=b=bigint"]).exit_code == 0
    assert warehouse.query("SELECT a_b FROM events") == [(7,)]


def test_options_are_added_to_the_configured_mapping(
    warehouse: Warehouse, monkeypatch: Any
) -> None:
    from openpanel_source.cli.main import main

    with world(event(1, properties={"plan": "pro", "total": "7"})) as sandbox:
        settings = warehouse.settings(sandbox) | {"now": NOW.isoformat()}
        settings["properties"] = '{"plan": "text", "total": "text"}'
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        options = ["--property", "total=double", "--property", "more=text"]
        target = ["--database", str(warehouse.path)]
        done = CliRunner().invoke(main, ["sync", *target, *options])
    assert done.exit_code == 0, done.output
    assert warehouse.query("SELECT plan, total, more FROM events") == [("pro", 7.0, None)]


def test_the_mapping_may_stand_in_configuration(warehouse: Warehouse) -> None:
    folder = warehouse.folder / ".dlt"
    folder.mkdir()
    with world(event(1, properties={"a.b": "7"})) as sandbox:
        settings = warehouse.settings(sandbox)
        lines = [f'{name} = "{value}"' for name, value in settings.items() if name != "now"]
        mapping = ["[sources.openpanel.properties]", '"a.b" = "bigint"']
        text = "\n".join(["[sources.openpanel]", f'now = "{NOW.isoformat()}"', *lines, *mapping])
        (folder / "secrets.toml").write_text(text)
        # In a process of its own: dlt looks for its folder once.
        command = [sys.executable, "-m", "openpanel_source.cli", "sync"]
        target = ["--database", str(warehouse.path)]
        done = subprocess.run(
            [*command, *target], cwd=warehouse.folder, check=False, capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert warehouse.query("SELECT a_b FROM events") == [(7,)]
