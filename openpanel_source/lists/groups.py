"""Groups of a project: those that lists show, and beyond their hundred those that events name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from openpanel_source.api.client import Client
from openpanel_source.errors import EndpointNotFoundError, InternalServerError
from openpanel_source.lists.answers import ListedGroup, listed, listed_types, the_group
from openpanel_source.lists.conditions import (
    PAGE,
    group_params,
    insights_path,
    may_be_asked_for,
)
from openpanel_source.lists.readers import Came, ask, check_project
from openpanel_source.lists.verdict import Evidence

MOST_BY_ID = 300
"""Groups that one sync asks for by their ids, a request each; the next goes on from there."""


@dataclass
class GroupReader:
    """All groups of a project as far as they are within reach.

    Args:
        client: Makes the requests.
        project_id: The project.
        named: Ids of groups that events name.
        after: The last id that the reading before asked for, if it left some out.

    Attributes:
        evidence: What was met so far.
    """

    client: Client
    project_id: str
    named: Collection[str]
    after: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    _known: set[str] = field(default_factory=set)

    def parts(self) -> Iterator[list[ListedGroup]]:
        """Groups, some at a time, each once.

        Raises:
            OpenPanelError: A request failed for good.
        """
        evidence = self.evidence
        came = self._listed(None)
        yield self._fresh(came)
        if _size(came) < PAGE:
            evidence.reached_end = True
            return
        path = insights_path(self.project_id, "groups", "types")
        full = 0
        for type_ in self.client.read(path, [], listed_types):
            came = self._listed(type_)
            if any(row.type != type_ for row in came.rows):
                evidence.doubts.append("the server ignores the type of groups that is asked for")
            yield self._fresh(came)
            full += _size(came) >= PAGE
        if full:
            yield from self._by_id()
            evidence.doubts.append(
                f"{full} types have {PAGE} groups or more: the server lists {PAGE} of a type, so"
                " groups beyond, that no event names, lack"
            )
        evidence.reached_end = True

    def _by_id(self) -> Iterator[list[ListedGroup]]:
        left = sorted(filter(may_be_asked_for, set(self.named) - self._known))
        ids = [one for one in left if one > self.after] + [one for one in left if one <= self.after]
        for one in ids[:MOST_BY_ID]:
            path = insights_path(self.project_id, "groups", one)
            try:
                came = ask(self.client, path, [], the_group, ListedGroup, may_lack=True)
            except (InternalServerError, EndpointNotFoundError):
                # So does it answer where nothing is stored of a group that an event names.
                continue
            check_project(came.rows, self.project_id)
            yield self._fresh(came)
        beyond = len(ids) - MOST_BY_ID
        self.after = ids[MOST_BY_ID - 1] if beyond > 0 else ""
        if beyond > 0:
            self.evidence.doubts.append(
                f"{beyond:,} groups that events name are asked for by the next syncs"
            )

    def _listed(self, type_: str | None) -> Came:
        path = insights_path(self.project_id, "groups")
        came = ask(self.client, path, group_params(type_), listed, ListedGroup)
        check_project(came.rows, self.project_id)
        return came

    def _fresh(self, came: Came) -> list[ListedGroup]:
        rows = {row.id: row for row in came.rows if row.id not in self._known}
        self._known.update(rows)
        self.evidence.received += len(rows)
        self.evidence.unreadable += came.unreadable
        return list(rows.values())


def _size(came: Came) -> int:
    return len(came.rows) + came.unreadable
