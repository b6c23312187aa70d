"""The dlt resource of what the dashboard lists: references, projects, profiles, groups."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from openpanel_source.api.client import Client
from openpanel_source.destinations.dialect import Dialect, current_dialect
from openpanel_source.destinations.files.table_format import check_replaces
from openpanel_source.errors import (
    EndpointNotFoundError,
    OpenPanelError,
    RequestAbortedError,
    TransientError,
)
from openpanel_source.lists.gone import Gone, gone
from openpanel_source.lists.groups import GroupReader
from openpanel_source.lists.readers import OrganisationLists, ProfileReader
from openpanel_source.lists.rows import shape_list
from openpanel_source.lists.verdict import Evidence, ListResult, ListVerdict, judged
from openpanel_source.model.schema import (
    EVENT_GROUPS,
    GROUPS,
    LISTS,
    PROFILES,
    PROJECTS,
    REFERENCES,
    SYNC_LISTS,
    Table,
)
from openpanel_source.rows.spill import batched_tables
from openpanel_source.source.hints import by_key, declare, describe, materialize, rows_of
from openpanel_source.source.orders import Orders
from openpanel_source.source.resource_changes import check_caller
from openpanel_source.source.settings.checked import Settings

logger = logging.getLogger(__name__)

Items = Generator[Any, None, Evidence]
_ROWS = 5_000
_STOPPED = "the sync was to end before all was read"
_SINCE = {REFERENCES: "2026-01", PROJECTS: "2026-01", PROFILES: "2026-04", GROUPS: "2026-04"}


def lists_resource(settings: Settings, client: Client, orders: Orders) -> DltResource:
    """The resource ``lists`` of checked settings.

    Args:
        settings: Which lists, of which projects.
        client: Makes the requests.
        orders: What whoever starts the run has to say.
    """

    def lists() -> Iterator[Any]:
        check_caller(declared)
        check_replaces()
        with client:
            yield from _Lists(settings, client, orders, dlt.current.resource_state()).items()

    resource: DltResource = dlt.resource(
        lists,
        name="lists",
        table_name=SYNC_LISTS.name,
        primary_key=SYNC_LISTS.primary_key,
        columns=SYNC_LISTS.dlt_columns(),
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
    )
    for name in settings.lists:
        declare(resource, LISTS[name], settings.table_format)
    describe(resource, SYNC_LISTS, settings.table_format)
    declared = resource.compute_table_schema()
    return resource


@dataclass(eq=False)
class _Lists:
    """All lists of all projects; each is read to a verdict, and fails alone.

    Args:
        settings: Which.
        client: Makes the requests.
        orders: Of whoever started the run.
        state: Of the resource; stored with the rows.
    """

    settings: Settings
    client: Client
    orders: Orders
    state: MutableMapping[str, Any]
    _dialect: Dialect = field(default_factory=current_dialect, init=False)
    _organisations: dict[str, OrganisationLists] = field(default_factory=dict, init=False)
    _loaded: int = field(default=0, init=False)
    _noted: dict[str, tuple[pa.Table, Gone]] = field(default_factory=dict, init=False)
    _outage: TransientError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._now = self.settings.now()

    def items(self) -> Iterator[Any]:
        """Everything to yield to dlt."""
        readers = {
            REFERENCES: self._references,
            PROJECTS: self._projects,
            PROFILES: self._profiles,
            GROUPS: self._groups,
        }
        records = []
        for name, table in LISTS.items():
            if name not in self.settings.lists:
                continue
            for project_id in self.settings.project_ids:
                result = yield from self._read(table, project_id, readers[table])
                self.orders.on_list(result)
                records.append({**vars(result), "verdict": result.verdict.value})
        yield from self._of_references()
        read_at = self.settings.now()
        yield SYNC_LISTS.arrow_table({**record, "read_at": read_at} for record in records)

    def _read(self, table: Table, project_id: str, read: Any) -> Generator[Any, None, ListResult]:
        before, self._loaded = self.client.requests_sent, 0
        verdict = ListVerdict.PARTIAL
        reason: str | None = _STOPPED
        try:
            if self._outage is not None:
                raise self._outage
            if not self.orders.should_stop():
                verdict, reason = judged((yield from read(project_id)))
        except RequestAbortedError:
            pass
        except OpenPanelError as error:
            verdict, reason = ListVerdict.FAILED, _reason(error, table)
            if isinstance(error, TransientError):
                self._outage = error
            logger.error("the list %s of %s cannot be read: %s", table.name, project_id, reason)
        sent = self.client.requests_sent - before
        return ListResult(table.name, project_id, verdict, reason, self._loaded, sent)

    def _rows(self, table: Table, rows: Any, project_id: str, evidence: Evidence) -> Any:
        made, left_out = shape_list(table, rows, project_id, self._now, self.settings.privacy)
        evidence.unreadable += left_out
        evidence.received -= left_out
        self._loaded += len(rows) - left_out
        return made

    def _organisation_of(self, project_id: str) -> OrganisationLists:
        """The lists that the client of a project is told; one client is asked once for all."""
        client = self.client
        key, own = (project_id, client.of(project_id)) if client.has_many else ("", client)
        return self._organisations.setdefault(key, OrganisationLists(own))

    def _projects(self, project_id: str) -> Items:
        rows, evidence = self._organisation_of(project_id).project(project_id)
        made = self._rows(PROJECTS, rows, project_id, evidence)
        yield rows_of(PROJECTS, made, self._dialect)
        return evidence

    def _references(self, project_id: str) -> Items:
        rows, evidence = self._organisation_of(project_id).references(project_id)
        made = self._rows(REFERENCES, rows, project_id, evidence)
        held = self.orders.holdings.texts(REFERENCES.name, "id").get(project_id, set())
        answers = [set(made.column("id").to_pylist())]
        missing = self.state.setdefault("missing", {})
        if held - answers[0] and not evidence.unreadable:
            again, evidence = self._organisation_of(project_id).references(project_id, 1)
            answers.append({row.id for row in again})
            # What one of the answers has is not gone.
            rows = list({row.id: row for row in (*rows, *again)}.values())
            evidence.received, self._loaded = len(rows), 0
            made = self._rows(REFERENCES, rows, project_id, evidence)
        if evidence.unreadable:
            # What cannot be read may be what is thought to lack.
            answers = answers[:1]
        found = gone(
            held,
            answers,
            {key: datetime.fromisoformat(at) for key, at in missing.get(project_id, {}).items()},
            self._now,
            allow_deletions=self.settings.deletions.allow_deletions,
        )
        missing[project_id] = {key: at.isoformat() for key, at in found.missing.items()}
        self._noted[project_id] = (made, found)
        if found.kept:
            evidence.doubts.append(
                f"the server no longer lists {len(found.kept):,} of {len(held):,} references; they"
                " are kept here until it has not for a day, or --allow-deletions"
            )
        yield from ()
        return evidence

    def _of_references(self) -> Iterator[Any]:
        """The references of all projects, and what they replace.

        Where some are deleted, whole projects are replaced: one with rows to keep stays as it is.
        """
        whole = [project for project, (_, found) in self._noted.items() if not found.kept]
        deletes = any(found.delete for _, found in self._noted.values())
        for project_id in whole if deletes else self._noted:
            yield rows_of(REFERENCES, self._noted[project_id][0], self._dialect)
        if deletes:
            condition = " OR ".join(f"project_id = '{project}'" for project in sorted(whole))
            yield materialize(REFERENCES, condition, self._dialect, variant=True)
        elif self._noted:
            yield by_key(REFERENCES, self._dialect)

    def _profiles(self, project_id: str) -> Items:
        known = self.state.setdefault("profiles", {})
        before = {} if self.settings.reload else known.get(project_id, {})
        if before and self.orders.holdings.lacks(PROFILES.name, project_id):
            before = {}
        seen = before.get("seen")
        reader = ProfileReader(
            self.client, project_id, datetime.fromisoformat(seen) if seen else None
        )
        evidence = reader.evidence
        for some in batched_tables(self._profile_rows(reader, project_id), _ROWS):
            yield rows_of(PROFILES, some, self._dialect)
        if evidence.doubts:
            return evidence
        left_out = evidence.unreadable + before.get("unreadable", 0)
        newest = reader.newest(self._now)
        known[project_id] = {"seen": newest and newest.isoformat(), "unreadable": left_out}
        if before.get("unreadable") and not evidence.unreadable:
            evidence.doubts.append(f"{left_out:,} profiles of earlier syncs could not be read")
        return evidence

    def _profile_rows(self, reader: ProfileReader, project_id: str) -> Iterator[pa.Table]:
        for part in reader.parts():
            yield self._rows(PROFILES, part, project_id, reader.evidence)
            if self.orders.should_stop():
                reader.evidence.doubts.append(_STOPPED)
                return

    def _groups(self, project_id: str) -> Items:
        known = self.state.setdefault("groups", {})
        privacy = self.settings.privacy
        named: set[str] = set()
        if privacy is None or "groups" not in privacy.hashed:
            # Hashes could not be asked for.
            named = self.orders.holdings.texts(EVENT_GROUPS.name, "group_id").get(project_id, set())
        reader = GroupReader(self.client, project_id, named, known.get(project_id, ""))
        for part in reader.parts():
            made = self._rows(GROUPS, part, project_id, reader.evidence)
            yield rows_of(GROUPS, made, self._dialect)
        known[project_id] = reader.after
        return reader.evidence


def _reason(error: OpenPanelError, table: Table) -> str:
    if isinstance(error, EndpointNotFoundError):
        return f"the server does not have this list, which came with {_SINCE[table]}"
    return str(error)
