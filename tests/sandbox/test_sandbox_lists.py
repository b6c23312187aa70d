"""A sandbox lists references, projects, profiles and groups as the real server was recorded to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from tests.support.lists_world import group
from tests.support.lists_world import world as world_of_lists
from tests.support.sandbox_recordings import DATASET, Recording, ask, difference, parsed, recordings
from tests.support.sandbox_world import CLIENT, HEADERS, event, get, profile, world

ROOT = {
    "openpanel-client-id": "11111111-1111-4111-8111-111111111111",
    "openpanel-client-secret": "sec_root",
}
PREFIXES = ("manage_", "insights_profiles", "insights_groups", "insights_read_client")
NOT_OF_LISTS = ("insights_profiles_filter_created_at",)


def of_lists() -> list[Any]:
    return [
        pytest.param(one, id=one.name)
        for one in recordings("more")
        if "/manage/" in one.url or "/groups" in one.url or "/profiles" in one.url
    ]


def recorded(name: str) -> Any:
    return next(one for one in recordings("more") if one.name == name).body


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """The recorded dataset, with what recordings alone tell of groups, references and projects."""
    found = load_dataset(DATASET)
    references: dict[str, list[Any]] = {}
    for row in recorded("manage_references_all_projects")["data"]:
        references.setdefault(row["projectId"], []).append(row)
    dataset: Dataset = replace(
        found,
        references=references,
        groups={"acme-web": recorded("insights_groups")},
        projects={row["id"]: row for row in recorded("manage_projects")["data"]},
    )
    with Sandbox(dataset, rate_limit=None) as sandbox:
        yield sandbox


@pytest.mark.parametrize("recording", of_lists())
def test_lists_are_played_as_recorded(recording: Recording, server: Sandbox) -> None:
    response = ask(server.url, recording)
    assert response.status_code == recording.status
    assert response.headers.get("content-type", "") == recording.content_type
    answer = parsed(response)
    assert difference(kept(recording, recording.body), kept(recording, answer)) is None


def kept(recording: Recording, body: Any) -> Any:
    """An answer without what a recording leaves out of it."""
    if recording.shortened and isinstance(body, list):
        return [*body[:3], *body[-3:]]
    if recording.shortened:
        return {
            name: kept(recording, held) if isinstance(held, list) else held
            for name, held in body.items()
        }
    return body


def test_a_hundred_is_the_most_and_a_read_client_gets_its_own_whatever_it_asks_for() -> None:
    many = [profile(f"p{n}") for n in range(150)]
    with world(profiles=many) as sandbox:
        own = get(sandbox, "limit=100", path="/insights/web/profiles").json()
        assert len(own) == 100
        other = get(sandbox, "limit=100", path="/insights/empty/profiles").json()
        assert {row["project_id"] for row in other} == {"web"}
        nobody = get(sandbox, "", path="/insights/nope/profiles", headers=ROOT)
        assert (nobody.status_code, nobody.text) == (500, "Internal server error")


def filtered(sandbox: Sandbox, *filters: dict[str, Any]) -> requests.Response:
    query = urlencode({"filters": json.dumps(filters), "limit": "100"})
    return get(sandbox, query, path="/insights/web/profiles")


def condition(name: str, operator: str, value: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "operator": operator, "value": [value], **more}


def test_filters_act_with_their_prefix_alone_and_times_to_the_second_when_typed() -> None:
    rows = [
        profile("a%b", createdAt="2026-10-01T00:00:00.900Z"),
        profile("axb", createdAt="2026-10-01T00:00:01.100Z"),
        profile("\U0001f600c", createdAt="2026-10-01T00:00:02.000Z"),
    ]
    with world(profiles=rows) as sandbox:

        def found(*filters: dict[str, Any]) -> list[str]:
            return sorted(row["id"] for row in filtered(sandbox, *filters).json())

        assert found(condition("id", "is", "axb")) == ["a%b", "axb", "\U0001f600c"]
        assert found(condition("profile.id", "is", "axb")) == ["axb"]
        assert found(condition("profile.id", "startsWith", "a%b")) == ["a%b", "axb"]
        assert found(condition("profile.id", "startsWith", "a\\%b")) == ["a%b"]
        assert found(condition("profile.id", "regex", r"^[^\x{1f600}]")) == ["a%b", "axb"]
        second = "2026-10-01T00:00:01Z"
        typed = {"type": "datetime"}
        assert found(condition("profile.created_at", "gte", second, **typed)) == [
            "axb",
            "\U0001f600c",
        ]
        assert found(condition("profile.created_at", "lt", second, **typed)) == ["a%b"]
        assert filtered(sandbox, condition("profile.created_at", "gte", second)).status_code == 500


def test_texts_are_trimmed_and_compared_without_case_but_by_patterns() -> None:
    rows = [
        profile("Anna", email="Anna@Example.com", groups=["acme"], properties={"plan": "Pro"}),
        profile(" ben", email="ben@example.com", groups=["beta"]),
    ]
    groups = [group("acme", name="The Acme", properties={"tier": "gold"}), group("beta")]
    with world_of_lists(profiles=rows, groups=groups) as sandbox:

        def found(name: str, operator: str, *values: str, **more: Any) -> list[str]:
            asked = {"name": name, "operator": operator, "value": list(values), **more}
            return sorted(row["id"] for row in filtered(sandbox, asked).json())

        everybody = [" ben", "Anna"]
        assert found("profile.email", "contains", "ANNA") == ["Anna"]
        assert found("profile.id", "startsWith", "an") == ["Anna"]
        assert found("profile.id", "startsWith", " ben") == []
        assert found("profile.id", "regex", r"^\x{20}ben\z") == [" ben"]
        assert found("profile.id", "regex", "^an") == []
        assert found("profile.email", "doesNotContain", "anna", "nobody") == [" ben"]
        assert found("group.name", "is", "The Acme") == ["Anna"]
        assert found("group", "is", "acme") == found("profile", "is", "Anna") == everybody
        assert found("group.id", "isNot", "acme") == [" ben"]
        assert found("group.properties.tier", "contains", "GOLD") == ["Anna"]
        assert found("profile.id", "inCohort", cohortIds=["vip"]) == []
        assert found("profile.id", "notInCohort", cohortIds=["vip"]) == everybody
        assert found("profile.id", "inCohort", "vip") == everybody
        seconds = ("2026-10-02T00:00:00Z", "2026-11-02T00:00:00Z")
        assert found("profile.created_at", "isNot", *seconds, type="datetime") == everybody


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("groups?limit=0", "limit Too small: expected number to be >=1"),
        ("groups?limit=-1", "limit Too small: expected number to be >=1"),
        ("profiles?limit=101", "limit Too big: expected number to be <=100"),
        ("profiles?limit=1.5", "limit Invalid input: expected int, received number"),
        ("groups/acme?memberLimit=0", "memberLimit Too small: expected number to be >=1"),
    ],
)
@pytest.mark.parametrize("project", ["web", "nope"])
def test_a_query_is_checked_before_it_is_asked_whose_it_is(
    path: str, message: str, project: str
) -> None:
    path, _, query = path.partition("?")
    with world_of_lists(groups=[group("acme")]) as sandbox:
        for headers in ({}, ROOT):
            answer = get(sandbox, query, path=f"/insights/{project}/{path}", headers=headers)
            assert (answer.status_code, message in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("server_date", "manage", "insights"),
    [("2025-11", 404, 404), ("2026-02", 200, 404), ("2026-03", 200, 404), ("2026-04", 200, 200)],
)
def test_older_servers_have_fewer_lists(server_date: str, manage: int, insights: int) -> None:
    with world(server_date=server_date) as sandbox:
        assert get(sandbox, "", path="/manage/projects", headers=ROOT).status_code == manage
        answer = get(sandbox, "", path="/insights/web/groups")
        assert answer.status_code == insights


def test_one_counter_counts_all_and_each_route_has_its_own_limit() -> None:
    with world(event(1), rate_limit=100, window_seconds=3600) as sandbox:
        for _ in range(20):
            assert get(sandbox, "limit=1", headers=ROOT).status_code in (200, 400)
        refused = get(sandbox, "", path="/manage/projects", headers=ROOT)
        assert refused.status_code == 429
        assert refused.headers["x-ratelimit-limit"] == "20"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        after = get(sandbox, "", path="/insights/web/groups/types", headers=ROOT)
        assert after.headers["x-ratelimit-remaining"] == "78"
        assert HEADERS["openpanel-client-id"] == CLIENT
