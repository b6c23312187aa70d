"""What to do about a table that a query names and the dataset lacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from openpanel_source.model.schema import (
    CHART_POINTS,
    CHART_SERIES,
    CHARTS,
    DAY_PROOFS,
    EVENT_GROUPS,
    EVENT_META,
    EVENTS,
    LISTS,
    PROPERTY_FAILURES,
    REJECTED_EVENTS,
    SYNC_DAYS,
    SYNC_LISTS,
)
from openpanel_source.model.text import printable
from openpanel_source.models.dataset import RECORD
from openpanel_source.models.day_status import VIEW
from openpanel_source.models.definitions import NAMES

_MISSING = re.compile(r'(?:Table with name |relation ")([^\s"!]+)"? does not exist')
"""As DuckDB and PostgreSQL say it."""
_MOST_NAMES = 12
_BY_COMMAND = {
    **dict.fromkeys((EVENTS.name, SYNC_DAYS.name, VIEW), "openpanel-source sync makes it"),
    **dict.fromkeys((*NAMES, RECORD), "openpanel-source models makes it"),
    **dict.fromkeys(
        (CHARTS.name, CHART_SERIES.name, CHART_POINTS.name),
        "openpanel-source sync --charts FILE loads it",
    ),
    **{name: f"openpanel-source sync --lists {name} loads it" for name in LISTS},
    SYNC_LISTS.name: "openpanel-source sync --lists NAME makes it",
    EVENT_META.name: "openpanel-source sync --include-event-meta loads it",
    EVENT_GROUPS.name: "it is made once an event has a group",
    REJECTED_EVENTS.name: "it is made once a row has to be rejected",
    PROPERTY_FAILURES.name: "it is made once a value of properties is not of its type",
    DAY_PROOFS.name: "it is made once a sync has listed old days again",
}


def missing_table(message: str) -> str | None:
    """The table that a query names and the dataset lacks, if that is what a database says.

    Args:
        message: What it says.
    """
    found = _MISSING.search(message)
    return found[1].rpartition(".")[2].lower() if found else None


def advice(name: str, held: Sequence[str]) -> str:
    """What to do about a table that is not there: the end of a sentence, without its point.

    Args:
        name: The table.
        held: Tables and views of the dataset.
    """
    if name in held:
        return f"write {printable(name)} alone, as tables of the dataset need no prefix"
    if name in _BY_COMMAND:
        return _BY_COMMAND[name]
    near = get_close_matches(name, [*held, *_BY_COMMAND], n=1)
    if near:
        how = "" if near[0] in held else f" {_BY_COMMAND[near[0]]}"
        return f"did you mean {printable(near[0])}?{how}"
    names = ", ".join(map(printable, held[:_MOST_NAMES])) or "no tables"
    return f"there are {names}{' …' if len(held) > _MOST_NAMES else ''}"
