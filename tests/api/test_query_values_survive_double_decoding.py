"""Whatever is asked for, servers of 2.x and 3 read exactly that, though they decode it twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.api.filters import Filter
from openpanel_source.api.generation import (
    BEFORE_APRIL_2025,
    BEFORE_MARCH_2026,
    MARCH_2026,
    Generation,
)
from openpanel_source.api.query import EventQuery, encode_json, encode_string, query_string
from openpanel_source.model.schema import INCLUDES
from tests.support.decoders import RefusedError, as_json, read_by_2, read_by_3

pytestmark = pytest.mark.sampled(3)

DAY = date(2026, 11, 10)
BEFORE_NEXT = {"name": "created_at", "operator": "lt", "value": ["2026-11-11 00:00:00.000"]}
"""What keeps the next midnight out of the day, whatever bounds mean."""

Reader = Callable[[str], dict[str, Any]]
READERS = [read_by_2, read_by_3]


@pytest.fixture(params=READERS, ids=["2.x", "3"], scope="module")
def read(request: pytest.FixtureRequest) -> Reader:
    """What a server makes of a query string."""
    return request.param  # type: ignore[no-any-return]


def received(read: Reader, query: EventQuery, project: str = "acme-web") -> dict[str, Any]:
    """The parameters of a request as a server reads them."""
    return read(query_string(query.params(project, DAY, DAY, includes=INCLUDES)))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
).map(json.dumps)
with_commas = st.text('a,07"\\\\u002c[]{}:', max_size=12)
numbers = st.from_regex(r"\A[-+]?0*[0-9]{1,40}(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?\Z")
names_of_all_kinds = (texts | json_like | numbers | with_commas).filter(bool)


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
        "true ",
        "null\n",
        "a,b,",
        ",",
        "007,404",
        "true,false",
        "\\,",
        "\\u002c",
        '","',
        '["a,b"]',
        "[a,b]",
        "{,}",
        "+1",
        ".5",
        "5.",
        "x{[,",
        "１２",
        "²",
    ],
)
def test_a_text_that_looks_like_something_else_stays_text(read: Reader, text: str) -> None:
    encoded = encode_string(text)
    if not text.startswith("[[["):  # Python cannot read JSON this deep; the servers can
        assert as_text(read, encoded) == text
    assert encoded == text or json.loads(encoded) == text


def as_text(read: Reader, encoded: str) -> str:
    found: str = read(query_string([("profileId", encoded)]))["profileId"]
    return found


@given(text=texts | json_like | numbers | with_commas)
def test_any_text_survives(read: Reader, text: str) -> None:
    assert as_text(read, encode_string(text)) == text


@given(profile_id=names_of_all_kinds)
def test_a_profile_id_survives_the_url(read: Reader, profile_id: str) -> None:
    assert received(read, EventQuery(profile_id=profile_id))["profileId"] == profile_id


@given(project=st.text("0123456789-_.~:eE", min_size=1, max_size=30))
def test_a_project_id_survives_the_url(read: Reader, project: str) -> None:
    assert received(read, EventQuery(), project)["projectId"] == project


@given(events=st.lists(names_of_all_kinds, min_size=1, max_size=5))
def test_event_names_survive_the_url(read: Reader, events: list[str]) -> None:
    assert received(read, EventQuery(events=tuple(events)))["event"] == events


@given(
    key=texts.filter(lambda key: key and not set(key) & set("'\\")),
    values=st.lists(
        st.none()
        | names_of_all_kinds
        | st.integers(-(10**40), 10**40)
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=4,
    ),
)
def test_filters_survive_the_url(read: Reader, key: str, values: list[Any]) -> None:
    query = EventQuery(filters=(Filter(f"properties.{key}", "is", values, "string"),))
    expected = {"name": f"properties.{key}", "operator": "is", "value": values, "type": "string"}
    assert is_same(received(read, query)["filters"], [expected, BEFORE_NEXT])


def is_same(one: Any, other: Any) -> bool:
    """Whether values are the same JSON; 1 and true are not."""
    return json.dumps(as_json(one)) == json.dumps(as_json(other))


@pytest.mark.parametrize(
    ("given_", "operator", "type_"),
    [
        ("007", "isNot", None),
        ("10.00", "is", None),
        ("1e5", "is", None),
        ("12345678901234567890", "is", None),
        (404, "is", None),
        (100, "gt", "number"),
        (True, "is", "boolean"),
        (False, "isNot", "boolean"),
        ('["x"]', "is", None),
        ("a,b", "is", None),
        ("2026-11-11 00:00:00.000", "lt", None),
    ],
)
def test_a_filter_that_was_misread_in_silence_is_read_as_meant(
    read: Reader, given_: Any, operator: str, type_: str | None
) -> None:
    asked = Filter("properties.a", operator, given_, type_)
    found = received(read, EventQuery(filters=(asked,)))["filters"]
    assert is_same(found, [asked.to_api(), BEFORE_NEXT])


SENT: list[tuple[str, Any, Any]] = [
    ('event="404"', ["404"], ["404"]),
    ('event=["404"]', ["404"], None),
    ('event=["true"]', ["true"], None),
    ('event=["[\\"x\\"]"]', ['["x"]'], None),
    ('event=["null"]', ["null"], ["null"]),
    ('event=["\\"404\\""]', ['"404"'], ["404"]),
    ('event="404"&event="a\\u002cb"', ["404", "a,b"], ["404", "a,b"]),
    ("event=a,b", ["a,b"], ["a", "b"]),
    ('event="a,b"', ["a,b"], ['"a', 'b"']),
    ("event=a,b&event=c", ["a,b", "c"], ["a", "b", "c"]),
    ("event=c&event=a,b", ["c", "a,b"], None),
    ('event="a\\u002cb"', ["a,b"], ["a,b"]),
    ('event=["a,b","screen_view"]', ["a,b", "screen_view"], ["a,b", "screen_view"]),
    ('event= ["404"]', ["404"], ["404"]),
    ('event= ["404","a,b"]', ["404", "a,b"], [' ["404"', '"a', 'b"]']),
    ("event=", [""], [""]),
    ("event=[]", [], []),
    ("event=null", ["null"], ["null"]),
    ("event=404", None, None),
    ('event={"a":1}', None, None),
    ("includes=properties,region", ["properties,region"], ["properties", "region"]),
    ('profileId="007"', "007", "007"),
    ("profileId=007", None, None),
    ("profileId=a,b", "a,b", None),
    ('profileId="a,b"', "a,b", None),
    ("profileId=", "", ""),
    ("projectId=2024", None, None),
]


@pytest.mark.parametrize(("sent", "by_2", "by_3"), SENT)
def test_both_readers_read_what_was_seen_of_servers(sent: str, by_2: Any, by_3: Any) -> None:
    query = query_string(parse_qsl(sent, keep_blank_values=True))
    for read, expected in ((read_by_2, by_2), (read_by_3, by_3)):
        try:
            (found,) = read(query).values()
        except RefusedError:
            found = None
        assert found == expected


@pytest.mark.parametrize(
    ("value", "by_3"),
    [
        ("[404]", "[null]"),
        ("[true]", "[null]"),
        ('["007"]', "[7.0]"),
        ('["10.00"]', "[10.0]"),
        ('["1e5"]', "[100000.0]"),
        ('["12345678901234567890"]', "[1.2345678901234567e+19]"),
    ],
)
def test_both_readers_read_lists_of_filters_as_was_seen(value: str, by_3: str) -> None:
    sent = f'[{{"name":"name","operator":"is","value":{value}}}]'
    for form, expected in ((sent, by_3), (encode_string(sent), value)):
        (found,) = read_by_3(query_string([("filters", form)]))["filters"]
        assert is_same(found["value"], json.loads(expected))
        (found,) = read_by_2(query_string([("filters", form)]))["filters"]
        assert is_same(found["value"], json.loads(value))


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


def test_a_query_always_names_both_days_and_every_include_by_itself(read: Reader) -> None:
    params = received(read, EventQuery())
    bounds = ("2026-11-10T00:00:00.000Z", "2026-11-11T00:00:00.000Z")
    assert (params["start"], params["end"]) == bounds
    assert params["filters"] == [BEFORE_NEXT]
    assert params["includes"] == list(INCLUDES)
    assert params["limit"] == 1000
    assert not {"event", "profileId", "page"} & params.keys()


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
