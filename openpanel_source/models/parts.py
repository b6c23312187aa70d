"""Have DuckDB make tables of many events in parts, each of which fits into little memory.

PostgreSQL sorts what does not fit; it makes them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from openpanel_source.destinations.warehouse import day_of
from openpanel_source.model.schema import EVENTS
from openpanel_source.models.dataset import Dataset
from openpanel_source.models.definitions import OF_DAYS, local_day
from openpanel_source.models.time_zone import Zone

EVENTS_A_PART = 2_000_000
_ACROSS = "temp.main.openpanel_across"
_NO_PARTS: Sequence[Mapping[str, str]] = ({},)


class Parts:
    """What each part of a model reads instead of whole tables.

    Args:
        dataset: Where the events are.
        zone: In which days begin.
        most: Events of a part, unless a day has more.
    """

    def __init__(self, dataset: Dataset, zone: Zone, most: int) -> None:
        self._events = dataset.named(EVENTS.name)
        self._made = {name: dataset.named(name) for name in ("sessions", "visitor_days")}
        self._local = local_day("events.created_at", zone.name, dataset.dialect)
        self._ranges: list[tuple[date, date]] = []
        if dataset.dialect == "duckdb":
            query = f"SELECT event_date, COUNT(*) FROM {self._events} GROUP BY 1 ORDER BY 1"
            held = [(day_of(day), rows) for day, rows in dataset.client.execute_sql(query)]
            self._ranges = ranges(held, most)

    def prepare(self) -> Iterator[str]:
        """Statements to run before the queries of parts."""
        if self._is_one:
            return
        yield (
            f"CREATE TEMPORARY TABLE {_ACROSS} AS SELECT project_id, session_id"
            f" FROM {self._events} WHERE session_id <> '' GROUP BY project_id, session_id"
            " HAVING MIN(event_date) < MAX(event_date)"
        )

    def forget(self) -> Iterator[str]:
        """Statements to run after them."""
        if not self._is_one:
            yield f"DROP TABLE {_ACROSS}"

    def of(self, name: str) -> Sequence[Mapping[str, str]]:
        """What each part of a model reads, as SQL by the names of tables."""
        if self._is_one or name not in ("sessions", *OF_DAYS):
            return _NO_PARTS
        if name == "sessions":
            across = f"{_ACROSS} AS across USING (project_id, session_id)"
            some = [
                f"(SELECT events.* FROM {self._events} AS events ANTI JOIN {across}"
                f" WHERE events.event_date BETWEEN '{first}' AND '{last}')"
                for first, last in self._ranges
            ]
            some.append(f"(SELECT events.* FROM {self._events} AS events SEMI JOIN {across})")
            return [{EVENTS.name: part} for part in some]
        return [self._days(first, last) for first, last in self._local_ranges]

    @property
    def _is_one(self) -> bool:
        return len(self._ranges) < 2

    @property
    def _local_ranges(self) -> Iterator[tuple[date, date]]:
        """The same for days of the time zone, of which the first and last lie a day outside."""
        day, last_part = timedelta(days=1), len(self._ranges) - 1
        for number, (first, last) in enumerate(self._ranges):
            yield first - day if number == 0 else first, last + day if number == last_part else last

    def _days(self, first: date, last: date) -> Mapping[str, str]:
        day = timedelta(days=1)
        return {
            EVENTS.name: (
                f"(SELECT * FROM {self._events} AS events"
                f" WHERE events.event_date BETWEEN '{first - day}' AND '{last + day}'"
                f" AND {self._local} BETWEEN '{first}' AND '{last}')"
            ),
            **{
                name: f"(SELECT * FROM {table} WHERE day BETWEEN '{first}' AND '{last}')"
                for name, table in self._made.items()
            },
        }


def ranges(held: Sequence[tuple[date, int]], most: int) -> list[tuple[date, date]]:
    """Ranges of days, one after the other without a gap, each of so many events if days permit.

    Args:
        held: Days in order, and how many events each holds.
        most: Events of a range.
    """
    found: list[tuple[date, date]] = []
    rows = 0
    for day, more in held:
        if found and rows + more <= most:
            rows += more
            found[-1] = found[-1][0], day
        else:
            start = found[-1][1] + timedelta(days=1) if found else day
            found.append((start, day))
            rows = more
    return found
