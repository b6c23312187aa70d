"""Which days of a sync lack the values of keys that it was the first to give a column."""

from __future__ import annotations

from collections.abc import Iterable

import dlt

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.destinations.warehouse import ProjectDay, own_schema
from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.property_columns import column_names
from openpanel_source.source.hints import columns_of
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.settings.checked import Settings


class Unfilled:
    """Keys without a column, and the days with rows, as they are before anything is read.

    Args:
        pipeline: A pipeline that knows what its destination holds.
        settings: What it reads.
    """

    def __init__(self, pipeline: dlt.Pipeline, settings: Settings) -> None:
        schema = own_schema(pipeline) if settings.properties else None
        held = columns_of(schema, EVENTS) if schema else {}
        names = column_names(settings.properties, held)
        self.keys = [key for key in settings.properties if held and names[key] not in held]
        self._days: set[ProjectDay] = set()
        if self.keys:
            ledger = ledger_of(pipeline, settings.query.fingerprint)
            self._days = {
                (project, day)
                for project in settings.project_ids
                for day, record in ledger.days(project).items()
                if record.distinct_ids
            }

    def days_left(self, read: Iterable[DayRecord]) -> int:
        """How many of these days were not read as a whole.

        Args:
            read: The days that were read; of open ones, perhaps only the rows that are new.
        """
        whole = {(item.project_id, item.day) for item in read if item.reason is not Reason.OPEN}
        return len(self._days - whole)
