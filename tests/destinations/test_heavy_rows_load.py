"""Events of megabytes load into DuckDB, whose loads get little memory; appended or replaced."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from openpanel_source.rows.shape import Shaper
from openpanel_source.source.events_file import EventsFile
from tests.support.recorded import page_of
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

MEGABYTE = "x" * 1_000_000


def rows(count: int, text: str) -> pa.Table:
    body = page_of(event(1, properties={"a": text}))
    table = Shaper().page(body, "web", date(2026, 11, 10), "GET x").table
    return table.take(pa.array([0] * count))


@pytest.mark.long
def test_a_day_of_megabytes_is_appended_and_replaced(warehouse: Warehouse) -> None:
    numbers = list(range(70))
    with world(*(event(n, properties={"a": MEGABYTE}) for n in numbers)) as sandbox:
        for reload in (False, True):
            assert warehouse.sync(sandbox, reload=reload).is_verified
            assert warehouse.numbers() == numbers
            assert warehouse.query("SELECT min(length(properties)) FROM events") == [(1_000_008,)]


def test_heavy_rows_come_in_several_files_and_light_ones_in_one(tmp_path: Path) -> None:
    for count, text, files in ((100, MEGABYTE, 2), (60_000, "{}", 1)):
        with EventsFile(str(tmp_path)) as file:
            file.add(rows(count, text))
            assert len(file.finish()) == files
            assert file.rows == count
        assert list(tmp_path.glob("*.parquet")) == []
