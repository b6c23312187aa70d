"""Reads each list of projects: what to ask, what came, and what that is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from openpanel_source.api.client import Client
from openpanel_source.api.projects import PROJECTS_PATH
from openpanel_source.api.query import Params
from openpanel_source.errors import ProjectAccessError
from openpanel_source.lists.answers import (
    ListedGroup,
    ListedProfile,
    ListedProject,
    ListedReference,
    listed,
    listed_as_data,
)
from openpanel_source.lists.conditions import (
    REFERENCES_PATH,
    Condition,
    insights_path,
    profile_params,
)
from openpanel_source.lists.profile_walk import ProfilesAnswer, ProfileWalk, is_placed
from openpanel_source.lists.verdict import Evidence
from openpanel_source.rows.dimensions import decoded

_Row = TypeVar("_Row", ListedReference, ListedProject, ListedGroup, ListedProfile)
_LATE = timedelta(hours=1)
"""Servers write profiles in batches, and clocks differ: so much of what is known is asked again."""


class Came(NamedTuple):
    """Rows of an answer that can be read, and how many came that cannot."""

    rows: list[Any]
    unreadable: int


def ask(
    client: Client,
    path: str,
    params: Params,
    decode: Callable[[bytes, str], list[bytes]],
    type_: type[_Row],
    *,
    may_lack: bool = False,
) -> Came:
    """One answer, as rows.

    Args:
        client: Makes the request.
        path: Below the base URL.
        params: The query.
        decode: Takes the rows out of the answer.
        type_: What they are.
        may_lack: Whether a 500 says that there is no such thing; it is not asked for again then.

    Raises:
        OpenPanelError: The request failed for good, or the answer is none.
    """
    raws = client.read(path, params, decode, may_lack=may_lack)
    rows = decoded(type_, raws)
    return Came(rows, len(raws) - len(rows))


def check_project(rows: Sequence[Any], project_id: str) -> None:
    """Refuse rows of another project: a read client gets those of its own whatever it asks for.

    Raises:
        ProjectAccessError: There is one.
    """
    if any(row.project_id != project_id for row in rows):
        raise ProjectAccessError(
            f"the server answers with rows of another project than {project_id}, as it does to read"
            " clients of another one; create a read client for this project, or a root client."
        )


@dataclass
class OrganisationLists:
    """What ``/manage`` lists of all projects at once, a request each, and asked no more often.

    Args:
        client: Of a root client.
    """

    client: Client
    _projects: Came | None = None
    _references: list[Came] = field(default_factory=list)

    def project(self, project_id: str) -> tuple[list[ListedProject], Evidence]:
        """The project by its id, and what speaks for it."""
        if self._projects is None:
            self._projects = ask(self.client, PROJECTS_PATH, [], listed_as_data, ListedProject)
        rows = [row for row in self._projects.rows if row.id == project_id][:1]
        evidence = Evidence(len(rows), reached_end=True)
        if not rows:
            evidence.doubts.append("the server does not list the project")
        return rows, evidence

    def references(
        self, project_id: str, answer: int = 0
    ) -> tuple[list[ListedReference], Evidence]:
        """The references of a project, and what speaks for that they are all.

        Args:
            project_id: The project.
            answer: 0 for the first answer, 1 for a second one.
        """
        while len(self._references) <= answer:
            came = ask(self.client, REFERENCES_PATH, [], listed_as_data, ListedReference)
            self._references.append(came)
        came = self._references[answer]
        rows = {row.id: row for row in came.rows if row.project_id == project_id}
        evidence = Evidence(len(rows), came.unreadable, reached_end=True)
        return list(rows.values()), evidence


@dataclass
class ProfileReader:
    """All stored profiles of a project, or those that have changed.

    Args:
        client: Makes the requests.
        project_id: The project.
        seen: When the profile that was seen last of those known was seen; None to read all.
    """

    client: Client
    project_id: str
    seen: datetime | None = None

    def __post_init__(self) -> None:
        since = None if self.seen is None else (self.seen - _LATE).replace(microsecond=0)
        self._walk = ProfileWalk(self._ask, since)

    @property
    def evidence(self) -> Evidence:
        """What the reading met so far."""
        return self._walk.evidence

    def parts(self) -> Iterator[list[ListedProfile]]:
        """Profiles, some at a time, each once.

        Raises:
            OpenPanelError: A request failed for good.
        """
        return self._walk.parts()

    def newest(self, now: datetime) -> datetime | None:
        """When the profile that was seen last was seen, for the next reading.

        Args:
            now: The current instant: what is said to be later is not believed.
        """
        found = [one for one in (self.seen, self._walk.newest) if one is not None]
        return min(max(found), now) if found else None

    def _ask(self, conditions: Sequence[Condition]) -> ProfilesAnswer:
        path = insights_path(self.project_id, "profiles")
        came = ask(self.client, path, profile_params(conditions), listed, ListedProfile)
        check_project(came.rows, self.project_id)
        rows = list(filter(is_placed, came.rows))
        return ProfilesAnswer(rows, len(came.rows) + came.unreadable)
