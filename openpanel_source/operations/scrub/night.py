"""What a sync spends on days that were proven longest ago, after its own work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.backlog import Backlog
from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.destinations.dialect import dialect_of
from openpanel_source.destinations.duckdb_session import open_meanwhile
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import NOT_THERE, ProjectDay, select
from openpanel_source.errors import (
    AnswerTooLargeError,
    OpenPanelError,
    ServerFaultError,
    TransientError,
)
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.runs.summary import ScrubSummary
from openpanel_source.operations.scrub.listing import Listed, Lister
from openpanel_source.operations.scrub.proofs import Kind, Proof, keep_proofs, proofs_of
from openpanel_source.operations.scrub.queue import Waiting, waiting_days
from openpanel_source.operations.stop import Halt
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Night:
    """A sync's budget for old days.

    Args:
        pipeline: A pipeline with nothing pending, which knows what its destination does.
        settings: What is read; ``scrub_requests`` is the budget.
        halt: Says when to end.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """

    pipeline: dlt.Pipeline
    settings: Settings
    halt: Halt
    busy_timeout: float

    def spend(self, backlog: Backlog, read: Callable[[], object]) -> ScrubSummary:
        """List days until the budget is spent; write down which are equal, read the others.

        What goes wrong with the server is logged, and left to the next sync.

        Args:
            backlog: Of the sync, of which all was read; gets the days that differ.
            read: Reads what is in it, and replaces it as ever.

        Returns:
            What was found.
        """
        summary, proofs, reader = ScrubSummary(), list[Proof](), backlog.reader
        if reader is None or backlog.days_left > 0:
            return summary
        before = reader.client.requests_sent
        try:
            with destination_errors():
                for item in self._waiting(backlog.failed):
                    left = self.settings.scrub_requests - reader.client.requests_sent + before
                    if left <= 0 or self.halt.is_due():
                        break
                    self._take(item, Lister(reader), left, summary, proofs)
        except SqlClientNotAvailable:
            # There is no way to tell which ids are held.
            return summary
        except OpenPanelError as error:
            if not self.halt.is_asked:
                summary.failure = str(error)
                logger.warning("old days could not be listed further: %s", error)
        summary.requests = reader.client.requests_sent - before
        keep_proofs(self.pipeline, proofs, self.settings.table_format, self.busy_timeout)
        backlog.add(summary.differing, Reason.SCRUB)
        if summary.differing and not self.halt.is_due():
            try:
                read()
            except (ServerFaultError, TransientError) as error:
                # The sync has done its own work, and these days still wait longest.
                summary.failure = str(error)
        return summary

    def _waiting(self, failed: FailedProjects) -> list[Waiting]:
        settings = self.settings
        fingerprint = settings.query.fingerprint
        with open_meanwhile(self.pipeline, self.busy_timeout):
            ledger = ledger_of(self.pipeline, fingerprint)
            proofs = proofs_of(self.pipeline, fingerprint)
        first, last = settings.start or date.min, settings.end or date.max
        records = [
            record
            for project in settings.project_ids
            if project not in failed
            for record in ledger.days(project).values()
            if first <= record.day <= last
        ]
        return waiting_days(records, proofs, settings.now())

    def _take(
        self,
        item: Waiting,
        lister: Lister,
        requests: int,
        summary: ScrubSummary,
        proofs: list[Proof],
    ) -> None:
        record, key = item.record, (item.record.project_id, item.record.day)
        try:
            listed = lister.take(*key, item.part, requests)
        except AnswerTooLargeError:
            # Such pages are read in parts, as the day is read again.
            summary.differing.append(key)
            return
        strangers = self._strangers(key, listed)
        if strangers is not None and item.part is not None:
            strangers += item.part.strangers or 0
        if not is_same(record, listed, strangers):
            logger.warning(
                "%s, %s: the server lists other events than are held; the day is read again", *key
            )
            summary.differing.append(key)
            return
        kind = Kind.LISTED if listed.is_whole else Kind.PART
        proof = Proof.of(record, self.settings.now(), kind, listed.rows)
        if listed.is_whole:
            summary.days += 1
        else:
            summary.parts += 1
            proof = proof.down_to(listed.start, listed.position, strangers or 0)
        proofs.append(proof)

    def _strangers(self, key: ProjectDay, listed: Listed) -> int | None:
        """How many of the ids listed are not held; None if some are held, or twice, alone."""
        held = self._held(key, listed)
        ids = set(held)
        if len(ids) < len(held) or not ids <= listed.ids:
            return None
        return len(listed.ids) - len(ids)

    def _held(self, key: ProjectDay, listed: Listed) -> list[str]:
        """Ids that the destination holds of what was listed."""
        project, day = key
        instant = dialect_of(self.pipeline.destination.capabilities()).instant
        condition = f"project_id = '{project}' AND event_date = '{day}'"
        if not listed.is_day:
            condition += (
                f" AND created_at >= {instant(listed.start)} AND created_at < {instant(listed.end)}"
            )
        try:
            with open_meanwhile(self.pipeline, self.busy_timeout):
                return [row[0] for row in select(self.pipeline, EVENTS.name, "id", condition)]
        except NOT_THERE:
            return []


def is_same(record: DayRecord, listed: Listed, strangers: int | None) -> bool:
    """Whether what is listed can be what was loaded; pure.

    Args:
        record: What was loaded of the day.
        listed: What is listed of it, or of its newest rows.
        strangers: Rows listed so far that ``events`` does not hold; None if it holds others.
    """
    if strangers is None:
        return False
    elsewhere = record.rejected_rows + record.erased_rows
    if listed.is_whole:
        return strangers == elsewhere
    # A part that brings nothing further would be listed each night.
    return strangers <= elsewhere and listed.start < listed.end
