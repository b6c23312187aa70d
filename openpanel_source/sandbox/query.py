"""Query strings as the server reads them: split, decoded, checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_to_bytes

Params = dict[str, Any]
"""Values by name: text or a list of texts as sent, any JSON value once decoded."""

Path = tuple[str | int, ...]
"""Where a value is: the parameter's name, then indexes and keys."""

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_JS_NUMBER = re.compile(
    r"[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|Infinity)\Z",
    re.ASCII,
)
_JS_SPACE = " \t\n\r\v\f\u00a0\ufeff\u2028\u2029"


@dataclass(frozen=True)
class Issue:
    """One value that is not what the server expects.

    Attributes:
        path: Where it is.
        expected: The type asked for; empty where none of several forms fits.
        received: The type that came, in JavaScript's words (``NaN`` for no number); with options
            the text that came, where it was text.
        options: The values allowed, where the value must be one of a few.
        alternatives: What is wrong by each of several forms, where none fits.
        bound: Which bound a number breaks, in the words of the server.
    """

    path: Path
    expected: str = ""
    received: str = ""
    options: tuple[str, ...] = ()
    alternatives: tuple[Issue, ...] = ()
    bound: str = ""

    def text(self) -> str:
        """Return the message of the current server."""
        if self.options:
            choices = "|".join(f'"{option}"' for option in self.options)
            return f"Invalid option: expected one of {choices}"
        if self.bound:
            return f"Too {self.bound}"
        if not self.expected:
            return "Invalid input"
        return f"Invalid input: expected {self.expected}, received {self.received}"


def split_query(text: str) -> Params:
    """Split a query string; a name given several times becomes a list."""
    params: Params = {}
    for name, value in pairs(text):
        if name not in params:
            params[name] = value
        elif isinstance(params[name], list):
            params[name].append(value)
        else:
            params[name] = [params[name], value]
    return params


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each parameter in a query string."""
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            yield _unescape(name), _unescape(value)


def decode_values(params: Params) -> Params:
    """JSON-decode every value that is JSON, as servers do since 2026-04-09."""
    return {name: decode_value(value) for name, value in params.items()}


def decode_value(value: Any) -> Any:
    """JSON-decode a text that is JSON, and each of several."""
    if isinstance(value, list):
        return [decode_value(item) for item in value]
    if _PLAIN_NUMBER.match(value):
        return float(value)
    try:
        decoded = parse_json(value)
    except ValueError:
        return value
    return value if decoded is None else decoded


def js_type(value: Any) -> str:
    """Return the name that the server's messages give to the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "NaN" if isinstance(value, float) and math.isnan(value) else "number"
    names: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return names.get(type(value), "undefined")


def js_string(value: Any) -> str:
    """Return ``String(value)``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join("" if item is None else js_string(item) for item in value)
    if isinstance(value, dict):
        return "[object Object]"
    return _js_number_text(float(value))


def js_number(value: Any) -> float:
    """Return ``Number(value)``; NaN for what is no number."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, list):
        value = js_string(value)
    if not isinstance(value, str):
        return math.nan
    text = value.strip(_JS_SPACE)
    if not text:
        return 0.0
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", text):
        return float(int(text, 0))
    return float(text) if _JS_NUMBER.match(text) else math.nan


class Checker:
    """Takes values out of the parameters and collects what is wrong with them."""

    MISSING = object()
    """Stands for a value that is not there."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.issues: list[Issue] = []

    def raw(self, name: str) -> Any:
        """Return the value as it is, None if there is none."""
        return self._params.get(name)

    def string(self, name: str) -> str | None:
        """Return a text, None if there is none."""
        if name not in self._params:
            return None
        value = self._params[name]
        self.expect((name,), value, "string")
        return value if isinstance(value, str) else None

    def number(self, name: str, default: float, *, finite: bool) -> float:
        """Return a number, converted as JavaScript does; it may have to be finite."""
        if name not in self._params:
            return default
        number = js_number(self._params[name])
        if math.isnan(number):
            self.issues.append(Issue((name,), "number", "NaN"))
        elif finite and math.isinf(number):
            self.issues.append(Issue((name,), "number", "number"))
        return number

    def expect(self, path: Path, value: Any, expected: str) -> bool:
        """Note an issue unless the value has the expected type; say whether it has."""
        received = js_type(value)
        if received != expected:
            self.issues.append(Issue(path, expected, received))
        return received == expected

    def bounded(self, path: Path, number: float, least: int, most: int) -> None:
        """Note an issue unless the number is whole and within the bounds."""
        if number % 1:
            self.issues.append(Issue(path, "int", "number"))
        elif not least <= number <= most:
            bound = f"big: expected number to be <={most}"
            if number < least:
                bound = f"small: expected number to be >={least}"
            self.issues.append(Issue(path, "number", "number", bound=bound))

    def one_of(self, path: Path, value: Any, options: tuple[str, ...]) -> None:
        """Note an issue unless the value is one of the options."""
        if not isinstance(value, str):
            self.issues.append(Issue(path, received=js_type(value), options=options))
        elif value not in options:
            self.issues.append(Issue(path, expected="string", received=value, options=options))

    def items(self, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        """Yield path and value of each item of what must be an array."""
        if self.expect(path, value, "array"):
            for index, item in enumerate(value):
                yield (*path, index), item


def parse_json(text: str) -> Any:
    """Return ``JSON.parse(text)``.

    Raises:
        ValueError: The text is no JSON.
    """
    try:
        return json.loads(text, parse_int=float, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unescape(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text or _BAD_ESCAPE.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def _js_number_text(number: float) -> str:
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    if 1e-6 <= abs(number) < 1e21:
        return f"{Decimal(repr(number)):f}".removesuffix(".0")
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
