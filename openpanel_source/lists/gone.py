"""What is gone upstream and may go here: never much on one answer; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from openpanel_source.model.clock import ALMOST_A_DAY

FEW = 10
"""So many rows may go as soon as two answers lack them."""
SHARE = 0.1
"""Or so large a part of what is held."""


@dataclass(frozen=True)
class Gone:
    """What a list no longer has.

    Attributes:
        delete: Ids whose rows make way.
        kept: Ids whose rows are kept for the time being.
        missing: Since when each id that is kept has been seen to lack.
    """

    delete: frozenset[str]
    kept: frozenset[str]
    missing: Mapping[str, datetime]


def gone(
    held: Collection[str],
    answers: Collection[Collection[str]],
    missing: Mapping[str, datetime],
    now: datetime,
    *,
    allow_deletions: bool = False,
) -> Gone:
    """Which rows may be deleted because a list lacks them.

    Few go once two answers lack them. Many, and all that are held if they are more than one, are
    kept until they have lacked for a day, or somebody consents.

    Args:
        held: Ids that the destination holds.
        answers: Ids of each answer of this reading; each has been whole.
        missing: Since when ids are known to lack, from earlier readings.
        now: The current instant.
        allow_deletions: Whether somebody consents.
    """
    lacking = set(held).difference(*answers)
    since = {one: missing.get(one, now) for one in lacking}
    if len(answers) < 2 or not lacking:
        return Gone(frozenset(), frozenset(lacking), since)
    is_few = len(lacking) <= max(FEW, SHARE * len(held))
    empties = len(lacking) == len(held) > 1
    ripe = {one for one in lacking if now - since[one] >= ALMOST_A_DAY}
    if allow_deletions or (is_few and not empties) or ripe == lacking:
        return Gone(frozenset(lacking), frozenset(), {})
    return Gone(frozenset(), frozenset(lacking), since)
