"""A day's rows wait in memory while they are few, and in a file when they are many."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

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
    assert buffer.num_rows == 20_000
    assert pa.total_allocated_bytes() - before < 2_500_000
