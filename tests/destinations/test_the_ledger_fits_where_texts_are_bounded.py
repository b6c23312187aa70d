"""Where a database bounds texts, as Redshift does, the ledger outlives the bound of dlt's state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dlt
import pytest

from openpanel_source import audit, read_status
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.sandbox_world import event, world

pytestmark = pytest.mark.sampled(4)

__all__ = ["postgres_url"]

BOUND = 4096
DAYS = 120
FIRST = date(2026, 11, 23) - timedelta(days=DAYS - 1)


class Bounded(PostgresWarehouse):
    """PostgreSQL with texts as short as those of some other database."""

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.postgres(self.url, max_text_data_type_length=BOUND),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def on_a_new_machine(self) -> None:
        shutil.rmtree(self.folder / "pipelines")

    def longest_state(self) -> int:
        longest: int = self.query("SELECT max(length(state)) FROM _dlt_pipeline_state")[0][0]
        return longest


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    rows = [
        event(number, createdAt=f"{FIRST + timedelta(days=number)}T12:00:00.000Z")
        for number in range(DAYS)
    ]
    with world(*rows) as server:
        yield server


@pytest.fixture
def warehouse(tmp_path: Path, postgres_url: str) -> Bounded:
    return Bounded(tmp_path, postgres_url)


def bound_state(warehouse: Bounded) -> None:
    """Have the database refuse what is longer, as the other one would."""
    warehouse.change(f"ALTER TABLE _dlt_pipeline_state ALTER state TYPE varchar({BOUND})")


@pytest.mark.long
def test_each_night_starts_where_the_one_before_ended(warehouse: Bounded, sandbox: Sandbox) -> None:
    settings = warehouse.settings(sandbox, max_days_per_run=25)
    sync(warehouse.pipeline(), **settings | {"start_date": "2026-11-20"})
    bound_state(warehouse)
    assert sync(warehouse.pipeline(), **settings).exit_code == 0
    assert len(warehouse.numbers()) == DAYS
    assert warehouse.longest_state() <= BOUND

    for _ in range(2):
        warehouse.on_a_new_machine()
        night = sync(warehouse.pipeline(), **settings)
        assert (night.days_read, night.days_adopted, night.events_loaded) == (0, 0, 0)
        assert night.requests < 12
    assert audit(warehouse.pipeline(), deep=True, **settings).days == DAYS
    assert audit(warehouse.pipeline(), deep=True, **settings).differences == []
    assert read_status(warehouse.pipeline())[0].verdicts == {"complete": DAYS - 1, "open": 1}

    sandbox.add([event(900, createdAt=f"{FIRST + timedelta(days=30)}T13:00:00.000Z")])
    warehouse.on_a_new_machine()
    assert sync(warehouse.pipeline(), **settings).days_read == 1
    assert len(warehouse.numbers()) == DAYS + 1
    assert warehouse.longest_state() <= BOUND


def test_a_package_that_was_cut_off_does_not_count(warehouse: Bounded, sandbox: Sandbox) -> None:
    settings = warehouse.settings(sandbox)
    sync(warehouse.pipeline(), **settings)
    sync(warehouse.pipeline(), **settings, reload=True)
    [[last]] = warehouse.query("SELECT max(load_id) FROM _dlt_loads")
    # Killed: sync_days was loaded, some of the events were not, and the end is not written down.
    warehouse.change(f"DELETE FROM _dlt_loads WHERE load_id = '{last}'")
    warehouse.change("DELETE FROM events WHERE event_date < '2026-09-01'")
    warehouse.on_a_new_machine()

    assert sync(warehouse.pipeline(), **settings).exit_code == 0

    assert len(warehouse.numbers()) == DAYS
    assert audit(warehouse.pipeline(), deep=True, **settings).differences == []


def test_dlts_own_run_finds_its_ledger_as_well(warehouse: Bounded, sandbox: Sandbox) -> None:
    source: Any = warehouse.source
    for _ in range(2):
        warehouse.pipeline().run(source(sandbox))
        warehouse.on_a_new_machine()
    assert len(warehouse.numbers()) == DAYS
    assert warehouse.query(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM sync_days"
        " WHERE verdict = 'complete' GROUP BY day) AS days"
    ) == [(1,)]


def test_another_query_reads_the_days_of_the_one_before_again(
    warehouse: Bounded, sandbox: Sandbox
) -> None:
    settings = warehouse.settings(sandbox)
    sync(warehouse.pipeline(), **settings)
    sandbox.add([event(900, name="visit", createdAt="2026-11-10T13:00:00.000Z")])
    with pytest.raises(InvalidSettingError, match="120 days of web"):
        sync(warehouse.pipeline(), **settings, events=["visit"])
    settings |= {"allow_deletions": True}
    assert sync(warehouse.pipeline(), **settings, events=["visit"]).exit_code == 0
    assert warehouse.numbers() == [900]
    sync(warehouse.pipeline(), **settings)
    assert len(warehouse.numbers()) == DAYS + 1
