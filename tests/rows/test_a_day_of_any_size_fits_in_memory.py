"""A day's rows wait in memory while they are few, and in a file when they are many."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timezone
from typing import ClassVar

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.rows.decode import Rejected
from openpanel_source.rows.rejected import RejectedRows
from openpanel_source.rows.spill import SpilledTables

tables = st.lists(st.lists(st.text(max_size=5), max_size=20), max_size=12)


def table(values: list[str]) -> pa.Table:
    return pa.table({"value": pa.array(values, pa.string())})


@given(tables, st.sampled_from([0, 50, 200, 10_000]))
def test_what_goes_in_comes_out_in_order(parts: list[list[str]], most_bytes: int) -> None:
    buffer = SpilledTables(most_bytes)
    for part in parts:
        buffer.append(table(part))
    values = [value for part in buffer for value in part.column("value").to_pylist()]
    assert values == [value for part in parts for value in part]
    assert buffer.num_rows == len(values)


def test_no_more_than_the_bound_stays_in_memory() -> None:
    before = pa.total_allocated_bytes()
    buffer = SpilledTables(most_bytes=1_000_000)
    for _ in range(200):
        buffer.append(table(["x" * 1000] * 100))
        assert pa.total_allocated_bytes() - before < 2_500_000
    assert buffer.num_rows == 20_000


def test_of_rows_that_are_in_a_file_few_wait_in_memory_to_follow() -> None:
    before = pa.total_allocated_bytes()
    buffer = SpilledTables(most_bytes=20_000_000)
    for number in range(600):
        buffer.append(table(["x" * 1000] * 100))
        if number > 250:
            assert pa.total_allocated_bytes() - before < 6_000_000
    assert buffer.num_rows == 60_000


NOON = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
rejected_rows = st.builds(
    Rejected,
    st.text(st.characters(codec="utf-8"), max_size=3),
    st.just("why"),
    st.none() | st.just(NOON),
)


@given(st.lists(st.lists(rejected_rows, max_size=6), max_size=6))
def test_a_rejected_row_that_an_earlier_page_had_is_kept_once(pages: list[list[Rejected]]) -> None:
    rejected, wanted = RejectedRows(), list[Rejected]()
    for page in pages:
        known = {row.raw for row in wanted}
        fresh = [row for row in page if row.raw not in known]
        assert rejected.add(page) == len(fresh)
        wanted += fresh
    assert list(rejected) == wanted
    assert len(rejected) == len(wanted)
    elsewhere = rejected.changed(lambda row: row if row.misplaced else None)
    assert list(elsewhere) == [row for row in wanted if row.misplaced]
    rows = [row for table in rejected.shaped("web", date(2026, 1, 1)) for row in table.to_pylist()]
    assert [row["position"] for row in rows] == list(range(len(wanted)))
    assert [row["raw"] for row in rows] == [row.raw or None for row in wanted]


class Watched(str):
    """A text that counts how often it is looked at."""

    __slots__ = ()
    looks: ClassVar[Counter[str]] = Counter()

    def __hash__(self) -> int:
        self.looks["hash"] += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        self.looks["compare"] += 1
        return super().__eq__(other)

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        self.looks["encode"] += 1
        return super().encode(encoding, errors)


def test_each_of_many_rejected_rows_is_looked_at_once_and_few_stay_in_memory() -> None:
    rejected, pages, rows = RejectedRows(), 300, 100
    before = pa.total_allocated_bytes()
    Watched.looks.clear()
    for page in range(pages):
        texts = [f"{page}-{row} {'x' * 500}" for row in range(rows)]
        assert rejected.add([Rejected(Watched(text), "why") for text in texts]) == rows
    assert Watched.looks.total() <= 2 * pages * rows
    assert len(rejected) == pages * rows
    assert pa.total_allocated_bytes() - before < 6_000_000
    assert sum(table.num_rows for table in rejected.shaped("web", NOON.date())) == pages * rows
