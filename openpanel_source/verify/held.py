"""What the destination holds of a day, on disk beside the comparison, and what was found so far."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import dlt

from openpanel_source.destinations.warehouse import NOT_THERE, select, sql_client
from openpanel_source.verify.typed import stored

_MANY = 50_000
"""Rows that drivers may gather in memory; more of a day are asked for in parts."""
_BOUNDS = "123456789abcdef"
"""What ids begin with; their order need not be that of characters."""
_AT_A_TIME = 1000
_TEXT_OF_JSON = ("postgres", "redshift")
"""Whose drivers would make floating-point numbers of those in JSON."""

Found = tuple[str, str, str, str | None, str | None]
"""Kind, column, id, the server's value and the one that is held."""


class HeldDay:
    """The rows of a UTC day of a project as the destination gave them back.

    They lie in a temporary file of SQLite, which is gone with the object or the process.

    Args:
        project: The project.
        day: The day.
        columns: Those of ``events`` that are compared, in order.
    """

    def __init__(self, project: str, day: date, columns: Sequence[str]) -> None:
        self.project, self.day, self.columns = project, day, columns
        # An empty name is that of a file that nobody else can open.
        self._db = sqlite3.connect("", isolation_level=None)
        values = "".join(f", v{place}" for place in range(len(columns)))
        self._db.executescript(
            f"""
            PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA temp_store = FILE;
            CREATE TABLE held (id TEXT PRIMARY KEY, copies DEFAULT 1, state DEFAULT 0{values});
            CREATE TABLE rejected (key TEXT PRIMARY KEY, seen DEFAULT 0);
            CREATE TABLE listed (row BLOB PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE found (kind, column_name, id, theirs, ours);
            BEGIN;
            """
        )
        marks = ", ".join("?" * (len(columns) + 1))
        names = "".join(f", v{place}" for place in range(len(columns)))
        self._insert = (
            f"INSERT INTO held (id{names}) VALUES ({marks})"  # noqa: S608 - numbers
            " ON CONFLICT (id) DO UPDATE SET copies = copies + 1"
        )
        self._values = f"SELECT state{names} FROM held WHERE id = ?"  # noqa: S608 - numbers

    def fetch(self, pipeline: dlt.Pipeline, rows: int, is_json: Sequence[bool]) -> None:
        """Take the rows from the destination.

        Args:
            pipeline: Knows the destination.
            rows: How many there are, about.
            is_json: Of each column, whether it holds JSON.
        """
        client = sql_client(pipeline)
        as_text = client.capabilities.sqlglot_dialect in _TEXT_OF_JSON
        names = [client.escape_column_name(name) for name in ("id", *self.columns)]
        for place, is_one in enumerate(is_json, 1):
            names[place] = (
                f"CAST({names[place]} AS VARCHAR)" if is_one and as_text else names[place]
            )
        condition = f"project_id = '{self.project}' AND event_date = '{self.day}'"
        for part in _parts(rows):
            found = select(pipeline, "events", ", ".join(names), condition + part)
            self._db.executemany(self._insert, (tuple(map(stored, row)) for row in found))

    def fetch_rejected(self, pipeline: dlt.Pipeline) -> Iterator[tuple[bool, str]]:
        """The rejected rows of the day and the next: whether of the day, and their text."""
        after = date.fromordinal(self.day.toordinal() + 1)
        days = f"event_date IN ('{self.day}', '{after}')"
        columns = "event_date, raw"
        try:
            for day, raw in select(
                pipeline, "rejected_events", columns, f"project_id = '{self.project}' AND {days}"
            ):
                yield str(day)[:10] == self.day.isoformat(), raw or ""
        except NOT_THERE:
            return

    def add_rejected(self, key: str, *, is_of_day: bool) -> None:
        """Note a rejected row; those of the next day may turn out to be meant."""
        self._db.execute(
            "INSERT INTO rejected VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = min(seen, ?)",
            (_digest(key), 0 if is_of_day else 2, 0 if is_of_day else 2),
        )

    def see_rejected(self, key: str) -> bool:
        """Whether a row is among the rejected ones; it is seen from then on."""
        changed = self._db.execute(
            "UPDATE rejected SET seen = max(seen, 1) WHERE key = ?", (_digest(key),)
        )
        return changed.rowcount > 0

    def note_listed(self, row: str) -> bool:
        """Note a row that the server lists; whether it is a new one."""
        added = self._db.execute("INSERT OR IGNORE INTO listed VALUES (?)", (_digest(row),))
        return added.rowcount > 0

    def values(self, event_id: str) -> tuple[int, Sequence[Any]] | None:
        """What became of an event so far (0: nothing, 1: equal, 2: not), and what is held of it."""
        row = self._db.execute(self._values, (event_id,)).fetchone()
        return None if row is None else (row[0], row[1:])

    def settle(self, event_id: str, found: Sequence[Found]) -> None:
        """Note what a comparison of an event found; what was found of it before is forgotten."""
        self._db.execute("DELETE FROM found WHERE id = ?", (event_id,))
        self._db.execute("UPDATE held SET state = ? WHERE id = ?", (2 if found else 1, event_id))
        self.note(found)

    def note(self, found: Sequence[Found]) -> None:
        """Note differences."""
        self._db.executemany("INSERT INTO found VALUES (?, ?, ?, ?, ?)", found)

    @property
    def rows(self) -> int:
        """Rows that the destination holds, each id once."""
        return int(self._db.execute("SELECT count(*) FROM held").fetchone()[0])

    def unseen(self) -> int:
        """Rows that no listing has shown yet, the rejected ones included."""
        sql = (
            "SELECT (SELECT count(*) FROM held WHERE state = 0)"
            " + (SELECT count(*) FROM rejected WHERE seen = 0)"
        )
        return int(self._db.execute(sql).fetchone()[0])

    def end(self, *, is_listed_in_full: bool) -> None:
        """Note what only the destination holds, and what it holds twice."""
        self._db.execute(
            "INSERT INTO found SELECT 'held twice', 'id', id, NULL, NULL FROM held WHERE copies > 1"
        )
        if is_listed_in_full:
            self._db.execute(
                "INSERT INTO found SELECT 'held only here', 'id', id, NULL, id FROM held"
                " WHERE state = 0"
            )
            self._db.execute(
                "INSERT INTO found SELECT 'held only here', 'rejected', '', NULL, NULL"
                " FROM rejected WHERE seen = 0"
            )

    def weigh(self, later: Iterable[str], filled: str, other: str) -> None:
        """Have nulls be of another kind where a column holds a value in some row of the day.

        Args:
            later: Columns that may have come after the rows.
            filled: The kind of nulls in them.
            other: The kind that it is otherwise.
        """
        for name in later:
            place = self.columns.index(name)
            sql = f"SELECT 1 FROM held WHERE v{place} IS NOT NULL LIMIT 1"  # noqa: S608 - a number
            if self._db.execute(sql).fetchone():
                self._db.execute(
                    "UPDATE found SET kind = ? WHERE kind = ? AND column_name = ?",
                    (other, filled, name),
                )

    def kinds(self) -> list[tuple[str, str, int]]:
        """Differences counted by kind and column."""
        sql = "SELECT kind, column_name, count(*) FROM found GROUP BY 1, 2 ORDER BY 1, 2"
        return self._db.execute(sql).fetchall()

    def found(self) -> Iterator[Found]:
        """All differences, by kind and column."""
        cursor = self._db.execute("SELECT * FROM found ORDER BY kind, column_name, id")
        while rows := cursor.fetchmany(_AT_A_TIME):
            yield from rows

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _parts(rows: int) -> Iterator[str]:
    if rows <= _MANY:
        yield ""
        return
    yield f" AND id < '{_BOUNDS[0]}'"
    for first, end in pairwise(_BOUNDS):
        yield f" AND id >= '{first}' AND id < '{end}'"
    yield f" AND id >= '{_BOUNDS[-1]}'"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
