"""Who a request is about is in no error and no log of this package, whatever is hidden or not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from openpanel_source.api.query import Params
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from tests.support.recorded import client_of, unknown_client
from tests.support.sandbox_world import event, world

MAIL = "anna@example.com"
FORMS: list[Params] = [
    [("profileId", MAIL)],
    [("profileId", f'"{MAIL}"')],
    [("filters", f'[{{"name":"profile_id","operator":"is","value":["{MAIL}"]}}]')],
    [("filters", f'"[{{\\"name\\":\\"city\\"\\u002c\\"value\\":[\\"{MAIL}\\"]}}]"')],
    [("filters", f'{{"name":"profile_id","operator":"is","value":["{MAIL}"]}}')],
    [("series", f'[{{"name":"x","filters":[{{"name":"id","value":["{MAIL}"]}}]}}]')],
    [("events", f'[{{"name":"x","filters":[{{"name":"id","value":["{MAIL}"]}}]}}]')],
]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with world(event()) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 500}, {"html": True}, {"status": 400}]
)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_neither_errors_nor_logs_show_a_profile(
    server: Sandbox, caplog: pytest.LogCaptureFixture, form: Params, fault: dict[str, Any]
) -> None:
    server.behave(**fault)
    with (
        caplog.at_level(logging.DEBUG, "openpanel_source"),
        closing(client_of(server, unknown_client())) as client,
        pytest.raises(OpenPanelError) as caught,
    ):
        client.get("/export/events", [("projectId", "web"), *form, ("limit", "1")])
    server.behave()
    told = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    told += "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("openpanel")
    )
    for part in ("anna", "example.com"):
        assert part not in told
    assert f"projectId=web&{form[0][0]}=***&limit=1" in str(caught.value)


def test_names_of_events_are_shown(server: Sandbox) -> None:
    server.behave(status=400)
    with (
        closing(client_of(server, unknown_client())) as client,
        pytest.raises(OpenPanelError) as caught,
    ):
        client.get("/export/charts", [("series", '[{"name":"sale"}]'), ("event", "sale")])
    server.behave()
    assert "sale" in str(caught.value)
    assert "***" not in str(caught.value)
