"""Commands and functions that work neither tell nor keep the client secret and the hash key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import audit, erase, openpanel, sync
from openpanel_source.operations.check import check
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.source import configured
from tests.support.dlt_files import forget_files
from tests.support.hunting import forms_of, found
from tests.support.sandbox_world import CLIENT
from tests.support.secret_hunt import HASH_KEY, REFUSED, SECRET, Hunt
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(24)


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
    server.behave(**REFUSED)
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
