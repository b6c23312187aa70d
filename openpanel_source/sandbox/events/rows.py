"""Events in the three forms a server needs: as ingested, as table columns, as JSON text."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Set
from datetime import datetime, timezone
from decimal import Decimal
from operator import itemgetter
from typing import Any

import msgspec
import pyarrow as pa

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.dates import parse_js_date

# Name in the API and whether it always comes, in the order of the server's answers.
_FIELDS = (
    ("id", True),
    ("name", True),
    ("deviceId", True),
    ("profileId", True),
    ("projectId", True),
    ("sessionId", True),
    ("properties", False),
    ("createdAt", True),
    ("country", True),
    ("city", True),
    ("region", False),
    ("longitude", False),
    ("latitude", False),
    ("os", True),
    ("osVersion", False),
    ("browser", True),
    ("browserVersion", False),
    ("device", False),
    ("brand", False),
    ("model", False),
    ("duration", False),
    ("path", True),
    ("origin", False),
    ("referrer", False),
    ("referrerName", False),
    ("referrerType", False),
    ("meta", False),
    ("importedAt", False),
    ("sdkName", False),
    ("sdkVersion", False),
    ("profile", False),
    ("revenue", False),
    ("groups", False),
)
FIELD_NAMES = tuple(name for name, _ in _FIELDS)
DEFAULT_FIELDS = frozenset(name for name, always in _FIELDS if always)
LOOKED_UP = frozenset(("profile", "meta"))
"""Fields that are no part of the stored event."""

_TEXT_COLUMNS = {
    "name": "name",
    "device_id": "deviceId",
    "profile_id": "profileId",
    "project_id": "projectId",
    "session_id": "sessionId",
    "country": "country",
    "city": "city",
    "region": "region",
    "os": "os",
    "os_version": "osVersion",
    "browser": "browser",
    "browser_version": "browserVersion",
    "device": "device",
    "brand": "brand",
    "model": "model",
    "path": "path",
    "origin": "origin",
    "referrer": "referrer",
    "referrer_name": "referrerName",
    "referrer_type": "referrerType",
    "sdk_name": "sdkName",
    "sdk_version": "sdkVersion",
}
_SHARED = frozenset(_TEXT_COLUMNS.values()) - {"deviceId", "profileId", "sessionId"}
Fragments = tuple[bytes, ...]
"""The JSON members of an event in the order of ``FIELD_NAMES``, each after a comma but the first;
empty where there is none."""


def complete(event: Row, now: datetime) -> Row:
    """Return an ingested event with the server's defaults for what it does not say.

    Raises:
        ValueError: A value cannot be stored.
    """
    row: Row = {name: _text(event.get(name)) for name in _TEXT_COLUMNS.values()}
    row |= {
        "id": _text(event.get("id")) or str(uuid.uuid4()),
        "profileId": row["profileId"] or row["deviceId"],
        "createdAt": event.get("createdAt") or iso(now),
        "properties": _flat(event.get("properties") or {}),
        "longitude": event.get("longitude"),
        "latitude": event.get("latitude"),
        "revenue": event.get("revenue") or 0,
        "duration": event.get("duration") or 0,
        "groups": [_text(group) for group in event.get("groups") or []],
    }
    for name in ("importedAt", "_raw"):
        if event.get(name) is not None:
            row[name] = event[name]
    for name in ("createdAt", "importedAt"):
        if name in row and (not isinstance(row[name], str) or parse_js_date(row[name]) is None):
            raise ValueError(f"{name} {row[name]!r} is not a date")
    for name in ("revenue", "duration"):
        if not (isinstance(row[name], int) and 0 <= row[name] < 2**64):
            raise ValueError(f"{name} {row[name]!r} is not a whole number of 64 bits")
    for name in ("longitude", "latitude"):
        if not isinstance(row[name], (int, float, type(None))):
            raise ValueError(f"{name} {row[name]!r} is not a number")
    return row


def table(rows: list[Row], first: int) -> pa.Table:
    """Return the rows as columns, numbered from ``first``."""
    columns: dict[str, Any] = {
        column: pa.array([row.get(name) or "" for row in rows], pa.string())
        for column, name in _TEXT_COLUMNS.items()
    }
    # A FixedString pads with NULs, which no comparison sees.
    columns["country"] = pa.array([row["country"].rstrip("\0") for row in rows], pa.string())
    order = [_uuid_order(row["id"]) for row in rows]
    columns |= {
        "seq": pa.array(range(first, first + len(rows)), pa.int64()),
        "id": pa.array([row["id"] for row in rows], pa.string()),
        "id_low": pa.array([low for low, _ in order], pa.uint64()),
        "id_high": pa.array([high for _, high in order], pa.uint64()),
        "created_ms": pa.array([parse_js_date(row["createdAt"]) for row in rows], pa.int64()),
        "imported_s": pa.array([_seconds(row.get("importedAt")) for row in rows], pa.int64()),
        "properties": pa.array(
            [list(row["properties"].items()) for row in rows], pa.map_(pa.string(), pa.string())
        ),
        "longitude": pa.array([row.get("longitude") for row in rows], pa.float32()),
        "latitude": pa.array([row.get("latitude") for row in rows], pa.float32()),
        "revenue": pa.array([row.get("revenue") or 0 for row in rows], pa.uint64()),
        "duration": pa.array([row.get("duration") or 0 for row in rows], pa.uint64()),
        "groups": pa.array([row["groups"] for row in rows], pa.list_(pa.string())),
    }
    return pa.table(columns)


class Encoder:
    """Turns events into JSON fragments; equal fragments are one object.

    Args:
        no_country: What stands for an unknown country.
    """

    def __init__(self, no_country: str) -> None:
        self._no_country = no_country
        self._shared: dict[tuple[str, Any], bytes] = {}

    def fragments(self, row: Row) -> Fragments:
        """Return the JSON members of an event."""
        return tuple(self._fragment(name, row) for name in FIELD_NAMES)

    def _fragment(self, name: str, row: Row) -> bytes:
        if name in ("revenue", "duration"):
            return self._share(name, _as_sent(row.get(name) or 0))
        if name not in row:
            return b""
        if name == "country" and not row[name].strip("\0"):
            return self._share(name, self._no_country)
        return self._share(name, row[name]) if name in _SHARED else member(name, row[name])

    def _share(self, name: str, value: Any) -> bytes:
        key = name, value
        fragment = self._shared.get(key)
        if fragment is None:
            fragment = self._shared[key] = member(name, value)
        return fragment


def member(name: str, value: Any) -> bytes:
    """Return one member of a JSON object, after a comma unless it is the first of an event."""
    comma = b"" if name == FIELD_NAMES[0] else b","
    return b'%s"%s":%s' % (comma, name.encode(), msgspec.json.encode(value))


def picker(names: Set[str]) -> Callable[[Fragments], Fragments]:
    """Return a function that takes the fragments of some fields, in the server's order."""
    return itemgetter(*(i for i, name in enumerate(FIELD_NAMES) if name in names))


def iso(instant: datetime) -> str:
    """Return an instant as the API writes it."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _as_sent(number: int) -> int:
    """The number as JavaScript writes it, which has no other whole numbers beyond 2**53."""
    return number if number <= 2**53 else int(Decimal(repr(float(number))))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _flat(properties: Any, prefix: str = "") -> dict[str, str]:
    if not isinstance(properties, dict):
        raise ValueError("properties must be an object")
    flat: dict[str, str] = {}
    for key, value in properties.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif value is not None:
            flat[prefix + key] = _text(value)
    return flat


def _seconds(imported_at: str | None) -> int | None:
    milliseconds = parse_js_date(imported_at) if imported_at else None
    return None if milliseconds is None else milliseconds // 1000


def _uuid_order(text: str) -> tuple[int, int]:
    try:
        value = uuid.UUID(text).int
    except ValueError:
        # No server has such ids, but a test may: they come in the order of their texts' start.
        return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big"), 0
    return value & (1 << 64) - 1, value >> 64
