"""A row of the server as an event, with what no destination stores replaced; pure.

Written from docs/schema.md and docs/completeness.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from math import isfinite
from typing import Any

from openpanel_source.verify.answers import Number, Row, parse
from openpanel_source.verify.hidden import GONE
from openpanel_source.verify.typed import instant

TEXTS = frozenset(
    """
    name deviceId profileId sessionId path origin referrer referrerName referrerType country city
    region os osVersion browser browserVersion device brand model sdkName sdkVersion
    """.split()  # noqa: SIM905
)
DOUBLES, BIGINTS = ("longitude", "latitude"), ("revenue", "duration")
JSON = ("properties", "groups")
TIMES = ("createdAt", "importedAt")
_OTHERS = ("id", "projectId", *TIMES)
FIELDS = frozenset((*TEXTS, *DOUBLES, *BIGINTS, *JSON, *_OTHERS))
"""What the API documents; everything else is a new field."""
_MOST = 2**63 - 1
_HALF = re.compile("[\\ud800-\\udfff]")


def column_of(name: str) -> str:
    """The column of a documented field."""
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def event_of(row: Row, dimensions: Collection[str] = ()) -> dict[str, Any] | None:
    """A row with U+FFFD for what no destination stores; None if it has to be rejected.

    Args:
        row: As the server lists it.
        dimensions: What may be told beside events and is no field of theirs.
    """
    value = row.value
    if value is None:
        return None
    if "\\u" in row.raw:
        value = {_clean(name): held for name, held in value.items()}
        value = {name: field(name, held) for name, held in value.items()}
    if dimensions:
        value = {name: held for name, held in value.items() if name not in dimensions}
    return value if _fits(value) else None


def parsed(held: Any) -> Any:
    """The JSON that is held; what is none is no value that a server could have sent."""
    if held is None:
        return None
    try:
        value = parse(held)
    except (ValueError, RecursionError, TypeError):
        return GONE
    return cleaned(value) if "\\u" in held else value


def _fits(row: dict[str, Any]) -> bool:
    """Whether a row can be an event."""
    imported = row.get("importedAt")
    return (
        row.get("id") not in (None, "")
        and instant(row.get("createdAt")) is not None
        and (imported is None or instant(imported) is not None)
        and all(_is_double(row.get(name)) for name in DOUBLES)
        and all(_is_bigint(row.get(name)) for name in BIGINTS)
    )


def _is_double(value: Any) -> bool:
    return value is None or (isinstance(value, Number) and isfinite(float(value)))


def _is_bigint(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, Number) or not value.is_finite() or not -_MOST - 1 <= value <= _MOST:
        return False
    return value == Number(str(value.to_integral_value()))


def _clean(text: str) -> str:
    return _HALF.sub("\ufffd", text).replace("\0", "\ufffd")


def field(name: str, value: Any) -> Any:
    """A value with U+FFFD for what its column does not store; None for a text of NUL alone."""
    if isinstance(value, str) and (name in TEXTS or name in _OTHERS):
        is_nothing = value != "" and not value.strip("\0")
        # An id of nothing is none.
        return None if is_nothing else _clean(value)
    return cleaned(value)


def cleaned(value: Any) -> Any:
    """The same JSON, its texts clean; without a call for each level."""
    if isinstance(value, str):
        return _clean(value)
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            items = [(_clean(name), held) for name, held in one.items()]
            one.clear()
            one.update((n, _clean(held) if isinstance(held, str) else held) for n, held in items)
            waiting.extend(one.values())
        elif isinstance(one, list):
            one[:] = [_clean(held) if isinstance(held, str) else held for held in one]
            waiting.extend(one)
    return value
