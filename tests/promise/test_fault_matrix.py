"""Every fault, at every stage, however often: a sync ends, says why, and the next one is right.

A part of the combinations is tried by default; OPENPANEL_SOURCE_FAULTS=all (``make faults``) tries
all of them. The number is printed at the end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openpanel_source.errors import AnswerTooLargeError, OpenPanelError
from openpanel_source.sandbox import Sandbox
from tests.support.faults import ALL, FAULTS, STAGES, TIMES, Combination, chosen
from tests.support.sandbox_world import Row, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(6)


def row(number: int) -> Row:
    """An event of the second day, or one of the few of the first."""
    day, minute = 10 if number <= 2050 else 9, number // 60
    return event(number, createdAt=f"2026-11-{day:02d}T12:{minute:02d}:{number % 60:02d}.000Z")


ROWS = [row(number) for number in range(1, 2055)]
NUMBERS = list(range(1, 2055))
CHART = {"name": "sales", "series": ["purchase"], "start": "2026-11-09", "end": "2026-11-10"}
SECONDS = 100.0
"""No sync may take longer here, on a busy machine neither."""
PATIENT = {"read_timeout": 60, "request_timeout": 60}
IMPATIENT = {"read_timeout": 1, "request_timeout": 2}
"""Where a fault takes longer; elsewhere what is late on a busy machine would be another fault."""


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with world(*ROWS) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    yield server
    server.behave()


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


class Outcome:
    """How a sync ended."""

    def __init__(
        self, warehouse: Warehouse, sandbox: Sandbox, charts: list[Any], timeouts: dict[str, int]
    ) -> None:
        self.error: OpenPanelError | None = None
        self.text = ""
        began = time.monotonic()
        try:
            summary = warehouse.sync(
                sandbox,
                start_date="2026-11-09",
                end_date="2026-11-10",
                charts=charts,
                max_page_bytes=4 * 2**20,
                backoff_seconds=1e-6,
                max_outage=0,
                **timeouts,
            )
            self.exit_code = summary.exit_code
            self.text = summary.failed_charts.get("sales", "")
        except OpenPanelError as error:
            self.error, self.exit_code, self.text = error, error.exit_code, str(error)
        self.seconds = time.monotonic() - began


def numbers(warehouse: Warehouse) -> list[int]:
    """The numbers of the events held, also where none were ever loaded."""
    try:
        return warehouse.numbers()
    except duckdb.CatalogException:
        return []


def assert_as_expected(combination: Combination, outcome: Outcome) -> None:
    fault = combination.fault
    if fault.name == "bomb":
        # Events are read in parts, as far as parts are answered.
        expected = {"count": AnswerTooLargeError.exit_code, "chart": 1}.get(combination.stage, 0)
        assert outcome.exit_code == expected
        assert ("raise max_page_bytes" in outcome.text) == (expected > 0)
    elif fault.error is None:
        assert outcome.exit_code in (0, 3)
    elif not combination.is_fatal:
        assert (outcome.exit_code, outcome.text) == (0, "")
    elif combination.stage == "chart":
        assert outcome.exit_code == 1
        assert outcome.text
    else:
        assert type(outcome.error) is fault.error
        assert outcome.exit_code == fault.error.exit_code
        assert "[GET http" in outcome.text


@pytest.mark.sampled(26)
@pytest.mark.parametrize("combination", chosen(), ids=str)
def test_a_fault_costs_a_retry_and_never_a_row(
    sandbox: Sandbox, warehouse: Warehouse, combination: Combination
) -> None:
    sandbox.behave(**combination.behaviour)
    charts = [CHART] if combination.stage == "chart" else []
    timeouts = IMPATIENT if combination.fault.takes_long else PATIENT
    outcome = Outcome(warehouse, sandbox, charts, timeouts)
    assert outcome.seconds < SECONDS
    assert_as_expected(combination, outcome)
    held = numbers(warehouse)
    assert set(held) <= set(NUMBERS)
    # A count is all that tells of a day: a lie in it is found out when it is counted again.
    if outcome.exit_code == 0 and not (
        combination.stage == "count" and not combination.fault.error
    ):
        assert held == NUMBERS
    sandbox.behave()
    again = Outcome(warehouse, sandbox, charts, PATIENT)
    assert (again.exit_code, again.text) == (0, "")
    assert warehouse.numbers() == NUMBERS
    if charts:
        assert warehouse.query("SELECT sum(value) FROM chart_points") == [(len(NUMBERS),)]


def test_the_part_that_is_tried_by_default_meets_every_fault_stage_and_count() -> None:
    tried = chosen()
    assert {item.fault.name for item in tried} == {fault.name for fault in FAULTS}
    assert {(item.stage, item.times) for item in tried} == {
        (stage, times) for stage in STAGES for times in TIMES
    }
    assert len({str(item) for item in ALL}) == len(ALL)
