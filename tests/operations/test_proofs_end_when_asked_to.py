"""Ctrl-C ends what proves old days, as it ends a sync: soon, and with what was found kept."""

from __future__ import annotations

import json
import signal
import time
from datetime import timedelta

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.own_process import run, start
from tests.support.sandbox_world import NOW


def interrupted(sandbox: Sandbox, *arguments: str, path: str) -> dict[str, object]:
    """What a command prints that was interrupted once a request hangs."""
    before = len(sandbox.requests)
    sandbox.behave(path=path, hang=True)
    process = start(sandbox, *arguments, "--json")
    while not any(path in request.url for request in sandbox.requests[before:]):
        assert process.poll() is None
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - asked < 20
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    sandbox.behave()
    found: dict[str, object] = json.loads(output)
    assert found["stopped"]
    return found


def proofs() -> list[tuple[object, ...]]:
    with duckdb.connect("warehouse.duckdb") as connection:
        return connection.execute(
            "SELECT proof, count(*) FROM openpanel.day_proofs GROUP BY 1"
        ).fetchall()


@pytest.mark.long
def test_a_comparison_of_values_ends_and_what_it_compared_is_kept(sandbox: Sandbox) -> None:
    assert run(sandbox, "sync")[0] == 0
    found = interrupted(sandbox, "audit", "--values", "--all", path="start=2026-11-16&end")
    values = found["values"]
    assert isinstance(values, dict)
    assert values["days"] == 6
    assert proofs() == [("values", 6)]


@pytest.mark.long
def test_a_listing_of_old_days_ends_and_what_it_listed_is_kept(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(sandbox, "sync")[0] == 0
    monkeypatch.setenv("SOURCES__OPENPANEL__NOW", (NOW + timedelta(days=1)).isoformat())
    path = "start=2026-11-16T00%3A00%3A00.000Z&end=2026-11-17T00%3A00%3A00.000Z&limit=1000"
    found = interrupted(sandbox, "sync", path=path)
    scrub = found["scrub"]
    assert isinstance(scrub, dict)
    assert (scrub["days"], scrub["failure"]) == (6, "")
    assert proofs() == [("listed", 6)]
    assert run(sandbox, "sync")[0] == 0
    # The others of the thirteen that were settled.
    assert proofs() == [("listed", 13)]
