"""Secrets come by no command line and go to one server only, in plain text to this machine only."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import click
import dlt
import pytest

from openpanel_source import openpanel
from openpanel_source.api.credentials import checked_base_url
from openpanel_source.cli.main import main
from openpanel_source.errors import InvalidSettingError
from openpanel_source.sandbox import Sandbox
from tests.support.secret_hunt import Hunt

pytestmark = pytest.mark.sampled(24)

ROOT = Path(__file__).parents[2]


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
    hunt.assert_nothing_found()


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
