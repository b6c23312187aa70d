"""Whatever text is asked for, the server reads exactly that, though it decodes values twice."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.filters import Filter
from openpanel_source.generation import (
    BEFORE_APRIL_2025,
    BEFORE_MARCH_2026,
    MARCH_2026,
    Generation,
)
from openpanel_source.query import EventQuery, encode_json, encode_string, query_string
from openpanel_source.schema import INCLUDES

DAY = date(2026, 11, 10)
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")


def decode(value: str) -> Any:
    """What the server makes of a value: a number if it looks like one, else JSON, else the text."""
    if _PLAIN_NUMBER.match(value):
        return float(value)
    try:
        return json.loads(value, parse_constant=_not_json)
    except ValueError:
        return value


def _not_json(name: str) -> Any:
    raise ValueError(name)


def received(query: EventQuery, project: str = "acme-web") -> dict[str, Any]:
    """The decoded parameters of a request, as they come out of the URL."""
    pairs = parse_qsl(
        query_string(query.params(project, DAY, DAY, includes=INCLUDES)),
        keep_blank_values=True,
        strict_parsing=True,
    )
    single = {name: decode(value) for name, value in pairs if name != "includes"}
    return {**single, "includes": [decode(value) for name, value in pairs if name == "includes"]}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
).map(json.dumps)
numbers = st.from_regex(r"\A[-+]?0*[0-9]{1,40}(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?\Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "404",
        "007",
        "-0",
        "1e5",
        "1E999",
        "9" * 5000,
        "true",
        "false",
        "null",
        "NaN",
        "Infinity",
        '"',
        '"404"',
        "[]",
        '["a"]',
        "{}",
        '{"a":1}',
        " 1 ",
        "\t1\n",
        "\ufeff1",
        "tru",
        "a,b",
        "å",
        "😀",
        "\x00",
        "\x1f",
        "'",
        "\\",
        "\u2028",
        "a&b=c#d+e%20",
        "[" * 3000,
        "[" * 3000 + "]" * 3000,
        "True",
        "nullx",
        "nan",
        "１２",
        "²",
    ],
)
def test_a_text_that_looks_like_something_else_stays_text(text: str) -> None:
    encoded = encode_string(text)
    if not text.startswith("["):  # Python cannot read JSON this deep; the server can
        assert decode(encoded) == text
    assert encoded == text or json.loads(encoded) == text


@given(texts | json_like | numbers)
def test_any_text_survives(text: str) -> None:
    assert decode(encode_string(text)) == text


@given(texts.filter(bool))
def test_a_profile_id_survives_the_url(profile_id: str) -> None:
    assert received(EventQuery(profile_id=profile_id))["profileId"] == profile_id


@given(st.text("0123456789-_.~:eE", min_size=1, max_size=30))
def test_a_project_id_survives_the_url(project: str) -> None:
    assert received(EventQuery(), project)["projectId"] == project


@given(st.lists(texts.filter(bool) | numbers, min_size=1, max_size=5))
def test_event_names_survive_the_url_as_one_list(events: list[str]) -> None:
    assert received(EventQuery(events=tuple(events)))["event"] == events


@given(
    texts.filter(lambda key: key and not set(key) & set("'\\")),
    st.lists(
        texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=4,
    ),
)
def test_filters_survive_the_url(key: str, values: list[Any]) -> None:
    query = EventQuery(filters=(Filter(f"properties.{key}", "is", values, "string"),))
    assert received(query)["filters"] == [
        {"name": f"properties.{key}", "operator": "is", "value": values, "type": "string"}
    ]


@pytest.mark.parametrize("generation", [MARCH_2026, BEFORE_MARCH_2026, BEFORE_APRIL_2025])
@given(st.lists(texts.filter(bool) | numbers, max_size=4), texts.filter(bool))
def test_values_go_as_they_are_to_servers_that_do_not_decode(
    generation: Generation, events: list[str], profile_id: str
) -> None:
    query = EventQuery(events=tuple(events), profile_id=profile_id)
    pairs = parse_qsl(
        query_string(query.params("2024", DAY, DAY, generation=generation)),
        keep_blank_values=True,
        strict_parsing=True,
    )
    assert [value for name, value in pairs if name == "event"] == events
    assert dict(pairs)["profileId"] == profile_id
    assert dict(pairs)["projectId"] == "2024"


def test_a_query_always_names_both_days_and_every_include_by_itself() -> None:
    params = received(EventQuery())
    assert (params["start"], params["end"]) == ("2026-11-10", "2026-11-10")
    assert params["includes"] == list(INCLUDES)
    assert params["limit"] == 1000
    assert not {"event", "filters", "profileId", "page"} & params.keys()


def test_json_is_compact_and_keeps_every_script() -> None:
    assert encode_json(["a", "å😀"]) == '["a","å😀"]'


def test_a_query_for_everything_has_a_fingerprint_of_its_own() -> None:
    assert EventQuery().fingerprint == "all"
    assert EventQuery().is_counted
    assert not EventQuery(profile_id="anna").is_counted


names = st.lists(texts.filter(bool), min_size=1, max_size=5, unique=True)


@given(names, st.randoms(use_true_random=False))
def test_a_fingerprint_does_not_depend_on_order(events: list[str], random: Any) -> None:
    filters = [Filter("name", "is", name) for name in events]
    query = EventQuery(tuple(events), tuple(filters), "anna")
    random.shuffle(events)
    random.shuffle(filters)
    assert EventQuery(tuple(events), tuple(filters), "anna").fingerprint == query.fingerprint
    assert len(query.fingerprint) == 16


queries = st.builds(
    EventQuery,
    events=st.lists(texts.filter(bool), max_size=3, unique=True).map(tuple),
    filters=st.lists(
        st.builds(
            Filter,
            st.sampled_from(["name", "os", "properties.a"]),
            st.sampled_from(["is", "isNot"]),
            st.lists(texts | st.booleans() | st.integers(), min_size=1, max_size=2),
            st.none() | st.just("string"),
        ),
        max_size=2,
    ).map(tuple),
    profile_id=st.none() | texts.filter(bool),
)


def selection(query: EventQuery) -> Any:
    filters = sorted(encode_json(item.to_api()) for item in query.filters)
    return sorted(query.events), filters, query.profile_id


@given(queries, queries)
def test_queries_share_a_fingerprint_only_if_they_select_the_same(
    one: EventQuery, other: EventQuery
) -> None:
    same = selection(one) == selection(other)
    assert (one.fingerprint == other.fingerprint) == same


def test_names_do_not_run_into_each_other_in_a_fingerprint() -> None:
    pairs = [EventQuery(("a", "b")), EventQuery(("a,b",)), EventQuery(('a","b',))]
    pairs += [EventQuery(profile_id="a"), EventQuery(("a",))]
    assert len({query.fingerprint for query in pairs}) == len(pairs)
