"""Query strings as OpenPanel 3 reads them: split at commas, and decoded twice.

Its web framework parses what looks like a JSON list or object, and splits other values at their
commas; the server then decodes every text in what came of that, and knows no value but texts.
"""

from __future__ import annotations

from typing import Any

from openpanel_source.sandbox.query import Params, decode_value, pairs, parse_json

_BRACKETS = (("[", "]"), ("{", "}"))


def read_query(text: str) -> Params:
    """Return the values in a query string, decoded."""
    params: Params = {}
    for name, value in pairs(text):
        parsed = _parsed(value)
        if name not in params:
            params[name] = parsed
        elif isinstance(params[name], list):
            # A list beside other values is not flattened, but one that came first is added to.
            params[name].append(parsed)
        else:
            params[name] = [params[name], parsed]
    return {name: _decoded(value) for name, value in params.items()}


def _parsed(value: str) -> Any:
    if any(value.startswith(first) and value.endswith(last) for first, last in _BRACKETS):
        try:
            return parse_json(value)
        except ValueError:
            return value
    return value.split(",") if "," in value else value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        return {name: _decoded(item) for name, item in value.items()}
    return decode_value(value) if isinstance(value, str) else None
