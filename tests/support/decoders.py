"""How servers read query strings: written anew from what was seen of them, not from the sandbox.

Both readers take the query string of a request and return its parameters as the server uses them,
or raise ``RefusedError`` where it answers 400 (openpanel-api.md, section 1; openpanel-3.md,
section 2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

_TEXTS = ("projectId", "profileId", "start", "end", "startDate", "endDate", "interval")
_NUMBER_OF_2 = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_NUMBER_OF_3 = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\Z")


class RefusedError(Exception):
    """The server answers 400."""


def read_by_2(query: str) -> dict[str, Any]:
    """The parameters as servers of 2.x since 2026-04-09 use them."""
    return _read(query, lambda values: _one_or_all([_decoded_by_2(value) for value in values]))


def read_by_3(query: str) -> dict[str, Any]:
    """The parameters as OpenPanel 3 uses them."""
    return _read(query, _decoded_by_3)


def as_json(value: Any) -> Any:
    """A value as JavaScript has it: each number a double, a tuple a list."""
    return json.loads(json.dumps(value), parse_int=float)


def _read(query: str, decoded: Callable[[list[str]], Any]) -> dict[str, Any]:
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=True):
        sent.setdefault(name, []).append(value)
    return {name: _checked(name, decoded(values)) for name, values in sent.items()}


def _decoded_by_2(text: str) -> Any:
    if _NUMBER_OF_2.match(text):
        return float(text)
    return _json_or_text(text)


def _decoded_by_3(values: list[str]) -> Any:
    first, *others = map(_listed, values)
    # A list that comes first is added to; one beside other values stays a list among them.
    found = [*(first if isinstance(first, list) else [first]), *others] if others else first
    return _text_of_3(found) if isinstance(found, str) else _element_of_3(found)


def _listed(text: str) -> Any:
    """What brackets or commas make of a value, before anything in it is decoded."""
    if text[:1] + text[-1:] in ("[]", "{}"):
        parsed = _json_or_text(text)
        if not isinstance(parsed, str):
            return parsed
    return text.split(",") if "," in text else text


def _element_of_3(value: Any) -> Any:
    if isinstance(value, list):
        return [_element_of_3(item) for item in value]
    if isinstance(value, dict):
        return {key: _element_of_3(item) for key, item in value.items()}
    return _text_of_3(value) if isinstance(value, str) else None


def _text_of_3(text: str) -> Any:
    if _NUMBER_OF_3.match(text):
        return float(text)
    return _json_or_text(text)


def _json_or_text(text: str) -> Any:
    try:
        parsed = json.loads(text, parse_int=float, parse_constant=_no_constant)
    except ValueError:
        return text
    return text if parsed is None else parsed


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _checked(name: str, value: Any) -> Any:
    if name in _TEXTS:
        return _text(value)
    if name in ("event", "includes"):
        return [_text(item) for item in _list([value] if isinstance(value, str) else value)]
    if name == "filters":
        parsed = _json_or_text(value) if isinstance(value, str) else value
        return _filters([parsed] if isinstance(parsed, dict) else parsed)
    if name in ("series", "events", "breakdowns"):
        return [_series(item) for item in _list(value)]
    if name in ("limit", "page"):
        return float(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"expected string, received {value!r}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise RefusedError(f"expected array, received {value!r}")
    return value


def _series(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise RefusedError(f"expected object, received {item!r}")
    for key in ("name", "segment", "property", "id"):
        if key in item:
            _text(item[key])
    if "filters" in item:
        _filters(item["filters"])
    return item


def _filters(value: Any) -> list[Any]:
    for item in _list(value):
        if not isinstance(item, dict):
            raise RefusedError(f"expected object, received {item!r}")
        for key in ("name", "operator"):
            _text(item.get(key))
        _text(item.get("type", ""))
        for cohort in _list(item.get("cohortIds", [])):
            _text(cohort)
        if any(isinstance(one, (list, dict)) for one in _list(item.get("value"))):
            raise RefusedError(f"no value: {item['value']!r}")
    return value  # type: ignore[no-any-return]
