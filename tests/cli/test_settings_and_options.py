"""One sentence for each setting and option that is missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dlt
import duckdb
import pytest

from tests.support.command import fails, run, run_without_might
from tests.support.dlt_files import forget_files

pytestmark = pytest.mark.sampled(2)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("setting", "value", "code", "words"),
    [
        ("client_secret", "wrong", 2, ["secret is wrong", "check client_secret"]),
        ("client_id", "nope", 2, ["UUIDv4"]),
        ("client_id", "99999999-9999-4999-8999-999999999999", 2, ["knows no client"]),
        ("project_id", "empty", 2, ["may not read the project", "project_id"]),
        ("project_id", "a'b", 2, ["project_id", "not an id"]),
        ("base_url", "http://example.com", 2, ["unencrypted", "allow_http"]),
        ("base_url", "example.com", 2, ["base_url", "https://"]),
        (
            "max_events_per_run",
            "many",
            2,
            ["max_events_per_run must be a whole number, not 'many'"],
        ),
        ("now", "yesterday", 2, ["now 'yesterday'"]),
        ("filters", "{", 2, ["filters must be a list"]),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, setting: str, value: str, code: int, words: list[str]
) -> None:
    monkeypatch.setenv(f"SOURCES__OPENPANEL__{setting.upper()}", value)
    fails(run("sync"), code, *words)
    fails_check = run("check")
    assert fails_check.exit_code == code
    assert "Traceback" not in fails_check.output


@pytest.mark.parametrize("setting", ["project_id", "client_id", "client_secret"])
def test_a_missing_setting_names_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.delenv(f"SOURCES__OPENPANEL__{setting.upper()}")
    fails(run("sync"), 2, setting, f"SOURCES__OPENPANEL__{setting.upper()}", ".dlt/")
    assert not Path("warehouse.duckdb").exists()


def test_all_settings_that_are_missing_are_named_with_their_variables_and_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("project_id", "client_id", "client_secret")
    for name in names:
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}")
    variables = [f"SOURCES__OPENPANEL__{name.upper()}" for name in names]
    public = "project_id and client_id under [sources.openpanel] in .dlt/config.toml"
    secret = "client_secret under [sources.openpanel] in .dlt/secrets.toml"
    for result in (run("sync"), run("check")):
        fails(result, 2, "client_secret are missing", *variables, public, secret)


@pytest.mark.usefixtures("files_are_read_again")
def test_what_is_missing_is_told_with_the_folders_that_were_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENT_SECRET")
    Path(".dlt").mkdir()
    Path(".dlt/config.toml").touch()
    here, there = f"{tmp_path}/.dlt, which has", f"; {dlt.current.run_context().global_dir}, which"
    for command in ("sync", "check", "partitions"):
        fails(run(command), 2, "client_secret is missing", f"searched: {here} config.toml", there)
    fails(run("sync", "--destination", "postgres"), 2, f"searched: {here} config.toml", there)
    Path(".dlt/secrets.toml").touch()
    forget_files()
    fails(run("check"), 2, f"searched: {here} secrets.toml and config.toml;")
    Path(".dlt/config.toml").unlink()
    Path(".dlt/secrets.toml").unlink()
    forget_files()
    fails(run("check"), 2, f"searched: {here} neither file;")


@pytest.fixture
def files_are_read_again() -> Iterator[None]:
    forget_files()
    yield
    forget_files()


@pytest.mark.usefixtures("files_are_read_again")
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[sources.openpanel]\nclient_secret = hunter2\n", 2),
        (b'[sources.openpanel]\n\nhash_key = "hunter2\n', 3),
        (b'[a]\nhunter2 = "x"\nhunter2 = "y"\nb = 1\n', 3),
        (b'[a]\nb = "hunter2\xff"\n', 2),
        (b"\n\n\nhunter2\n", 4),
    ],
)
@pytest.mark.parametrize("file", ["secrets.toml", "config.toml"])
def test_a_broken_file_of_settings_is_named_with_its_line_and_nothing_of_it(
    file: str, content: bytes, line: int
) -> None:
    Path(".dlt").mkdir()
    Path(".dlt", file).write_bytes(content)
    result = run("check")
    fails(result, 2, f".dlt/{file} is no ", f" in line {line}; correct it")
    assert "hunter2" not in result.output


@pytest.mark.usefixtures("files_are_read_again")
@pytest.mark.parametrize(
    "command",
    [
        *(
            "sync",
            "check",
            "partitions",
            "status",
            "audit",
            "properties",
            "models",
            "models --print",
        ),
        *("charts list", "erase anna", "demo --events 10"),
    ],
)
def test_every_command_names_a_broken_file_of_settings(command: str) -> None:
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").write_text("[sources.openpanel\n")
    duckdb.connect("warehouse.duckdb").close()
    fails(run(*command.split()), 2, ".dlt/secrets.toml is no valid TOML in line 1")


@pytest.mark.long
@pytest.mark.usefixtures("files_are_read_again")
def test_a_file_of_settings_that_may_not_be_read_is_named() -> None:
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").touch(mode=0o000)
    fails(run_without_might("sync"), 2, ".dlt/secrets.toml cannot be read (Permission denied)")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start-date", "2026-13-01"], ["start_date '2026-13-01'", "YYYY-MM-DD"]),
        (["--end-date", "20261110"], ["end_date '20261110'"]),
        (["--start-date", "2026-11-20", "--end-date", "2026-11-01"], ["lies after"]),
        (["--max-days-per-run", "0"], ["max_days_per_run"]),
        (["--database", "nowhere/x.duckdb"], ["nowhere", "does not exist"]),
        (["--database", "."], ["is a folder"]),
        (["--destination", "nosuch"], ["no such destination"]),
        (["--destination", "postgres"], ["destination lacks credentials"]),
        (["--destination", "postgres", "--database", "x"], ["--database names a DuckDB file"]),
        (["--database", "~nouser/x.duckdb"], ["--database", "~nouser/x.duckdb", "name another"]),
        (["--database", "x" * 300], ["xxx", "cannot be used (File name too long)"]),
        (["--database", "warehouse.duckdb/x/y"], ["does not exist"]),
        (["--database", ""], ["--database must not be empty"]),
        (["--dataset", ""], ["--dataset must not be empty"]),
        (["--dataset", " "], ["--dataset must not be empty"]),
        (["--partition", ""], ["--partition must not be empty"]),
        (["--partition", "a/b"], ["--partition 'a/b' cannot be the name of a pipeline"]),
        (["--partition", "../.."], ["--partition '../..' cannot be the name of a pipeline"]),
        (["--busy-timeout", "nan"], ["busy_timeout must be 0 or more seconds, not nan"]),
        (["--max-runtime", "-1"], ["max_runtime must be 0 or more seconds, not -1.0"]),
        (["--property", "=text"], ["--property '=text' names no key; write"]),
        (["--property", "total"], ["--property 'total' names no type; write"]),
        (["--property", "a=text", "--property", "a=double"], ["--property names 'a' twice"]),
        (["--partition", "x" * 300], ["cannot be used (File name too long)"]),
    ],
)
def test_a_wrong_option_is_one_sentence(arguments: list[str], words: list[str]) -> None:
    fails(run("sync", *arguments), 2, *words)


@pytest.mark.parametrize(
    "arguments",
    [
        *(["demo", "--events", "0"], ["sandbox", "--rate-limit", "0"]),
        *(["properties", "--limit", "0"], ["properties", "--keys", "-1"]),
    ],
)
def test_a_number_below_one_is_refused_where_it_means_nothing(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    expected = f"Invalid value for '{arguments[1]}': {arguments[2]} is not in the range x>=1."
    assert expected in result.stderr
