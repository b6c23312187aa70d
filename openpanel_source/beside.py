"""Rows for the tables beside ``events`` that are made of the same answers."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from openpanel_source.buffer import TableBuffer
from openpanel_source.schema import EVENT_GROUPS

_MOST_BYTES = 4 * 1024 * 1024


class BesideEvents:
    """Rows by the name of their table, in bounded memory."""

    def __init__(self) -> None:
        self._buffers: dict[str, TableBuffer] = {}

    def __getitem__(self, name: str) -> TableBuffer:
        """The rows for a table; perhaps none."""
        return self._buffers.get(name, TableBuffer())

    @property
    def group_rows(self) -> int:
        """Rows for ``event_groups``."""
        return self[EVENT_GROUPS.name].num_rows

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows for a table."""
        if rows.num_rows:
            self._buffers.setdefault(name, TableBuffer(_MOST_BYTES)).append(rows)

    def update(self, other: BesideEvents) -> None:
        """Add all rows of another."""
        for name, tables in other._buffers.items():
            for rows in tables:
                self.add(name, rows)

    def after(self, instant: datetime) -> BesideEvents:
        """The groups of events after an instant; of other tables all rows."""
        import pyarrow.compute as pc

        found = BesideEvents()
        for name, tables in self._buffers.items():
            for rows in tables:
                is_newer = name != EVENT_GROUPS.name or pc.greater(rows["created_at"], instant)
                found.add(name, rows if is_newer is True else rows.filter(is_newer))
        return found
