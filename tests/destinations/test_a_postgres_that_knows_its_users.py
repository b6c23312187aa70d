"""A password that PostgreSQL does not need, or finds for itself, need not be configured."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dlt
import psycopg2
import pytest

from openpanel_source import sync
from openpanel_source.sandbox import Sandbox
from tests.cli.conftest import configured, sandbox
from tests.support.command import fails, run
from tests.support.dlt_files import forget_files
from tests.support.postgres import running_postgres

__all__ = ["configured", "sandbox"]

CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"
POSTGRES = ["--destination", "postgres"]
KEEPER = "hunter2"


@pytest.fixture(scope="module")
def socket() -> Iterator[str]:
    """The folder of the socket of a server that trusts nobody but by peer or password."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    with running_postgres() as url:
        [folder] = parse_qs(urlsplit(url).query)["host"]
        with closing(psycopg2.connect(url.format(database="postgres"))) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            for name in ("peer", "keeper"):
                cursor.execute(f"CREATE DATABASE {name}")
            cursor.execute(f'CREATE ROLE "{user}" LOGIN SUPERUSER')
            cursor.execute(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{KEEPER}'")
            rules = (
                f'local all "{user}" peer\nlocal all keeper scram-sha-256\nlocal all all reject\n'
            )
            Path(folder, "data", "pg_hba.conf").write_text(rules, encoding="utf-8")
            cursor.execute("SELECT pg_reload_conf()")
        yield folder


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGPASSFILE", "nowhere")
    forget_files()
    yield
    forget_files()


def works() -> None:
    """A sync loads, and all that looks at what it loaded finds it."""
    assert run("sync", *POSTGRES).exit_code == 0
    assert "Nothing new" in run("sync", *POSTGRES).stdout
    assert "3 events" in run("status", *POSTGRES).stdout
    assert run("audit", *POSTGRES, "--values").exit_code == 0
    assert "3" in run("query", *POSTGRES, "SELECT count(*) AS n FROM events").stdout


@pytest.mark.long
def test_peer_authentication_needs_neither_user_nor_password(
    socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CREDENTIALS, f"postgresql:///peer?host={socket}")
    works()


@pytest.mark.long
def test_a_password_is_found_in_a_file_of_passwords(
    socket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:keeper:{KEEPER}\n", encoding="utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv("PGHOST", socket)
    monkeypatch.setenv(CREDENTIALS, "postgresql://keeper@/keeper")
    works()


@pytest.mark.long
def test_credentials_may_stand_in_a_file_field_by_field(socket: str) -> None:
    Path(".dlt").mkdir()
    Path(".dlt/secrets.toml").write_text(
        f'[destination.postgres.credentials]\nhost = "{socket}"\ndatabase = "peer"\n'
    )
    forget_files()
    assert run("sync", *POSTGRES).exit_code == 0


@pytest.mark.long
def test_databases_on_one_socket_are_told_apart(
    socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for database in ("peer", "postgres"):
        monkeypatch.setenv(CREDENTIALS, f"postgresql:///{database}?host={socket}")
        assert run("sync", *POSTGRES).exit_code == 0
    folders = [
        path
        for path in Path(os.environ["DLT_DATA_DIR"], "openpanel-source").iterdir()
        if path.is_dir()
    ]
    assert len(folders) == 2


def test_a_pipeline_of_python_needs_no_password_either(socket: str, sandbox: Sandbox) -> None:
    destination = dlt.destinations.postgres(f"postgresql:///peer?host={socket}")
    pipeline = dlt.pipeline("mine", destination=destination, dataset_name="mine")
    assert sync(pipeline).events_loaded == 3


def test_a_password_that_is_needed_and_a_user_that_is_not_known_are_said(
    socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user, words in (("keeper", "no password supplied"), ("nobody_here", "nobody_here")):
        monkeypatch.setenv(CREDENTIALS, f"postgresql://{user}@/keeper?host={socket}")
        for command in ("sync", "status"):
            fails(run(command, *POSTGRES), 2, "refuses its credentials", words)


def test_the_field_that_credentials_lack_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CREDENTIALS, "postgresql://keeper@localhost")
    folder = str(Path(".dlt").resolve())
    fails(run("sync", *POSTGRES), 2, "destination lacks credentials.database", folder)
    monkeypatch.delenv(CREDENTIALS)
    fails(run("sync", *POSTGRES), 2, "destination lacks credentials;", folder)
    monkeypatch.setenv("DESTINATION__REDSHIFT__CREDENTIALS", "redshift://me@host/base")
    fails(run("sync", "--destination", "redshift"), 2, "lacks credentials.password")
