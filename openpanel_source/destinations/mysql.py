"""What dlt's SQLAlchemy destination is told to hold exactly what comes in MariaDB and MySQL.

Texts there hold 64 KB unless said otherwise, and are compared without regard to case, accents and
spaces at their end: a load would take rows of ``Anna`` and ``anna`` for one. And a load that
replaces rows by their key would compare each new one with all that are there.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from dlt.destinations.impl.sqlalchemy.dialect import MysqlDialectCapabilities
from dlt.destinations.impl.sqlalchemy.type_mapper import MysqlVariantTypeMapper
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.ext.compiler import compiles

NAMES = ("mysql", "mariadb")
"""What SQLAlchemy calls them."""

_INDEX = "by_key"
_IN_INDEX = 100
"""Characters of a text that an index holds: it takes 3,072 bytes of a row at most."""


class _Text(LONGTEXT):
    """A text of any length, told apart from each that is not the same character by character."""


@compiles(_Text, *NAMES)
def _written(_: _Text, compiler: Any, **__: Any) -> str:
    collation = "utf8mb4_nopad_bin" if compiler.dialect.is_mariadb else "utf8mb4_0900_bin"
    return f"LONGTEXT CHARACTER SET utf8mb4 COLLATE {collation}"


class _Types(MysqlVariantTypeMapper):
    def db_type_from_text_type(self, column: Any, table: Any) -> Any:
        if column.get("precision") is not None or column.get("unique"):
            return super().db_type_from_text_type(column, table)
        return _Text()


class _Tables(MysqlDialectCapabilities):
    def adapt_table(self, table: sa.Table, table_schema: Any) -> sa.Table:
        keys = [name for name, column in table_schema["columns"].items() if _is_key(column)]
        # dlt makes the table anew for each new column, in place of itself.
        table.indexes.clear()
        if keys:
            columns = [table.c[name] for name in keys]
            lengths = {one.name: _IN_INDEX for one in columns if isinstance(one.type, sa.String)}
            sa.Index(_INDEX, *columns, mysql_length=lengths, mariadb_length=lengths)
        return table


def _is_key(column: Any) -> bool:
    return bool(column.get("primary_key"))


def capabilities() -> dict[str, Any]:
    """Capabilities for ``dlt.destinations.sqlalchemy``, which go before those that dlt finds."""
    return {"type_mapper": _Types, "dialect_capabilities": _Tables("mysql")}
