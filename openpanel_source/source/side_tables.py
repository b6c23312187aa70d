"""What a package holds beside its events: groups, the newest rows of dimensions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from openpanel_source.destinations.dialect import Dialect
from openpanel_source.destinations.holdings import Holdings
from openpanel_source.model.conditions import days_condition
from openpanel_source.model.schema import EVENT_GROUPS, SYNC_DAYS
from openpanel_source.rows.dimensions import DIMENSIONS
from openpanel_source.rows.spill import SideRows, SpilledTables, batched_tables
from openpanel_source.source.hints import appended, materialize, rows_of
from openpanel_source.source.orders import Results

_ROWS = 50_000


def newest_rows(
    rows: SpilledTables, key: Sequence[str], version: str, held: pa.Table | None = None
) -> Iterator[pa.Table]:
    """The newest row of each key, unless a newer one is held already.

    Only keys and versions are in memory as a whole.

    Args:
        rows: In the order in which they came.
        key: The columns that identify what a row is about.
        version: The column that grows; of equal ones the last wins, null is older than any.
        held: Keys and versions of rows that stand already.

    Yields:
        Tables of many rows.
    """
    import pyarrow.compute as pc

    columns = [*key, version]
    own = pa.concat_tables([table.select(columns) for table in rows])
    wins = _winners(own if held is None else pa.concat_tables([held, own]), key, version)
    if pc.any(wins).as_py():
        own_wins = wins.slice(0 if held is None else held.num_rows)
        yield from batched_tables(_filtered(rows, own_wins), _ROWS)


def _filtered(tables: Iterable[pa.Table], wanted: pa.Array) -> Iterator[pa.Table]:
    place = 0
    for table in tables:
        yield table.filter(wanted.slice(place, table.num_rows))
        place += table.num_rows


def _winners(versions: pa.Table, key: Sequence[str], version: str) -> pa.Array:
    """Which rows are the newest of their key."""
    import pyarrow.compute as pc

    numbers = pc.fill_null(versions.column(version).cast(pa.int64()), -(2**63))
    ranks = pc.rank(numbers, sort_keys="ascending", tiebreaker="first")
    ranked = pa.table({"key": _numbered(versions, key), "rank": ranks})
    best = ranked.group_by("key").aggregate([("rank", "max")]).column("rank_max")
    return pc.is_in(ranks, best.combine_chunks())


def _numbered(rows: pa.Table, key: Sequence[str]) -> pa.Array:
    """A number for each row, the same for rows of one key: less to hold than texts."""
    import pyarrow.compute as pc

    numbers = pa.repeat(pa.scalar(0, pa.int64()), rows.num_rows)
    for name in key:
        encoded = rows.column(name).combine_chunks().dictionary_encode()
        numbers = pc.multiply(numbers, len(encoded.dictionary))
        numbers = pc.add(numbers, encoded.indices.cast(pa.int64()))
    return numbers


def group_items(
    results: Results,
    side_rows: SideRows,
    known: Collection[str],
    holdings: Holdings,
    dialect: Dialect,
) -> Iterator[Any]:
    """The groups of the days that are replaced, and what they replace.

    Where no event ever had a group there is no table, and nothing is done.

    Args:
        results: Of the run, after its last day.
        side_rows: Rows of all its days.
        known: Tables that this pipeline had loaded before the run.
        holdings: What the destination holds.
        dialect: What the destination wants otherwise.
    """
    groups = side_rows[EVENT_GROUPS.name]
    is_new = SYNC_DAYS.name not in known
    may_hold = EVENT_GROUPS.name in known or (is_new and holdings.holds_groups())
    if not results.replaced or not (groups.num_rows or may_hold):
        return
    condition = days_condition(results.replaced, dialect.instant)
    is_free = holdings.holds_none(condition, EVENT_GROUPS.name)
    if is_free and not groups.num_rows and EVENT_GROUPS.name in known:
        # One that is not known has to be, for the packages that follow.
        return
    for rows in groups:
        yield rows_of(EVENT_GROUPS, rows, dialect)
    # What is appended is counted after the load: by the events.
    if is_free and results.appends:
        yield appended(EVENT_GROUPS, variant=True)
    else:
        yield materialize(EVENT_GROUPS, condition, dialect, variant=True)


def dimension_items(side_rows: SideRows, holdings: Holdings, dialect: Dialect) -> Iterator[Any]:
    """The newest row of each profile and each name of events, unless the destination has newer."""
    import pyarrow.compute as pc

    for one in DIMENSIONS:
        rows = side_rows[one.table.name]
        if not rows.num_rows:
            continue
        since = min(pc.min(table.column("read_at")).as_py() for table in rows)
        held = holdings.versions(one, since)
        for table in newest_rows(rows, one.table.primary_key, one.version, held):
            yield rows_of(one.table, table, dialect)
