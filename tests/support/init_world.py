"""A server for ``init`` to ask, with clients of all kinds, and the files that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event

ROOT = "11111111-1111-4111-8111-111111111111"
ROOT_SECRET = "sec_root"
EMPTY = "33333333-3333-4333-8333-333333333333"
WRITER = "44444444-4444-4444-8444-444444444444"
VARIABLE = "OPENPANEL_CLIENT_SECRET"
SECRETS, CONFIG = Path(".dlt/secrets.toml"), Path(".dlt/config.toml")


def served(**settings: Any) -> Sandbox:
    projects = ["web", "app", "2024", "empty"]
    accounts = Accounts(
        organizations=[Organization("acme")],
        projects=[Project(name, "acme") for name in projects],
        clients=[
            Client(CLIENT, "read", "acme", "web", SECRET),
            Client(ROOT, "root", "acme", None, ROOT_SECRET),
            Client(EMPTY, "read", "acme", "empty", "sec_empty"),
            Client(WRITER, "write", "acme", "web", "sec_write"),
        ],
    )
    events = {name: [event(1, projectId=name)] for name in projects[:3]} | {"empty": []}
    return Sandbox(Dataset(accounts, events), rate_limit=None, now=lambda: NOW, **settings)


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with served() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("SOURCES__OPENPANEL__NOW", NOW.isoformat())


def settings(path: Path) -> Any:
    return tomlkit.parse(path.read_text("utf-8")).unwrap()


def of_source(path: Path) -> Any:
    return settings(path)["sources"]["openpanel"]


def clients() -> Any:
    return of_source(SECRETS)["clients"]


def given(server: Sandbox, client: str = CLIENT) -> list[str]:
    return ["init", "--base-url", server.url, "--client-id", client]
