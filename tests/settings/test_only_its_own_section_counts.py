"""What others put into the environment or dlt's files, and dlt would take for settings, is none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.extract import DltResource

import openpanel_source.source.source as source_module
from openpanel_source import openpanel
from openpanel_source.api.client import Client
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.settings.declared import DEFAULTS
from openpanel_source.source.source import configured
from tests.support.command import run
from tests.support.dlt_files import write
from tests.support.sandbox_world import CLIENT, SECRET

pytestmark = pytest.mark.sampled(8)

FOREIGN = {
    "project_id": "other",
    "client_id": "33333333-3333-4333-8333-333333333333",
    "client_secret": "SECRET-of-another-application",
    "base_url": "http://127.0.0.1:9",
    "start_date": "2031-01-01",
    "end_date": "2020-01-01",
    "events": "push",
    "filters": '[{"property": "os", "value": "none"}]',
    "profile_id": "nobody",
    "charts": "/no/such/file",
    "timezone": "Nowhere/Land",
    "exclude_columns": "path",
    "hash_columns": "path",
    "hash_key": "of another application",
    "drop_properties": "*",
    "erased_profiles": "anna",
    "properties": "{",
    "table_format": "none",
    "now": "1999-01-01T00:00:00+00:00",
}
"""What each setting would break; those that are not here are numbers or switches."""
PREFIXES = ["", "SOURCES__", "OPENPANEL__", "OPENPANEL__SOURCES__", "OTHER__SOURCES__OPENPANEL__"]


def held(path: str = "w.duckdb", columns: str = "count(*)") -> Any:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM openpanel.events").fetchall()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_variable_outside_of_the_section_is_a_setting(
    prefix: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, expected = configured()
    for name in DEFAULTS:
        monkeypatch.setenv(prefix + name.upper(), FOREIGN.get(name, "17"))
    dlt.pipeline("openpanel", destination="duckdb").activate()
    client, found = configured()
    assert client.base_url == environment["base_url"]
    assert found.now() == expected.now()
    assert {**vars(found), "now": None} == {**vars(expected), "now": None}


DEVELOPERS = {
    "DEV_MODE": "1",
    "FULL_REFRESH": "1",
    "REFRESH": "drop_sources",
    "PROGRESS": "log",
    "STAGING_TYPE": "filesystem",
    "STAGING_NAME": "other",
    "DESTINATION": "postgres",
    "DESTINATION_TYPE": "postgres",
    "DESTINATION_NAME": "other",
    "DATASET_NAME": "other",
    "DATASET_NAME_LAYOUT": "%s_other",
    "PIPELINE_NAME": "other",
    "PIPELINES_DIR": "other",
    "PIPELINE_SALT": "other",
    "IMPORT_SCHEMA_PATH": "import",
    "EXPORT_SCHEMA_PATH": "export",
    "RESTORE_FROM_DESTINATION": "false",
    "USE_SINGLE_DATASET": "false",
    "ENABLE_RUNTIME_TRACE": "false",
    "NAMING": "direct",
    "WORKERS": "many",
    "POOL_TYPE": "none",
    "RAISE_ON_FAILED_JOBS": "false",
    "LOADER_FILE_FORMAT": "csv",
    "STAGING_DATASET_NAME_LAYOUT": "%s",
    "SCHEMA_CONTRACT": "freeze",
}
"""Names that dlt takes for settings of a pipeline, a load or a schema, with or without prefix."""


@pytest.mark.long
@pytest.mark.parametrize("prefix", ["", "OPENPANEL__", "PIPELINES__", "PIPELINES__OPENPANEL__"])
def test_no_setting_of_dlt_without_its_section_changes_what_the_command_does(
    prefix: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in DEVELOPERS.items():
        if not (name.startswith("STAGING") and prefix.startswith("PIPELINES")):
            monkeypatch.setenv(prefix + name, value)
    for loaded in (3, 0):
        done = run("sync", "--database", "w.duckdb", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["events_loaded"] == loaded
        assert "Load" not in done.stdout
    with duckdb.connect("w.duckdb", read_only=True) as connection:
        schemas = connection.execute(
            "SELECT DISTINCT table_schema FROM information_schema.tables"
        ).fetchall()
    assert schemas == [("openpanel",)]
    assert "3 events" in run("status", "--database", "w.duckdb").output
    assert not {"other", "import", "export"} & set(os.listdir())


@pytest.mark.parametrize("section", ["", "[sources]", "[openpanel]", "[openpanel.sources]"])
def test_no_other_section_of_a_file_holds_settings(
    section: str, environment: dict[str, str]
) -> None:
    names = [name for name in DEFAULTS if name not in ("client_secret", "hash_key")]
    lines = [f"{name} = {json.dumps(FOREIGN.get(name, 17))}" for name in names]
    write("config.toml", "\n".join([section, *lines]))
    write("secrets.toml", "\n".join([section, 'client_secret = "other"', 'hash_key = "other"']))
    assert run("sync", "--database", "w.duckdb").exit_code == 0
    assert held() == [(3,)]


def resolved(monkeypatch: pytest.MonkeyPatch, *sources: Callable[[], Any]) -> list[Settings]:
    """What each source reads."""
    found: list[Settings] = []
    given = source_module.resources_of

    def noted(client: Client, settings: Settings) -> list[DltResource]:
        found.append(settings)
        return given(client, settings)

    monkeypatch.setattr(source_module, "resources_of", noted)
    for source in sources:
        source()
    return found


def test_a_source_of_another_name_has_sections_of_its_own(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        "config.toml",
        '[sources.openpanel]\npages_in_flight = 3\n[sources.openpanel.shop]\nevents = ["a"]\n'
        '[sources.shop]\nevents = ["b"]\nmax_days_per_run = 5',
    )
    monkeypatch.setenv("SOURCES__OPENPANEL__SHOP__LOOKBACK_DAYS", "4")
    monkeypatch.setenv("SHOP__LOOKBACK_DAYS", "5")
    monkeypatch.setenv("MAX_EVENTS_PER_RUN", "5")
    [settings] = resolved(monkeypatch, openpanel.clone(name="shop"))
    assert settings.query.events == ("a",)
    assert settings.lookback_days == 4
    limits = settings.limits
    assert (limits.pages_in_flight, limits.max_days_per_run) == (3, 5)
    assert limits.max_events_per_run == 1_000_000


def test_sources_beside_each_other_read_each_its_own_section(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("config.toml", '[sources.openpanel]\npages_in_flight = 3\n[sources.shop]\nevents = ["b"]')
    monkeypatch.setenv("SOURCES__SHOP__LOOKBACK_DAYS", "4")
    found = resolved(monkeypatch, openpanel, openpanel.clone(name="shop"))
    assert [settings.query.events for settings in found] == [(), ("b",)]
    assert [settings.lookback_days for settings in found] == [3, 4]
    assert [settings.limits.pages_in_flight for settings in found] == [3, 3]


def test_check_says_where_each_setting_came_from(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("config.toml", "[sources.openpanel]\nlookback_days = 4")
    write("secrets.toml", '[sources.openpanel]\nhash_key = "SECRET-0123456789"')
    monkeypatch.setenv("LOOKBACK_DAYS", "9")
    config, secrets = Path(".dlt/config.toml").resolve(), Path(".dlt/secrets.toml").resolve()
    done = run("check", "--project-id", "web")
    assert done.exit_code == 0
    for line in (
        "project_id: ['web'] (--project-id)",
        f"client_id: {CLIENT} (SOURCES__OPENPANEL__CLIENT_ID in the environment)",
        "client_secret: *** (SOURCES__OPENPANEL__CLIENT_SECRET in the environment)",
        f"hash_key: *** (sources.openpanel.hash_key in {secrets})",
        f"lookback_days: 4 (sources.openpanel.lookback_days in {config})",
    ):
        assert line in done.output
    assert SECRET not in done.output
    assert "SECRET-" not in done.output
    as_json = json.loads(run("check", "--json").stdout)
    assert {
        "name": "client_secret",
        "value": "***",
        "origin": "SOURCES__OPENPANEL__CLIENT_SECRET in the environment",
    } in as_json["settings"]


def test_files_and_arguments_count_as_they_did(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("config.toml", f'[sources.openpanel]\nnow = "{settings["now"]}"\nproject_id = ["web"]')
    write(
        "secrets.toml",
        f'[sources.openpanel]\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
        f'base_url = "{settings["base_url"]}"\nlookback_days = 5',
    )
    client, found = configured(project_id="app")
    assert (client.base_url, found.project_ids) == (settings["base_url"], ("app",))
    assert found.lookback_days == 5
    monkeypatch.setenv("SOURCES__OPENPANEL__LOOKBACK_DAYS", "4")
    assert configured()[1].lookback_days == 4
    assert configured(lookback_days=2)[1].lookback_days == 2
    assert configured(lookback_days=dlt.config.value)[1].lookback_days == 4
    assert configured(start_date=None)[1].start is None


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_others_set_neither_empties_nor_changes_a_warehouse(
    prefix: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("sync", "--database", "w.duckdb").exit_code == 0
    for name in DEFAULTS:
        monkeypatch.setenv(prefix + name.upper(), FOREIGN.get(name, "17"))
    for variable in ("CREATED_AT__INITIAL_VALUE", "SOURCES__CREATED_AT__END_VALUE"):
        monkeypatch.setenv(variable, "2020-01-01")
    assert run("sync", "--database", "w.duckdb", "--reload").exit_code == 0
    assert held() == [(3,)]
    pipeline = dlt.pipeline(
        "openpanel", destination=dlt.destinations.duckdb("plain.duckdb"), dataset_name="openpanel"
    )
    pipeline.run(openpanel())
    assert held("plain.duckdb") == [(3,)]
