"""What some destinations need done differently: how JSON is sent to them, how tables are laid out.

All of it follows from the capabilities that dlt knows of a destination. DuckDB, PostgreSQL and
files need nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from dlt.common.configuration.container import Container
from dlt.common.destination import DestinationCapabilitiesContext

from openpanel_source.model.conditions import quoted, without_zone
from openpanel_source.model.schema import CHART_POINTS, EVENTS, Table

JsonForm = Literal["native", "lines", "text"]


@dataclass(frozen=True)
class Layout:
    """Where a destination puts the rows of a table, in dlt's hints.

    Args:
        columns: Hints by column.
        table: Hints of the table.
    """

    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialect:
    """What a destination needs done differently.

    Args:
        json: How JSON columns are sent to it. ``native``: as text in Parquet, which it parses, or
            keeps as text. ``lines``: as values in JSON Lines, because it refuses them in Parquet
            or would keep them as strings; in tables that come from memory they are text columns.
            ``text``: it takes no JSON, and the columns are text.
        instant: Writes an instant in SQL.
        layouts: By table.
    """

    json: JsonForm = "native"
    instant: Callable[[datetime], str] = quoted
    layouts: dict[str, Layout] = field(default_factory=dict)

    @property
    def events_format(self) -> Literal["parquet", "jsonl"]:
        """The format of files with events."""
        return "jsonl" if self.json == "lines" else "parquet"

    def hints(self, table: Table) -> dict[str, Any]:
        """What dlt has to be told of a table beyond what is declared; mostly nothing.

        Args:
            table: The table.

        Returns:
            Arguments of ``dlt.mark.make_hints``.
        """
        layout = self.layouts.get(table.name, Layout())
        columns = {name: {"name": name, **hints} for name, hints in layout.columns.items()}
        if self.json_type(table) == "text":
            texts = [column.name for column in table.columns if column.type == "json"]
            columns |= {name: {"name": name, "data_type": "text"} for name in texts}
        hints: dict[str, Any] = {}
        if columns:
            hints["columns"] = columns
        if layout.table:
            hints["additional_table_hints"] = layout.table
        if self._is_from_lines(table):
            hints["file_format"] = "jsonl"
        return hints

    def json_type(self, table: Table) -> Literal["json", "text"]:
        """The type of a table's columns that are declared JSON."""
        return "json" if self.json == "native" or self._is_from_lines(table) else "text"

    def _is_from_lines(self, table: Table) -> bool:
        return self.json == "lines" and table.name == EVENTS.name


def current_dialect() -> Dialect:
    """The dialect of the active pipeline's destination; the ordinary one if none is active."""
    container = Container()
    if DestinationCapabilitiesContext not in container:
        return Dialect()
    return dialect_of(container[DestinationCapabilitiesContext])


def dialect_of(capabilities: DestinationCapabilitiesContext) -> Dialect:
    """The dialect of a destination, from what dlt knows of it.

    Args:
        capabilities: Of the destination; its file formats are those left with its staging.
    """
    if _has_python_types(capabilities):
        # SQLAlchemy, whose JSON columns would quote a text once more.
        return Dialect(json="text", instant=without_zone)
    return Dialect(
        json=_json_form(capabilities),
        # False of destinations that cannot read an offset in a text.
        instant=quoted
        if capabilities.supports_tz_aware_datetime_in_cast is not False
        else capabilities.format_datetime_literal,
        layouts=_LAYOUTS.get(capabilities.sqlglot_dialect or "", {}),
    )


def _has_python_types(capabilities: DestinationCapabilitiesContext) -> bool:
    return capabilities.type_mapper is not None and not isinstance(_json_type(capabilities), str)


def _json_type(capabilities: DestinationCapabilitiesContext) -> Any:
    return capabilities.get_type_mapper().to_destination_type(_JSON, _TABLE)


def _json_form(capabilities: DestinationCapabilitiesContext) -> JsonForm:
    formats = capabilities.supported_loader_file_formats or ()
    if capabilities.type_mapper is None or _parses_text(capabilities):
        return "native"
    return "lines" if "jsonl" in formats else "text"


_KEEP_STRINGS = {"VARIANT", "SUPER"}
"""Types that hold a text as a string, whatever it says."""
_JSON: Any = {"name": "value", "data_type": "json"}
# One mapper decides by how rows are inserted; this is what merges always do.
_TABLE: Any = {"name": "table", "columns": {"value": _JSON}, "x-insert-api": "copy_into"}


def _parses_text(capabilities: DestinationCapabilitiesContext) -> bool:
    """Whether a JSON column holds JSON when it is loaded from a text column of Parquet."""
    try:
        capabilities.get_type_mapper().ensure_supported_type(_JSON, _TABLE, "parquet")
    except ValueError:
        return False
    return str(_json_type(capabilities)).upper() not in _KEEP_STRINGS


_PROJECT_DAY: dict[str, dict[str, Any]] = {
    "project_id": {"cluster": True},
    "event_date": {"cluster": True},
}
_CHART_BUCKET: dict[str, dict[str, Any]] = {
    "chart_id": {"cluster": True},
    "bucket_start": {"cluster": True},
}

_LAYOUTS: dict[str, dict[str, Layout]] = {
    "bigquery": {
        # Anybody can send an event of any day, and a table takes 10,000 partitions: 27 years of
        # days, 800 of months.
        EVENTS.name: Layout(
            {"event_date": {"partition": False}},
            {
                "x-bigquery-partition": {"event_date": "DATE_TRUNC({column_name}, MONTH)"},
                "x-bigquery-cluster-columns": ["project_id", "event_date", "name"],
            },
        ),
        CHART_POINTS.name: Layout(
            table={"x-bigquery-cluster-columns": ["chart_id", "bucket_start"]}
        ),
    },
    "snowflake": {
        EVENTS.name: Layout(_PROJECT_DAY),
        CHART_POINTS.name: Layout(_CHART_BUCKET),
    },
    "databricks": {
        # A table has either partitions or clusters.
        EVENTS.name: Layout(
            {**_PROJECT_DAY, "event_date": {"cluster": True, "partition": False}},
        ),
        CHART_POINTS.name: Layout(_CHART_BUCKET),
    },
    "clickhouse": {
        # The primary key sorts by project and day already. An insert into more than 100
        # partitions fails, and a run may bring events of any number of days.
        EVENTS.name: Layout({"event_date": {"partition": False}}),
    },
    "redshift": {
        EVENTS.name: Layout({"event_date": {"sort": True}}),
        CHART_POINTS.name: Layout({"bucket_start": {"sort": True}}),
    },
}
