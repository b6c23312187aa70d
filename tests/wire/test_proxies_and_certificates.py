"""Through a SOCKS proxy as without one; what the environment names and cannot be used is told."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from openpanel_source import errors
from openpanel_source.errors import OpenPanelError
from tests.support.impatient import TWICE, WEB, patient
from tests.support.listeners import closed_port, tls
from tests.support.recorded import EVENTS, client_of, unknown_client

USER, PASSWORD = "anna", "pr0xy-secret"


class Socks:
    """A SOCKS 5 proxy on loopback that asks for a name and a password.

    Args:
        drip: Answer the handshake byte by byte, without end.
    """

    def __init__(self, *, drip: bool = False) -> None:
        self.drip = drip
        self.asked: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self) -> Socks:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def url(self, scheme: str = "socks5h", password: str = PASSWORD) -> str:
        return f"{scheme}://{USER}:{password}@127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            stream = connection.makefile("rb")
            stream.read(stream.read(2)[1])
            connection.sendall(b"\x05\x02")
            stream.read(1)
            name, password = (stream.read(stream.read(1)[0]) for _ in range(2))
            if (name.decode(), password.decode()) != (USER, PASSWORD):
                connection.sendall(b"\x01\x01")
                return
            connection.sendall(b"\x01\x00")
            *_, kind = stream.read(4)
            host = stream.read(stream.read(1)[0]).decode() if kind == 3 else stream.read(4)
            port = int.from_bytes(stream.read(2), "big")
            self.asked.append(host if isinstance(host, str) else socket.inet_ntoa(host))
            if self.drip:
                connection.sendall(b"\x05\x00\x00\x03\xff")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            with socket.create_connection(("127.0.0.1", port)) as target:
                connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
                self._forward(connection, target)

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        back = threading.Thread(target=pump, args=(other, one), daemon=True)
        back.start()
        pump(one, other)
        back.join(5)


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with tls(ca.issue_cert("localhost")) as url:
        yield url


def failure(url: str, **settings: Any) -> OpenPanelError:
    with closing(patient(url, **settings)) as client, pytest.raises(OpenPanelError) as caught:
        client.get(EVENTS, WEB)
    assert PASSWORD not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(("scheme", "asked"), [("socks5h", "localhost"), ("socks5", "127.0.0.1")])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_request_goes_through_a_socks_proxy(
    server: str, monkeypatch: pytest.MonkeyPatch, scheme: str, asked: str, variable: str
) -> None:
    with Socks() as proxy:
        monkeypatch.setenv(variable, proxy.url(scheme))
        with closing(patient(server)) as client:
            assert [client.get(EVENTS, WEB).content for _ in range(2)] == [b"{}", b"{}"]
    assert set(proxy.asked) == {asked}


def test_a_socks_proxy_that_never_lets_through_is_cut_off(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Socks(drip=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        began = time.monotonic()
        found = failure(server, request_timeout=0.3)
    assert type(found) is errors.RequestTimeoutError
    assert time.monotonic() - began < 20


def test_a_socks_proxy_that_refuses_is_named(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Socks() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url(password="wrong"))
        found = failure(server)
    assert type(found) is errors.ConnectionFailedError
    assert f"the proxy 127.0.0.1:{proxy.port} does not let through" in str(found)
    assert "wrong" not in str(found)
    assert "HTTPS_PROXY" in str(found)


@pytest.mark.parametrize("scheme", ["http", "socks5h", "socks4a"])
def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    port = closed_port()
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://{USER}:{PASSWORD}@127.0.0.1:{port}")
    found = failure("https://no-such-host.invalid")
    assert type(found) is errors.ConnectionFailedError
    assert f"the proxy 127.0.0.1:{port} does not let through" in str(found)
    assert "refused" in str(found)
    assert found.exit_code == 1


@pytest.mark.parametrize(
    "address",
    [
        f"socks9://{USER}:{PASSWORD}@127.0.0.1:1",
        f"http://{USER}:{PASSWORD}@127.0.0.1:notaport",
        f"http://{USER}:{PASSWORD}@[::1",
        f"http://{USER}:{PASSWORD}@",
        f"ftp://{USER}:{PASSWORD}@127.0.0.1:1",
    ],
)
def test_an_address_of_a_proxy_that_is_none_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    found = failure("https://no-such-host.invalid")
    assert type(found) is errors.InvalidSettingError
    assert "HTTPS_PROXY (or ALL_PROXY) holds no address of a proxy" in str(found)


def test_without_pysocks_it_is_told_what_to_install(tmp_path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        sys.modules["socks"] = None
        from openpanel_source.api.client import Client, Credentials
        from openpanel_source.errors import OpenPanelError
        try:
            credentials = Credentials({unknown_client().client_id!r}, "x")
            Client("https://localhost:1", credentials).get("/", [])
        except OpenPanelError as error:
            print(error.exit_code, error)
        """
    )
    environment = {"ALL_PROXY": "socks5://127.0.0.1:1", "PATH": "", "HOME": str(tmp_path)}
    output = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.startswith("2 ")
    assert "pip install 'openpanel-source[socks]'" in output


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("no certificate", "it holds no certificate")]
)
def test_certificates_that_cannot_be_used_are_told_by_their_variable(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    content: str | None,
    words: str,
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    with tls(trustme.CA().issue_cert("localhost")) as url:
        found = failure(url)
    assert type(found) is errors.InvalidSettingError
    assert str(found).startswith(f"{variable} names certificates that cannot be used ({path}: ")
    assert words in str(found)
    assert found.exit_code == 2


def test_certificates_in_a_variable_that_is_not_read_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with tls(trustme.CA().issue_cert("localhost")) as url:
        found = failure(url)
    assert type(found) is errors.ConnectionFailedError
    assert "REQUESTS_CA_BUNDLE (SSL_CERT_FILE is not read)" in str(found)


def test_a_limit_of_threads_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    client = client_of("http://127.0.0.1:1", retry=TWICE)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with closing(client), pytest.raises(errors.ThreadLimitError, match="ulimit -u") as caught:
        client.get(EVENTS, WEB)
    assert caught.value.exit_code == 2
    monkeypatch.undo()
    with closing(client), pytest.raises(errors.ConnectionFailedError):
        client.get(EVENTS, WEB)
