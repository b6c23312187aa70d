"""Client secret and hash key are in nothing that is shown, raised, kept or sent elsewhere."""

from __future__ import annotations

import io
import json
import logging
import pickle
import re
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import click
import dlt
import msgspec
import pytest
from click.testing import CliRunner

from openpanel_source import audit, erase, openpanel, sync
from openpanel_source.api.credentials import checked_base_url
from openpanel_source.cli.main import main
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.check import check
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.source import configured
from tests.support.dlt_files import forget_files
from tests.support.hunting import forms_of, found
from tests.support.sandbox_world import CLIENT, NOW, dataset, event
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(24)

SECRET = "hunted/S3cret+100%&=quoted'\"\\0123456789"
HASH_KEY = "hunted/Key+200%&=quoted'\"\\0123456789"
ROOT = Path(__file__).parents[2]
CHART = [{"name": "sales", "series": [{"event": "purchase"}], "interval": "day", "range": "7d"}]


class Elsewhere(BaseHTTPRequestHandler):
    """Another server, which writes down what it is sent."""

    heard: ClassVar[list[str]]

    def do_GET(self) -> None:
        self.heard.append(f"{self.requestline}\n{self.headers}")
        self.send_error(404)

    do_CONNECT = do_POST = do_GET  # noqa: N815 - as the base class names them

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """The address of another origin, and what was sent to it."""

    class Handler(Elsewhere):
        heard: ClassVar[list[str]] = []

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler.heard
        server.shutdown()
        thread.join()


class Hunt:
    """Runs things at debug level, keeps all they say, and looks for the secrets in the end."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.outputs: list[str] = []
        self.log = io.StringIO()
        self.errors: list[BaseException] = []
        self._monkeypatch = monkeypatch

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)

    def command(self, *arguments: str) -> int:
        result = CliRunner().invoke(main, ["-v", *arguments])
        self.outputs += [result.stdout, result.stderr]
        if result.exception is not None:
            self.errors.append(result.exception)
            # Error reporters print the local variables of frames as well.
            report = traceback.TracebackException.from_exception(
                result.exception, capture_locals=True
            )
            self.outputs.append("".join(report.format()))
        return result.exit_code

    def call(self, function: Any, *arguments: Any, **settings: Any) -> BaseException | None:
        try:
            self.outputs.append(repr(function(*arguments, **settings)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked into
            self.errors.append(error)
            return error
        return None

    def assert_nothing_found(self) -> None:
        shown = [*self.outputs, self.log.getvalue()]
        for error in self.errors:
            shown += everything_about(error)
        assert "hunted" not in "".join(shown), [text for text in shown if "hunted" in text][:1]
        for secret in (SECRET, HASH_KEY):
            assert found(secret, self.folder, *shown) == []


def everything_about(error: BaseException) -> list[str]:
    """What a log, a debugger or another process may see of an error and of those behind it."""
    shown = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        shown.append(repr(value))
        if isinstance(value, BaseException):
            shown.append(str(value))
            waiting += [value.args, vars(value), value.__cause__, value.__context__]
            with suppress(Exception):
                shown.append(pickle.dumps(value).decode("latin-1"))
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            waiting += value
        elif type(value).__module__.startswith(("requests", "urllib3", "openpanel_source")):
            waiting.append(getattr(value, "__dict__", None))
    return shown


@pytest.fixture
def hunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hunt]:
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    hunter = Hunt(tmp_path, monkeypatch)
    hunter.set(
        client_id=CLIENT,
        client_secret=SECRET,
        hash_key=HASH_KEY,
        hash_columns='["profile_id"]',
        erased_profiles='["bea"]',
        project_id="web",
        backoff_seconds="0.001",
        max_outage="0",
        read_timeout="0.3",
        now=NOW.isoformat(),
        charts=json.dumps(CHART),
    )
    handler = logging.StreamHandler(hunter.log)
    loggers = [logging.getLogger(name) for name in (None, "dlt", "openpanel_source", "urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield hunter
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def server(hunt: Hunt) -> Iterator[Sandbox]:
    today = NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    world_ = dataset(
        event(1), event(2, profileId="bea"), event(3, _raw="[]"), event(4, createdAt=today)
    )
    clients = world_.accounts.clients
    clients[:] = [msgspec.structs.replace(client, secret=SECRET) for client in clients]
    with Sandbox(world_, rate_limit=None, now=lambda: NOW) as sandbox:
        hunt.set(base_url=sandbox.url)
        yield sandbox


def test_nothing_that_works_tells_the_secrets(hunt: Hunt, server: Sandbox) -> None:
    charts = hunt.folder / "charts.yaml"
    charts.write_text(
        "charts:\n- {name: sales, series: [{event: purchase}], interval: day, range: 7d}\n"
    )
    for arguments in (
        ["check"],
        ["check", "--json"],
        ["sync"],
        ["sync", "--json", "--reload"],
        ["audit", "--deep", "--repair"],
        ["audit", "--json"],
        ["status"],
        ["status", "--json"],
        ["erase", "bea", "--json"],
        ["charts", "list"],
        ["charts", "validate", str(charts)],
        ["demo", "--events", "200", "--days", "3"],
        ["sync", "--help"],
    ):
        assert hunt.command(*arguments) == 0, hunt.outputs[-2:]
    hunt.assert_nothing_found()


def test_the_python_api_and_plain_dlt_keep_no_secret_given_as_an_argument(
    hunt: Hunt, server: Sandbox, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"client_secret": SECRET, "hash_key": HASH_KEY}
    for name in given:
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}")
    pipeline = warehouse.pipeline()
    assert hunt.call(pipeline.run, openpanel(**given)) is None
    trace = pipeline.last_trace
    assert trace is not None
    hunt.outputs += [str(trace), trace.asstr(2), json.dumps(trace.asdict(), default=str)]
    assert hunt.call(sync, warehouse.pipeline(), **given) is None
    assert hunt.call(audit, warehouse.pipeline(), **given) is None
    assert hunt.call(erase, warehouse.pipeline(), ["bea"], **given) is None
    client, settings = configured(**given)
    hunt.outputs += [repr(client), repr(settings), *map(repr, check(client, settings))]
    hunt.outputs += [repr(openpanel(**given)), str(list(openpanel(**given).resources))]
    assert next(hunt.folder.rglob("trace.pickle"), None) is not None
    hunt.assert_nothing_found()


def test_clients_by_project_and_the_making_of_a_configuration_tell_no_secret(
    hunt: Hunt, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("client_id", "client_secret"):
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}")
    root = "11111111-1111-4111-8111-111111111111"
    clients = {
        name: {"client_id": client, "client_secret": SECRET}
        for name, client in (("web", CLIENT), ("empty", root))
    }
    hunt.set(project_id='["web", "empty"]', clients=json.dumps(clients))
    for arguments in (["check"], ["sync"], ["audit", "--values"], ["partitions", "--json"]):
        assert hunt.command(*arguments) == 0, hunt.outputs[-2:]
    server.behave(**FAULTS["refused"])
    hunt.command("sync", "--reload")
    hunt.set(clients=json.dumps({"web": {"client_id": CLIENT, "secret": SECRET}}))
    assert hunt.command("sync") == 2
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENTS")
    for name in ("project_id", "base_url"):
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name.upper()}")
    monkeypatch.setenv("OPENPANEL_CLIENT_SECRET", SECRET)
    arguments = ["init", "--base-url", server.url, "--client-id", CLIENT]
    assert hunt.command(*arguments) == 2
    server.behave()
    assert hunt.command(*arguments, "--project-id", "empty") == 2
    assert hunt.command(*arguments) == 0
    Path(".dlt/secrets.toml").unlink()
    forget_files()
    hunt.assert_nothing_found()


FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"status": 401, "body": '{"message":"Invalid client secret"}'},
    "not allowed": {"status": 403, "body": "{}"},
    "lost": {"status": 404, "body": "<html>"},
    "too much": {"status": 429, "headers": {"retry-after": "0"}, "times": 1},
    "too long": {"status": 431},
    "broken": {"status": 500, "body": "Internal server error"},
    "down": {"status": 503},
    "odd": {"status": 418, "body": "teapot"},
    "web page": {"html": True},
    "malformed": {"malformed_json": True},
    "cut": {"truncate_body": 40},
    "wrong length": {"wrong_content_length": 5},
    "no meta": {"meta_missing": True},
    "reset": {"reset": "in_headers"},
    "hangs": {"hang": True, "times": 1},
    "echo": {"status": 500, "body": json.dumps({"message": f"openpanel-client-secret: {SECRET}"})},
    "plain echo": {"status": 418, "body": SECRET},
    "echo as type": {"status": 200, "body": "x", "content_type": SECRET},
}


@pytest.mark.sampled(24)
@pytest.mark.parametrize("name", FAULTS)
def test_no_failing_request_tells_the_secrets(hunt: Hunt, server: Sandbox, name: str) -> None:
    server.behave(**FAULTS[name])
    hunt.command("check")
    if "echo" in name or name == "reset":
        hunt.command("sync", "--json")
    pipeline = dlt.pipeline("plain", destination=dlt.destinations.duckdb("plain.duckdb"))
    hunt.call(pipeline.run, openpanel())
    hunt.outputs.append(repr(pipeline.last_trace and pipeline.last_trace.asdict()))
    hunt.assert_nothing_found()


@pytest.mark.parametrize(
    "settings",
    [
        {"client_secret": "hunted secret with\na line break"},
        {"client_secret": "hunted-\u00fcml\u00e4ut"},
        {"client_secret": ""},
        {"hash_key": "hunted"},
        {"client_id": "nope"},
        {"base_url": "http://example.com"},
        {"base_url": "https://user:hunted@example.com"},
        {"base_url": "http://127.0.0.1:1"},
        {"max_events_per_run": "many"},
        {"project_id": "a'b"},
        {"exclude_columns": '["id"]'},
        {"now": "yesterday"},
    ],
)
def test_no_wrong_setting_tells_the_secrets(
    hunt: Hunt, server: Sandbox, settings: dict[str, str]
) -> None:
    hunt.set(**settings)
    assert hunt.command("sync") != 0
    assert hunt.command("check", "--json") != 0
    hunt.call(dlt.pipeline("plain", destination="duckdb").run, openpanel)
    hunt.assert_nothing_found()


def test_a_secret_of_another_type_in_a_file_is_not_told(
    hunt: Hunt, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLIENT_SECRET", "HASH_KEY"):
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name}")
    file = Path(".dlt/secrets.toml")
    file.parent.mkdir()
    for value in ('["hunted-list"]', '{ nested = "hunted-table" }', "'hunted\n'"):
        file.write_text(f"[sources.openpanel]\nclient_secret = {value}\nhash_key = {value}\n")
        assert hunt.command("sync") != 0
        hunt.call(dlt.pipeline("plain", destination="duckdb").run, openpanel)
    file.unlink()
    hunt.assert_nothing_found()


@pytest.mark.long
def test_no_failing_destination_and_no_crash_tells_the_secrets(
    hunt: Hunt, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("bad.duckdb").write_text("this is not a database")
    assert hunt.command("sync", "--database", "bad.duckdb") == 2
    assert hunt.command("sync", "--database", "nowhere/x.duckdb") == 2
    assert hunt.command("sync", "--destination", "nosuch") == 2
    assert hunt.command("sync") == 0
    broken = "DROP TABLE openpanel._dlt_loads; DROP TABLE openpanel.events"
    import duckdb

    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute(broken)
    hunt.command("sync", "--reload")
    hunt.command("status")

    def crash(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("openpanel_source.api.client.read_response", crash)
    assert hunt.command("check") == 1
    assert hunt.command("sync", "--database", "crash.duckdb") == 1
    assert any(isinstance(error, ZeroDivisionError) for error in hunt.errors)
    hunt.assert_nothing_found()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_the_secrets_to_another_origin(
    hunt: Hunt, server: Sandbox, status: int
) -> None:
    with elsewhere() as (address, heard):
        server.behave(status=status, redirect=f"{address}/export/events")
        assert hunt.command("check") == 2
        assert hunt.command("sync") == 2
        hunt.call(dlt.pipeline("plain", destination="duckdb").run, openpanel())
        assert heard == []
    hunt.assert_nothing_found()


def test_no_proxy_of_the_environment_hears_plain_http(
    hunt: Hunt, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with elsewhere() as (address, heard):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert hunt.command("check") == 0
        assert heard == []


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "HTTP://EXAMPLE.COM/api",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::ffff:8.8.8.8]",
        "http://[2001:db8::1]:8080",
        "http:\\\\127.0.0.1",
        "ftp://127.0.0.1",
        "//127.0.0.1",
        "http://127.0.0.1@example.com",
        "http://example.com#@127.0.0.1",
    ],
)
def test_plain_http_goes_to_this_machine_only(address: str) -> None:
    with pytest.raises(InvalidSettingError):
        checked_base_url(address, allow_http=False)


def test_no_option_takes_a_secret_and_no_page_types_one_into_a_shell() -> None:
    waiting: list[click.Command] = [main]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        for parameter in command.params:
            # A flag takes nothing.
            assert getattr(parameter, "is_flag", False) or not re.search(
                "secret|key(?!s)|token|password", str(parameter.opts), re.IGNORECASE
            )
    # The sandbox's own is published, and says so.
    typed = re.compile(
        r"(export |\$ )\S*(SECRET|HASH_KEY)=(?!sec_demo_root_not_a_secret)"
        r"|(SECRET|HASH_KEY)=\S+ +openpanel-source"
    )
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("pipelines/*")]:
        assert not typed.search(page.read_text(encoding="utf-8")), page


def test_the_hunt_would_find_a_secret(tmp_path: Path) -> None:
    import base64
    from urllib.parse import quote

    from tests.support.hunting import contents

    for number, text in enumerate(
        [
            SECRET,
            quote(SECRET, safe=""),
            *(
                base64.b64encode((x + SECRET + "t").encode()).decode()
                for x in ("", "a", "ab", "abc")
            ),
        ]
    ):
        (tmp_path / str(number)).write_text(f"x {text} y")
        assert found(SECRET, tmp_path, text) == [str(tmp_path / str(number)), "output 0"]
        (tmp_path / str(number)).unlink()
    assert list(contents(tmp_path)) == []
    assert len(forms_of(SECRET)) > 5
