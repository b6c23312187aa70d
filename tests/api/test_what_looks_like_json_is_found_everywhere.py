"""On running servers of 2.x and 3, a query finds exactly the events of the text it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any

import pytest

from openpanel_source import Chart, Filter, Series
from openpanel_source.api.generation import CURRENT, THREE, Generation
from openpanel_source.api.query import EventQuery, query_string
from openpanel_source.charts.answer import Drawing, read_drawing
from openpanel_source.charts.definition import MOST_SERIES
from openpanel_source.charts.query import CHARTS_PATH, chart_params
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event, get, ids, world

pytestmark = pytest.mark.sampled(3)

DAY = date(2026, 11, 10)
START = datetime(2026, 11, 10, tzinfo=timezone.utc)
END = datetime(2026, 11, 11, tzinfo=timezone.utc)
GENERATIONS = {"2026-08": CURRENT, "2026-09": CURRENT, "3": THREE}
TEXTS = [
    "404",
    "007",
    "7",
    "10.00",
    "10",
    "1e5",
    "100000",
    "12345678901234567890",
    "true",
    "false",
    "null",
    '["x"]',
    "x",
    '{"a":1}',
    "a,b",
    "a",
    "b",
    '"a"',
    '"a,b"',
    "[a,b]",
    "-1",
    "+1",
    "å😀",
    "\\u002c",
    "a\\,b",
    "'",
    "100%",
    "a+b c&d=e#f",
]
SPACED = ["true ", " 404", "null\t", " [1]"]
"""Servers strip the values of filters, but not names and ids."""

PROPERTIES = [{"a": text, "is_paid": str(n % 3 == 0).lower()} for n, text in enumerate(TEXTS)]


@pytest.fixture(scope="module", params=GENERATIONS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Generation]]:
    rows = [
        event(n, name=text, profileId=text, deviceId=f"device {n}", properties=PROPERTIES[n])
        for n, text in enumerate(TEXTS)
    ]
    with world(*rows, server_date=request.param) as sandbox:
        yield sandbox, GENERATIONS[request.param]


@pytest.fixture(scope="module", params=GENERATIONS)
def spaced(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Generation]]:
    rows = [event(n, name=text) for n, text in enumerate(SPACED)]
    plain = [event(n + 10, name=text.strip()) for n, text in enumerate(SPACED)]
    with world(*rows, *plain, server_date=request.param) as sandbox:
        yield sandbox, GENERATIONS[request.param]


def found(server: tuple[Sandbox, Generation], **query: Any) -> list[int]:
    """The numbers of the events that a query finds."""
    sandbox, generation = server
    params = EventQuery(**query).params("web", DAY, DAY, generation=generation)
    return sorted(ids(get(sandbox, query_string(params))))


def drawn(server: tuple[Sandbox, Generation], *series: Series, by: str | None = None) -> Drawing:
    sandbox, generation = server
    chart = Chart("any", series, [by] if by else [])
    params = chart_params(chart, "web", START, END, generation)
    response = get(sandbox, query_string(params), path=CHARTS_PATH)
    assert response.status_code == 200, response.text
    return read_drawing(chart, response.content, "")


def total(server: tuple[Sandbox, Generation], series: Series) -> float:
    return sum(one.metrics.sum or 0 for one in drawn(server, series).series)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_finds_its_events_and_no_others(
    server: tuple[Sandbox, Generation], text: str
) -> None:
    number = TEXTS.index(text)
    others = [other for other in range(len(TEXTS)) if other != number]
    assert found(server, events=(text,)) == [number]
    assert found(server, profile_id=text) == [number]
    asked = Filter("name", "is", text), Filter("properties.a", "is", text)
    assert found(server, filters=asked) == [number]
    assert found(server, filters=(Filter("profile_id", "isNot", text),)) == others


@pytest.mark.parametrize("text", SPACED)
def test_a_text_beside_spaces_is_not_the_text_without(
    spaced: tuple[Sandbox, Generation], text: str
) -> None:
    assert found(spaced, events=(text,)) == [SPACED.index(text)]
    assert total(spaced, Series(text)) == 1


def test_several_names_are_each_found(server: tuple[Sandbox, Generation]) -> None:
    assert found(server, events=tuple(TEXTS)) == list(range(len(TEXTS)))
    assert found(server, filters=(Filter("name", "is", TEXTS),)) == list(range(len(TEXTS)))
    assert found(server, filters=(Filter("name", "isNot", TEXTS[1:]),)) == [0]


def test_numbers_and_booleans_stay_what_they_are(server: tuple[Sandbox, Generation]) -> None:
    paid = [n for n in range(len(TEXTS)) if n % 3 == 0]
    unpaid = [n for n in range(len(TEXTS)) if n % 3]
    for value, expected in ((True, paid), (False, unpaid), ("true", paid)):
        asked = Filter("properties.is_paid", "is", value, "boolean")
        assert found(server, filters=(asked,)) == expected
        assert total(server, Series("*", filters=[asked])) == len(expected)
    large = [TEXTS.index(text) for text in ("404", "1e5", "100000", "12345678901234567890")]
    for limit in (100, "100"):
        asked = Filter("properties.a", "gt", limit, "number")
        assert found(server, filters=(asked,)) == sorted(large)
        assert total(server, Series("*", filters=[asked])) == len(large)
    assert found(server, filters=(Filter("name", "is", 404),)) == [0]


@pytest.mark.parametrize("texts", [TEXTS[:MOST_SERIES], TEXTS[MOST_SERIES:]])
def test_a_series_counts_the_events_of_its_name_and_filters(
    server: tuple[Sandbox, Generation], texts: list[str]
) -> None:
    def totals(operator: str, *names: str) -> list[float | None]:
        series = [
            Series("*", filters=[Filter(name, operator, text) for name in names]) for text in texts
        ]
        found = sorted(drawn(server, *series).series, key=lambda one: one.position)
        return [one.metrics.sum for one in found]

    named = drawn(server, *map(Series, texts)).series
    assert [one.metrics.sum for one in named] == [1] * len(texts)
    assert totals("is", "name", "properties.a") == [1] * len(texts)
    assert totals("isNot", "properties.a") == [len(TEXTS) - 1] * len(texts)


def test_breakdowns_name_every_value(server: tuple[Sandbox, Generation]) -> None:
    values = [one.values for one in drawn(server, Series("*"), by="properties.a").series]
    assert len(values) == len(TEXTS)
