"""A client sends its own credentials, and shows none."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
import requests

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.sandbox import Sandbox
from tests.support.failures import SECRET, WEB
from tests.support.recorded import EVENTS, FAST, READ, client_of


def test_credentials_of_the_netrc_file_are_not_sent(
    sandbox: Sandbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    prepared: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def watched(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        prepared.append(request)
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", watched)
    with closing(client_of(sandbox)) as client:
        client.get(EVENTS, WEB)
    sent = prepared[0].headers
    assert "authorization" not in {name.lower() for name in sent}
    assert sent["openpanel-client-secret"] == READ.client_secret


def test_a_client_never_shows_its_secret() -> None:
    credentials = Credentials(READ.client_id, SECRET)
    client = Client("https://host", credentials, retry=FAST)
    assert SECRET not in f"{credentials} {credentials!r} {client} {client!r}"
