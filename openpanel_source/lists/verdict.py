"""What the reading of a list proves; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ListVerdict(str, Enum):
    """How far a list is known.

    ``complete``: it was followed to its end, and every row of it was loaded that may be.
    ``partial``: what came is loaded, and something is known to lack or could not be ruled out.
    ``failed``: it could not be read; what an earlier reading brought stays.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass
class Evidence:
    """What a reading of a list met.

    Attributes:
        received: Rows that came and can be loaded, each once.
        unreadable: Rows that came and could not be read.
        reached_end: Whether the end of the list was seen.
        doubts: What else speaks against it, in words.
    """

    received: int = 0
    unreadable: int = 0
    reached_end: bool = False
    doubts: list[str] = field(default_factory=list)


def judged(evidence: Evidence) -> tuple[ListVerdict, str | None]:
    """The verdict on a reading, and what keeps it from being complete.

    Args:
        evidence: What it met.

    Returns:
        ``complete`` without a reason, or ``partial`` with all reasons.
    """
    reasons = list(evidence.doubts)
    if evidence.unreadable:
        reasons.append(f"{evidence.unreadable:,} rows could not be read")
    if not evidence.reached_end and not evidence.doubts:
        reasons.append("the end of the list was not reached")
    if reasons:
        return ListVerdict.PARTIAL, "; ".join(dict.fromkeys(reasons))
    return ListVerdict.COMPLETE, None


@dataclass(frozen=True)
class ListResult:
    """What became of a list of a project.

    Attributes:
        list_name: Of the list, and of its table.
        project_id: The project.
        verdict: ``complete``, ``partial`` or ``failed``.
        reason: What keeps it from being complete.
        rows_received: Rows that came, each once.
        requests: Requests made for it.
    """

    list_name: str
    project_id: str
    verdict: ListVerdict
    reason: str | None
    rows_received: int
    requests: int
