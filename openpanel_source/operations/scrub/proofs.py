"""When days were proven other than by reading them: the table ``day_proofs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from enum import Enum
from typing import Any

import dlt
from dlt.extract import DltResource

from openpanel_source.days.ledger import DayRecord
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import (
    NOT_THERE,
    ProjectDay,
    day_of,
    instant_of,
    select,
)
from openpanel_source.model.schema import DAY_PROOFS
from openpanel_source.operations.runs.package_steps import extract, load
from openpanel_source.source.hints import describe
from openpanel_source.source.source import source_of


class Kind(str, Enum):
    """How a day was proven."""

    LISTED = "listed"
    """All ids that the server lists are held, and no others."""
    PART = "part"
    """The same of its newest rows."""
    VALUES = "values"
    """Every value was compared."""


@dataclass(frozen=True)
class Proof:
    """That a UTC day of a project held what the server lists: a row of ``day_proofs``."""

    project_id: str
    query_fingerprint: str
    day: date
    proven_at: datetime
    proof: Kind
    rows: int
    listed_from: datetime | None = None
    listed_rows: int | None = None
    strangers: int | None = None

    @classmethod
    def of(cls, record: DayRecord, proven_at: datetime, kind: Kind, rows: int) -> Proof:
        """A proof of a day of the ledger."""
        return cls(record.project_id, record.query_fingerprint, record.day, proven_at, kind, rows)

    def down_to(self, start: datetime, rows: int, strangers: int) -> Proof:
        """The same of a part that ends with an instant, so many rows from the newest."""
        return replace(self, listed_from=start, listed_rows=rows, strangers=strangers)


def proofs_of(pipeline: dlt.Pipeline, fingerprint: str | None = None) -> list[Proof]:
    """All proofs that a destination holds, the oldest first; none of one that takes no SQL.

    Args:
        pipeline: A pipeline with its destination.
        fingerprint: Of a query; all when left out.
    """
    names = [one.name for one in fields(Proof)]
    condition = "1 = 1" if fingerprint is None else f"query_fingerprint = '{fingerprint}'"
    try:
        rows = list(select(pipeline, DAY_PROOFS.name, names, condition))
    except NOT_THERE:
        return []
    found = [_proof(dict(zip(names, row, strict=True))) for row in rows]
    return sorted(found, key=lambda one: one.proven_at)


def newest(proofs: Iterable[Proof]) -> Mapping[ProjectDay, Proof]:
    """The last proof of each day.

    Args:
        proofs: The oldest first.
    """
    return {(one.project_id, one.day): one for one in proofs}


def keep_proofs(
    pipeline: dlt.Pipeline, proofs: list[Proof], table_format: str | None, busy_timeout: float
) -> None:
    """Load proofs, in a package of their own.

    Args:
        pipeline: Has nothing pending, and knows what its destination does.
        proofs: Which; no package is made of none.
        table_format: Of tables in files; None for plain ones.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Raises:
        OpenPanelError: They could not be loaded; the package is pending.
    """
    if proofs:
        with destination_errors():
            extract(pipeline, source_of([proofs_resource(proofs, table_format)]))
            load(pipeline, 0, busy_timeout)


def proofs_resource(proofs: list[Proof], table_format: str | None) -> DltResource:
    """What yields proofs to dlt, to be appended; takes what ``keep_proofs`` takes."""
    rows = DAY_PROOFS.arrow_table({**asdict(one), "proof": one.proof.value} for one in proofs)
    resource: DltResource = dlt.resource(
        [rows],
        name=DAY_PROOFS.name,
        primary_key=DAY_PROOFS.primary_key,
        columns=DAY_PROOFS.dlt_columns(),
        write_disposition="append",
    )
    describe(resource, DAY_PROOFS, table_format)
    return resource


def _proof(row: dict[str, Any]) -> Proof:
    instants = {name: instant_of(row[name]) for name in ("proven_at", "listed_from")}
    return Proof(**{**row, **instants, "day": day_of(row["day"]), "proof": Kind(row["proof"])})
