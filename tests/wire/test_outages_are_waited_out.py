"""A server that is being restarted is waited for, for as long as was set, and the log says so."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import errors
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.impatient import KNOWN, WEB
from tests.support.listeners import closed_port
from tests.support.recorded import EVENTS, client_of, unknown_client
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(8)


def policy(max_outage: float) -> RetryPolicy:
    """Two tries, and as many more as there is time for."""
    return RetryPolicy(attempts=2, doubtful_attempts=2, backoff_seconds=0.01, max_outage=max_outage)


@pytest.mark.parametrize(
    "fault",
    [{"status": 502}, {"status": 503}, {"status": 504}, {"reset": "before_headers"}],
    ids=str,
)
def test_a_server_that_comes_back_in_time_costs_no_sync(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    with world(*(event(number) for number in range(1, 6))) as sandbox:
        sandbox.behave(path="limit=1000", times=12, **fault)
        summary = Warehouse(tmp_path).sync(sandbox, max_outage=60)
    assert summary.exit_code == 0
    assert summary.events_loaded == 5


def test_a_server_that_is_restarted_is_found_again() -> None:
    with world(event()) as sandbox:
        url, port = sandbox.url, int(sandbox.url.rsplit(":", 1)[1])
        client = client_of(url, KNOWN, retry=policy(60))
        client.get(EVENTS, WEB)
    with closing(client):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port))
        again: list[Sandbox] = []

        def start() -> None:
            while client.requests_sent <= 3:
                time.sleep(0.01)
            again.append(world_at(port))

        thread = threading.Thread(target=start)
        thread.start()
        try:
            assert client.get(EVENTS, WEB).status == 200
        finally:
            thread.join()
            again[0].stop()
    assert client.requests_sent > 3


def world_at(port: int) -> Sandbox:
    from tests.support.sandbox_world import dataset

    return Sandbox(dataset(event()), port=port, rate_limit=None).start()


def test_an_outage_that_lasts_ends_the_run_when_the_time_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with world(event()) as sandbox, closing(client_of(sandbox, KNOWN, retry=policy(2))) as client:
        client.get(EVENTS, WEB)
        sandbox.behave(status=503)
        began = time.monotonic()
        with (
            caplog.at_level(logging.WARNING, "openpanel_source"),
            pytest.raises(errors.ServerUnavailableError),
        ):
            client.get(EVENTS, WEB)
        assert 1.95 <= time.monotonic() - began < 10
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith("waiting up to 2 s for the server to come back: the server is not")


def test_a_server_that_never_answered_is_not_waited_for_as_long() -> None:
    known, unknown = policy(90), errors.ConnectionFailedError("x")
    assert known.outage(unknown, is_known=True) == 90
    assert known.outage(unknown, is_known=False) == 30
    assert policy(5).outage(unknown, is_known=False) == 5
    for error in (errors.WrongSecretError("x"), errors.RequestTimeoutError("x"), None):
        assert known.outage(error, is_known=True) == 0


def test_a_host_that_no_name_server_knows_is_told_at_once() -> None:
    url = "https://no-such-host.invalid"
    client = client_of(url, unknown_client(), retry=policy(90), timeout=(2, 2))
    with closing(client), pytest.raises((errors.UnknownHostError, errors.RequestTimeoutError)):
        client.get(EVENTS, WEB)
    assert client.requests_sent == 2


def test_no_outage_is_waited_out_when_that_is_set() -> None:
    client = client_of(f"http://127.0.0.1:{closed_port()}", retry=policy(0))
    with closing(client), pytest.raises(errors.ConnectionFailedError):
        client.get(EVENTS, WEB)
    assert client.requests_sent == 2


@pytest.mark.parametrize("value", [-1, "soon", None, True, float("nan"), 86_401])
def test_a_time_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(errors.InvalidSettingError, match="max_outage must be 0 or more"):
        RetryPolicy(max_outage=value)


def test_a_database_that_is_down_is_no_fault_of_the_credentials() -> None:
    body = '{"message":"Client ID seems to be malformed"}'
    with world(event()) as sandbox:
        sandbox.behave(status=401, body=body, times=4)
        with closing(client_of(sandbox, KNOWN, retry=policy(60))) as client:
            assert client.get(EVENTS, WEB).status == 200
        sandbox.behave(status=401, body=body)
        with (
            closing(client_of(sandbox, KNOWN, retry=policy(0))) as client,
            pytest.raises(errors.ServerUnavailableError, match="its database is down") as caught,
        ):
            client.get(EVENTS, WEB)
    assert caught.value.exit_code == 1


def test_a_server_that_fails_is_told_as_one_before_the_request_is() -> None:
    with world(event()) as sandbox:
        sandbox.behave(status=500)
        with closing(client_of(sandbox, KNOWN, retry=policy(0))) as client:
            with pytest.raises(errors.InternalServerError) as plain:
                client.get(EVENTS, WEB)
            with pytest.raises(errors.InternalServerError) as filtered:
                client.get(EVENTS, [*WEB, ("filters", '[{"name":"x"}]')])
    assert plain.value.message.startswith("the server failed (status 500); it or its database is")
    assert "filters" not in plain.value.message
    assert filtered.value.message.startswith("the server failed (status 500); it or its database")
    assert "or it cannot compute the filters" in filtered.value.message
