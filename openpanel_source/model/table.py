"""What tables are declared with; dlt hints, Arrow schemas, comments and docs are made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pyarrow as pa

BIGINT = 2**63 - 1
"""The largest number that a column of type bigint holds; the smallest is one further from 0."""

ColumnType = Literal["text", "bigint", "double", "bool", "timestamp", "date", "json", "decimal"]

PROPERTY_HINT = "x-property"
"""The hint of a column in dlt's schema that tells the key of ``properties`` it is made of."""

ARROW: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "json": pa.string(),
    "decimal": pa.decimal128(38, 9),
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        type: A dlt data type; timestamps are UTC instants, dates UTC days.
        name: In snake_case.
        description: What it holds, with units.
        origin: What it is made of; a field of the API in backticks.
        property_key: The key of ``properties`` whose value it holds, if it does.
        key: Whether it belongs to the primary key, and so is never null.
        required: Whether it is never null though no key.
    """

    type: ColumnType
    name: str
    description: str
    origin: str = ""
    key: bool = False
    required: bool = False
    property_key: str | None = None

    @property
    def field(self) -> str | None:
        """The field of the API that it holds; None when it is derived."""
        return self.origin[1:-1] if self.origin.startswith("`") else None

    @property
    def nullable(self) -> bool:
        """Whether a row may hold null here."""
        return not (self.key or self.required)


text = partial(Column, "text")
bigint = partial(Column, "bigint")
double = partial(Column, "double")
boolean = partial(Column, "bool")
timestamp = partial(Column, "timestamp")
date = partial(Column, "date")
json = partial(Column, "json")


@dataclass(frozen=True)
class Reference:
    """That columns of a table name rows of another one.

    Args:
        table: The other table.
        columns: Of this table.
        to: Of the other one, in the same order; the same names when left out.
        is_unique: Whether they name one row there; else they may name several.
    """

    table: str
    columns: tuple[str, ...]
    to: tuple[str, ...] = ()
    is_unique: bool = True

    @property
    def hint(self) -> Any:
        """The reference as a dlt hint."""
        return {
            "referenced_table": self.table,
            "columns": list(self.columns),
            "referenced_columns": list(self.to or self.columns),
            "cardinality": "many_to_one" if self.is_unique else "many_to_many",
            "label": ", ".join(self.columns),
        }


@dataclass(frozen=True)
class Table:
    """A table.

    Args:
        name: In snake_case.
        description: What one row is.
        columns: In order.
        references: Rows of other tables that a row names.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()

    @property
    def primary_key(self) -> list[str]:
        """The names of the columns that identify a row."""
        return [column.name for column in self.columns if column.key]

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of the table's rows; JSON is text."""
        return pa.schema(
            [pa.field(column.name, ARROW[column.type], column.nullable) for column in self.columns]
        )

    def arrow_table(self, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
        """Rows, as mappings of columns that are not null, as Arrow."""
        return pa.Table.from_pylist(list(rows), schema=self.arrow_schema)

    def dlt_columns(self) -> dict[str, Any]:
        """The columns as dlt hints."""
        hints: dict[str, Any] = {}
        for column in self.columns:
            hints[column.name] = {
                "name": column.name,
                "data_type": column.type,
                "nullable": column.nullable,
                "description": column.description,
            }
            if column.type == "timestamp":
                hints[column.name]["precision"] = 6
            if column.type == "decimal":
                hints[column.name] |= {"precision": 38, "scale": 9}
            if column.property_key is not None:
                hints[column.name][PROPERTY_HINT] = column.property_key
        return hints
