"""No error tells the client secret or the hash key: what is said, logged, raised or left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dlt
import pytest

from openpanel_source import openpanel
from openpanel_source.sandbox import Sandbox
from tests.support.secret_hunt import REFUSED, SECRET, Hunt

pytestmark = pytest.mark.sampled(32)


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


FAULTS: dict[str, dict[str, Any]] = {
    "refused": REFUSED,
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
