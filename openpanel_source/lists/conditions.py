"""Paths, and conditions on profiles, in the one form that servers act on; pure.

Names without the prefix ``profile.`` are ignored, and the answer comes unfiltered; times without a
type are answered 500, and with one they are compared to the second. Values are trimmed, and
``startsWith`` takes upper and lower case for the same: ids are asked for by patterns, whose signs
are written as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from openpanel_source.api.query import Params, encode_json, encode_string

PAGE = 100
"""Rows of an answer of ``/insights``: the most that servers give."""
REFERENCES_PATH = "/manage/references"
_UNASKABLE = ("", ".", "..", "types")
"""What would be another path."""


class Condition(NamedTuple):
    """A condition on profiles."""

    name: str
    operator: str
    value: str
    type: str | None = None

    def to_api(self) -> dict[str, Any]:
        """The condition as the API takes it."""
        kind = {} if self.type is None else {"type": self.type}
        return {"name": self.name, "operator": self.operator, "value": [self.value]} | kind


def at(column: str, operator: str, second: datetime) -> Condition:
    """A condition on a column of instants: ``gte`` or ``lt`` a whole second."""
    return Condition(f"profile.{column}", operator, f"{second:%Y-%m-%dT%H:%M:%SZ}", "datetime")


def id_starts_with(prefix: str) -> Condition:
    """A condition for ids that begin so."""
    return _id_matches(f"^{_literally(prefix)}")


def id_is(value: str) -> Condition:
    """A condition for one id."""
    return _id_matches(rf"^{_literally(value)}\z")


def id_goes_on_otherwise(prefix: str, characters: Iterable[str]) -> Condition:
    """A condition for ids that go on after a prefix with none of these characters."""
    return _id_matches(f"^{_literally(prefix)}[^{_literally(sorted(characters))}]")


def _id_matches(pattern: str) -> Condition:
    return Condition("profile.id", "regex", pattern)


def _literally(characters: Iterable[str]) -> str:
    """Letters and digits as they are; by number what a pattern or the server may take for more."""
    return "".join(
        one if one.isascii() and one.isalnum() else f"\\x{{{ord(one):x}}}" for one in characters
    )


def profile_params(conditions: Iterable[Condition]) -> Params:
    """The query that lists profiles, the first made first."""
    filters = [condition.to_api() for condition in conditions]
    params = [("sortOrder", "asc"), ("limit", str(PAGE))]
    return [*params, ("filters", encode_json(filters))] if filters else params


def group_params(type_: str | None = None) -> Params:
    """The query that lists groups, of one type if one is given."""
    of_type = [] if type_ is None else [("type", encode_string(type_))]
    return [*of_type, ("limit", str(PAGE))]


def insights_path(project_id: str, *parts: str) -> str:
    """The path of a route of a project."""
    return "/".join(("/insights", *(quote(part, safe="") for part in (project_id, *parts))))


def may_be_asked_for(group_id: str) -> bool:
    """Whether a group's id can stand in a path."""
    return group_id not in _UNASKABLE and "\ufffd" not in group_id
