"""Make all models from nothing, as tables or as views."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from openpanel_source.model.schema import SYNC_DAYS
from openpanel_source.models.dataset import RECORD, Dataset
from openpanel_source.models.definitions import NAMES, READABLE, Model, models, select
from openpanel_source.models.parts import EVENTS_A_PART, Parts
from openpanel_source.models.time_zone import Zone

RECORD_MEANING = "The days of events that the tables of models have taken in."
RECORD_COLUMNS = {
    "project_id": "The project.",
    "event_date": "The UTC day.",
    "loads": "Which load packages with the day were taken in: how many, and the last.",
}
_INDEXES = {
    "sessions": (
        "(project_id, session_id)",
        "(project_id, day)",
        "(project_id, profile_id)",
        "(project_id, first_event_date)",
        "(project_id, last_event_date) WHERE first_event_date < last_event_date",
    ),
    "visitor_days": ("(project_id, day)", "(project_id, profile_id)"),
    "users": (
        "(project_id, profile_id)",
        "(project_id, first_identified_day, last_identified_day)"
        " WHERE NOT first_identified_day IS NULL",
    ),
    **dict.fromkeys(
        ("daily_metrics", "daily_countries", "daily_sources", "pages", "funnel"),
        ("(project_id, day)",),
    ),
    RECORD: ("(project_id, event_date)",),
}
"""Of PostgreSQL's tables; DuckDB finds rows without."""


class Definitions:
    """The queries of all models for a dataset and a time zone.

    Attributes:
        zone: In which days begin.
        fingerprint: Of all that decides what rows of events become.
    """

    def __init__(self, dataset: Dataset, zone: Zone) -> None:
        self.zone = zone
        self._dataset = dataset
        self._tables = {name: dataset.named(name) for name in READABLE}
        everything = [*map(self.query, models()), str(zone), repr(dataset.conversions())]
        self.fingerprint = hashlib.sha256("\0".join(everything).encode()).hexdigest()

    def query(self, model: Model, instead: Mapping[str, str] | None = None) -> str:
        """The query of a model.

        Args:
            model: The model.
            instead: What to read instead of tables, as SQL, by their names.
        """
        return select(
            model,
            self._dataset.dialect,
            timezone=self.zone.name,
            tables={**self._tables, **(instead or {})},
            relations=self._dataset.columns,
        )

    def text(self, model: Model) -> str:
        """What the comment of a model says."""
        return f"{model.description} {self.zone}"


def taken_in(dataset: Dataset) -> str:
    """A query for what there is to take in: of each day, which load packages hold it.

    A package is told once more when its load has ended: its parts arrive one after another. What
    was adopted or held back has changed no row.
    """
    return (
        "SELECT days.project_id, days.day AS event_date,"
        " CAST(COUNT(DISTINCT days.load_id) AS TEXT) || ' '"
        " || CAST(COUNT(DISTINCT ended.load_id) AS TEXT) || ' ' || MAX(days.load_id) AS loads"
        f" FROM {dataset.named(SYNC_DAYS.name)} AS days"
        f" LEFT JOIN {dataset.named('_dlt_loads')} AS ended ON ended.load_id = days.load_id"
        " WHERE days.reason <> 'adopted' AND days.verdict <> 'shrunk'"
        " GROUP BY days.project_id, days.day"
    )


def changed_days(dataset: Dataset) -> str:
    """A query for the days of which the tables have not taken in what there is."""
    return (
        "SELECT COALESCE(now.project_id, before.project_id) AS project_id,"
        " COALESCE(now.event_date, before.event_date) AS event_date, now.loads"
        f" FROM ({taken_in(dataset)}) AS now FULL OUTER JOIN {dataset.named(RECORD)} AS before"
        " ON before.project_id = now.project_id AND before.event_date = now.event_date"
        " WHERE now.loads IS DISTINCT FROM before.loads"
    )


def is_current(dataset: Dataset, definitions: Definitions) -> bool:
    """Whether the tables are all there, and as they would be made now."""
    return all(
        dataset.kinds.get(name) == "table" for name in (*NAMES, RECORD)
    ) and dataset.comments[RECORD].endswith(_ended(definitions))


def _ended(definitions: Definitions) -> str:
    return f" Definition: {definitions.fingerprint}."


def tables_statements(
    dataset: Dataset, definitions: Definitions, events_a_part: int = EVENTS_A_PART
) -> Iterator[str]:
    """Statements that make all models as tables, from all events, in place of what is ours.

    Args:
        dataset: Where they are.
        definitions: What they are made by.
        events_a_part: DuckDB reads so many events at a time; memory grows with it.
    """
    yield from _without(dataset, "view")
    yield from _filled(dataset, RECORD, [taken_in(dataset)], [*RECORD_COLUMNS])
    text = f"{RECORD_MEANING}{_ended(definitions)}"
    yield from dataset.described("table", RECORD, text, RECORD_COLUMNS)
    parts = Parts(dataset, definitions.zone, events_a_part)
    yield from parts.prepare()
    for model in models():
        queries = [definitions.query(model, instead) for instead in parts.of(model.name)]
        yield from _filled(dataset, model.name, queries, [*model.columns])
        yield from dataset.described("table", model.name, definitions.text(model), model.columns)
    yield from parts.forget()


def views_statements(dataset: Dataset, definitions: Definitions) -> Iterator[str]:
    """Statements that make all models as views, in place of what is ours."""
    yield from _without(dataset, "table")
    kept = [model for model in models() if dataset.kinds.get(model.name) == "view"]
    if any([*model.columns] != [*dataset.columns.get(model.name, ())] for model in kept):
        # PostgreSQL replaces a view only by one that has the same columns.
        yield from _without(dataset, "view")
    for model in models():
        query = definitions.query(model)
        yield f"CREATE OR REPLACE VIEW {dataset.named(model.name)} AS\n{query}"
        yield from dataset.described("view", model.name, definitions.text(model), model.columns)


def _without(dataset: Dataset, kind: str) -> Iterator[str]:
    for name in (RECORD, *reversed(NAMES)):
        if dataset.kinds.get(name) == kind:
            yield f"DROP {kind.upper()} {dataset.named(name)}"


def _filled(
    dataset: Dataset, name: str, queries: Sequence[str], columns: list[str]
) -> Iterator[str]:
    table = dataset.named(name)
    is_there = dataset.kinds.get(name) == "table"
    if is_there and dataset.dialect == "postgres" and [*dataset.columns[name]] == columns:
        # Views of somebody else may depend on it.
        yield f"TRUNCATE {table}"
        yield from (f"INSERT INTO {table}\n{query}" for query in queries)
    else:
        if is_there:
            yield f"DROP TABLE {table}"
        yield f"CREATE TABLE {table} AS\n{queries[0]}"
        yield from (f"INSERT INTO {table}\n{query}" for query in queries[1:])
        for index in _INDEXES.get(name, ()) if dataset.dialect == "postgres" else ():
            yield f"CREATE INDEX ON {table} {index}"
    if dataset.dialect == "postgres":
        yield f"ANALYZE {table}"
