"""What the section of the source holds and is no setting is refused, and the nearest one named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from openpanel_source import openpanel
from openpanel_source.errors import InvalidSettingError
from openpanel_source.sandbox import Sandbox
from tests.support.command import run
from tests.support.dlt_files import write
from tests.support.sandbox_world import SECRET

pytestmark = pytest.mark.sampled(20)


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        ("SOURCES__OPENPANEL__EXCLUDE_COLUMN", "SOURCES__OPENPANEL__EXCLUDE_COLUMNS"),
        ("SOURCES__OPENPANEL__BASEURL", "SOURCES__OPENPANEL__BASE_URL"),
        ("SOURCES__OPENPANEL__STARTDATE", "SOURCES__OPENPANEL__START_DATE"),
        ("SOURCES__OPENPANEL__SINCE_DATE", "SOURCES__OPENPANEL__"),
        ("SOURCES__OPENPANEL__TIMEZONE__WEB", "SOURCES__OPENPANEL__TIMEZONE"),
        ("SOURCES__OPENPANEL__EVENTS__CREATED_AT__END_VALUE", "no setting"),
        ("SOURCES__OPENPANEL__SHOP__EXCLUDE_COLUMN", "no setting"),
        (
            "SOURCES__OPENPANEL__PRIVACY__EXCLUDE_COLUMNS",
            "mean SOURCES__OPENPANEL__EXCLUDE_COLUMNS?",
        ),
        ("SOURCES__OPENPANEL__REPORT", "no setting"),
        ("SOURCES__OPENPANEL_EXCLUDE_COLUMNS", "SOURCES__OPENPANEL__EXCLUDE_COLUMNS"),
        ("SOURCES_OPENPANEL_HASH_COLUMNS", "SOURCES__OPENPANEL__HASH_COLUMNS"),
        ("SOURCES__OPENPANEL__EXCLUDE__COLUMNS", "SOURCES__OPENPANEL__EXCLUDE_COLUMNS"),
        ("sources__openpanel__exclude_columns", "SOURCES__OPENPANEL__EXCLUDE_COLUMNS"),
    ],
)
def test_an_unknown_variable_of_the_section_is_refused_with_the_nearest_name(
    variable: str,
    right: str,
    environment: dict[str, str],
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "SECRET")
    for command in ("check", "sync", "partitions"):
        refuses(run(command), variable, right)
    with pytest.raises(InvalidSettingError, match=variable):
        openpanel()
    assert sandbox.requests == []
    assert not Path("warehouse.duckdb").exists()


@pytest.mark.parametrize("file", ["config.toml", "secrets.toml"])
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('exclude_column = ["city"]', ["exclude_column ", "did you mean exclude_columns?"]),
        ('baseurl = "SECRET"', ["baseurl", "did you mean base_url?"]),
        ('startdate = "2026-01-01"', ["startdate", "did you mean start_date?"]),
        ('start-date = "2026-01-01"', ["start-date", "did you mean start_date?"]),
        ('Events = ["a"]', ["Events", "did you mean events?"]),
        ('schema_contract = "freeze"', ["schema_contract", "take it out"]),
        ("max_table_nesting = 1", ["max_table_nesting", "take it out"]),
        ('[sources.openpanel.propertys]\ntotal = "double"', ["propertys", "mean properties?"]),
        (
            '[sources.openpanel.shop]\nexclude_column = ["city"]',
            ["exclude_column ", "[sources.openpanel.shop]", "did you mean exclude_columns?"],
        ),
        (
            '[sources.openpanel.privacy]\nexclude_columns = ["city"]',
            ["privacy under [sources.openpanel]", "move what it holds up", "[sources.privacy]"],
        ),
    ],
)
def test_an_unknown_key_of_a_file_is_refused_with_the_nearest_name(
    file: str, line: str, words: list[str], environment: dict[str, str], sandbox: Sandbox
) -> None:
    write(file, f"[sources.openpanel]\n{line}")
    for command in ("check", "sync"):
        refuses(run(command), file, *words)
    assert sandbox.requests == []


def test_what_dlt_reads_below_the_section_of_a_source_is_permitted(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        "config.toml",
        "[sources.openpanel.extract]\nworkers = 2\n[sources.openpanel.data_writer]\n"
        'buffer_max_items = 100\n[sources.openpanel.schema]\nnaming = "snake_case"\n'
        '[sources.openpanel.properties]\nsurprising = "double"\n'
        '[sources.openpanel.timezone]\nweb = "Europe/Berlin"\n[sources.other]\nbaseurl = "x"',
    )
    monkeypatch.setenv("SOURCES__OPENPANEL__EXTRACT__WORKERS", "2")
    monkeypatch.setenv("SOURCES__OPENPANEL_PIPELINE__EVENTS", "push")
    assert run("sync").exit_code == 0


def test_the_prefix_of_a_pipeline_is_refused_by_name(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENPANEL__SOURCES__OPENPANEL__EVENTS", "push")
    refuses(run("sync"), "OPENPANEL__SOURCES__OPENPANEL__EVENTS", "set SOURCES__OPENPANEL__EVENTS")
    monkeypatch.delenv("OPENPANEL__SOURCES__OPENPANEL__EVENTS")
    write("config.toml", '[openpanel.sources.openpanel]\nevents = ["push"]')
    refuses(run("sync"), "[openpanel.sources.openpanel]", "[sources.openpanel]")


def test_a_secret_in_the_file_for_what_is_none_is_refused(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENT_SECRET")
    write("config.toml", f'[sources.openpanel]\nclient_secret = "{SECRET}"')
    refuses(run("check"), "client_secret", "config.toml", "secrets.toml")


def refuses(done: Result, *words: str) -> None:
    assert done.exit_code == 2, done.output
    [sentence] = [line for line in done.stderr.splitlines() if line]
    assert all(word in sentence for word in words), sentence
    assert "SECRET" not in done.output.replace("SECRET", "", sentence.count("CLIENT_SECRET"))
