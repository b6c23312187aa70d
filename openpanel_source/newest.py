"""Of rows that say the same thing at different times, the newest; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from openpanel_source.buffer import TableBuffer

_ROWS = 50_000
_BYTES = 16 * 1024 * 1024


def newest_rows(
    rows: TableBuffer, key: Sequence[str], version: str, held: pa.Table | None = None
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
    place = 0 if held is None else held.num_rows
    waiting: list[pa.Table] = []
    for table in rows:
        waiting.append(table.filter(wins.slice(place, table.num_rows)))
        place += table.num_rows
        if (
            sum(one.num_rows for one in waiting) >= _ROWS
            or sum(one.nbytes for one in waiting) >= _BYTES
        ):
            yield pa.concat_tables(waiting)
            waiting = []
    if pc.any(wins).as_py() and waiting:
        yield pa.concat_tables(waiting)


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
