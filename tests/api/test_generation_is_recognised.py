"""Which generation of servers answers is told by a few cheap requests."""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source.api import generation as generations
from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.filters import Filter
from openpanel_source.api.generation import Bounds, Generation, mark_of, measured
from openpanel_source.api.query import EventQuery
from openpanel_source.api.recognise import probe, recognise
from openpanel_source.errors import ProjectAccessError, ProjectNotFoundError, UnsupportedServerError
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Organization, Project
from openpanel_source.sandbox.dataset import Client as Account
from openpanel_source.wire.retry import RetryPolicy
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

pytestmark = pytest.mark.sampled(2)

ROOT = "11111111-1111-4111-8111-111111111111"
OLD = "2025-10-01T12:00:00.000Z"
FILTERED = EventQuery(filters=(Filter("name", "is", "purchase"),))
DAYS = Bounds.DAYS
KNOWN = {
    "3": measured(generations.THREE, Bounds.MILLISECONDS),
    "2026-09": measured(generations.CURRENT, Bounds.MILLISECONDS),
    "2026-09s": measured(generations.CURRENT, Bounds.SECONDS),
    "2026-08": measured(generations.CURRENT, DAYS),
    "2026-04": measured(generations.APRIL_2026, DAYS),
    "2026-03": measured(generations.MARCH_2026, DAYS),
    "2026-02": measured(generations.BEFORE_MARCH_2026, DAYS),
    "2025-11": measured(generations.BEFORE_MARCH_2026, DAYS),
    "2025-03": measured(generations.BEFORE_APRIL_2025, DAYS),
}
REQUESTS = {"3": (9, 3), "2026-09": (9, 3), "2026-09s": (9, 3), "2026-08": (9, 3)}
"""Requests to tell, the first time and once it is known; 4 of older ones."""


def rows(many: int = 60) -> list[dict[str, Any]]:
    """Events of one day, at times that have milliseconds."""
    return [
        event(number, createdAt=f"2026-11-10T12:{number // 60:02d}:{number % 60:02d}.250Z")
        for number in range(many)
    ]


def client_of(sandbox: Sandbox, client_id: str = CLIENT, secret: str = SECRET) -> Client:
    policy = RetryPolicy(backoff_seconds=0.001, max_outage=0)
    return Client(sandbox.url, Credentials(client_id, secret), retry=policy)


def probed(sandbox: Sandbox, *projects: str, known: str | None = None) -> tuple[Generation, int]:
    """The generation, and the requests that it took to tell."""
    before = len(sandbox.requests)
    found = probe(client_of(sandbox), projects or ["web"], known)
    return found, len(sandbox.requests) - before


@pytest.mark.parametrize(("server_date", "expected"), KNOWN.items())
def test_every_generation_is_recognised_by_few_requests(
    server_date: str, expected: Generation
) -> None:
    first, later = REQUESTS.get(server_date, (4, 4))
    with world(*rows(), server_date=server_date, rate_limit="default") as sandbox:
        assert probed(sandbox) == (expected, first)
        assert probed(sandbox, known=mark_of(expected)) == (expected, later)


@pytest.mark.parametrize("server_date", ["2026-09", "2026-09s", "3"])
def test_a_project_without_events_leaves_bounds_untold(server_date: str) -> None:
    with world(server_date=server_date) as sandbox:
        assert probed(sandbox)[0].bounds is Bounds.UNTOLD


@pytest.mark.sampled(6)
@pytest.mark.parametrize("many", [1, 49, 50, 51, 100, 101, 150])
@pytest.mark.parametrize(
    ("server_date", "expected"),
    [("2026-02", generations.BEFORE_MARCH_2026), ("2025-03", generations.BEFORE_APRIL_2025)],
)
def test_few_rows_tell_the_oldest_servers_from_those_after_them(
    server_date: str, expected: Generation, many: int
) -> None:
    # With few rows only the rate limit that these servers came with tells.
    events = (event(number) for number in range(many))
    with world(*events, server_date=server_date, rate_limit="default") as sandbox:
        assert probed(sandbox)[0] == measured(expected, DAYS)


@pytest.mark.parametrize("server_date", ["2026-03", "2026-02", "2025-03"])
def test_an_old_server_without_rows_stays_undecided(server_date: str) -> None:
    with world(server_date=server_date) as sandbox:
        assert probed(sandbox)[0] == generations.UNDECIDED


def test_rows_older_than_page_1_shows_are_enough_to_tell() -> None:
    old = [event(1, createdAt=OLD), event(2, createdAt=OLD)]
    with world(*old, server_date="2026-02") as sandbox:
        assert probed(sandbox) == (generations.BEFORE_MARCH_2026, 3)


def test_a_project_that_holds_rows_speaks_for_the_server() -> None:
    with world(event(1), server_date="2026-03") as sandbox:
        client = client_of(sandbox, ROOT, "sec_root")
        assert probe(client, ["empty", "web"]) == KNOWN["2026-03"]
        assert probe(client, ["nope", "web"]) == KNOWN["2026-03"]


@pytest.mark.parametrize("server_date", ["2026-09", "2026-03", "2025-03"])
def test_a_project_that_may_not_be_read_is_named(server_date: str) -> None:
    with world(event(1), server_date=server_date) as sandbox:
        with pytest.raises(ProjectAccessError):
            probed(sandbox, "empty")
        with pytest.raises(ProjectNotFoundError):
            probe(client_of(sandbox, ROOT, "sec_root"), ["404"])


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("server_date", "expected"), KNOWN.items())
def test_a_numeric_project_id_is_no_hindrance(server_date: str, expected: Generation) -> None:
    accounts = Accounts(
        organizations=[Organization("acme", "UTC")],
        projects=[Project("2024", "acme")],
        clients=[
            Account(CLIENT, "read", "acme", "2024", SECRET),
            Account(ROOT, "root", "acme", None, "sec_root"),
        ],
    )
    data = Dataset(accounts, {"2024": [row | {"projectId": "2024"} for row in rows()]})
    settings: dict[str, Any] = {
        "rate_limit": "default",
        "now": lambda: NOW,
        "server_date": server_date,
    }
    with Sandbox(data, **settings) as sandbox:
        assert probe(client_of(sandbox), ["2024"]) == expected
        assert probe(client_of(sandbox, ROOT, "sec_root"), ["2024"]) == expected


@pytest.mark.parametrize("server_date", ["2026-04", "2026-03", "2026-02", "2025-11", "2025-03"])
def test_filters_are_refused_where_they_would_be_ignored(server_date: str) -> None:
    with (
        world(event(1), server_date=server_date) as sandbox,
        pytest.raises(UnsupportedServerError, match="filters on events since 2026-05-18"),
    ):
        recognise(client_of(sandbox), FILTERED, ["web"])


@pytest.mark.parametrize("many", [0, 1, 60])
def test_a_profile_id_is_refused_where_it_would_be_ignored(many: int) -> None:
    query = EventQuery(profile_id="anna")
    with (
        world(*(event(number) for number in range(many)), server_date="2025-03") as sandbox,
        pytest.raises(UnsupportedServerError, match="profile ids on events since 2025-05-21"),
    ):
        recognise(client_of(sandbox), query, ["web"])


@pytest.mark.parametrize("server_date", [date for date in KNOWN if date != "2025-03"])
def test_a_profile_id_is_accepted_where_it_is_applied(server_date: str) -> None:
    with world(event(1), event(2), server_date=server_date) as sandbox:
        recognise(client_of(sandbox), EventQuery(profile_id="anna"), ["web"])


@pytest.mark.parametrize("server_date", ["2026-08", "2026-09", "2026-09s", "3"])
def test_filters_are_accepted_where_they_are_applied(server_date: str) -> None:
    with world(*rows(), server_date=server_date, rate_limit="default") as sandbox:
        assert recognise(client_of(sandbox), FILTERED, ["web"]) == KNOWN[server_date]
