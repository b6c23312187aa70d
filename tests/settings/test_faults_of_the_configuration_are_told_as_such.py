"""A mistake in the configuration is told as one: what is wrong, which setting, exit code 2."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import dlt
import pytest
from click.testing import CliRunner, Result

from openpanel_source import audit, erase, read_days, read_status, refresh_models, sync
from openpanel_source.cli.main import main
from openpanel_source.errors import DestinationError
from openpanel_source.sandbox import Sandbox
from tests.support.dlt_files import forget_files, write
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

pytestmark = pytest.mark.sampled(3)

__all__ = ["postgres", "postgres_url"]

PASSWORD = "hunter2"
CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with world(event(1), event(2), event(3)) as server:
        settings = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": server.url,
            "erased_profiles": "anna",
            "now": NOW.isoformat(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        forget_files()
        yield server
        forget_files()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def told(done: Result, *words: str, code: int = 2) -> None:
    assert done.exit_code == code, done.output
    [sentence] = [line for line in done.stderr.splitlines() if "INFO" not in line]
    assert len(sentence) < 400
    assert all(word in sentence for word in words), sentence
    assert PASSWORD not in done.output
    assert "report it" not in sentence


@pytest.mark.sampled(20)
@pytest.mark.parametrize("command", ["sync", "audit", "status", "properties", "models", "erase x"])
@pytest.mark.parametrize(
    ("destination", "words"),
    [
        (f"postgresql://user:{PASSWORD}@127.0.0.1:1/db", ["--destination", "[destination.NAME]"]),
        (f"{PASSWORD}@host", ["--destination takes the name"]),
        (PASSWORD, ["no such destination", "use a name that dlt knows"]),
        ("postgress", ["no such destination", "did you mean postgres?"]),
        ("BigQuerry", ["no such destination", "did you mean bigquery?"]),
        ("duckdb.nosuch", ["no such destination"]),
        ("", ["--destination takes the name"]),
    ],
)
def test_a_destination_that_is_none_is_not_repeated(
    command: str, destination: str, words: list[str], sandbox: Sandbox
) -> None:
    told(run(*command.split(), "--destination", destination), *words)
    assert sandbox.requests == []


@pytest.mark.parametrize("command", ["sync", "status", "demo"])
@pytest.mark.parametrize(
    ("database", "words"),
    [
        (":memory:", ["--database :memory:", "name a file"]),
        (":memory:x", ["--database :memory:", "name a file"]),
        ("md:", ["--destination motherduck"]),
        (f"md:db?motherduck_token={PASSWORD}", ["--destination motherduck"]),
        (f"postgresql://user:{PASSWORD}@host/db", ["--database names a DuckDB file"]),
    ],
)
def test_a_database_that_is_no_file_is_refused(
    command: str, database: str, words: list[str]
) -> None:
    before = sorted(os.listdir())
    told(run(command, "--database", database), *words)
    assert sorted(set(os.listdir()) - {"dlt"}) == before


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (f"postgresql:/user:{PASSWORD}@nowhere", ["credentials", "[destination.postgres]"]),
        (PASSWORD, ["credentials", "[destination.postgres]"]),
        (f"postgresql://user:{PASSWORD}@127.0.0.1:port/db", ["credentials"]),
        (f"mysql://user:{PASSWORD}@127.0.0.1/db", ["credentials", "no address"]),
        ("", ["lacks credentials", "[destination.postgres]"]),
    ],
)
def test_an_address_that_is_none_names_the_setting_and_hides_the_password(
    credentials: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if credentials:
        monkeypatch.setenv(CREDENTIALS, credentials)
    told(run("sync", "--destination", "postgres"), *words)


def test_a_database_that_does_not_exist_is_named(
    postgres: PostgresWarehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for address in (
        postgres.url.replace(postgres.database, "nosuch"),
        postgres.url.replace("//postgres:", "//nosuch:"),
    ):
        monkeypatch.setenv(CREDENTIALS, address)
        for command in ("sync", "status"):
            told(run(command, "--destination", "postgres"), "nosuch", "credentials")


def test_a_bucket_of_an_unknown_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", "nope://bucket")
    told(run("sync", "--destination", "filesystem"), "bucket_url")


@pytest.mark.parametrize(
    "use",
    [
        sync,
        audit,
        lambda pipeline: erase(pipeline, ["anna"]),
        read_status,
        read_days,
        refresh_models,
    ],
)
def test_a_pipeline_without_a_destination_is_told_so(use: Callable[[dlt.Pipeline], Any]) -> None:
    with pytest.raises(DestinationError, match="no destination"):
        use(dlt.pipeline("without"))


@pytest.mark.parametrize("file", ["secrets.toml", "config.toml"])
@pytest.mark.parametrize("command", ["sync", "check", "charts list"])
def test_a_byte_order_mark_is_named(file: str, command: str) -> None:
    write(file, "[sources.openpanel]\n", encoding="utf-8-sig")
    told(run(*command.split()), file, "byte order mark", "UTF-8 without")


@pytest.mark.parametrize("value", ["12345", "[12345]", "1.5"])
@pytest.mark.parametrize("name", ["project_id", "events", "erased_profiles"])
def test_a_number_without_quotes_is_refused_with_the_remedy(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}", raising=False)
    write("config.toml", f"[sources.openpanel]\n{name} = {value}\n")
    told(run("check"), name, value.strip("[]"), "in quotes")


def test_a_project_id_that_looks_like_a_number_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from openpanel_source.source.source import configured

    monkeypatch.setenv("SOURCES__OPENPANEL__PROJECT_ID", "0123")
    assert configured()[1].project_ids == ("0123",)
    write("config.toml", '[sources.openpanel]\nproject_id = "1_000"\n')
    monkeypatch.delenv("SOURCES__OPENPANEL__PROJECT_ID")
    assert configured()[1].project_ids == ("1_000",)


@pytest.mark.long
def test_no_room_for_temporary_files_is_not_told_as_a_mistake_of_ours() -> None:
    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    done = subprocess.run(
        [sys.executable, "-m", "openpanel_source.cli", "sync"],
        preexec_fn=no_room,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "make room" in done.stderr
    assert "report it" not in done.stderr
