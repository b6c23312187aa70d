"""JSON as bytes: made such that every destination stores it, and taken apart however it looks.

What no destination stores is legal JSON: NUL, halves of surrogate pairs, lists in lists without
end. Nothing here recurses, nor decodes what stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

MOST_LEVELS = 500
"""Lists and objects in each other; decoders and databases give up at a thousand or some more."""
SHORT = 1_000
"""Bytes of JSON that cannot nest too deep."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoders raise for what is no JSON, or not as asked for."""
_REPLACEMENT = rb"\ufffd"

_HALF = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
# A whole pair, and a backslash that escapes another, are taken as they are.
_WHOLE = rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u])"
_HALVES = re.compile(_WHOLE + b"|" + _HALF)
_NUL_OR_HALVES = re.compile(_WHOLE + b"|" + _HALF + rb"|\\u0000")
_STRUCTURE = re.compile(rb"[\[\]{},]")
_OPENING = b"[{"
_CLOSING = {b"[": b"]", b"{": b"}"}
_ENDS = frozenset(_CLOSING.values())
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BACKSLASH = ord("\\")


def bare(raw: bytes) -> bytes:
    """The JSON without a byte order mark and white space around it."""
    if raw[:1] in _CLOSING and raw[-1:] in _ENDS:
        return raw
    return raw.strip().removeprefix(_BYTE_ORDER_MARK).strip()


def without_halves(raw: bytes) -> bytes:
    """The JSON with U+FFFD in place of each escaped half of a surrogate pair."""
    return _replaced(_HALVES, raw)


def without_nul_or_halves(raw: bytes) -> bytes:
    """The JSON with U+FFFD also in place of each escaped NUL, in keys and values."""
    return _replaced(_NUL_OR_HALVES, raw)


def _replaced(unwanted: re.Pattern[bytes], raw: bytes) -> bytes:
    if rb"\u" not in raw:
        return raw
    return unwanted.sub(lambda found: found[1] or _REPLACEMENT, raw)


def check_levels(raw: bytes) -> None:
    """Accept JSON that does not nest too deep.

    Raises:
        ValueError: It nests deeper than ``MOST_LEVELS``, or a string in it does not end.
    """
    if len(raw) <= SHORT or raw.count(b"[") + raw.count(b"{") <= MOST_LEVELS:
        return
    for _, level in _structure(raw):
        if level > MOST_LEVELS:
            raise ValueError(f"it nests deeper than {MOST_LEVELS} levels")


as_map = msgspec.json.Decoder(dict[str, msgspec.Raw])
"""Takes an object apart that is as it should be; its values stay bytes."""
_as_list = msgspec.json.Decoder(list[msgspec.Raw])


def members(raw: bytes) -> dict[str, msgspec.Raw] | None:
    """The undecoded values of a map by key, or of a list by place; None of anything else."""
    try:
        if raw.lstrip()[:1] == b"[":
            return {str(place): value for place, value in enumerate(_as_list.decode(raw))}
        return as_map.decode(raw)
    except UNREADABLE:
        return _lenient_members(raw)


def _lenient_members(raw: bytes) -> dict[str, msgspec.Raw] | None:
    """The same where only Python's own decoder reads it, such as half an emoji in a key.

    Values stay as they are written: a number beyond all floats would not survive.
    """
    try:
        value = json.loads(raw, parse_constant=_refuse)
        if isinstance(value, list):
            return {str(place): msgspec.Raw(item) for place, item in enumerate(items(raw))}
        if not isinstance(value, dict):
            return None
        pairs = map(member, items(raw))
        return {_key(name): msgspec.Raw(held.strip()) for name, held in pairs}
    except (ValueError, RecursionError):
        return None


def _key(name: bytes) -> str:
    text: str = json.loads(b'"%b"' % name)
    return text.encode("utf-8", "replace").decode()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def items(raw: bytes) -> list[bytes]:
    """The items of a list, or members of an object, as bytes; whatever they hold, if it is closed.

    Raises:
        ValueError: It is no list or object with as many brackets closed as opened.
    """
    raw = raw.strip()
    if _CLOSING.get(raw[:1]) != raw[-1:]:
        raise ValueError("it is no list or object")
    found: list[bytes] = []
    start = 1
    for place, level in _structure(raw):
        if level == 0:
            if place != len(raw) - 1:
                break
            last = raw[start:place]
            return [*found, last] if found or last.strip() else []
        if level == 1 and raw[place] == ord(","):
            found.append(raw[start:place])
            start = place + 1
    raise ValueError("its brackets do not match")


def member(raw: bytes) -> tuple[bytes, bytes]:
    """The key of a member of an object, without its quotes, and the value.

    Raises:
        ValueError: It is no member.
    """
    raw = raw.strip()
    if raw[:1] != b'"':
        raise ValueError("a member has no key")
    end = _end_of_string(raw, 0)
    colon, value = raw[end:].lstrip()[:1], raw[end:].lstrip()[1:]
    if colon != b":":
        raise ValueError("a member has no value")
    return raw[1 : end - 1], value


def _structure(raw: bytes) -> Iterator[tuple[int, int]]:
    """Places of brackets and commas outside of strings, and the level after each."""
    level = 0
    for start, end in _outside_strings(raw):
        for found in _STRUCTURE.finditer(raw, start, end):
            sign = found[0]
            if sign != b",":
                level += 1 if sign in _OPENING else -1
            yield found.start(), level


def _outside_strings(raw: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while (quote := raw.find(b'"', start)) >= 0:
        yield start, quote
        start = _end_of_string(raw, quote)
    yield start, len(raw)


def _end_of_string(raw: bytes, quote: int) -> int:
    """The place after the string that begins with this quote."""
    end = raw.find(b'"', quote + 1)
    while end >= 0 and _is_escaped(raw, end):
        end = raw.find(b'"', end + 1)
    if end < 0:
        raise ValueError("a string does not end")
    return end + 1


def _is_escaped(raw: bytes, place: int) -> bool:
    first = place
    while raw[first - 1] == _BACKSLASH:
        first -= 1
    return (place - first) % 2 == 1


def without_nul(text: str) -> str:
    """The text with U+FFFD in place of NUL; empty if it holds nothing else."""
    return text.replace("\0", "\ufffd") if text.strip("\0") else ""
