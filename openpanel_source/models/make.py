"""Make the analyst's models beside the tables and keep them up to date; nothing else is touched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.destinations.exceptions import DatabaseException

from openpanel_source.destinations.duckdb_session import opened, settings_meanwhile
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import sql_dialect
from openpanel_source.errors import ViewBlockedError
from openpanel_source.model.clock import check_seconds
from openpanel_source.model.conditions import literal
from openpanel_source.model.text import printable
from openpanel_source.models.build import (
    Definitions,
    is_current,
    tables_statements,
    views_statements,
)
from openpanel_source.models.dataset import Dataset, models_dialect
from openpanel_source.models.definitions import NAMES, UTC, models, script
from openpanel_source.models.refresh import Refresh
from openpanel_source.models.time_zone import Zone, configured_zone

_DEPENDED_ON = "2BP01"
"""PostgreSQL's code for what others depend on."""
_DUCKDB_SETTINGS = {"memory_limit": "1500MB", "preserve_insertion_order": "false"}
"""What does not fit into the memory goes to files beside the database."""


@dataclass
class ModelsSummary:
    """What has become of the models.

    Attributes:
        models: Their names.
        kind: Whether they are ``table`` or ``view``.
        rebuilt: Whether all were made from nothing.
        days: UTC days of projects that were taken in.
        seconds: Wall time.
    """

    models: list[str] = field(default_factory=lambda: [*NAMES])
    kind: str = "table"
    rebuilt: bool = False
    days: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON values."""
        return {**vars(self), "seconds": round(self.seconds, 3)}


def refresh_models(
    pipeline: dlt.Pipeline,
    *,
    rebuild: bool = False,
    views: bool = False,
    timezone: str | None = None,
    busy_timeout: float = 60.0,
) -> ModelsSummary:
    """Make the models of docs/models.md, or bring them up to date; all of them or none.

    Args:
        pipeline: A pipeline whose destination is DuckDB or PostgreSQL.
        rebuild: Make the tables from nothing, even if they seem up to date.
        views: Make views instead of tables.
        timezone: IANA name of the time zone in which days and weeks begin; when left out, that
            which a call gave the models before, or else the source's ``timezone`` in dlt's
            configuration if it is one for all, or else that of the models, or UTC.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Returns:
        What was done.

    Raises:
        DestinationError: It is another destination, or nothing was loaded yet.
        InvalidSettingError: There is no such time zone.
        ViewBlockedError: A name is taken, or views of somebody else depend on these.
        OpenPanelError: The destination failed.
    """
    check_seconds("busy_timeout", busy_timeout)
    dialect = models_dialect(pipeline)
    configured_zone(timezone)
    with destination_errors(), opened(pipeline, busy_timeout) as client:
        dataset = Dataset.of(client, dialect)
        dataset.check()
        return _refreshed(dataset, timezone, rebuild=rebuild, views=views)


def refresh_tables(pipeline: dlt.Pipeline, busy_timeout: float) -> ModelsSummary | None:
    """Bring the tables of models up to date where somebody has made them; else None.

    Args:
        pipeline: A pipeline with its destination, whichever it is.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Raises:
        ViewBlockedError: Views of somebody else depend on tables that have changed.
        OpenPanelError: The destination failed.
    """
    dialect = sql_dialect(pipeline)
    if dialect is None:
        return None
    with destination_errors(), opened(pipeline, busy_timeout) as client:
        dataset = Dataset.of(client, dialect)
        if not dataset.has_tables:
            return None
        dataset.check()
        return _refreshed(dataset, None)


def models_script(dialect: str, *, timezone: str | None = None, dataset: str = "openpanel") -> str:
    """Statements that make the models as views in another destination.

    Args:
        dialect: One of ``DIALECTS``.
        timezone: As for ``refresh_models``.
        dataset: Where the tables are; in DuckDB and PostgreSQL, run the statements in it.

    Raises:
        InvalidSettingError: The time zone is unknown.
    """
    zone = configured_zone(timezone) or UTC
    scripts = (script(model, dialect, timezone=zone, dataset=dataset) for model in models())
    return "\n\n".join(scripts)


def _refreshed(
    dataset: Dataset, timezone: str | None, *, rebuild: bool = False, views: bool = False
) -> ModelsSummary:
    started = time.monotonic()
    summary = ModelsSummary(kind="view" if views else "table")
    client = dataset.client
    with _modest(dataset), _telling_who_depends(), client.begin_transaction():
        if dataset.dialect == "postgres":
            key = literal(f"openpanel-source models {client.dataset_name}")
            client.execute_sql(f"SELECT pg_advisory_xact_lock(hashtext({key}))")
            client.execute_sql("SET LOCAL work_mem = '64MB'")
            # Another process may just have made them.
            dataset = Dataset.of(client, dataset.dialect)
        definitions = Definitions(dataset, Zone.chosen(timezone, dataset.comments.values()))
        if views:
            _run(dataset, views_statements(dataset, definitions))
        elif rebuild or not is_current(dataset, definitions):
            summary.rebuilt = True
        else:
            refresh = Refresh(dataset, definitions)
            summary.days, known = refresh.find_changed()
            # Then it is quicker to read all days than to look for rows of many.
            summary.rebuilt = summary.days > known / 2
            if summary.days and not summary.rebuilt:
                refresh.take_in()
            refresh.forget()
        if summary.rebuilt:
            _run(dataset, tables_statements(dataset, definitions))
    summary.seconds = time.monotonic() - started
    return summary


def _run(dataset: Dataset, statements: Iterator[str]) -> None:
    for statement in statements:
        dataset.client.execute_sql(statement)


@contextmanager
def _telling_who_depends() -> Iterator[None]:
    try:
        yield
    except DatabaseException as error:
        refusal: Any = error.dbapi_exception
        if getattr(refusal, "pgcode", None) != _DEPENDED_ON:
            raise
        lines = (getattr(refusal.diag, "message_detail", None) or str(error)).splitlines()
        raise ViewBlockedError(
            "the models have changed and cannot be replaced, as others depend on them"
            f" ({printable('; '.join(lines), 1000)}); drop those, run again, and make them anew."
        ) from None


def _modest(dataset: Dataset) -> AbstractContextManager[Any]:
    """Have DuckDB take no more memory than a small machine has, where nothing is configured."""
    if dataset.dialect != "duckdb":
        return nullcontext()
    return settings_meanwhile(dataset.client, _DUCKDB_SETTINGS)
