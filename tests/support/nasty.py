"""Rows that a hostile visitor or server may send: one file a hazard, beside it what is expected.

``NAME.json`` is a row as it goes over the wire, byte for byte; ``NAME.expected.json`` says which
``columns`` it is loaded with, or with which reason it is ``rejected``. Rows too large to keep in
files are made by ``RECIPES``.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "data" / "nasty"


class Nasty(NamedTuple):
    """A row, and what becomes of it."""

    name: str
    raw: bytes
    expected: dict[str, Any]


def parse(text: str) -> Any:
    """JSON with numbers as exact as they are written."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def nasty_rows() -> list[Nasty]:
    """Every hazard, by name."""
    files = [
        Nasty(
            path.stem,
            path.read_bytes().removesuffix(b"\n"),
            parse(path.with_suffix(".expected.json").read_text("utf-8")),
        )
        for path in FOLDER.glob("*.json")
        if not path.name.endswith(".expected.json")
    ]
    return sorted([*files, *_recipes()])


def _recipes() -> list[Nasty]:
    many_keys = {f"key {number}": "x" for number in range(10_000)}
    long_key = {"k" * 1_000_000: "x"}
    digits = b"9" * 5_000
    escapes = "\\\\" * 200_000
    return [
        _loaded("ten_megabytes_in_properties", {"a": "x" * 10_000_000}),
        _loaded("ten_megabytes_in_text", {}, name="é" * 5_000_000),
        _loaded("ten_thousand_keys", many_keys),
        _loaded("megabyte_key", long_key),
        _loaded("many_escapes", {"a": escapes}),
        Nasty(
            "five_thousand_digits",
            _row("five_thousand_digits", b'"properties":{"a":%s}' % digits),
            {"columns": {"properties": {"a": Decimal(digits.decode())}}},
        ),
        Nasty(
            "nested_499_levels",
            _row("nested_499_levels", b'"properties":' + b"[" * 499 + b"]" * 499),
            {"columns": {"properties": json.loads("[" * 499 + "]" * 499)}},
        ),
        *(
            Nasty(
                f"nested_{levels}_levels{place}",
                _row("x", b'"%s":' % field + b"[" * levels + b"]" * levels),
                {"rejected": "nests deeper than 500 levels"},
            )
            for levels in (501, 100_000)
            for place, field in (("", b"properties"), ("_in_text", b"name"), ("_unknown", b"new"))
        ),
    ]


def _loaded(hazard: str, properties: dict[str, str], **columns: str) -> Nasty:
    members = json.dumps({"properties": properties, **columns}, ensure_ascii=False)[1:-1]
    expected = {"columns": {"properties": properties, **columns}}
    return Nasty(hazard, _row(hazard, members.encode()), expected)


def _row(name: str, members: bytes) -> bytes:
    return b'{"id":"%s","createdAt":"2026-11-10T12:00:00.000Z",%s}' % (name.encode(), members)
