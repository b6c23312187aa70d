"""What a sandbox says about a query for a chart that is not as it should be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.sandbox_world import ask_chart, chart, event, get, world

OPERATORS = '"is"|"isNot"|"contains"|"doesNotContain"|"startsWith"|"endsWith"|"regex"'
OPERATORS += '|"isNull"|"isNotNull"|"gt"|"lt"|"gte"|"lte"|"inCohort"|"notInCohort"'
NO_VALUES = [{"name": "os", "operator": "is"}]
NESTED = [{"name": "os", "operator": "is", "value": [["x"]]}]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"series": {"name": "x"}}, "series Invalid input: expected array, received object"),
        ({"series": ["x"]}, "series/0 Invalid input: expected object, received string"),
        ({"series": [{}]}, "series/0/name Invalid input: expected string, received undefined"),
        ({"events": "x"}, "events Invalid input: expected array, received string"),
        (
            {"series": [{"name": "x", "property": 1}]},
            "series/0/property Invalid input: expected string, received number",
        ),
        (
            {"series": [{"name": "x", "filters": [{"name": "os", "operator": "=", "value": []}]}]},
            f"series/0/filters/0/operator Invalid option: expected one of {OPERATORS}",
        ),
        (
            {"series": [{"name": "x", "filters": NO_VALUES}]},
            "series/0/filters/0/value Invalid input: expected array, received undefined",
        ),
        (
            {"series": [{"name": "x", "filters": NESTED}]},
            "series/0/filters/0/value/0 Invalid input",
        ),
        ({"breakdowns": ["x"]}, "breakdowns/0 Invalid input: expected object, received string"),
        (
            {"breakdowns": [{"id": 1, "name": "os"}]},
            "breakdowns/0/id Invalid input: expected string, received number",
        ),
        (
            {"interval": 1},
            'interval Invalid option: expected one of "minute"|"day"|"hour"|"week"|"month"',
        ),
        ({"previous": "yes"}, "previous Invalid input: expected boolean, received string"),
        (
            {"projectId": 1, "startDate": 2, "previous": 3},
            "previous Invalid input: expected boolean, received number,"
            " querystring/startDate Invalid input: expected string, received number,"
            " querystring/projectId Invalid input: expected string, received number",
        ),
    ],
)
def test_the_current_server_names_all_that_is_wrong(params: dict[str, Any], message: str) -> None:
    with world() as sandbox:
        response = ask_chart(sandbox, **params)
    body = {"status": 400, "error": "Error", "message": f"querystring/{message}"}
    assert (response.status_code, response.json()) == (400, body)


def wrong_type(expected: str, received: str, *path: str | int) -> dict[str, Any]:
    message = f"Expected {expected}, received {received}"
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": list(path),
        "message": "Required" if received == "undefined" else message,
    }


def union(*errors: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
    alternatives = [{"issues": [error], "name": "ZodError"} for error in errors]
    return {
        "code": "invalid_union",
        "unionErrors": alternatives,
        "path": path,
        "message": "Invalid input",
    }


VALUE: list[str | int] = ["series", 0, "filters", 0, "value", 0]
INTERVALS = "'minute' | 'day' | 'hour' | 'week' | 'month'"
RANGES = ["30min", "lastHour", "today", "yesterday", "7d", "30d", "6m", "12m"]
RANGES += ["monthToDate", "lastMonth", "yearToDate", "lastYear", "custom"]


@pytest.mark.parametrize(
    ("params", "details"),
    [
        ({"series": [{}]}, wrong_type("string", "undefined", "series", 0, "name")),
        ({"interval": 1}, wrong_type(INTERVALS, "number", "interval")),
        (
            {"range": "last24h"},
            {
                "code": "invalid_enum_value",
                "options": RANGES,
                "received": "last24h",
                "path": ["range"],
                "message": "Invalid enum value. Expected "
                + " | ".join(f"'{name}'" for name in RANGES)
                + ", received 'last24h'",
            },
        ),
        (
            {"series": [{"name": "x", "filters": NESTED}]},
            union(
                union(
                    union(
                        wrong_type("string", "array", *VALUE),
                        wrong_type("number", "array", *VALUE),
                        path=VALUE,
                    ),
                    wrong_type("boolean", "array", *VALUE),
                    path=VALUE,
                ),
                wrong_type("null", "array", *VALUE),
                path=VALUE,
            ),
        ),
    ],
)
def test_an_older_server_gives_details(params: dict[str, Any], details: Any) -> None:
    with world(server_date="2026-02") as sandbox:
        response = ask_chart(sandbox, **params)
    message = "Invalid query parameters"
    body = {"error": "Bad Request", "message": message, "details": [details]}
    assert (response.status_code, response.json()) == (400, body)


def test_older_servers_know_no_types_of_filters() -> None:
    asked = [{"name": "purchase", "filters": [NESTED[0] | {"value": ["iOS"], "type": "nope"}]}]
    with world(event(1), server_date="2026-02") as sandbox:
        assert chart(sandbox, series=asked)["metrics"]["sum"] == 1


@pytest.mark.parametrize("server_date", ["2025-11", "2026-02", "2026-03"])
def test_before_april_2026_a_project_is_looked_up_as_it_was_sent(server_date: str) -> None:
    with world(event(1), server_date=server_date) as sandbox:
        assert ask_chart(sandbox, projectId='"web"').status_code == 403
        assert ask_chart(sandbox).status_code == 200
        assert ask_chart(sandbox, projectId="", project_id="web").status_code == 200


def test_credentials_are_checked_before_the_query_by_older_servers() -> None:
    with world(server_date="2026-02") as sandbox:
        old = get(sandbox, "interval=x", headers={}, path="/export/charts")
    with world() as sandbox:
        new = get(sandbox, "interval=x", headers={}, path="/export/charts")
    assert (old.status_code, new.status_code) == (401, 400)


def test_the_last_of_two_breakdowns_with_one_name_is_the_one_answered() -> None:
    with world(event(1)) as sandbox:
        answer = chart(sandbox, breakdowns=[{"name": "os"}, {"name": "os"}])
    assert answer["series"][0]["names"] == ["purchase", "iOS", "iOS"]
    assert answer["series"][0]["event"]["breakdowns"] == {"os": "iOS"}
