"""OpenPanel 3 splits values at commas, and decodes the items of lists a second time."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_three import NAMES, one, rows
from tests.support.sandbox_world import event, event_id, get, ids, profile, world


@pytest.fixture(scope="module")
def three() -> Any:
    with world(*rows(), profiles=[profile(properties={"it's": "x"})], server_date="3") as sandbox:
        yield sandbox


def asked(sandbox: Sandbox, query: str) -> Any:
    """The numbers of the events that are found, or the status."""
    response = get(sandbox, f"limit=1000&{query}")
    return sorted(ids(response)) if response.status_code == 200 else response.status_code


def numbers(*names: str) -> list[int]:
    return sorted(NAMES.index(name) + 1 for name in names)


EVERY = [*range(1, 11), *range(101, 108)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('event="404"', numbers("404")),
        ("event=404", 400),
        ('event=["404"]', 400),
        ('event=["\\"404\\""]', numbers("404")),
        ('event=["true"]', 400),
        ('event=["[\\"x\\"]"]', 400),
        ('event="[\\"x\\"]"', numbers('["x"]')),
        ('event=["null"]', numbers("null")),
        ("event=[null]", 400),
        ('event="404"&event="a\\u002cb"', numbers("404", "a,b")),
        ("event=a,b", numbers("a", "b")),
        ('event="a,b"', []),
        ('event="a\\u002cb"', numbers("a,b")),
        ('event=["a,b","purchase"]', numbers("a,b", "purchase")),
        ('event= ["404"]', numbers("404")),
        ('event= ["404","a,b"]', []),
        ("event=", []),
        ("event=[]", EVERY),
        ("event=null", numbers("null")),
        ("event=true", 400),
        ('event={"a":1}', 400),
        ('event=["purchase"]&event=a', numbers("purchase", "a")),
        ('event=a&event=["purchase"]', 400),
        ("event=a,b&event=purchase", numbers("a", "b", "purchase")),
        ("event=purchase&event=a,b", 400),
        ("event[]=purchase", EVERY),
        ("Event=purchase", EVERY),
        ("nothing=x", EVERY),
        ('profileId="007"', [102]),
        ("profileId=007", 400),
        ("profileId=true", 400),
        ('profileId="true"', [105]),
        ("profileId=null", [106]),
        ("profileId=", EVERY),
        ("profileId=a,b", 400),
        ('profileId="a,b"', 400),
        ('profileId="a\\u002cb"', [104]),
        ("profileId=12345678901234567890", 400),
        ('profileId="12345678901234567890"', [107]),
        ('profileId=["anna"]', 400),
        ("projectId=we,b", 400),
        ('projectId="web"', EVERY),
    ],
)
def test_values_are_split_at_commas_and_lists_decoded_twice(
    three: Sandbox, query: str, found: Any
) -> None:
    parts = [part.partition("=") for part in query.split("&")]
    assert asked(three, "&".join(f"{name}={quote(value)}" for name, _, value in parts)) == found


@pytest.mark.parametrize("value", ["%zz", "%ff"])
def test_broken_escapes_match_nothing(three: Sandbox, value: str) -> None:
    assert asked(three, f"event={value}") == []


def once(filters: Any) -> str:
    """Filters as a list, whose items are decoded a second time."""
    return f"filters={quote(json.dumps(filters))}"


def exactly(filters: Any) -> str:
    """Filters as JSON text in a JSON string without commas, which is decoded once."""
    text = json.dumps(json.dumps(filters)).replace(",", "\\u002c")
    return f"filters={quote(text)}"


NEW = "properties.new"


@pytest.mark.parametrize(
    ("given", "twice", "exact"),
    [
        (one("name", "is", "purchase"), numbers("purchase"), numbers("purchase")),
        (one("name", "is", 404), numbers("null"), numbers("404")),
        (one("name", "isNot", 404), [n for n in EVERY if n != 4], [n for n in EVERY if n != 2]),
        (one("name", "is", "404"), numbers("404"), numbers("404")),
        (one("name", "is", '["x"]'), 400, numbers('["x"]')),
        (one("name", "is", "10.00"), numbers("10"), numbers("10.00")),
        (one("name", "is", "a,b"), numbers("a,b"), numbers("a,b")),
        (one("name", "regex", "^404$"), numbers("404"), numbers("404")),
        (one("profile_id", "is", "007"), [103], [102]),
        (one("profile_id", "isNot", "007"), [n for n in EVERY if n != 103], None),
        (one("profile_id", "is", "12345678901234567890"), [], [107]),
        (one("properties.price", "is", "10.00"), [], [*range(101, 108)]),
        (one("properties.price", "gt", 9), 500, [*range(101, 108)]),
        (one("properties.price", "gt", "9"), [*range(101, 108)], [*range(101, 108)]),
        (one("properties.price", "gt", 9, type="number"), [], [*range(101, 108)]),
        (one(NEW, "is", True, type="boolean"), [n for n in EVERY if n != 101], [101]),
        (one(NEW, "is", "true"), [101], [101]),
        (one("has_profile", "is", "true"), [], EVERY),
        (one("name", "is", None), numbers("null"), numbers("null")),
        (one("properties.it's", "is", "anna"), [101], [101]),
        (one("profile.properties.it's", "is", "x"), [*range(1, 11), 101], None),
        (one("profile.properties.a.*.b", "is", "x"), [], []),
        (one("total", "gt", "1"), EVERY, EVERY),
        (one("profile.nope", "is", "x"), 500, 500),
        (one("name", "regex", "("), 500, 500),
        (one("name", "is"), EVERY, EVERY),
    ],
)
def test_items_of_filters_are_decoded_twice_unless_the_list_is_text(
    three: Sandbox, given: Any, twice: Any, exact: Any
) -> None:
    assert asked(three, once(given)) == twice
    if exact is not None:
        assert asked(three, exactly(given)) == exact


def test_one_filter_for_each_key_is_decoded_twice_as_well(three: Sandbox) -> None:
    first, second = one("name", "is", "view")[0], one("profile_id", "is", "007")[0]
    query = "&".join(f"filters={quote(json.dumps(given))}" for given in (first, second))
    assert asked(three, query) == [103]


@pytest.mark.parametrize(
    ("name", "operator", "value", "told"),
    [
        ("created_at", "gte", ["garbage"], "Malformed date"),
        ("created_at", "gte", ["2026-11-10 12:00"], "Malformed date"),
        ("imported_at", "isNull", [], "Malformed date"),
        ("imported_at", "isNotNull", [], "Malformed date"),
        ("id", "is", ["garbage"], "Malformed id"),
        ("id", "isNull", [], "Malformed id"),
        ("longitude", "isNull", [], "Malformed number"),
        ("revenue", "gt", [""], "Malformed number"),
        ("created_at", "gte", ["2026-11-10T12:00:00.250Z"], None),
        ("created_at", "gte", ["2026-11-10T12:00:00+02:00"], None),
        ("imported_at", "gte", ["2026-11-10 12:00:00.5"], None),
        ("created_at", "contains", ["2026"], None),
        ("revenue", "is", ["zzz"], None),
        ("revenue", "isNull", [], None),
        ("id", "is", [f"{event_id(1)}00"], None),
    ],
)
def test_some_of_what_clickhouse_cannot_read_is_told(
    three: Sandbox, name: str, operator: str, value: list[str], told: str | None
) -> None:
    response = get(three, exactly(one(name, operator, *value)))
    if told is None:
        assert (response.status_code, response.text) == (500, "Internal server error")
        assert response.headers["content-type"] == "text/plain;charset=utf-8"
    else:
        assert response.json() == {"status": 400, "error": "Error", "message": told}
    with world(event(1)) as older:
        assert get(older, once(one(name, operator, *value))).status_code == 500


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("limit=0", 1),
        ("limit=", 1),
        ("limit=-5", 1),
        ("limit=true", 1),
        ('limit="2"', 2),
        ("limit=1e2", 17),
        ("limit=5000", 17),
        ("limit=[1]", 1),
        ("limit=2&page=0", 2),
        ("limit=4&page=2.5", 4),
        ("limit=512&page=1.001953125", 16),
        ("limit=abc", 400),
        ("limit=null", 400),
        ("limit=1&limit=2", 400),
        ("limit=1,2", 400),
        ("page=abc", 400),
        ("limit=2.5", 500),
        ("limit=3&page=2.5", 500),
        ("limit=1&page=1.5", 500),
    ],
)
def test_limits_and_pages(three: Sandbox, query: str, count: int) -> None:
    response = get(three, query)
    found = len(ids(response)) if response.status_code == 200 else response.status_code
    assert found == count


@pytest.mark.parametrize(
    ("query", "included"),
    [
        ("includes=properties&includes=region", {"properties", "region"}),
        ("includes=properties,region", {"properties", "region"}),
        ("includes=properties,%20region", {"properties"}),
        ("includes=%20region", {"region"}),
        ('includes=["properties","region"]', {"properties", "region"}),
        ("includes=properties,region&includes=revenue", {"properties", "region", "revenue"}),
        ("includes=", set()),
        ("includes=nope,duration", set()),
        ("includes=true", 400),
        ("includes=revenue&includes=properties,region", 400),
    ],
)
def test_includes(three: Sandbox, query: str, included: Any) -> None:
    response = get(three, f"limit=1&{query}")
    if response.status_code != 200:
        assert response.status_code == included
        return
    plain = get(three, "limit=1").json()["data"][0]
    assert response.json()["data"][0].keys() - plain.keys() == included
