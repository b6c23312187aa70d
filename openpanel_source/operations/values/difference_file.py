"""All values that differ as a file, a row each, as they are found."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.values.report import ValueDifference

_NAMES = [one.name for one in fields(ValueDifference)]
_AT_A_TIME = 10_000


@contextmanager
def writing(path: str | None) -> Iterator[Callable[[ValueDifference], None]]:
    """Write differences to a file, which is there afterwards also if there are none.

    Args:
        path: Ends in ``.parquet`` or ``.csv``; None writes nothing.

    Raises:
        InvalidSettingError: It ends otherwise, or cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    writers = {".csv": _csv, ".parquet": _parquet}
    kind = Path(path).suffix.lower()
    if kind not in writers:
        raise InvalidSettingError(f"--diff {path} has to end in .parquet or .csv.")
    try:
        with writers[kind](path) as sink:
            yield sink
    except OSError as error:
        raise InvalidSettingError(f"--diff {path} cannot be written: {error.strerror}.") from None


@contextmanager
def _csv(path: str) -> Iterator[Callable[[ValueDifference], None]]:
    with open(path, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, _NAMES)
        writer.writeheader()
        yield lambda found: writer.writerow(asdict(found))


@contextmanager
def _parquet(path: str) -> Iterator[Callable[[ValueDifference], None]]:
    schema = pa.schema([(name, pa.date32() if name == "day" else pa.string()) for name in _NAMES])
    waiting: list[ValueDifference] = []
    with pq.ParquetWriter(path, schema) as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist([asdict(one) for one in waiting], schema))
            waiting.clear()

        def sink(found: ValueDifference) -> None:
            waiting.append(found)
            if len(waiting) == _AT_A_TIME:
                flush()

        yield sink
        flush()
