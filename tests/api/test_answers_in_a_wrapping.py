"""A byte order mark and white space around an answer, which proxies add, change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
import requests

from openpanel_source import EventsPaginator, errors
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.page import peek, split_page
from openpanel_source.sandbox import Sandbox
from tests.support.recorded import client_of, page_of
from tests.support.sandbox_world import CLIENT, HEADERS, SECRET, event, world
from tests.support.warehouse import Warehouse

WRAPPINGS = ["\ufeff{}", " {}", "\r\n\t{}", "{}\n", "{}\r\n \n", "\ufeff\n {} \n", "\n\ufeff{}\n"]
WEB = [
    ("projectId", "web"),
    ("start", "2026-11-10T00:00:00.000Z"),
    ("end", "2026-11-11T00:00:00.000Z"),
    ("limit", "10"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with world(*(event(number) for number in range(1, 4))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    yield server
    server.behave()


def plain(sandbox: Sandbox, path: str, query: str) -> str:
    return requests.get(f"{sandbox.url}/export/{path}?{query}", headers=HEADERS).text


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=repr)
def test_a_wrapped_page_is_a_page(sandbox: Sandbox, wrapping: str) -> None:
    body = plain(sandbox, "events", "projectId=web&start=2026-11-10&end=2026-11-11&limit=10")
    sandbox.behave(status=200, body=wrapping.replace("{}", body))
    with closing(client_of(sandbox, Credentials(CLIENT, SECRET))) as client:
        assert client.read("/export/events", WEB, peek)[0].total_count == 3
        assert len(client.read("/export/events", WEB, split_page).data) == 3


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=repr)
def test_a_wrapped_error_is_understood(sandbox: Sandbox, wrapping: str) -> None:
    body = '{"status":404,"message":"Project not found"}'
    sandbox.behave(status=404, body=wrapping.replace("{}", body))
    with (
        closing(client_of(sandbox, Credentials(CLIENT, SECRET))) as client,
        pytest.raises(errors.ProjectNotFoundError),
    ):
        client.get("/export/events", WEB)


@pytest.mark.long
def test_a_wrapped_chart_is_loaded(sandbox: Sandbox, tmp_path: Path) -> None:
    chart = {"name": "sales", "series": ["purchase"], "start": "2026-11-09", "end": "2026-11-10"}
    Warehouse(tmp_path).sync(sandbox, charts=[chart])
    *_, url = (item.url for item in sandbox.requests if "/export/charts" in item.url)
    body = requests.get(f"{sandbox.url}{url}", headers=HEADERS).text
    sandbox.behave(path="/export/charts", status=200, body=f"\ufeff\r\n{body}\r\n")
    folder = tmp_path / "again"
    folder.mkdir()
    again = Warehouse(folder)
    assert again.sync(sandbox, charts=[chart]).exit_code == 0
    assert again.query("SELECT sum(value) FROM chart_points") == [(3,)]


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=repr)
def test_the_paginator_follows_wrapped_pages(wrapping: str) -> None:
    answer = requests.Response()
    body = page_of(event(1), total=1).decode()
    answer.raw = BytesIO(wrapping.replace("{}", body).encode())
    paginator = EventsPaginator()
    paginator.init_request(requests.Request())
    paginator.update_state(answer)
    assert paginator.rows == 1
    assert not paginator.has_next_page
