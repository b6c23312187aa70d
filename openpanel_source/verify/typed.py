"""Texts read as values of a column's type, as docs/properties.md has them; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from math import isfinite
from typing import Any

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = re.compile(
    rf"({_DAY})(?:[T ]([0-9]{{2}}:[0-9]{{2}})(:[0-9]{{2}})?(?:(?<=:[0-9]{{2}}:[0-9]{{2}})"
    r"\.([0-9]{1,9}))?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_INSTANT = re.compile(
    rf"({_DAY})[T ]([0-9]{{2}})(?::([0-9]{{2}})(?::([0-9]{{2}})(?:\.([0-9]{{1,6}}))?)?)?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)"
)
_LONGEST = 100
"""Characters; longer texts are nothing but text."""


def instant(value: object) -> datetime | None:
    """The instant of a text as the API writes them, or with an offset; None of anything else."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups("0")
    if int(hours) > 23 or int(minutes) > 59:
        return None
    ahead = timedelta(hours=int(hours), minutes=int(minutes)) * {"+": 1, "-": -1}.get(sign, 0)
    try:
        whole = datetime.fromisoformat(f"{day} {hour}:{minute:0>2}:{second:0>2}+00:00")
        return whole.replace(microsecond=int(fraction.ljust(6, "0"))) - ahead
    except (ValueError, OverflowError):
        return None


def read_text(text: str, kind: str) -> Any:
    """A text as a value of a type; None if it is none."""
    if kind == "text":
        return text
    try:
        return _READ[kind](text) if len(text) <= _LONGEST else None
    except (ValueError, OverflowError):
        return None


def _bigint(text: str) -> int | None:
    value = int(text) if _WHOLE.fullmatch(text) else 2**63
    return value if -(2**63) <= value < 2**63 else None


def _double(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and isfinite(float(text)) else None


def _decimal(text: str) -> Decimal | None:
    if not _NUMBER.fullmatch(text):
        return None
    # 29 digits before the point and 9 behind it hold it exactly, or it is none.
    mantissa, _, power = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("+-").partition(".")
    digits, place = (whole + fraction).lstrip("0"), int(power or 0) - len(fraction)
    trimmed = digits.rstrip("0")
    place += len(digits) - len(trimmed)
    if trimmed and (place < -9 or len(trimmed) + place > 29):
        return None
    return Decimal(text) if trimmed else Decimal(0)


def _timestamp(text: str) -> datetime | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    day, minutes, seconds, fraction, zone = found.groups()
    whole = datetime.fromisoformat(f"{day} {minutes or '00:00'}{seconds or ':00'}+00:00")
    moment = whole.replace(microsecond=int((fraction or "")[:6].ljust(6, "0")))
    if zone in (None, "Z"):
        return moment
    hours, rest = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if hours > 23 or rest > 59:
        return None
    ahead = timedelta(hours=hours, minutes=rest)
    return moment - ahead if zone[0] == "+" else moment + ahead


_READ: dict[str, Callable[[str], Any]] = {
    "bigint": _bigint,
    "double": _double,
    "decimal": _decimal,
    "bool": lambda text: {
        **dict.fromkeys(("true", "yes", "1"), True),
        **dict.fromkeys(("false", "no", "0"), False),
    }.get(text.lower()),
    "timestamp": _timestamp,
    "date": lambda text: date.fromisoformat(text) if re.fullmatch(_DAY, text) else None,
}


def stored(value: Any) -> Any:
    """What a destination gave back, as SQLite can keep it."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return at.astimezone(timezone.utc).isoformat(" ", "microseconds")
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, (str, float)) or value is None:
        return value
    return int(value) if isinstance(value, int) and -(2**63) <= value < 2**63 else str(value)


def is_same(held: Any, wanted: Any, kind: str) -> bool:
    """Whether what was stored of a value is the value of a type that is wanted."""
    if held is None or wanted is None:
        return held is wanted
    try:
        return _SAME[kind](held, wanted)
    except (ValueError, ArithmeticError, TypeError):
        return False


def _same_instant(held: Any, wanted: datetime) -> bool:
    at = datetime.fromisoformat(held)
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)) == wanted


def _same_decimal(held: Any, wanted: Decimal) -> bool:
    # SQLite holds 15 digits.
    return held == float(wanted) if isinstance(held, float) else Decimal(held) == wanted


_SAME: dict[str, Callable[[Any, Any], bool]] = {
    "text": lambda held, wanted: bool(held == wanted),
    "bigint": lambda held, wanted: isinstance(held, int) and held == wanted,
    "double": lambda held, wanted: float(held) == wanted,
    "decimal": _same_decimal,
    "bool": lambda held, wanted: isinstance(held, int) and held == wanted,
    "timestamp": _same_instant,
    "date": lambda held, wanted: str(held)[:10] == wanted.isoformat(),
}
