"""Over https, a server with a trusted certificate is asked, and nobody whom it names instead."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
import trustme

from openpanel_source import errors
from openpanel_source.sandbox import Sandbox
from tests.support.impatient import WEB, failure, patient
from tests.support.listeners import tls
from tests.support.recorded import EVENTS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return ca, str(path)


def test_a_certificate_of_a_trusted_authority_is_accepted(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    with (
        tls(ca.issue_cert("localhost")) as url,
        closing(patient(url)) as client,
    ):
        assert client.get(EVENTS, WEB).content == b"{}"


@pytest.mark.parametrize("kind", ["unknown", "expired", "of another host"])
def test_a_certificate_that_is_not_trusted_is_refused(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    issuer = trustme.CA() if kind == "unknown" else ca
    host = "elsewhere.example" if kind == "of another host" else "localhost"
    past = datetime.now(timezone.utc) - timedelta(days=1)
    certificate = issuer.issue_cert(host, not_after=past if kind == "expired" else None)
    with tls(certificate) as url:
        found = failure(patient(url))
    assert type(found) is errors.ConnectionFailedError
    assert "certificate is not trusted" in str(found)
    assert "REQUESTS_CA_BUNDLE" in str(found)


@pytest.mark.parametrize("where", ["plain", "same"])
def test_a_redirect_from_https_is_not_followed(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, where: str
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    location = f"{sandbox.url}{EVENTS}" if where == "plain" else "/elsewhere"
    before = len(sandbox.requests)
    with tls(ca.issue_cert("localhost"), forward=location) as url:
        found = failure(patient(url))
    assert type(found) is errors.RedirectedError
    assert len(sandbox.requests) == before
