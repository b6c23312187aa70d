"""In which time zone the days of models begin; the comment of each model tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.zones import timezone_problem
from openpanel_source.models.definitions import UTC
from openpanel_source.source.settings.configuration import configured_value

_TEXT = re.compile(r"Time zone: (?P<name>\S+?)(?P<given>, as given)?\.$")


@dataclass(frozen=True)
class Zone:
    """Where days begin in models, and whether a call said so.

    Attributes:
        name: IANA name.
        is_given: Whether it was given, rather than found in the configuration.
    """

    name: str
    is_given: bool

    def __str__(self) -> str:
        return f"Time zone: {self.name}{', as given' if self.is_given else ''}."

    @classmethod
    def chosen(cls, given: str | None, comments: Iterable[str]) -> Zone:
        """That which models get.

        Args:
            given: As a call says.
            comments: Of the models that are there.

        Raises:
            InvalidSettingError: There is no such time zone.
        """
        present = cls.of(comments)
        if given:
            return cls(given, is_given=True)
        if present is not None and present.is_given:
            return present
        configured = configured_zone(None)
        if configured:
            return cls(configured, is_given=False)
        return present or cls(UTC, is_given=False)

    @classmethod
    def of(cls, comments: Iterable[str]) -> Zone | None:
        """That of models as they are; None where there are none.

        Args:
            comments: Of these.
        """
        for found in filter(None, map(_TEXT.search, comments)):
            if not timezone_problem(found["name"]):
                return cls(found["name"], found["given"] is not None)
        return None


def configured_zone(given: str | None) -> str | None:
    """The time zone given, or else that of the source's configuration if it is one for all.

    Raises:
        InvalidSettingError: There is no such time zone.
    """
    zone = given or configured_value("timezone")
    if not isinstance(zone, str) or not zone or zone.startswith("{"):
        return None
    if problem := timezone_problem(zone):
        raise InvalidSettingError(f"{problem}.")
    return zone
