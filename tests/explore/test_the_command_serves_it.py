"""The command, really started: who is answered, what the browser may ask, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.support.command import COMMAND, fails, run


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command at work, and the address that it prints."""
    command = [*COMMAND, "explore", "--no-browser", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line.startswith("listening on http://127.0.0.1:"), process.communicate()
            yield process, line.removeprefix("listening on ")
        finally:
            process.kill()


@pytest.mark.long
def test_whoever_has_the_address_gets_the_page_and_nobody_else(demo_file: Path) -> None:
    with serving("--database", str(demo_file)) as (_, address):
        page = requests.get(address, timeout=30)
        assert page.status_code == 200
        assert "OpenPanel" in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert not re.search(r"https?:", policy)

        place, _ = address.split("?")
        assert "access_token" not in requests.get(place, timeout=30).text
        stranger = requests.get(place, timeout=30)
        assert "login" in stranger.url or stranger.status_code in (401, 403)
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert requests.get(address, headers=headers, timeout=30).status_code == 403


def test_no_page_of_another_address_reaches_the_notebook(demo_file: Path) -> None:
    with serving("--database", str(demo_file)) as (_, address):
        place, token = address.removeprefix("http").split("?")
        inside = f"ws{place}ws?session_id=mine&{token}"
        with connect(inside) as socket_of_page:
            assert socket_of_page.recv(timeout=30)
        for refused, origin in (
            (inside.replace(token, ""), None),
            (inside, Origin("https://evil.example")),
            (inside, Origin("http://127.0.0.1:1")),
        ):
            with pytest.raises(WebSocketException), connect(refused, origin=origin):
                pytest.fail("it was let in")


@pytest.mark.long
def test_the_file_can_be_written_while_it_is_served(demo_file: Path) -> None:
    with serving("--database", str(demo_file)) as (_, address):
        assert requests.get(address, timeout=30).status_code == 200
        with duckdb.connect(str(demo_file)) as connection:
            connection.execute("CREATE TABLE openpanel.mine AS SELECT 1 AS one")


@pytest.mark.long
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_when_it_is_asked_to(demo_file: Path, sent: signal.Signals, code: int) -> None:
    with serving("--database", str(demo_file)) as (process, address):
        assert requests.get(address, timeout=30).status_code == 200
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, "")
        assert "Traceback" not in err


def refused(*options: str) -> str:
    """What the command says as it ends without a page, with exit code 2."""
    command = [*COMMAND, "explore", "--no-browser", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("openpanel-source: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.long
def test_a_port_that_cannot_be_had_is_named(demo_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for number in (port, "99999"):
            said = refused("--database", str(demo_file), "--port", number)
            assert f"port {number}" in said
            assert "name another with --port" in said


def test_what_is_wrong_is_said_before_anything_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    fails(run("explore"), 2, "there is no database", "sync")
    fails(run("explore", "--destination", "filesystem"), 2)
    monkeypatch.setitem(sys.modules, "altair", None)
    fails(run("explore"), 2, "altair, which is missing", "pip install 'openpanel-source[explore]'")
