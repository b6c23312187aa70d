"""One read client a project, all in one configuration: each reads its own, in all commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dlt
import pytest

from openpanel_source import sync
from openpanel_source.errors import InvalidSettingError
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project
from openpanel_source.source.source import configured
from tests.support.command import fails, run
from tests.support.dlt_files import forget_files
from tests.support.sandbox_world import NOW, event
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

OWNERS = {
    "shop": "55555555-5555-4555-8555-555555555555",
    "blog": "66666666-6666-4666-8666-666666666666",
    "2024": "77777777-7777-4777-8777-777777777777",
}
SECRET = "hunted-secret-of-"
CHART = {"name": "sales", "series": [{"event": "purchase"}], "interval": "day", "range": "30d"}


def client_of(project: str, **changed: str) -> dict[str, str]:
    return {"client_id": OWNERS[project], "client_secret": SECRET + project} | changed


CLIENTS = {project: client_of(project) for project in OWNERS}


def served(**settings: Any) -> Sandbox:
    accounts = Accounts(
        organizations=[Organization("acme")],
        projects=[Project(name, "acme") for name in OWNERS],
        clients=[Client(own, "read", "acme", name, SECRET + name) for name, own in OWNERS.items()],
    )
    events = {
        name: [event(100 * number + row, projectId=name) for row in range(1, 4)]
        for number, name in enumerate(OWNERS)
    }
    return Sandbox(Dataset(accounts, events), rate_limit=None, now=lambda: NOW, **settings)


@pytest.fixture(params=[None, "2025-11"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with served(server_date=request.param) as sandbox:
        yield sandbox


@pytest.fixture
def current() -> Iterator[Sandbox]:
    with served() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SOURCES__OPENPANEL__NOW", NOW.isoformat())
    monkeypatch.setenv("SOURCES__OPENPANEL__BACKOFF_SECONDS", "0.001")
    forget_files()
    yield
    forget_files()


def write(server: Sandbox, clients: dict[str, dict[str, str]] = CLIENTS, more: str = "") -> None:
    """The configuration of a file, with clients in tables of their own."""
    Path(".dlt").mkdir(exist_ok=True)
    lines = [f'[sources.openpanel]\nbase_url = "{server.url}"\n{more}']
    for project, client in clients.items():
        lines.append(f"[sources.openpanel.clients.{project}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in client.items()]
    Path(".dlt/secrets.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    forget_files()


@pytest.mark.long
def test_a_file_and_the_environment_say_it_and_each_project_is_read_by_its_own_client(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(server)
    done = run("sync")
    assert done.exit_code == 0, done.output
    for sent in server.requests:
        [project] = parse_qs(urlsplit(sent.url).query).get("projectId", ["shop"])
        assert sent.client_id == OWNERS[project.strip('"')]
    assert "9" in run("query", "SELECT count(*) AS n FROM events").stdout
    Path(".dlt/secrets.toml").unlink()
    forget_files()
    monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENTS", json.dumps(CLIENTS))
    again = run("sync")
    assert "Nothing new" in again.stdout, again.output


def test_all_commands_that_ask_the_server_use_them(current: Sandbox) -> None:
    write(current, more='erased_profiles = ["anna"]\n')
    checked = run("check")
    assert checked.exit_code == 0, checked.output
    for project in OWNERS:
        assert f"ok    client type of {project}: read" in checked.stdout
        assert f"ok    project {project}: 3 events" in checked.stdout
    assert "clients: ***" in checked.stdout
    assert SECRET not in checked.output
    parts = json.loads(run("partitions", "--count", "3", "--json").stdout)
    assert {part["project_id"] for part in parts["partitions"]} == set(OWNERS)
    assert not parts["failed_projects"]


@pytest.mark.long
def test_what_was_loaded_is_audited_compared_and_erased_by_them(
    current: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(current)
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", json.dumps([CHART]))
    done = run("sync", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["failed_charts"] == {}
    projects = "SELECT count(DISTINCT project_id) AS n FROM charts"
    assert run("query", "--csv", projects).stdout.split() == ["n", "3"]
    audited = run("audit", "--values", "--all", "--deep")
    assert audited.exit_code == 0, audited.output
    assert "of 9 rows" in audited.stdout
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", "anna")
    erased = run("erase", "anna", "--allow-deletions")
    assert erased.exit_code == 0, erased.output
    assert "3 days held the profiles, 0 still do" in erased.stdout


def test_project_id_narrows_them_and_has_to_name_what_has_a_client(current: Sandbox) -> None:
    write(current)
    assert run("sync", "--project-id", "blog").exit_code == 0
    assert {sent.client_id for sent in current.requests} == {OWNERS["blog"]}
    fails(
        run("sync", "--project-id", "blog,other"),
        2,
        "the project other has no client",
        "[sources.openpanel.clients.other]",
    )


@pytest.mark.long
def test_a_client_that_is_refused_fails_its_project_alone(current: Sandbox) -> None:
    write(current, CLIENTS | {"blog": client_of("blog", client_secret="SECRET-that-is-wrong")})
    done = run("sync")
    assert done.exit_code == 1
    assert "PROJECT FAILED blog: the client of this project is not accepted" in done.stdout
    assert "the client secret is wrong" in done.stdout
    assert "SECRET-that" not in done.output
    assert "6" in run("query", "SELECT count(*) AS n FROM events").stdout
    checked = run("check")
    assert "FAIL  project blog" in checked.stdout
    assert checked.exit_code == 2


@pytest.mark.long
def test_a_client_of_another_project_reads_nothing(current: Sandbox) -> None:
    write(current, CLIENTS | {"blog": client_of("shop")})
    done = run("sync")
    assert done.exit_code == 1
    assert "PROJECT FAILED blog: this client may not read the project" in done.stdout


@pytest.mark.parametrize(
    ("clients", "words"),
    [
        ({"shop": {"client_id": "x"}}, ["client of shop", "lacks client_secret"]),
        ({"shop": {}}, ["client of shop", "lacks client_id and client_secret"]),
        ({"shop": "SECRET"}, ["client of shop", "lacks client_id and client_secret"]),
        ({"shop": client_of("shop") | {"client_secret": ""}}, ["lacks client_secret"]),
        ({"shop": client_of("shop") | {"secret": "SECRET"}}, ["client of shop", "holds secret"]),
        ({}, ["clients must be a mapping from projects to clients"]),
        ([client_of("shop")], ["clients must be a mapping from projects to clients"]),
        ({"sh op": client_of("shop")}, ["project_id 'sh op' is not an id"]),
    ],
)
def test_a_mapping_that_is_none_is_one_sentence_and_tells_no_secret(
    clients: Any, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENTS", json.dumps(clients))
    for command in ("sync", "check", "partitions"):
        done = run(command)
        fails(done, 2, *words)
        assert SECRET not in done.output


@pytest.mark.parametrize("text", ["SECRET", '{"shop": SECRET}', "[" * 100_000, '{"a": {"b": 1'])
def test_a_text_that_is_no_mapping_is_not_repeated(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENTS", text)
    fails(run("sync"), 2, "clients must be a mapping")


def test_two_clients_of_one_project_are_refused(
    current: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = json.dumps(client_of("shop"))
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENTS", f'{{"shop": {one}, "shop": {one}}}')
    fails(run("sync"), 2, "clients names shop twice")
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENTS")
    write(current)
    path = Path(".dlt/secrets.toml")
    path.write_text(path.read_text() + '[sources.openpanel.clients.shop]\nclient_id = "x"\n')
    forget_files()
    fails(run("sync"), 2, "secrets.toml is no valid TOML in line")
    assert current.requests == []


def test_one_client_and_several_are_refused_where_both_are_configured(
    current: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(current)
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", OWNERS["shop"])
    fails(
        run("sync"),
        2,
        "client_id or client_secret is set, and clients too",
        "SOURCES__OPENPANEL__CLIENT_ID in the environment",
        "secrets.toml",
    )
    with pytest.raises(InvalidSettingError, match="argument"):
        configured(clients=CLIENTS, client_id="x", client_secret="y")


def test_those_of_a_call_win_over_those_configured(
    current: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(current)
    client, settings = configured(**client_of("shop"), project_id="shop")
    assert (client.has_many, settings.project_ids) == (False, ("shop",))
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENTS", "")
    Path(".dlt/secrets.toml").unlink()
    forget_files()
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENTS")
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", "x")
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", "y")
    client, settings = configured(clients=CLIENTS)
    assert (client.has_many, settings.project_ids) == (True, tuple(OWNERS))


def test_in_a_file_that_is_no_place_for_secrets_they_are_refused(current: Sandbox) -> None:
    write(current)
    Path(".dlt/secrets.toml").rename(".dlt/config.toml")
    forget_files()
    fails(run("sync"), 2, "clients stands in config.toml, which is no place for secrets")


def test_nothing_that_is_kept_or_shown_holds_their_secrets(
    current: Sandbox, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", current.url)
    pipeline = warehouse.pipeline()
    summary = sync(pipeline, clients=CLIENTS)
    assert summary.events_loaded == 9
    client, settings = configured(clients=CLIENTS)
    shown = [repr(summary), repr(client), repr(settings), str(pipeline.last_trace)]
    assert SECRET not in "".join(shown)
    for path in Path().rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    assert isinstance(pipeline, dlt.Pipeline)
