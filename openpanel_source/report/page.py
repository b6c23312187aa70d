"""The page: one HTML file that draws a report's document, and asks nobody for anything.

What stands in the document comes from the open internet. It enters the page in one place only, as
JSON that cannot end its element, and the scripts set it as text. A policy in the page itself
permits those scripts and no others, and no request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

_ASSETS = files(__package__) / "assets"
_LIBRARY = "vendor/echarts.min.js"
_WORLD = "vendor/world.json"
_SCRIPTS = (
    "words", "elements", "theme", "tables", "cards", "pictures", "lines",
    "grids", "maps", "paths", "calendar", "proof", "blocks", "report",
)  # fmt: skip
"""Ours, in ``assets/script/``: one after another in one function, each may use those before it."""


def page_of(document: Mapping[str, Any]) -> str:
    """The report as one HTML file.

    Args:
        document: As ``document.py`` makes it, and ``openpanel-source report --json`` prints it.

    Returns:
        The text of the file: UTF-8 can hold it whatever was in the document.
    """
    style = _asset("page.css")
    own = "".join(_asset(f"script/{name}.js") for name in _SCRIPTS)
    scripts = [_asset(_LIBRARY), f'(() => {{\n"use strict";\n{own}}})();\n']
    return Template(_asset("page.html")).substitute(
        policy=_policy(scripts, style),
        style=style,
        document=data_block(_without_repeats(document)),
        world=_asset(_WORLD),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


def _without_repeats(document: Mapping[str, Any]) -> dict[str, Any]:
    """Each row once: what all projects together say of one already is null in its own scope."""
    scopes = dict(document["scopes"])
    everything = scopes.pop("")
    for key, block in document["blocks"].items():
        names = [column["key"] for column in block["columns"]]
        place = names.index("project_id") if "project_id" in names else None
        parts = defaultdict(list)
        for row in everything.get(key, []) if place is not None else []:
            parts[row[place]].append(row)
        for scope, rows in scopes.items():
            if key in rows and rows[key] == (parts[scope] if parts else everything.get(key)):
                scopes[scope] = {**scopes[scope], key: None}
    return {**document, "scopes": {"": everything, **scopes}}


def data_block(value: Any) -> str:
    r"""JSON that stays what it is inside of a script element, and in every encoding.

    Args:
        value: What JSON can say; numbers that it cannot, NaN and infinities, become null.

    Returns:
        ASCII without ``<``, ``>`` and ``&``, lone surrogates as ``\udXXX``.
    """
    text = json.dumps(_finite(value), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def _policy(scripts: list[str], style: str) -> str:
    permitted = " ".join(map(_source, scripts))
    return (
        f"default-src 'none'; script-src {permitted}; style-src {_source(style)};"
        # The icon of the tab; a page without one has the browser ask for it.
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text(encoding="utf-8")
