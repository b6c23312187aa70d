"""Destination, database and dataset stand in the configuration; all commands find them there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import duckdb
import pytest

from openpanel_source.cli.main import main
from tests.support.command import fails, run
from tests.support.dlt_files import forget_files
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

LOOKS = (
    ["status"],
    ["audit"],
    ["properties"],
    ["models"],
    ["query", "SELECT count(*) AS n FROM events"],
)


@pytest.fixture(autouse=True)
def files_are_read_again() -> Iterator[None]:
    forget_files()
    yield
    forget_files()


def write(text: str, name: str = "config.toml") -> None:
    Path(".dlt").mkdir(exist_ok=True)
    Path(".dlt", name).write_text(text, encoding="utf-8")
    forget_files()


def test_what_sync_has_loaded_is_found_by_all_that_look_at_it() -> None:
    write('[openpanel_source]\ndatabase = "lake/all.duckdb"\ndataset = "web"\n')
    Path("lake").mkdir()
    done = run("sync")
    assert done.exit_code == 0
    assert '  openpanel-source query "SELECT event_date, name FROM web.events LIMIT 10"' in (
        done.stdout.splitlines()
    )
    for arguments in LOOKS:
        looked = run(*arguments)
        assert looked.exit_code == 0, looked.output
    with duckdb.connect("lake/all.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM web.events").fetchone() == (3,)
    assert not Path("warehouse.duckdb").exists()


@pytest.mark.long
def test_another_destination_is_found_the_same_way(
    postgres: PostgresWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.url)
    monkeypatch.setenv("OPENPANEL_SOURCE__DESTINATION", "postgres")
    assert run("sync").exit_code == 0
    assert postgres.query("SELECT count(*) FROM events") == [(3,)]
    for arguments in LOOKS:
        looked = run(*arguments)
        assert looked.exit_code == 0, looked.output
    assert not Path("warehouse.duckdb").exists()


@pytest.mark.long
def test_options_win_over_the_environment_and_that_over_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write('[openpanel_source]\ndatabase = "file.duckdb"\ndataset = "of_file"\n')
    monkeypatch.setenv("OPENPANEL_SOURCE__DATASET", "of_variable")
    assert run("sync").exit_code == 0
    done = run("sync", "--database", "option.duckdb", "--dataset", "of_option")
    assert done.exit_code == 0
    assert "--database" in done.stdout
    assert "--dataset of_option" in done.stdout
    for path, dataset in (("file.duckdb", "of_variable"), ("option.duckdb", "of_option")):
        with duckdb.connect(path, read_only=True) as connection:
            assert connection.execute(f"SELECT count(*) FROM {dataset}.events").fetchone() == (3,)


@pytest.mark.long
def test_a_file_that_an_option_names_is_duckdbs_whatever_is_configured() -> None:
    write('[openpanel_source]\ndestination = "postgres"\n')
    done = run("sync", "--database", "option.duckdb")
    assert done.exit_code == 0, done.output
    assert "--database" in done.stdout
    assert "3 events" in run("status", "--database", "option.duckdb").stdout
    fails(run("status", "--database", "x", "--destination", "postgres"), 2, "names a DuckDB file")
    fails(run("status"), 2, "destination lacks credentials", "[destination.postgres]")


def test_a_configured_file_is_left_alone_by_an_option_that_names_another_destination() -> None:
    write('[openpanel_source]\ndatabase = "file.duckdb"\n')
    fails(run("status", "--destination", "postgres"), 2, "destination lacks credentials")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('databse = "x"', ["databse under [openpanel_source] in config.toml", "mean database?"]),
        ('project_id = "x"', ["project_id under [openpanel_source]", "take it out"]),
        ('destination = ""', ["destination under [openpanel_source] must be a text"]),
        ("dataset = 3", ["dataset under [openpanel_source] must be a text", "in quotes"]),
        (
            'destination = "postgres"\ndatabase = "x.duckdb"',
            ["names a DuckDB file", "the destination postgres", "take one of them out"],
        ),
        ('database = ":memory:"', [":memory:", "name a file"]),
        ('destination = "postgress"', ["did you mean postgres?"]),
    ],
)
def test_what_is_wrong_there_is_one_sentence(line: str, words: list[str]) -> None:
    write(f"[openpanel_source]\n{line}\n")
    for command in ("sync", "status"):
        fails(run(command), 2, *words)


@pytest.mark.parametrize(
    ("variable", "right"),
    [
        ("OPENPANEL_SOURCE__DATABSE", "OPENPANEL_SOURCE__DATABASE?"),
        ("openpanel_source__dataset", "OPENPANEL_SOURCE__DATASET?"),
        ("OPENPANEL_SOURCE__CLIENT_ID", "take it out"),
        ("SOURCES__OPENPANEL__DATABASE", "the command reads OPENPANEL_SOURCE__DATABASE"),
    ],
)
def test_a_variable_that_would_be_ignored_is_refused(
    variable: str, right: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "x")
    fails(run("sync"), 2, f"{variable} in the environment is no setting", right)


def test_in_the_section_of_the_source_they_are_refused_with_their_place() -> None:
    write('[sources.openpanel]\ndestination = "postgres"\n')
    fails(run("sync"), 2, "destination under [sources.openpanel]", "under [openpanel_source]")


def test_no_command_has_a_default_of_its_own_for_them() -> None:
    for name, command in main.commands.items():
        options = {param.name: param for param in command.params if isinstance(param, click.Option)}
        if "destination" in options:
            for part in ("destination", "database", "dataset"):
                assert not isinstance(options[part].default, str), name
