"""What filters select, and which of them the server fails on."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import DAYS, event, event_id, get, ids, world

EVENTS = [
    event(
        1,
        name="purchase",
        properties={"total": "99.5", "items.0.sku": "A ", "items.1.sku": "B", "day": "2026-11-01"},
        revenue=100,
        path="/docs/a_b",
        createdAt="2026-11-10T12:00:00.250Z",
    ),
    event(
        2,
        name="signup",
        properties={"total": "1e3", "new": "Yes", "day": "20261105", "User ID": "7"},
        country="\0\0",
        importedAt="2026-11-20T00:00:00.000Z",
        createdAt="2026-11-10T12:00:00.750Z",
    ),
    event(
        3,
        name="50%",
        properties={"total": "none", "__query.utm_source": "x", "day": "5.11."},
        longitude=None,
        profileId="device",
        groups=["g1", "g2"],
        path="back\\slash",
        createdAt="2026-11-11T00:00:00.000Z",
    ),
]


@pytest.fixture(scope="module")
def sandbox() -> Any:
    profile = {"id": "anna", "properties": {"plan": "pro"}}
    with world(*EVENTS, profiles=[profile]) as sandbox:
        yield sandbox


def filtered(sandbox: Sandbox, *filters: Any) -> Any:
    keys = ("name", "operator", "value", "type")
    given = [dict(zip(keys, f, strict=False)) if isinstance(f, tuple) else f for f in filters]
    return get(sandbox, f"{DAYS}&filters={quote(json.dumps(given))}")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("name", "is", ["purchase", " signup "]), [2, 1]),
        (("name", "isNot", ["purchase"]), [3, 2]),
        (("name", "isNot", ["purchase", "signup"]), [3]),
        (("name", "contains", ["urch"]), [1]),
        (("name", "contains", ["URCH"]), []),
        (("name", "contains", ["0\\%"]), [3]),
        (("name", "startsWith", ["pu", "si"]), [2, 1]),
        (("name", "endsWith", ["up"]), [2]),
        (("name", "doesNotContain", ["urch", "sign"]), [3, 2, 1]),
        (("name", "gt", ["purchase"]), [2]),
        (("name", "regex", ["^(p|s)"]), [2, 1]),
        (("path", "regex", ["/docs/"]), [2, 1]),
        (("path", "contains", ["k\\s"]), [3]),
        (("path", "contains", ["_"]), [3, 2, 1]),
        (("country", "is", [""]), [2]),
        (("country", "isNull", []), [2]),
        (("country", "isNotNull", []), [3, 1]),
        (("revenue", "gt", [50]), [1]),
        (("revenue", "is", ["100", 0]), [3, 2, 1]),
        (("revenue", "isNot", [0]), [1]),
        (("longitude", "is", ["18.0686"]), [2, 1]),
        (("longitude", "lt", [18.0687]), [2, 1]),
        (("createdAt", "gte", ["2026-11-10 12:00:00.750"]), [3, 2]),
        (("created_at", "lt", ["2026-11-10T12:00:00.750"]), [1]),
        (("created_at", "is", ["2026-11-11"]), [3]),
        (("created_at", "is", ["1794398400"]), []),
        (("created_at", "isNot", ["2026-11-11 00:00:00"]), [2, 1]),
        (("created_at", "is", ["2026-11-10T14:00:00+02:00"], "datetime"), [2, 1]),
        (("created_at", "gt", ["10/11/2026"], "date"), [3]),
        (("created_at", "gt", ["garbage"], "datetime"), []),
        (("created_at", "gt", [None], "datetime"), []),
        (("created_at", "gt", ["1"], "number"), []),
        (("imported_at", "gte", ["2026-11-20 00:00:00"]), [2]),
        (("importedAt", "lt", ["2026-11-21T00:00:00Z"], "datetime"), [2]),
        (("id", "is", [event_id(1)]), [1]),
        (("id", "isNot", [event_id(1)]), [3, 2]),
        (("id", "is", [event_id(1)], "boolean"), [3, 2, 1]),
        (("has_profile", "is", ["true"]), [2, 1]),
        (("has_profile", "is", [True]), [3]),
        (("utm_source", "is", ["x"]), [3]),
        (("properties.User ID", "is", [7]), [2]),
        (("properties.new", "isNull", []), [3, 1]),
        (("properties.new", "isNotNull", []), [2]),
        (("properties.new", "is", [True], "boolean"), [2]),
        (("properties.new", "is", [False], "boolean"), [3, 1]),
        (("properties.total", "gt", [99]), [2, 1]),
        (("properties.total", "lt", [99]), [3]),
        (("properties.total", "lt", ["1000.5"], "number"), [2, 1]),
        (("properties.total", "is", [1000], "number"), [2]),
        (("properties.total", "isNot", [1000, "99.5"], "number"), []),
        (("properties.total", "is", ["x"], "number"), []),
        (("properties.day", "gte", ["2026-11-05"], "date"), [2]),
        (("properties.day", "lt", ["20261105000000"], "datetime"), [1]),
        (("properties.day", "is", ["1793836800"], "datetime"), [2]),
        (("properties.items.*.sku", "is", ["A"]), [1]),
        (("properties.items[*].sku", "is", ["B", "C"]), [1]),
        (("properties.items.*.sku", "isNot", ["A", "B"]), [1]),
        (("properties.items[*]", "is", ["A"]), [1]),
        (("profile.properties.plan", "is", ["pro"]), [2, 1]),
        (("profile.email", "is", ["x"]), [3, 2, 1]),
        (("group.id", "is", ["g1", "g2"]), [3, 3]),
        (("group.type", "isNull", []), [3, 3]),
        (("group.id", "gt", ["z"]), [3, 3]),
        (("group.id", "is", ["1"], "number"), []),
        (("total", "gt", [100]), [3, 2, 1]),
        (("Country", "is", ["SE"]), [3, 2, 1]),
        (("groups", "is", ["g1"]), [3, 2, 1]),
        (("name", "is", []), [3, 2, 1]),
        (("name", "is", [None]), []),
        (("cohort", "inCohort", []), [3, 2, 1]),
        ({"name": "c", "operator": "inCohort", "value": [], "cohortId": "a"}, []),
        ({"name": "c", "operator": "notInCohort", "value": [], "cohortIds": ["a"]}, [3, 2, 1]),
    ],
)
def test_a_filter_selects_what_clickhouse_would(
    sandbox: Sandbox, given: Any, found: list[int]
) -> None:
    assert ids(filtered(sandbox, given)) == found


@pytest.mark.parametrize(
    "given",
    [
        ("name", "regex", ["("]),
        ("name", "endsWith", ["\\"]),
        ("revenue", "is", ["zzz"]),
        ("revenue", "is", ["1.5"]),
        ("revenue", "gt", ["zzz"]),
        ("revenue", "contains", ["1"]),
        ("revenue", "isNull", []),
        ("created_at", "gte", ["2026-11-10T12:00:00Z"]),
        ("created_at", "gte", ["2026-11-10 12:00"]),
        ("created_at", "gte", ["2026-99-10"]),
        ("created_at", "contains", ["2026"]),
        ("imported_at", "isNull", []),
        ("imported_at", "gte", ["2026-11-20 00:00:00.5"]),
        ("id", "is", ["not an id"]),
        ("id", "contains", ["0"]),
        ("properties.it's", "is", ["x"]),
        ("properties.a*", "is", ["x"]),
        ("properties.50%", "is", ["x"]),
        ("properties.total", "gt", ["many"]),
        ("profile.nope", "is", ["x"]),
        ("profile.properties.it's", "is", ["x"]),
    ],
)
def test_a_filter_that_clickhouse_fails_on_is_a_500(sandbox: Sandbox, given: Any) -> None:
    assert filtered(sandbox, given).status_code == 500


def test_filters_join_by_and(sandbox: Sandbox) -> None:
    both = ("created_at", "gte", ["2026-11-10 12:00:00.300"]), ("revenue", "is", [0])
    assert ids(filtered(sandbox, *both, ("name", "is", ["signup"]))) == [2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "name Invalid input: expected string, received undefined"),
        ({"name": 1}, "name Invalid input: expected string, received number"),
        ({"name": "x", "id": 1}, "id Invalid input: expected string, received number"),
        (("x", "like", []), 'operator Invalid option: expected one of "is"|"isNot"|'),
        (("x", "is"), "value Invalid input: expected array, received undefined"),
        (("x", "is", [{}]), "value/0 Invalid input"),
        (("x", "is", [], "text"), 'type Invalid option: expected one of "string"|"number"|'),
        (
            {"name": "x", "operator": "is", "value": [], "cohortId": 1},
            "cohortId Invalid input: expected string, received number",
        ),
        (
            {"name": "x", "operator": "is", "value": [], "cohortIds": [1]},
            "cohortIds/0 Invalid input: expected string, received number",
        ),
    ],
)
def test_a_filter_of_the_wrong_form_is_a_400(sandbox: Sandbox, given: Any, message: str) -> None:
    response = filtered(sandbox, given)
    assert response.status_code == 400
    assert f"querystring/filters/0/{message}" in response.json()["message"]


def test_filters_may_come_as_text_within_text(sandbox: Sandbox) -> None:
    text = json.dumps(json.dumps([{"name": "name", "operator": "is", "value": ["50%"]}]))
    assert ids(get(sandbox, f"{DAYS}&filters={quote(text)}")) == [3]
