"""What a sync spends on days that were proven longest ago, after its own work."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.destinations.dialect import dialect_of
from openpanel_source.destinations.duckdb_session import open_meanwhile
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import NOT_THERE, ProjectDay, select, takes_sql
from openpanel_source.errors import (
    AnswerTooLargeError,
    OpenPanelError,
    RequestAbortedError,
)
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.progress.display import OnProgress
from openpanel_source.operations.runs.package_steps import failed_to_read
from openpanel_source.operations.runs.runs import Runs
from openpanel_source.operations.runs.summary import ScrubSummary
from openpanel_source.operations.scrub.listing import Listed, Lister
from openpanel_source.operations.scrub.proofs import Kind, Proof, keep_proofs, proofs_of
from openpanel_source.operations.scrub.queue import Waiting, waiting_days
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.users_pipeline import discard
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.settings.checked import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scrub:
    """The scrub of a sync: old days are listed again, as far as its budget goes.

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

    def run(self, runs: Runs, on_day: OnProgress | None) -> ScrubSummary:
        """List days until the budget is spent; write down which are equal, read the others.

        What goes wrong with the server is logged, and left to the next sync.

        Args:
            runs: Of the sync, which read all that they had to; read the days that differ.
            on_day: Called after each of these.

        Returns:
            What was found.
        """
        summary, proofs, reader = ScrubSummary(), list[Proof](), runs.backlog.reader
        # Without SQL there is no way to tell which ids are held.
        if reader is None or runs.backlog.days_left > 0 or not takes_sql(self.pipeline):
            return summary
        before = reader.client.requests_sent
        try:
            with destination_errors():
                for item in self._waiting(runs.failed):
                    left = self.settings.scrub_requests - reader.client.requests_sent + before
                    if left <= 0 or self.halt.is_due():
                        break
                    self._take(item, Lister(reader, self.halt.is_due), left, summary, proofs)
        except OpenPanelError as error:
            self._note(summary, "old days could not be listed, the next sync goes on", error)
        summary.requests = reader.client.requests_sent - before
        runs.backlog.add(summary.differing, Reason.SCRUB)
        if summary.differing and not self.halt.is_due():
            self._read(runs, on_day, summary)
        summary.unread = [key for key in summary.differing if key not in runs.loaded]
        try:
            # In the end: what prevents it must not prevent that days are read.
            keep_proofs(self.pipeline, proofs, self.settings.table_format, self.busy_timeout)
        except OpenPanelError as error:
            discard(self.pipeline)
            self._note(summary, "which days were proven could not be written down", error)
        return summary

    def _read(self, runs: Runs, on_day: OnProgress | None, summary: ScrubSummary) -> None:
        """Read the days that differ; where the server fails, they still wait longest."""
        failure, failed = None, {*runs.failed}
        try:
            runs.until_nothing_is_left(on_day)
        except (PipelineStepFailed, OpenPanelError) as error:
            failure = failed_to_read(error)
            if failure is None:
                raise
            discard(self.pipeline)
        for project in {*runs.failed} - failed:
            # The sync has done its own work with it.
            if failed_to_read(runs.failed[project]):
                failure = runs.failed.pop(project)
        if failure is not None:
            self._note(
                summary, "old days could not be read, the next sync lists them again", failure
            )

    def _note(self, summary: ScrubSummary, what: str, error: OpenPanelError) -> None:
        """Log and tell what failed, unless it was cut off on purpose."""
        if self.halt.is_asked or isinstance(error, RequestAbortedError):
            return
        logger.warning("%s: %s", what, error)
        summary.failure = "; ".join(filter(None, [summary.failure, f"{what}: {error}"]))

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
