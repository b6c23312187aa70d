"""What a user gives is checked at once, and refused in one sentence that says what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source.api.filters import Filter
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import DEFAULTS, Arguments
from openpanel_source.source.source import configured
from tests.support.refused import refused
from tests.support.sandbox_world import CLIENT


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
        configured(project_id="web", client_id=CLIENT, client_secret="x")


@pytest.mark.parametrize("value", ['{"a":1}', {"a": 1}, "{"])
@pytest.mark.parametrize(
    "name", ["exclude_columns", "hash_columns", "drop_properties", "erased_profiles", "events"]
)
def test_an_object_where_a_list_belongs_is_refused(name: str, value: Any) -> None:
    settings = {"project_id": "web", "client_id": CLIENT, "client_secret": "x"}
    with pytest.raises(InvalidSettingError, match=f"{name} must be a list"), destination_errors():
        configured(**settings, **{name: value})
