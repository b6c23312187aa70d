"""``/manage/projects`` of the sandbox answers as recorded servers did."""

from __future__ import annotations

import json

import pytest
import requests

from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.sandbox_recordings import CONTRACT, DATASET
from tests.support.sandbox_world import HEADERS, world

PATH = "/manage/projects"
MADE = ("createdAt", "updatedAt")


def asked(sandbox: Sandbox, headers: dict[str, str]) -> requests.Response:
    return requests.get(sandbox.url + PATH, headers=headers, timeout=5)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "name", ["projects", "read_client_401", "write_client_401", "no_credentials_401"]
)
def test_projects_and_refusals_are_those_recorded(name: str) -> None:
    recorded = json.loads((CONTRACT / "more" / f"manage_{name}.json").read_text("utf-8"))
    data = load_dataset(DATASET)
    secrets = {client.id: client.secret or "" for client in data.accounts.clients}
    headers = dict(recorded["request"]["headers"])
    if "openpanel-client-secret" in headers:
        headers["openpanel-client-secret"] = secrets[headers["openpanel-client-id"]]
    with Sandbox(data, server_date="2026-08") as sandbox:
        response = asked(sandbox, headers)
    expected = recorded["response"]
    assert response.status_code == expected["status"]
    assert response.headers["x-ratelimit-limit"] == "20"
    body, stored = response.json(), expected["body"]
    if "data" in stored:
        # The order of projects that were made in one moment means nothing.
        body, stored = ({row["id"]: row for row in one["data"]} for one in (body, stored))
        for row in (*body.values(), *stored.values()):
            for field in MADE:
                del row[field]
        assert "acme-web" in body
    assert body == stored


@pytest.mark.parametrize("server_date", ["2025-03", "2025-11"])
def test_servers_before_2026_do_not_have_it(server_date: str) -> None:
    with world(server_date=server_date) as sandbox:
        assert asked(sandbox, HEADERS).status_code == 404


def test_requests_to_it_count_with_all_others_against_a_limit_of_its_own() -> None:
    root = {
        "openpanel-client-id": "11111111-1111-4111-8111-111111111111",
        "openpanel-client-secret": "sec_root",
    }
    with world(rate_limit=100) as sandbox:
        for _ in range(20):
            url = f"{sandbox.url}/export/events?projectId=web&limit=1"
            assert requests.get(url, headers=root, timeout=5).status_code == 200
        assert asked(sandbox, root).status_code == 429
