"""An event as the server sends it, and what is kept of one that is not as documented."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, cast

import msgspec

from openpanel_source.model.json_text import UNREADABLE, as_map, without_nul_or_halves
from openpanel_source.model.table import BIGINT

NULL = msgspec.Raw(b"null")
"""What stands in the place of JSON that was not sent."""
_Id = Annotated[str, msgspec.Meta(min_length=1)]
_Bigint = Annotated[int, msgspec.Meta(ge=-BIGINT - 1, le=BIGINT)]


class Event(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """An event as the server sends it (openpanel-api.md, section 2); JSON values stay bytes."""

    id: _Id
    created_at: str
    name: str | None = None
    device_id: str | None = None
    profile_id: str | None = None
    project_id: str | None = None
    session_id: str | None = None
    path: str | None = None
    origin: str | None = None
    referrer: str | None = None
    referrer_name: str | None = None
    referrer_type: str | None = None
    country: str | None = None
    city: str | None = None
    region: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    os: str | None = None
    os_version: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    device: str | None = None
    brand: str | None = None
    model: str | None = None
    sdk_name: str | None = None
    sdk_version: str | None = None
    revenue: _Bigint | None = None
    duration: _Bigint | None = None
    imported_at: str | None = None
    properties: msgspec.Raw = NULL
    groups: msgspec.Raw = NULL


Fields = tuple[tuple[str, str], ...]
"""Fields of events beyond those documented, each with the name of its column."""


def with_dimensions(dimensions: Iterable[str], fields: Fields) -> Fields:
    """These fields, and before them what the server was asked to tell beside events."""
    return (*((name, name) for name in dimensions), *fields)


@lru_cache
def event_with(fields: Fields) -> type[Event]:
    """The type of events that also have these fields, whose values stay bytes."""
    return _extended(Event, [(column, msgspec.Raw, NULL) for _, column in fields], fields)


@lru_cache
def _kept_with(fields: Fields) -> type[Event]:
    """The same type, with room for fields that it does not know.

    ``_extras`` is their JSON, ``_unknown`` their names. No column begins with an underscore, and
    no field has the space that both have in JSON: so neither is taken for something sent.
    """
    lacking = [("_extras", str | None, None), ("_unknown", tuple[str, ...], ())]
    names = ((f"no {attribute}", attribute) for attribute, *_ in lacking)
    return _extended(event_with(fields), lacking, tuple(names))


def is_kept(kind: type[Event]) -> bool:
    """Whether events of a type may have ``_extras``."""
    return "_extras" in kind.__struct_fields__


def _extended(base: type[Event], further: list[Any], fields: Fields = ()) -> type[Event]:
    if not further:
        return base
    names = {column: field for field, column in fields}
    kind: Any = msgspec.defstruct("Event", further, bases=(base,), rename=names, gc=False)
    return cast(type[Event], kind)


@lru_cache
def _keepers(fields: Fields) -> dict[str, tuple[str, Any]]:
    """By the name of a field: its attribute, and what makes a value of the name and its bytes."""
    kinds = msgspec.structs.fields(event_with(fields))
    return {kind.encode_name: (kind.name, _KEEP[kind.type]) for kind in kinds}


def keep_event(raw: bytes, fields: Fields = ()) -> Event:
    """An event of whatever the server sent in its place; values of another type become text.

    Args:
        raw: JSON without halves of surrogate pairs.
        fields: Beyond those documented.

    Raises:
        ValueError: It cannot become an event; the message is the reason.
        msgspec.DecodeError: It is no JSON.
    """
    try:
        members = as_map.decode(raw)
    except msgspec.ValidationError:
        raise ValueError("the row is not a JSON object") from None
    known: dict[str, Any] = {}
    for name, (attribute, keep) in _keepers(fields).items():
        if name in members:
            known[attribute] = keep(name, bytes(members.pop(name)))
    for name in ("id", "created_at"):
        if not known.get(name):
            raise ValueError(f"{name} is missing or empty")
    if members:
        known |= {"_extras": _extras(members), "_unknown": tuple(members)}
    return _kept_with(fields)(**known)


def without_dimensions(raw: bytes, dimensions: Collection[str]) -> bytes:
    """A row without what was told beside it, which a server may make up anew at each request."""
    if not dimensions:
        return raw
    try:
        members = as_map.decode(raw)
    except UNREADABLE:
        return raw
    left = {name: value for name, value in members.items() if name not in dimensions}
    return msgspec.json.encode(left)


def _extras(members: dict[str, msgspec.Raw]) -> str:
    texts = [msgspec.json.encode(name) + b":" + bytes(raw) for name, raw in members.items()]
    return without_nul_or_halves(b"{%s}" % b",".join(texts)).decode()


def _keep_text(_: str, raw: bytes) -> str | None:
    if raw == b"null":
        return None
    text: str = _text.decode(raw) if raw[:1] == b'"' else raw.decode()
    return text


def _keep_double(name: str, raw: bytes) -> float | None:
    value = json.loads(raw)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} is not a number: {value!r:.50}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} is not finite")
    return number


def _keep_bigint(name: str, raw: bytes) -> int | None:
    try:
        # A float holds whole numbers up to 2**53 alone.
        value = json.loads(raw, parse_float=Decimal)
    except InvalidOperation:
        # Its exponent is beyond all that can be computed with.
        raise ValueError(f"{name} does not fit 64 bits") from None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ValueError(f"{name} is not an integer: {value!r:.50}")
    if not -BIGINT - 1 <= value <= BIGINT:
        raise ValueError(f"{name} does not fit 64 bits")
    if value != int(value):
        raise ValueError(f"{name} is not an integer: {value!s:.50}")
    return int(value)


def _keep_raw(_: str, raw: bytes) -> msgspec.Raw:
    return msgspec.Raw(raw)


_KEEP: dict[Any, Any] = {
    _Id: _keep_text,
    str: _keep_text,
    str | None: _keep_text,
    float | None: _keep_double,
    _Bigint | None: _keep_bigint,
    msgspec.Raw: _keep_raw,
}
_text = msgspec.json.Decoder(str)
