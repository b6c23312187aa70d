"""What the dashboard lists, as rows of its tables, with the privacy settings applied; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from openpanel_source.model.schema import GROUPS, PROFILES, Table
from openpanel_source.rows.dimensions import hide_profiles, shaped
from openpanel_source.rows.privacy import Privacy


def shape_list(
    table: Table, rows: Sequence[Any], project_id: str, now: datetime, privacy: Privacy | None
) -> tuple[pa.Table, int]:
    """Rows of the table of a list.

    Args:
        table: The table.
        rows: As ``answers`` has them.
        project_id: The project.
        now: When they were told, UTC.
        privacy: What must not be loaded.

    Returns:
        The rows, and how many could not be shaped.
    """
    made = shaped(table, list(rows), project_id, now)
    left_out = len(rows) - made.num_rows
    if privacy is None:
        return made, left_out
    if table is PROFILES:
        return hide_profiles(made, privacy), left_out
    for place, column in enumerate(table.columns):
        change = _change(table, column.name, privacy)
        if change is not None:
            hidden = change(made.column(place).combine_chunks())
            made = made.set_column(place, made.schema.field(place), hidden)
    return made, left_out


def _change(table: Table, column: str, privacy: Privacy) -> Callable[[pa.Array], pa.Array] | None:
    if table is GROUPS:
        if column == "properties":
            return privacy.change("properties")
        if column in ("id", "name") and "groups" in privacy.hashed:
            # A list of names beside their hashes would undo these.
            return privacy.hashed_texts
    return privacy.change(f"{table.name}.{column}")
