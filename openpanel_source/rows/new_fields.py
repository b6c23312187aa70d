"""Fields of events that this version does not know: a column for each, within bounds; pure.

The API may send a new field from one day to the next. The first page that shows it is taken row by
row; from then on it is decoded with all others.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

from openpanel_source.rows.event import Fields

MOST = 50
"""Columns that a dataset ever gets in this way; further fields stay in ``extras``."""
FIELD_HINT = "x-field"
"""The hint of a column in dlt's schema that tells the field it holds."""

_NO_FIELDS = {"profile", "meta"}
"""What the API tells beside events when asked to."""
_LONGEST = 50
_PLAIN = re.compile(r"_*[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", re.ASCII)
_BETWEEN_WORDS = re.compile(r"_+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def column_name(field: str, reserved: Collection[str]) -> str | None:
    """The name of the column of a field, in snake_case; None if the field gets none.

    Args:
        field: As the server names it.
        reserved: Names that mean something else.
    """
    if len(field) > _LONGEST or field in _NO_FIELDS or not _PLAIN.fullmatch(field):
        return None
    name = "_".join(word.lower() for word in _BETWEEN_WORDS.split(field) if word)
    if name in reserved or field.startswith("_") or name.startswith("dlt_"):
        name = f"field_{name}"
    return None if name in reserved else name


class NewFields:
    """The fields that have columns, and those that get one as they are met; for many threads.

    Args:
        known: Columns by field, as earlier runs made them.
        reserved: Names of all other columns.
        may_grow: Whether there may be new columns.
    """

    def __init__(
        self,
        known: Mapping[str, str] | None = None,
        reserved: Collection[str] = (),
        *,
        may_grow: bool = True,
    ) -> None:
        self._reserved = frozenset(reserved)
        self._most = MOST if may_grow else 0
        self._growing = threading.Lock()
        self.known: Fields = tuple((known or {}).items())

    def learn(self, names: Iterable[str], known: Fields) -> bool:
        """Give fields a column, the first of those whose columns would have the same name.

        Args:
            names: Fields that were met.
            known: What was known of them.

        Returns:
            Whether more is known now.
        """
        with self._growing:
            columns = dict(self.known)
            for name in dict.fromkeys(names):
                column = column_name(name, self._reserved)
                is_taken = name in columns or column in columns.values()
                if column is not None and not is_taken and len(columns) < self._most:
                    columns[name] = column
            if len(columns) > len(self.known):
                self.known = tuple(columns.items())
            return self.known != known


def field_hints(
    fields: Fields, columns: Collection[str], json_type: Literal["json", "text"] = "json"
) -> dict[str, Any]:
    """The columns of fields as dlt hints, as far as they are among these."""
    return {
        column: {
            "name": column,
            "data_type": json_type,
            "nullable": True,
            "description": f"The field {field}, which the API began to send; its JSON.",
            FIELD_HINT: field,
        }
        for field, column in fields
        if column in columns
    }


def fields_in(columns: Mapping[str, Any]) -> dict[str, str]:
    """The columns by field that stand in dlt's schema of a table."""
    return {hints[FIELD_HINT]: name for name, hints in columns.items() if hints.get(FIELD_HINT)}
