"""Projects that cannot be read: they fail alone, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from openpanel_source.errors import (
    AnswerTooLargeError,
    InternalServerError,
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
    UnexpectedAnswerError,
)

logger = logging.getLogger(__name__)

OF_ONE_PROJECT = (
    ProjectAccessError,
    ProjectNotFoundError,
    AnswerTooLargeError,
    InternalServerError,
    UnexpectedAnswerError,
)
"""What may be the matter with one project alone; anything else is with all of them."""


class FailedProjects(dict[str, OpenPanelError]):
    """Projects that cannot be read, in the order in which they failed, and why."""

    @contextmanager
    def alone(self, project: str) -> Iterator[None]:
        """Have a project fail alone if what is asked of it meanwhile cannot be had."""
        try:
            yield
        except OF_ONE_PROJECT as error:
            self[project] = error
            logger.error("project %s cannot be read: %s", project, error)

    def left_of(self, projects: Sequence[str]) -> list[str]:
        """The projects that have not failed.

        Raises:
            OpenPanelError: None is left; it is the first that came.
        """
        left = [project for project in projects if project not in self]
        if not left:
            raise next(iter(self.values()))
        return left

    def reasons(self) -> dict[str, str]:
        """Why, in words."""
        return {project: str(error) for project, error in self.items()}
