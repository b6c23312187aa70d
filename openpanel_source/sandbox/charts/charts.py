"""``/export/charts``: checked, counted and written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from openpanel_source.sandbox.answers import Answer, json_answer
from openpanel_source.sandbox.charts.answer import chart_answer
from openpanel_source.sandbox.charts.early import early_chart
from openpanel_source.sandbox.charts.query import ChartQuery, check_chart
from openpanel_source.sandbox.charts.range import period
from openpanel_source.sandbox.charts.series import SeriesReader
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Params


class Charts:
    """Draws charts.

    Args:
        store: Holds the rows.
        generation: What the server can do.
        now: The server's clock.
    """

    def __init__(self, store: Store, generation: Generation, now: Callable[[], datetime]) -> None:
        self._store = store
        self._generation = generation
        self._now = now

    def check(self, params: Params) -> ChartQuery:
        """Return the parameters of a request, checked.

        Raises:
            Refusal: 400, naming all that is wrong.
        """
        return check_chart(params, self._generation)

    def answer(self, project: str, timezone: str, query: ChartQuery) -> Answer:
        """Return the chart of a project that a query asks for.

        Args:
            project: Whose events.
            timezone: Of the organisation that owns it.
            query: What to draw.

        Raises:
            Refusal: 500, ClickHouse would fail on it; or there is no answer.
            duckdb.Error: DuckDB fails on it, as ClickHouse would.
        """
        dialect = self._generation.charts
        if dialect.early:
            return json_answer(200, early_chart(self._store, dialect, project, query, self._now()))
        zone = ZoneInfo(timezone)
        time = period(query, zone, self._now())
        reader = SeriesReader(self._store, dialect, project, query, zone)
        current = reader.read(time)
        previous = reader.read(time.before()) if query.previous else None
        return json_answer(200, chart_answer(query, current, previous, dialect.nothing))
