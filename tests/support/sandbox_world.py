"""A small world to ask a sandbox about: one project, a few events, a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import requests

from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
CLIENT = "22222222-2222-4222-8222-222222222222"
SECRET = "sec_read"
HEADERS = {"openpanel-client-id": CLIENT, "openpanel-client-secret": SECRET}
DAYS = "start=2026-11-01&end=2026-11-30"

Row = dict[str, Any]


def pages_of(day: str, size: int = 1000) -> str:
    """What the requests for pages of a UTC day have in their addresses, read for the first time."""
    after = date.fromisoformat(day) + timedelta(days=1)
    return f"start={day}T00%3A00%3A00.000Z&end={after}T00%3A00%3A00.000Z&limit={size}&"


def on_pages(day: str, **fault: Any) -> list[Row]:
    """A fault of the pages of a UTC day, be they read again by pages of another size."""
    return [fault | {"path": pages_of(day, size)} for size in (1000, 900)]


def event_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def event(number: int = 1, **values: Any) -> Row:
    """An event in API form; events with higher numbers are newer."""
    row: Row = {
        "id": event_id(number),
        "name": "purchase",
        "deviceId": "device",
        "profileId": "anna",
        "projectId": "web",
        "sessionId": "session",
        "properties": {},
        "createdAt": f"2026-11-10T12:{number // 60:02d}:{number % 60:02d}.000Z",
        "country": "SE",
        "city": "Stockholm",
        "region": "AB",
        "longitude": 18.0686,
        "latitude": 59.3293,
        "os": "iOS",
        "osVersion": "18.1",
        "browser": "Safari",
        "browserVersion": "18",
        "device": "mobile",
        "brand": "Apple",
        "model": "iPhone",
        "path": "/docs",
        "origin": "",
        "referrer": "",
        "referrerName": "",
        "referrerType": "",
        "sdkName": "web",
        "sdkVersion": "1",
        "revenue": 0,
        "duration": 0,
        "groups": [],
    }
    return row | values


def on(day: int, *numbers: int, **values: Any) -> list[Row]:
    """Events of a day of November, each some seconds after the one before."""
    return [
        event(n, createdAt=f"2026-11-{day:02d}T10:{n // 60:02d}:{n % 60:02d}.500Z", **values)
        for n in numbers
    ]


def profile(profile_id: str = "anna", **values: Any) -> Row:
    """A profile in API form."""
    row: Row = {
        "id": profile_id,
        "projectId": "web",
        "email": "",
        "avatar": "",
        "firstName": "",
        "lastName": "",
        "isExternal": True,
        "properties": {},
        "groups": [],
        "createdAt": "2026-10-01T00:00:00.000Z",
        "lastSeenAt": "2026-11-01T00:00:00.000Z",
    }
    return row | values


def dataset(*events: Row, profiles: list[Row] | None = None, timezone: str = "UTC") -> Dataset:
    """A dataset with the project ``web`` that the client may read, and ``empty``."""
    accounts = Accounts(
        organizations=[Organization("acme", timezone)],
        projects=[Project("web", "acme"), Project("empty", "acme")],
        clients=[
            Client(CLIENT, "read", "acme", "web", SECRET),
            Client("11111111-1111-4111-8111-111111111111", "root", "acme", None, "sec_root"),
        ],
    )
    return Dataset(accounts, {"web": list(events)}, {"web": profiles or []})


@contextmanager
def world(*events: Row, **settings: Any) -> Iterator[Sandbox]:
    """A running sandbox that holds these events, without a rate limit unless one is given."""
    profiles, zone = settings.pop("profiles", None), settings.pop("timezone", "UTC")
    settings = {"rate_limit": None, "now": lambda: NOW} | settings
    with Sandbox(dataset(*events, profiles=profiles, timezone=zone), **settings) as sandbox:
        yield sandbox


def get(
    sandbox: Sandbox,
    query: str = DAYS,
    *,
    headers: dict[str, str] | None = None,
    timeout: float = 10,
    path: str = "/export/events",
) -> requests.Response:
    """Ask for events; the query goes out as it is written."""
    request = requests.Request("GET", sandbox.url).prepare()
    request.headers.update(HEADERS if headers is None else headers)
    request.url = f"{sandbox.url}{path}?{query}"
    with requests.Session() as session:
        return session.send(request, allow_redirects=False, timeout=timeout)


def ask_chart(sandbox: Sandbox, **params: Any) -> requests.Response:
    """Ask for a chart, of purchases unless it is told; what is no text goes out as JSON."""
    params = {"series": [{"name": "purchase"}], "projectId": "web"} | params
    query = "&".join(
        f"{name}={quote(value if isinstance(value, str) else json.dumps(value))}"
        for name, value in params.items()
    )
    return get(sandbox, query, path="/export/charts")


def chart(sandbox: Sandbox, **params: Any) -> Any:
    """The chart that is answered, of three days in November unless others are given."""
    days = {"startDate": "2026-11-09", "endDate": "2026-11-12"}
    response = ask_chart(sandbox, **(params if "range" in params else days | params))
    assert response.status_code == 200, response.text
    return response.json()


def points(series: Any) -> dict[str, Any]:
    """The counts of a series by date."""
    return {point["date"]: point["count"] for point in series["data"]}


def ids(response: requests.Response) -> list[int]:
    """The numbers of the events in an answer."""
    assert response.status_code == 200, response.text
    return [int(row["id"][-12:]) for row in response.json()["data"]]
