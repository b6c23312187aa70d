"""The rows of a server: selected in DuckDB, answered from text that is encoded once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from openpanel_source.sandbox.dataset import Dataset, Row
from openpanel_source.sandbox.dates import parse_js_date
from openpanel_source.sandbox.events.rows import Encoder, Fragments, table

_PROFILES = pa.schema(
    [
        ("project_id", pa.string()),
        ("id", pa.string()),
        ("email", pa.string()),
        ("first_name", pa.string()),
        ("last_name", pa.string()),
        ("created_ms", pa.int64()),
        ("last_seen_ms", pa.int64()),
        ("properties", pa.map_(pa.string(), pa.string())),
    ]
)


class Store:
    """Events, profiles and event definitions of all projects.

    The tables are ``events`` (columns in the server's snake_case; ``created_ms`` and
    ``imported_s`` are instants, ``id_low`` and ``id_high`` order ids as ClickHouse does, ``seq``
    numbers the rows) and ``profiles`` (likewise; ``created_ms`` and ``last_seen_ms``).

    Args:
        dataset: What is in them at the start.
        no_country: What stands for an unknown country in the JSON of events.
    """

    def __init__(self, dataset: Dataset, no_country: str) -> None:
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        self._local = threading.local()
        self._writing = threading.Lock()
        self._encoder = Encoder(no_country)
        self._fragments: list[Fragments | Row] = []
        self._raw: dict[int, bytes] = {}
        self._profiles = {
            (project, profile["id"]): profile
            for project, profiles in dataset.profiles.items()
            for profile in profiles
        }
        self._meta = {
            (project, meta["name"]): meta
            for project, metas in dataset.event_meta.items()
            for meta in metas
        }
        self._create(dataset)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; every value in it is a parameter.

        Raises:
            duckdb.Error: The query is wrong.
        """
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._database.cursor()
        rows: list[tuple[Any, ...]] = cursor.execute(sql, parameters).fetchall()
        return rows

    def fragments(self, seq: int) -> Fragments:
        """Return the JSON members of a row, encoded when it is first asked for."""
        held = self._fragments[seq]
        if isinstance(held, dict):
            held = self._fragments[seq] = self._encoder.fragments(held)
        return held

    def raw(self, seq: int) -> bytes | None:
        """Return the text that stands for a row as it is, if one was given."""
        return self._raw.get(seq)

    @property
    def has_raw(self) -> bool:
        """Whether any row is given as text."""
        return bool(self._raw)

    def profile(self, project: str, profile_id: str) -> Row | None:
        """Return a stored profile."""
        return self._profiles.get((project, profile_id))

    def meta(self, project: str, name: str) -> Row | None:
        """Return the definition of an event."""
        return self._meta.get((project, name))

    def add(self, rows: list[Row]) -> None:
        """Add events that are complete."""
        if not rows:
            return
        with self._writing:
            first = len(self._fragments)
            columns = table(rows, first)
            for seq, row in enumerate(rows, first):
                if "_raw" in row:
                    raw = row["_raw"]
                    self._raw[seq] = raw if isinstance(raw, bytes) else str(raw).encode()
                self._fragments.append(row)
            cursor = self._database.cursor()
            cursor.register("given", columns)
            cursor.execute("INSERT INTO events BY NAME FROM given")
            cursor.unregister("given")

    def remove(self, ids: Sequence[str]) -> None:
        """Delete all rows with these ids."""
        if not ids:
            return
        with self._writing:
            self._database.cursor().execute(
                "DELETE FROM events WHERE id IN (SELECT unnest(?::VARCHAR[]))", [list(ids)]
            )

    def _create(self, dataset: Dataset) -> None:
        empty = table([], 0)
        profiles = pa.Table.from_pylist(
            [_profile_row(project, profile) for (project, _), profile in self._profiles.items()],
            _PROFILES,
        )
        cursor = self._database.cursor()
        cursor.register("given", empty)
        cursor.execute("CREATE TABLE events AS FROM given")
        cursor.register("given", profiles)
        cursor.execute("CREATE TABLE profiles AS FROM given")
        for rows in dataset.events.values():
            # Rows in order of time let DuckDB skip what lies outside a range.
            self.add(sorted(rows, key=lambda row: str(row["createdAt"])))


def _profile_row(project: str, profile: Row) -> Row:
    return {
        "project_id": project,
        "id": profile["id"],
        "email": profile.get("email") or "",
        "first_name": profile.get("firstName") or "",
        "last_name": profile.get("lastName") or "",
        "created_ms": parse_js_date(profile.get("createdAt") or ""),
        "last_seen_ms": parse_js_date(profile.get("lastSeenAt") or ""),
        "properties": _dotted(profile["properties"]),
    }


def _dotted(properties: Row, prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in properties.items():
        if isinstance(value, dict):
            pairs += _dotted(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, str(value)))
    return pairs
