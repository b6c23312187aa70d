"""What a server would refuse, or silently draw otherwise, is refused before any request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpanel_source import Chart, ConfigurationError, Filter, Series
from openpanel_source.api.filters import COLUMNS
from openpanel_source.api.query import query_string
from openpanel_source.charts.buckets import Buckets
from openpanel_source.charts.definition import INTERVALS
from openpanel_source.charts.file import load_charts
from openpanel_source.charts.names import UTM
from openpanel_source.charts.plan import bounds
from openpanel_source.charts.query import chart_params
from openpanel_source.charts.ranges import RANGES
from openpanel_source.charts.series import SEGMENTS
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import Arguments
from tests.support.sandbox_world import NOW, event, get, profile, world

Named = dict[str, Any]
BUY = Series("purchase")

MISTAKES: list[tuple[Named, list[str]]] = [
    ({"name": "Sales"}, ["'Sales'", "name", "lower-case"]),
    ({"series": []}, ["series", "1 to 26"]),
    ({"series": "purchase"}, ["series", "list"]),
    ({"series": [Series("")]}, ["event", "* for all"]),
    ({"series": [{"name": "purchase"}]}, ["event", "segment"]),
    ({"series": [Series("purchase", "users")]}, ["segment 'users'", "user_average"]),
    ({"series": [Series("purchase", "property_sum")]}, ["'property_sum' needs property"]),
    ({"series": [Series("purchase", "property_sum", "total")]}, ["'total'", "properties.KEY"]),
    ({"series": [Series("purchase", "user", "revenue")]}, ["property", "property_…"]),
    ({"series": [Series("purchase", filters=[{"property": "total"}])]}, ["'total'", "properties."]),
    (
        {"series": [Series("purchase", filters=[{"property": "os", "operator": "has"}])]},
        ["operator 'has'", "contains"],
    ),
    ({"series": [Series("p", filters=[Filter("os", "regex", "(?=x)")])]}, ["regex", "RE2"]),
    ({"series": [Series("p", filters=[Filter("revenue", "is", "x")])]}, ["'revenue'", "numbers"]),
    ({"series": [Series("p", filters=[{"property": "os", "value": {}}])]}, ["'os'", "value"]),
    ({"breakdowns": "country"}, ["breakdowns", "list"]),
    ({"breakdowns": ["plan"]}, ["breakdown 'plan'", "properties.KEY"]),
    ({"breakdowns": ["country", "country"]}, ["breakdowns must differ"]),
    ({"breakdowns": list("abcdefg")}, ["at most 6"]),
    ({"interval": "quarter"}, ["interval 'quarter'", "minute, hour, day, week, month"]),
    ({"range": "14d"}, ["range '14d'", "7d, 30d"]),
    ({"range": "custom"}, ["range 'custom'", "start and end"]),
    ({"range": "7d", "start": "2026-11-01"}, ["range '7d'", "exclude"]),
    ({"start": "2026-11-31"}, ["start '2026-11-31'", "2026-01-31"]),
    ({"start": "2026-11-10", "end": "2026-11-09"}, ["start", "after end"]),
    ({"previous": 1}, ["previous", "true or false"]),
    ({"lookback": -1}, ["lookback", "from 0"]),
    ({"max_series": 0}, ["max_series", "from 1"]),
    ({"timezone": "Mars/Base"}, ["timezone 'Mars/Base'", "Europe/Stockholm"]),
    ({"series": [Series("p", "one_event_per_user")]}, ["one_event_per_user", "range"]),
]


def test_all_mistakes_of_all_charts_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "charts.toml"
    file.write_text(
        """
        [[charts]]
        name = "one"
        series = ["", { event = "p", segment = "users" }]
        interval = "year"
        breakdowns = ["plan"]
        start = "soon"
        [[charts]]
        name = "two"
        colour = "red"
        [[charts]]
        name = "three"
        series = ["p"]
        [[charts]]
        name = "three"
        series = ["p"]
        """
    )
    with pytest.raises(ConfigurationError) as caught:
        load_charts(file)
    told = str(caught.value)
    assert told.count("chart 'one'") == 5
    for words in ("'year'", "'plan'", "event must be", "segment 'users'", "'soon'", "'colour'"):
        assert words in told
    assert "'three': name is given to 2 charts" in told
    assert "\n" not in told


@pytest.mark.parametrize(("fields", "words"), MISTAKES)
def test_a_mistake_is_named_with_its_chart_its_field_and_what_is_allowed(
    fields: Named, words: list[str]
) -> None:
    given_: Named = {"name": "sales", "series": [BUY]} | fields
    with pytest.raises(ConfigurationError) as caught:
        Chart(**given_)
    for word in [f"chart {given_['name']!r}", *words]:
        assert word in str(caught.value)


def test_two_charts_of_one_name_are_refused() -> None:
    charts = [Chart("sales", [BUY]), Chart("sales", ["signup"])]
    with pytest.raises(ConfigurationError, match=r"'sales': name is given to 2 charts"):
        parse_settings(Arguments("web", charts=charts))


def test_a_url_that_no_server_reads_is_refused() -> None:
    chart = Chart("sales", [Series("purchase", filters=[Filter("path", "is", ["/x" * 50] * 200)])])
    with pytest.raises(ConfigurationError, match=r"chart 'sales': .* URL of \d+ bytes"):
        parse_settings(Arguments("web", charts=[chart]))


@pytest.mark.parametrize("zone", ["Nowhere", {"web": "Nowhere"}, '{"web": "Nowhere"}'])
def test_an_unknown_time_zone_of_a_project_is_refused(zone: Any) -> None:
    with pytest.raises(ConfigurationError, match="timezone 'Nowhere' is unknown"):
        parse_settings(Arguments("web", timezone=zone))


def test_toml_yaml_and_python_say_the_same(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "charts.toml", tmp_path / "charts.yaml"
    toml.write_text(
        '[[charts]]\nname = "sales"\nbreakdowns = ["country"]\nstart = 2026-11-01\n'
        'series = [{event = "purchase", segment = "user",'
        ' filters = [{property = "os", operator = "isNot", value = ["iOS"]}]}]\n'
    )
    yaml.write_text(
        "charts:\n- name: sales\n  breakdowns: [country]\n  start: 2026-11-01\n"
        "  series:\n  - event: purchase\n    segment: user\n"
        "    filters: [{property: os, operator: isNot, value: [iOS]}]\n"
    )
    series = Series("purchase", "user", filters=[Filter("os", "isNot", ["iOS"])])
    chart = Chart("sales", [series], ["country"], start=date(2026, 11, 1))
    assert load_charts(toml) == load_charts(yaml) == (chart,)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("charts.json", "{}", [".toml"]),
        ("charts.toml", "[[charts", ["is not TOML"]),
        ("charts.yaml", "a: [", ["is not YAML"]),
        ("charts.yaml", "- a", ["must hold a list"]),
        ("charts.toml", '[[charts]]\nname = "x"\ncolour = "red"', ["'x'", "'colour'", "interval"]),
    ],
)
def test_a_file_that_is_no_file_of_charts_is_refused(
    tmp_path: Path, name: str, text: str, words: list[str]
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_charts(tmp_path / name)
    assert all(word in str(caught.value) for word in [name, *words])


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_charts(tmp_path / "charts.toml")


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\0*%"), min_size=1)
_KEYS = _TEXT.map(lambda key: f"properties.{key}")
_NAMES = st.sampled_from((*COLUMNS, *UTM)) | _KEYS | _TEXT.map(lambda key: f"profile.{key}")
_VALUES = st.lists(_TEXT | st.integers() | st.floats(allow_nan=False) | st.booleans(), max_size=3)


def _try(make: Any, *parts: Any, **named: Any) -> Any:
    try:
        return make(*parts, **named)
    except ConfigurationError:
        return None


_FILTERS = st.builds(
    lambda *parts: _try(Filter, *parts),
    _NAMES,
    st.sampled_from(["is", "isNot", "contains", "regex", "isNull", "gt", "lte", "inCohort"]),
    _VALUES,
    st.sampled_from([None, None, "string", "number", "date", "boolean"]),
).filter(lambda found: found is not None)
_SERIES = st.builds(
    Series,
    _TEXT,
    st.sampled_from(SEGMENTS),
    st.none() | st.sampled_from(["revenue", "latitude", "os"]) | _KEYS,
    st.lists(_FILTERS, max_size=2),
)
_CHARTS = st.builds(
    lambda **named: _try(Chart, "sales", **named),
    series=st.lists(_SERIES, min_size=1, max_size=2),
    breakdowns=st.lists(_NAMES, max_size=2),
    interval=st.sampled_from(INTERVALS),
    range=st.sampled_from((*RANGES, "custom")),
    previous=st.booleans(),
).filter(lambda found: found is not None)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    row = event(1, properties={"total": "5"}, groups=["a"])
    with world(row, profiles=[profile()]) as server:
        yield server


@pytest.mark.long
@given(chart=_CHARTS)
@settings(
    max_examples=100,
    suppress_health_check=[
        HealthCheck.filter_too_much,
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_what_validation_accepts_the_server_accepts(sandbox: Sandbox, chart: Chart) -> None:
    buckets = Buckets(chart.interval, ZoneInfo("UTC"))
    whole = bounds(chart, buckets, NOW, None, None)
    assert whole is not None
    first, end = whole
    # Whether a chart is accepted is the same of a few buckets, and a year has 525,600 minutes.
    end = min(end, buckets.after(first, 100))
    params = chart_params(chart, "web", first.start, end.start)
    response = get(sandbox, query_string(params), path="/export/charts")
    assert response.status_code == 200, (response.text, json.dumps(chart.definition()))
