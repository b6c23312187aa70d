"""A filter that a server would ignore, or that means nothing, is refused; others go out as is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.api.filters import (
    COHORT_OPERATORS,
    COLUMNS,
    HAS_PROFILE,
    OPERATORS,
    TYPES,
    Filter,
    parse_filter,
)
from tests.support.refused import refused
from tests.support.sandbox_world import event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(3)


@pytest.mark.parametrize(
    "name",
    [
        "total",
        "groups",
        "profile.email",
        "profile.id",
        "Name",
        "NAME",
        "",
        "properties.",
        "profile.properties.",
        "createdat",
        "group.name",
        "osVersion",
        " os",
    ],
)
def test_a_filter_that_the_server_would_drop_is_refused(name: str) -> None:
    message = refused("the server would ignore this name", filters=[{"property": name, "value": 1}])
    assert "properties.KEY" in message


@pytest.mark.parametrize("name", ["properties.it's", "properties.a\\b"])
def test_a_filter_that_the_server_fails_on_is_refused(name: str) -> None:
    refused("holds a quote or backslash", filters=[{"property": name, "value": "x"}])


@pytest.mark.parametrize(
    ("expected", "item"),
    [
        ("operator 'equals' is unknown; use one of is,", {"operator": "equals", "value": "x"}),
        ("operator None is unknown", {"operator": None, "value": "x"}),
        ("type 'int' is unknown; use one of string,", {"type": "int", "value": 1}),
        ("operator 'is' needs at least one value", {}),
        ("operator 'gt' needs at least one value", {"operator": "gt", "value": []}),
        ("must be text, a number, true, false or null", {"value": [["a"]]}),
        ("must be text, a number, true, false or null", {"value": {"a": 1}}),
        ("must be text, a number, true, false or null", {"value": b"a"}),
        ("no number that JSON can hold", {"value": float("nan")}),
        ("no number that JSON can hold", {"value": [1, float("-inf")]}),
        ("doesNotContain with several values", {"operator": "doesNotContain", "value": ["a", "b"]}),
        ("takes ids of cohorts, as text", {"operator": "inCohort", "value": 7}),
        ("takes ids of cohorts, as text", {"operator": "notInCohort", "value": ["vip", ""]}),
    ],
)
def test_a_filter_that_means_nothing_is_refused(expected: str, item: dict[str, Any]) -> None:
    refused(expected, filters=[{"property": "properties.total", **item}])


@pytest.mark.parametrize(
    "item", [{"property": "os", "vlaue": 1}, "os", 5, ["os"], None, {"property": "os", "": 1}]
)
def test_what_is_no_filter_is_refused(item: Any) -> None:
    refused("a filter has property, operator, value", filters=[item])


@pytest.mark.parametrize("item", [{"value": 1}, {"property": 5}, {"name": None, "value": 1}])
def test_a_filter_without_a_property_is_refused(item: Any) -> None:
    refused("property is missing or no text", filters=[item])


@pytest.mark.parametrize("filters", [{"property": "os"}, "os", 5, "{}"])
def test_filters_that_are_no_list_are_refused(filters: Any) -> None:
    refused("filters must be a list", filters=filters)


@given(
    st.sampled_from([name for name in COLUMNS if name != HAS_PROFILE])
    | st.just("properties.x")
    | st.just("profile.properties.x"),
    st.sampled_from([one for one in OPERATORS if one not in COHORT_OPERATORS]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(["a"]),
    st.none() | st.sampled_from(TYPES),
)
def test_an_allowed_filter_reaches_the_api_as_it_was_given(
    name: str, operator: str, value: Any, kind: str | None
) -> None:
    item = {"name": name, "operator": operator, "value": value, "type": kind}
    api = parse_filter(item).to_api()
    values = value if isinstance(value, list) else [value]
    assert api["value"] == values
    assert (api["name"], api["operator"], api.get("type")) == (name, operator, kind)
    assert json.loads(json.dumps(api)) == api
    assert parse_filter(parse_filter(item)) == parse_filter(item)


def test_no_value_is_needed_to_ask_for_null() -> None:
    assert Filter("city", "isNull").to_api()["value"] == []


@pytest.mark.parametrize(
    "item",
    [
        {"operator": "isNot", "value": "true"},
        {"operator": "isNull"},
        {"value": ["true", "false"]},
        {"value": "yes"},
        {"value": 1},
        {"value": "true", "type": "boolean"},
    ],
)
def test_who_has_a_profile_is_asked_for_in_the_one_way_that_servers_read(
    item: dict[str, Any],
) -> None:
    refused(
        "the server knows operator is and one value, true or false",
        filters=[{"property": "has_profile", **item}],
    )


@pytest.mark.parametrize(("value", "rows"), [(True, ["1"]), ("true", ["1"]), (False, ["2"])])
def test_who_has_a_profile_is_told_by_true_and_false(
    value: Any, rows: list[str], warehouse: Warehouse
) -> None:
    identified, anonymous = event(1, deviceId="d"), event(2, deviceId="d", profileId="d")
    with world(identified, anonymous) as sandbox:
        warehouse.sync(sandbox, filters=[{"property": "has_profile", "value": value}])
    assert warehouse.query("SELECT id FROM events") == [(event_id(int(one)),) for one in rows]


@pytest.mark.parametrize(("operator", "rows"), [("inCohort", 0), ("notInCohort", 3)])
def test_a_cohort_is_named_so_that_the_server_does_not_load_everybody(
    operator: str, rows: int, warehouse: Warehouse
) -> None:
    asked = {"property": "profile_id", "operator": operator, "value": "vip"}
    assert parse_filter(asked).to_api()["cohortIds"] == ["vip"]
    # The sandbox knows nobody who is in a cohort.
    with world(event(1), event(2), event(3)) as sandbox:
        assert warehouse.sync(sandbox, filters=[asked]).events_loaded == rows
