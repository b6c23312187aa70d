"""The command as a user meets it: one sentence for each mistake, the right exit code."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from openpanel_source.cli.main import main
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.dlt_files import forget_files
from tests.support.sandbox_world import CLIENT, NOW, SECRET, dataset, event, pages_of, world

COMMAND = [sys.executable, "-m", "openpanel_source.cli"]
TODAY = "2026-11-23T10:00:00.000Z"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(event(1), event(2), event(3, createdAt=TODAY)) as server:
        yield server


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    settings = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "backoff_seconds": "0.001",
        "max_outage": "0",
        "now": NOW.isoformat(),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def fails(result: Result, code: int, *words: str) -> None:
    """The command failed with one sentence that holds these words, and no traceback."""
    assert result.exit_code == code, result.output
    sentences = [line for line in result.stderr.splitlines() if "openpanel-source:" in line]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.output
    assert "SECRET" not in sentences[0].replace("CLIENT_SECRET", "")
    assert SECRET not in result.output
    for word in words:
        assert word in sentences[0]


def test_sync_loads_and_says_so_and_then_says_that_nothing_is_new() -> None:
    first = run("sync")
    assert first.exit_code == 0, first.output
    assert "Loaded 3 events of 14 days (13 complete, 1 open)" in first.stdout
    assert "Nothing new" in run("sync").stdout
    with duckdb.connect("openpanel.duckdb") as connection:
        count = connection.execute("SELECT count(*) FROM openpanel.openpanel.events").fetchone()
    assert count == (3,)


def test_sync_prints_one_json_object_and_progress_goes_to_stderr() -> None:
    result = run("sync", "--json", "--database", "other.duckdb", "--dataset", "raw")
    summary = json.loads(result.stdout)
    assert summary["events_loaded"] == 3
    assert summary["days_read"] == 14
    assert summary["verdicts"] == {"complete": 13, "open": 1}
    assert summary["verified"] is True
    assert summary["requests"] > 3
    assert summary["seconds"] > 0
    assert "web 2026-11-23" in result.stderr
    with duckdb.connect("other.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM raw.events").fetchone() == (3,)


def test_options_of_sync_overrule_the_configuration() -> None:
    result = run("sync", "--json", "--start-date", "2026-11-11", "--end-date", "2026-11-12")
    assert json.loads(result.stdout)["days_read"] == 2
    reloaded = run(
        *("sync", "--json", "--start-date", "2026-11-11", "--reload"),
        *("--max-days-per-run", "5", "--max-events-per-run", "1", "--max-runtime", "60"),
    )
    # The days known, and those from the first event on.
    assert json.loads(reloaded.stdout)["days_read"] == 3


def test_a_day_that_is_not_proven_ends_with_exit_code_3(sandbox: Sandbox) -> None:
    sandbox.behave(path=pages_of("2026-11-10"), lie_total="+1")
    result = run("sync")
    assert result.exit_code == 3
    assert "NOT VERIFIED web 2026-11-10: short, 2 rows received, 3 counted" in result.stdout
    assert json.loads(run("sync", "--json").stdout)["unproven"] == [
        {
            "project_id": "web",
            "day": "2026-11-10",
            "verdict": "short",
            "total_count": 3,
            "rows_received": 2,
        }
    ]
    status = run("status")
    assert "not verified: 2026-11-10" in status.stdout
    sandbox.behave()
    assert run("sync").exit_code == 0
    assert "not verified" not in run("status").stdout


def test_databases_do_not_share_what_they_know() -> None:
    for name in ("a.duckdb", "b.duckdb", "a.duckdb"):
        assert run("sync", "--database", name).exit_code == 0
        with duckdb.connect(name) as connection:
            count = connection.execute("SELECT count(*) FROM openpanel.events").fetchone()
        assert count == (3,)


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
    assert not Path("openpanel.duckdb").exists()


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
        *("sync", "check", "partitions", "status", "audit", "properties", "views", "views --print"),
        *("charts list", "erase anna", "demo --events 10"),
    ],
)
def test_every_command_names_a_broken_file_of_settings(command: str) -> None:
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").write_text("[sources.openpanel\n")
    duckdb.connect("openpanel.duckdb").close()
    fails(run(*command.split()), 2, ".dlt/secrets.toml is no valid TOML in line 1")


@pytest.mark.usefixtures("files_are_read_again")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_settings_that_may_not_be_read_is_named() -> None:
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").touch(mode=0o000)
    fails(run("sync"), 2, ".dlt/secrets.toml cannot be read (Permission denied)")


def test_a_write_client_is_told_to_use_another(monkeypatch: pytest.MonkeyPatch) -> None:
    write = "33333333-3333-4333-8333-333333333333"
    world_ = dataset(event(1))
    world_.accounts.clients.append(
        type(world_.accounts.clients[0])(write, "write", "acme", "web", SECRET)
    )
    with Sandbox(world_, rate_limit=None) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", write)
        fails(run("sync"), 2, "client", "read or root")


def test_an_unknown_project_of_a_root_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", "11111111-1111-4111-8111-111111111111")
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", "sec_root")
    fails(run("sync", "--project-id", "nope"), 2, "no such project", "nope")
    # Beside others it fails alone.
    result = run("sync", "--project-id", "web", "--project-id", "nope")
    assert result.exit_code == 1
    assert "PROJECT FAILED nope: the client's organisation has no such project" in result.stdout


def test_an_unreachable_server_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", f"http://127.0.0.1:{port}")
    fails(run("sync"), 1, "cannot be reached", "run again")
    check = run("check")
    assert check.exit_code == 1
    assert "FAIL  server" in check.stdout


@pytest.mark.parametrize("misbehaviour", [{"reset": "before_headers"}, {"status": 503}])
def test_a_check_asks_a_server_that_does_not_answer_once_and_says_that_it_asks(
    sandbox: Sandbox, misbehaviour: dict[str, Any]
) -> None:
    sandbox.behave(**misbehaviour)
    result = run("check")
    assert result.exit_code == 1
    findings = [line[:12] for line in result.stdout.splitlines()][-2:]
    assert findings == ["FAIL  server", "      the se"]
    assert f"asking {sandbox.url}" in result.stderr
    assert len(sandbox.requests) == RetryPolicy().attempts


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
        (["--database", "openpanel.duckdb/x/y"], ["does not exist"]),
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


def test_a_file_that_is_no_database_is_named() -> None:
    Path("bad.duckdb").write_text("this is not a database, but it was somebody's file")
    fails(run("sync", "--database", "bad.duckdb"), 2, "bad.duckdb", "cannot be opened")
    assert Path("bad.duckdb").read_text().startswith("this is not")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_that_may_not_be_written_is_named() -> None:
    Path("locked").mkdir(mode=0o500)
    fails(run("sync", "--database", "locked/x.duckdb"), 2, "cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter everywhere")
@pytest.mark.parametrize("command", ["sync", "status", "demo --events 10"])
def test_a_database_in_a_folder_that_may_not_be_entered_is_named(command: str) -> None:
    Path("locked").mkdir(mode=0o000)
    result = run(*command.split(), "--database", "locked/x.duckdb")
    fails(result, 2, "locked/x.duckdb cannot be used (Permission denied)")


def test_a_working_folder_that_is_no_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").touch()
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("file").resolve()))
    for command in ("sync", "audit"):
        duckdb.connect("openpanel.duckdb").close()
        fails(run(command), 2, "file/pipelines", "cannot be used (Not a directory)", "DLT_DATA_DIR")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_working_folder_that_may_not_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("locked").mkdir(mode=0o500)
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("locked").resolve()))
    fails(run("sync"), 2, "locked", "cannot be used (Permission denied)", "DLT_DATA_DIR")


def test_a_database_held_by_another_process_is_named() -> None:
    assert run("sync").exit_code == 0
    holder = (
        "import duckdb, sys; connection = duckdb.connect('openpanel.duckdb');"
        " print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        held = "another process holds the database"
        fails(run("sync", "--busy-timeout", "1"), 1, held, "run again")
        fails(run("status"), 1, "another process holds the database")
        process.communicate(b"")
    assert run("sync").exit_code == 0


def test_status_needs_something_to_tell() -> None:
    fails(run("status"), 2, "there is no database", "sync")
    assert not Path("openpanel.duckdb").exists()
    duckdb.connect("openpanel.duckdb").close()
    fails(run("status"), 2, "nothing was loaded", "sync")


def test_status_tells_freshness_days_and_verdicts_from_the_warehouse_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync")
    sandbox.stop()
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENT_SECRET")
    text = run("status").stdout
    assert "web: 3 events, newest 2026-11-23 10:00:00 UTC" in text
    assert "days 2026-11-10 to 2026-11-23: 13 complete, 1 open" in text
    project = json.loads(run("status", "--json").stdout)["projects"][0]
    assert project["events"] == 3
    assert project["verdicts"] == {"complete": 13, "open": 1}
    assert project["newest_event"] == "2026-11-23T10:00:00+00:00"


def test_check_says_what_a_sync_would_meet() -> None:
    result = run("check")
    assert result.exit_code == 0
    for line in (
        "answers, credentials are valid",
        "client type: read",
        "project web: 3 events",
        "server generation: about 2026-09 or later; start and end are exact instants",
        "rate limit: 1,000,000 requests a window, as the server says",
    ):
        assert line in result.stdout


def test_check_goes_on_after_a_project_it_may_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("check", "--project-id", "empty", "--project-id", "web", "--json")
    assert result.exit_code == 2
    findings = {item["name"]: item for item in json.loads(result.stdout)["findings"]}
    assert "may not read" in findings["project empty"]["error"]
    assert findings["project web"]["error"] is None


@pytest.mark.parametrize(
    ("server_date", "words"),
    [
        ("2026-04", "filters on events are not available"),
        ("2026-03", "2026-03-03 to 2026-04-08; filters on events are not available"),
        ("2026-02", "before 2026-03-03; page 1 may hide rows and pages may overlap: days are read"),
        ("2025-03", "before 2025-04-16; page 1 may hide rows"),
    ],
)
def test_check_recognises_the_generation_of_the_server(
    server_date: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [event(number) for number in range(1, 60)]
    with world(*rows, server_date=server_date) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        result = run("check")
    assert words in result.stdout


def test_a_rate_limit_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with world(event(1), rate_limit=100) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        assert "100 requests a window" in run("check").stdout


def test_the_demo_shows_what_was_loaded_and_leaves_one_file(tmp_path: Path) -> None:
    Path("openpanel_demo.duckdb").write_text("an older demo")
    result = run("demo", "--events", "2000", "--days", "10", "--seed", "3")
    assert result.exit_code == 0, result.output
    for text in ("2,000 events", "Which campaigns sell", "The proof", "acme-shop", "complete"):
        assert text in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["openpanel_demo.duckdb"]


def test_the_demo_replaces_its_own_file_whatever_its_name_and_no_other(tmp_path: Path) -> None:
    demo = ("demo", "--events", "500", "--days", "5", "--database")
    for _ in range(2):
        result = run(*demo, "openpanel.duckdb")
        assert result.exit_code == 0, result.output
        assert "Which campaigns sell" in result.stdout
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("CREATE TABLE precious AS SELECT 1 AS value")
    before = Path("warehouse.duckdb").read_bytes()
    fails(run(*demo, "warehouse.duckdb"), 2, "warehouse.duckdb", "--database")
    assert Path("warehouse.duckdb").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--events", "10", "--database", "no/such/folder.duckdb"], ["does not exist"]),
        (["sandbox", "--dataset", "nowhere"], ["no dataset folder"]),
        (["sandbox", "--server-date", "2020-01"], ["2025-03"]),
        (["sandbox", "--events", "10", "--port", "99999"], ["cannot start"]),
    ],
)
def test_demo_and_sandbox_refuse_in_one_sentence(arguments: list[str], words: list[str]) -> None:
    fails(run(*arguments), 2, *words)


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


def serve(*options: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "sandbox", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_sandbox_command_serves_until_it_is_stopped() -> None:
    import requests

    with serve("--events", "10") as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("listening on http://127.0.0.1:")
        assert requests.get(line.removeprefix("listening on "), timeout=10).status_code == 200
        process.terminate()


def test_what_the_sandbox_prints_can_be_pasted_into_a_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "PROJECT_ID", "BASE_URL"):
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name}")
    monkeypatch.delenv("SOURCES__OPENPANEL__NOW")
    with serve("--events", "200", "--days", "3") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        pasted = "".join(process.stderr.readline() for _ in range(5))
        script = f"{pasted}\n{' '.join(COMMAND)} sync --json"
        done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
        process.terminate()
    assert done.returncode == 0, pasted + done.stderr
    assert json.loads(done.stdout)["events_loaded"] == 200


def test_of_a_dataset_the_sandbox_tells_the_ids_and_where_the_secrets_stand() -> None:
    folder = Path(__file__).parents[1] / "data" / "contract" / "dataset"
    with serve("--dataset", str(folder)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        told = "".join(process.stderr.readline() for _ in range(5))
        process.terminate()
    assert "sec_" not in told
    assert f"{folder}/accounts.json" in told
    assert "SOURCES__OPENPANEL__CLIENT_ID=11111111-1111-4111-8111-111111111111" in told
    assert '"acme-web"' in told
    assert '"other-proj"' not in told


def test_the_example_script_runs_as_it_stands(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "pipelines" / "nightly_sync.py"
    environment: dict[str, Any] = dict(os.environ)
    result = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "'events_loaded': 3" in result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["views", "--print"]])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["--version"], ["sync", "--help"], ["views", "--print"]])
def test_output_that_cannot_be_written_is_one_sentence(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    sentence = "openpanel-source: output cannot be written (No space left on device); "
    assert done.stderr.decode().startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


def test_an_unexpected_error_asks_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openpanel_source.operations.check.check", lambda *_: 1 / 0)
    result = run("check")
    assert result.exit_code == 1
    assert "unexpected error (ZeroDivisionError" in result.stderr
    assert "report" in result.stderr
