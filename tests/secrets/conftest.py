"""A hunt for the secrets, and a server that knows them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, dataset, event
from tests.support.secret_hunt import HASH_KEY, SECRET, Hunt

CHART = [{"name": "sales", "series": [{"event": "purchase"}], "interval": "day", "range": "7d"}]


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
        read_timeout="2",
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
