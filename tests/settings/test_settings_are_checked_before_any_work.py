"""What a user gives is checked at once, and refused in one sentence that says what is allowed."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

import dlt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials, checked_base_url
from openpanel_source.api.filters import COLUMNS, OPERATORS, TYPES, Filter, parse_filter
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.errors import ConfigurationError, InvalidSettingError
from openpanel_source.model.clock import parse_clock, parse_day, utc_now
from openpanel_source.models.make import refresh_models
from openpanel_source.operations.audit import audit
from openpanel_source.operations.erase import erase
from openpanel_source.operations.sync import sync
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import DEFAULTS, Arguments
from openpanel_source.source.source import configured

ID = "22222222-2222-4222-8222-222222222222"


def refused(expected: str, project_id: Any = "web", **settings: Any) -> str:
    with pytest.raises(InvalidSettingError, match=expected) as caught:
        parse_settings(Arguments(project_id, **settings))
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "2026-13-01",
        "20260101",
        "2026-W01-1",
        "01.02.2026",
        "yesterday",
        "1767225600",
        "2026-01-01T00:00:00Z",
        " 2026-01-01",
        "0000-01-01",
        "99999-01-01",
        20260101,
        True,
        ["a"],
    ],
)
def test_what_is_no_date_is_refused(name: str, value: Any) -> None:
    refused(f"{name} .* is not a date; write it as YYYY-MM-DD", **{name: value})


def test_a_time_without_a_zone_is_refused() -> None:
    refused("has no time zone", start_date=datetime(2026, 1, 1))  # noqa: DTZ001


def test_reversed_days_are_refused() -> None:
    refused("lies after end_date", start_date="2026-01-02", end_date="2026-01-01")


def test_a_time_means_its_utc_day() -> None:
    new_york = timezone(timedelta(hours=-5))
    assert parse_day("end_date", datetime(2026, 1, 1, 20, tzinfo=new_york)) == date(2026, 1, 2)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_date_may_be_left_out(nothing: str | None) -> None:
    settings = parse_settings(Arguments("web", start_date=nothing, end_date=nothing))
    assert (settings.start, settings.end) == (None, None)


@given(st.dates(date(1000, 1, 1)))
def test_every_day_may_be_given_as_text_or_date(day: date) -> None:
    assert parse_day("start_date", day.isoformat()) == parse_day("start_date", day) == day


@pytest.mark.parametrize(
    "project",
    [
        "a'b",
        'a"b',
        "a b",
        "a;b",
        "a{b}",
        "a%sb",
        "a/b",
        "a\\b",
        "a\nb",
        "a\0b",
        "a--'",
        "a)b",
        "a$b",
    ],
)
def test_a_project_id_that_means_something_in_sql_or_a_format_is_refused(project: str) -> None:
    refused("is not an id", project)
    refused("is not an id", ["web", project])


@pytest.mark.parametrize("project", ["2024", "007", "acme-web", "a_b.c~d:e", "Ünïcode"])
def test_a_project_id_of_letters_and_digits_passes(project: str) -> None:
    assert parse_settings(Arguments(project)).project_ids == (project,)


@pytest.mark.parametrize("nothing", [[], (), "[]", None])
def test_a_missing_project_is_refused(nothing: Any) -> None:
    refused("project_id is missing", nothing)


@pytest.mark.parametrize("project", ["", [""], [None], [1], ["web", ""], '["web", 2024]'])
def test_a_project_that_is_no_text_is_refused(project: Any) -> None:
    refused("project_id holds .*non-empty texts", project)


@pytest.mark.parametrize("project", [True, {"web": 1}, b"web", "[web"])
def test_projects_that_are_no_list_are_refused(project: Any) -> None:
    refused("project_id must be a list", project)


def test_a_project_given_twice_is_read_once_in_the_order_given() -> None:
    assert parse_settings(Arguments(["b", "a", "b"])).project_ids == ("b", "a")


@pytest.mark.parametrize("events", [[""], [None], [404], ["a", ""], "[404]"])
def test_event_names_that_are_no_texts_are_refused(events: Any) -> None:
    refused("events holds", events=events)


@pytest.mark.parametrize("events", [True, {"a": 1}, "[a", b"a", "[\udc80"])
def test_events_that_are_no_list_are_refused(events: Any) -> None:
    refused("events must be a list", events=events)


def test_lists_may_come_as_json_from_the_environment() -> None:
    settings = parse_settings(
        Arguments(
            '["web", "app"]',
            events='["a,b", "404"]',
            filters='[{"property": "os", "value": "iOS"}]',
        )
    )
    assert settings.project_ids == ("web", "app")
    assert settings.query.events == ("a,b", "404")
    assert settings.query.filters == (Filter("os", "is", "iOS"),)


def test_one_event_is_one_event_even_with_a_comma() -> None:
    assert parse_settings(Arguments("web", events="a,b")).query.events == ("a,b",)


@pytest.mark.parametrize("profile", ["", 12345, b"anna", ["anna"]])
def test_a_profile_id_that_is_empty_or_no_text_is_refused(profile: Any) -> None:
    refused("profile_id must not be empty", profile_id=profile)


SWITCHES = [name for name, default in DEFAULTS.items() if isinstance(default, bool)]
NUMBERS = [name for name, default in DEFAULTS.items() if type(default) is int]
MAY_BE_ZERO = ("lookback_days", "max_deleted_rows", "scrub_requests")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8", None])
def test_what_is_counted_is_a_whole_number(name: str, value: Any) -> None:
    if name in MAY_BE_ZERO and value == 0:
        parse_settings(Arguments("web", **{name: value}))
        return
    bound = "of 0 or more" if name in MAY_BE_ZERO else "above 0"
    refused(f"{name} must be a whole number {bound}, not {value!r}", **{name: value})


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["yes", 1, 0, "", None])
def test_a_switch_is_true_or_false(name: str, value: Any) -> None:
    refused(f"{name} must be true or false, not {value!r}", **{name: value})


@pytest.mark.parametrize("values", [{"events": ["é" * 3000]}, {"profile_id": "x" * 15_000}])
def test_a_url_longer_than_the_server_reads_is_refused(values: Any) -> None:
    refused(r"make a URL of \d+ bytes; the server reads about 16,000", **values)


@pytest.mark.parametrize("values", [{"events": ["a\udc80"]}, {"profile_id": "\ud83d"}])
def test_half_a_character_is_refused(values: Any) -> None:
    refused("half a character", **values)


@pytest.mark.parametrize(
    "now",
    ["yesterday", "2026-01-31", "2026-01-31T12:00:00", datetime(2026, 1, 1), 5, "12:00"],  # noqa: DTZ001
)
def test_a_clock_needs_a_time_with_a_zone(now: Any) -> None:
    with pytest.raises(InvalidSettingError, match=r"now .* is not a time; write it as"):
        parse_clock(now)


def test_a_clock_shows_the_time_given_in_utc() -> None:
    assert parse_clock("2026-01-31T01:00:00+02:00")().isoformat() == "2026-01-30T23:00:00+00:00"
    assert parse_clock(None) is utc_now
    assert utc_now().tzinfo is timezone.utc


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
    st.sampled_from(COLUMNS) | st.just("properties.x") | st.just("profile.properties.x"),
    st.sampled_from(OPERATORS),
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
    "url",
    [
        "",
        "api.openpanel.dev",
        "ftp://host",
        "https://",
        "//host",
        "file:///etc/passwd",
        "https:host",
        "http:///x",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"base_url .* URL"):
        checked_base_url(url, allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://id:hunter2@host",
        "https://hunter2@host/api",
        "https://id:hun/hunter2@host",
        "id:hunter2@host",
        "ftp://id:hunter2@host",
        "https://host?secret=hunter2",
        "https://host#hunter2",
        "https://id:hunter2@[::1",
        "https://@host",
        "https://host?",
    ],
)
def test_a_base_url_with_more_than_an_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidSettingError, match="must not hold credentials") as caught:
        checked_base_url(url, allow_http=True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["api.example.org", "10.0.0.5", "localhost.evil.org", "[2001::1]"])
def test_the_secret_goes_over_plain_http_only_where_allowed(host: str) -> None:
    with pytest.raises(InvalidSettingError, match="would send the client secret unencrypted"):
        checked_base_url(f"http://{host}", allow_http=False)
    assert checked_base_url(f"http://{host}/", allow_http=True) == f"http://{host}"


@pytest.mark.parametrize("host", ["localhost:3333", "127.0.0.1", "127.9.9.9:1", "[::1]:80"])
def test_plain_http_to_this_machine_is_allowed(host: str) -> None:
    assert checked_base_url(f"http://{host}/api/", allow_http=False) == f"http://{host}/api"


@pytest.mark.parametrize(
    "secret", ["hunter2\n", " hunter2", "hunter2\r\nx: y", "hunter2\0", "hunter2€"]
)
def test_a_secret_that_no_header_may_hold_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidSettingError, match="client_secret holds") as caught:
        Client("https://host", Credentials(ID, secret))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="client_id holds"):
        Client("https://host", Credentials(f"{ID}\n", "hunter2"))


@pytest.mark.parametrize("value", [0, -1, 86_401, float("nan"), float("inf"), True, "x", [1]])
@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout", "request_timeout"])
def test_a_timeout_is_above_zero_and_not_longer_than_a_day(name: str, value: Any) -> None:
    seconds_refused(name, value, f"{name} must be above 0 and at most 86,400 seconds, not ")


@pytest.mark.parametrize("value", [-0.1, 31, float("nan"), float("inf"), False, "x"])
def test_a_first_wait_is_not_longer_than_the_longest(value: Any) -> None:
    expected = "backoff_seconds must be 0 or more and at most 30 seconds, not "
    seconds_refused("backoff_seconds", value, expected)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), float("-inf"), "x", True])
@pytest.mark.parametrize("name", ["busy_timeout", "max_runtime"])
def test_seconds_that_a_sync_waits_or_runs_are_a_number_that_ends(name: str, value: Any) -> None:
    pipeline = dlt.pipeline("openpanel", destination="duckdb")
    with pytest.raises(InvalidSettingError, match=f"{name} must be 0 or more seconds, not "):
        sync(pipeline, **{name: value})
    for waits in (refresh_models, audit, partial(erase, profiles=["anna"])):
        if name == "busy_timeout":
            with pytest.raises(InvalidSettingError, match=f"{name} must be 0 or more seconds"):
                waits(pipeline, busy_timeout=value)


def seconds_refused(name: str, value: Any, expected: str) -> None:
    settings = {"project_id": "web", "client_id": ID, "client_secret": "x"}
    with pytest.raises(InvalidSettingError, match=expected), destination_errors():
        configured(**settings, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("read_timeout", "abc", "a number"),
        ("max_page_bytes", "1.5", "a whole number"),
        ("lookback_days", "x", "a whole number"),
        ("reload", "maybe", "true or false"),
    ],
)
def test_a_setting_of_the_environment_that_is_of_another_type_is_named(
    name: str, value: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
    expected = f"^{name} must be {kind}, not '{value}'.$"
    with pytest.raises(InvalidSettingError, match=expected), destination_errors():
        configured(project_id="web", client_id=ID, client_secret="x")


@pytest.mark.parametrize("value", ['{"a":1}', {"a": 1}, "{"])
@pytest.mark.parametrize(
    "name", ["exclude_columns", "hash_columns", "drop_properties", "erased_profiles", "events"]
)
def test_an_object_where_a_list_belongs_is_refused(name: str, value: Any) -> None:
    settings = {"project_id": "web", "client_id": ID, "client_secret": "x"}
    with pytest.raises(InvalidSettingError, match=f"{name} must be a list"), destination_errors():
        configured(**settings, **{name: value})
