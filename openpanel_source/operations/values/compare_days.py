"""Compare every value of chosen days, by a way of its own; ``verify/`` says how."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import dlt

from openpanel_source.api.client import Client
from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.destinations.warehouse import ProjectDay, own_schema
from openpanel_source.errors import OpenPanelError
from openpanel_source.model.clock import ALMOST_A_DAY
from openpanel_source.model.schema import EVENTS
from openpanel_source.model.setting_values import texts
from openpanel_source.model.table import PROPERTY_HINT
from openpanel_source.operations.preamble import looking_alone
from openpanel_source.operations.scrub.proofs import (
    Kind,
    Proof,
    keep_proofs,
    proofs_of,
)
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.values.choose_days import ValueAudit
from openpanel_source.operations.values.report import ValueDifference, ValueReport
from openpanel_source.rows.new_fields import fields_in
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.orders import Progress
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.verify.compare import ComparedDay, Comparison
from openpanel_source.verify.held import HeldDay
from openpanel_source.verify.hidden import Hidden
from openpanel_source.verify.listing import Asked, Listing
from openpanel_source.verify.rejected import rejected_key
from openpanel_source.verify.rules import WEB, Rules

_ROWS_AT_A_TIME = 50_000
_DAYS_AT_A_TIME = 50
"""Of the destination, before the server is asked about them."""
_MOST_FIRST = 50
logger = logging.getLogger(__name__)

OnDay = Callable[[Progress], None]
Sink = Callable[[ValueDifference], None]


@dataclass
class ValueAuditor:
    """Compares days of a pipeline with its server.

    Args:
        pipeline: A pipeline with its destination.
        client: Asks the server.
        settings: What is read.
        given: The same, as it was written.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Attributes:
        proofs: That days were found equal.
    """

    pipeline: dlt.Pipeline
    client: Client
    settings: Settings
    given: Arguments
    busy_timeout: float
    proofs: list[Proof] = field(default_factory=list, init=False)

    def compare(
        self, ask: ValueAudit, halt: Halt, sink: Sink, on_day: OnDay | None = None
    ) -> ValueReport:
        """Compare the chosen days.

        Args:
            ask: Which.
            halt: Says when to end.
            sink: Is given every difference.
            on_day: Called after each day with how far it is.
        """
        with looking_alone(self.pipeline, self.busy_timeout) as there:
            ledger = ledger_of(there, self.settings.query.fingerprint)
            proofs = proofs_of(there, self.settings.query.fingerprint)
        records = self._records(ledger)
        # Whoever names a seed wants the days that were chosen with it lately.
        until = self.settings.now() - (ALMOST_A_DAY if ask.seed is not None else timedelta())
        compared = {
            (one.project_id, one.day)
            for one in proofs
            if one.proof is Kind.VALUES and one.proven_at <= until
        }
        if ask.is_random and ask.seed is None:
            ask = replace(ask, seed=secrets.randbelow(1_000_000))
        chosen = ask.chosen(records, compared)
        report = ValueReport(seed=ask.seed if ask.is_random else None)
        report.not_asked = sum(one.is_settled for one in records) - len(chosen)
        if ask.first or ask.last:
            first, last = ask.first or date.min, ask.last or date.max
            report.skipped = [
                (one.project_id, one.day, f"{one.verdict.value}: the next sync reads it")
                for one in records
                if first <= one.day <= last and not one.is_settled
            ]
        with halt.ending():
            self._compare(report, chosen, halt, sink, on_day)
        return report

    def compare_days(self, days: Collection[ProjectDay], halt: Halt, sink: Sink) -> ValueReport:
        """Compare days whatever the ledger says of them; takes what ``compare`` takes."""
        with looking_alone(self.pipeline, self.busy_timeout) as there:
            ledger = ledger_of(there, self.settings.query.fingerprint)
        report = ValueReport()
        chosen = [one for one in self._records(ledger) if (one.project_id, one.day) in days]
        with halt.ending():
            self._compare(report, chosen, halt, sink)
        return report

    def keep_proofs(self) -> None:
        """Write down which days were found equal, where the destination can be written."""
        if not self.proofs:
            return
        try:
            with looking_alone(self.pipeline, self.busy_timeout) as there:
                keep_proofs(there, self.proofs, self.settings.table_format, self.busy_timeout)
        except OpenPanelError as error:
            # What was found is worth more than what need not be compared again.
            logger.info("which days were proven could not be written down: %s", error)

    def _compare(
        self,
        report: ValueReport,
        chosen: list[DayRecord],
        halt: Halt,
        sink: Sink,
        on_day: OnDay | None = None,
    ) -> None:
        expected = sum(one.rows_received for one in chosen)
        for record, result, held in self._compared(chosen, halt):
            _note(report, result, held, sink)
            held.close()
            if not result.kinds and not result.note and record.is_settled:
                now = self.settings.now()
                self.proofs.append(Proof.of(record, now, Kind.VALUES, result.rows))
            if on_day is not None:
                left = len(chosen) - report.days
                of_day = (record.project_id, record.day, report.rows, expected)
                on_day(Progress(*of_day, report.days, left, record))

    def _records(self, ledger: Ledger) -> list[DayRecord]:
        return [
            record for name in self.settings.project_ids for record in ledger.days(name).values()
        ]

    def _compared(
        self, chosen: list[DayRecord], halt: Halt
    ) -> Iterator[tuple[DayRecord, ComparedDay, HeldDay]]:
        comparisons: dict[str, Comparison] = {}
        for batch in _batches(chosen):
            if halt.is_due():
                return
            for record, rules, held in self._held(batch):
                if halt.is_due():
                    return
                project = record.project_id
                if project not in comparisons:
                    listing = Listing(self.client, self._asked(rules), project)
                    comparisons[project] = Comparison(listing, rules)
                result = comparisons[project].compare(held)
                if not result.kinds:
                    yield record, result, held
                    continue
                # What was read, or came, in between is no difference.
                held.close()
                [(_, _, anew)] = self._held([record])
                yield record, comparisons[project].compare(anew), anew

    def _held(self, records: list[DayRecord]) -> list[tuple[DayRecord, Rules, HeldDay]]:
        found = []
        with ExitStack() as stack:
            there = stack.enter_context(looking_alone(self.pipeline, self.busy_timeout))
            schema = own_schema(there)
            columns: Any = schema.tables[EVENTS.name]["columns"] if schema else {}
            rules = self._rules(columns)
            names = [name for name in rules.checks if name in columns]
            is_json = [columns[name].get("data_type") == "json" for name in names]
            for record in records:
                held = HeldDay(record.project_id, record.day, names)
                held.fetch(there, record.distinct_ids, is_json)
                for is_of_day, raw in held.fetch_rejected(there):
                    key = rejected_key(raw, rules, is_held=True)
                    held.add_rejected(key, is_of_day=is_of_day)
                found.append((record, rules, held))
        return found

    def _rules(self, columns: Any) -> Rules:
        given = self.given
        hidden = Hidden(
            excluded=texts("exclude_columns", given.exclude_columns or ()),
            hashed=texts("hash_columns", given.hash_columns or ()),
            dropped=texts("drop_properties", given.drop_properties or ()),
            erased=texts("erased_profiles", given.erased_profiles or ()),
            key=given.hash_key or "",
        )
        if not (hidden.excluded or hidden.hashed or hidden.dropped or hidden.erased):
            hidden = Hidden()
        return Rules(
            hidden=hidden,
            web_columns=given.web_columns,
            promoted={
                name: (str(hints[PROPERTY_HINT]), str(hints["data_type"]))
                for name, hints in columns.items()
                if hints.get(PROPERTY_HINT) is not None and name not in WEB
            },
            configured=frozenset(self.settings.properties),
            new_fields={name: field for field, name in fields_in(columns).items()},
            dimensions=frozenset(self.settings.query.dimensions),
        )

    def _asked(self, rules: Rules) -> Asked:
        query = self.settings.query
        return Asked(
            events=query.events,
            filters=tuple(one.to_api() for one in query.filters),
            profile_id=query.profile_id,
            includes=rules.includes,
        )


def _note(report: ValueReport, result: ComparedDay, held: HeldDay, sink: Sink) -> None:
    report.days += 1
    report.rows += result.rows
    report.fields += result.fields
    if result.note:
        report.skipped.append((result.project_id, result.day, result.note))
    if not result.kinds:
        return
    report.differing.append((result.project_id, result.day))
    for kind, column, count in result.kinds:
        report.kinds[f"{kind}: {column}"] += count
    before = None
    for kind, column, event_id, server, ours in held.found():
        found = ValueDifference(result.project_id, result.day, kind, column, event_id, server, ours)
        sink(found)
        if (kind, column) != before and len(report.differences) < _MOST_FIRST:
            report.differences.append(found)
        before = kind, column


def _batches(records: list[DayRecord]) -> Iterator[list[DayRecord]]:
    batch: list[DayRecord] = []
    rows = 0
    for record in records:
        if batch and (
            rows + record.distinct_ids > _ROWS_AT_A_TIME or len(batch) == _DAYS_AT_A_TIME
        ):
            yield batch
            batch, rows = [], 0
        batch.append(record)
        rows += record.distinct_ids
    if batch:
        yield batch
