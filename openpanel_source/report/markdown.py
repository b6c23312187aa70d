"""The short version of a report in Markdown, as GitHub shows it; pure.

Names come from the open internet: they stand in code spans, where nothing is a link, an image, a
mention or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from openpanel_source.model.text import printable

_TOP = 5
_LONGEST = 80
_TABLES = (
    ("sources", ("source", "medium", "sessions", "conversions", "revenue")),
    ("pages", ("path", "views", "sessions")),
)


def markdown_of(document: Mapping[str, Any]) -> str:
    """Summary, top sources and pages, proof and notes of a report.

    Args:
        document: As ``create_report`` gives it in ``numbers``.
    """
    days, compared = document["range"], document["compared"]
    projects = ", ".join(code(one["name"] or one["id"]) for one in document["projects"])
    told = f"{projects or 'no project'}: {days['from']} to {days['until']}"
    if compared:
        told += f", compared with {compared['from']} to {compared['until']}"
    parts = ["# OpenPanel report", f"{told} ({document['timezone']})."]
    parts += [part for part in (_tiles(document), *_breakdowns(document)) if part]
    parts += [_proof(document), "\n".join(f"- {_plainly(note)}" for note in document["notes"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def code(text: str) -> str:
    """Any text as a code span that may stand in a table; a long one is cut."""
    shown = printable(text, _LONGEST).replace("`", "'").strip() or " "
    # A backslash before a pipe would take away what escapes it.
    shown = shown.replace("\\|", "\\ |").replace("|", "\\|")
    return f"`{shown}`"


def _plainly(sentence: str) -> str:
    """A sentence of a report, which may name projects, as text alone."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", printable(sentence, 2000))
    # Nothing else keeps a mention or an address from being one.
    return escaped.replace("@", "@\u200b").replace("://", ":\u200b//")


def shown_value(value: Any, unit: str) -> str:
    """A value as people read it; ``-`` where nothing is known.

    Args:
        value: A cell of the document.
        unit: Of its column.
    """
    return "-" if value is None else _SHOWN.get(unit, "{:,}".format)(value)


def _seconds(value: float) -> str:
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _moment(value: str) -> str:
    return value.replace("T", " ").removesuffix("Z")


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "share": lambda value: f"{100 * value:.1f} %",
    "money": lambda value: f"{value / 100:,.2f}",
    "seconds": _seconds,
    "day": _moment,
    "instant": _moment,
    "text": code,
}


def _tiles(document: Mapping[str, Any]) -> str:
    rows = []
    for _, label, unit, value, before in _rows(document, "tiles"):
        cells = [label, shown_value(value, unit)]
        if document["compared"]:
            cells += [shown_value(before, unit), _change(value, before)]
        rows.append(cells)
    heading = ["", "now"] + (["before", "change"] if document["compared"] else [])
    return _table(heading, rows)


def _change(value: float | None, before: float | None) -> str:
    return "-" if value is None or not before else f"{100 * (value - before) / before:+.1f} %"


def _breakdowns(document: Mapping[str, Any]) -> Iterable[str]:
    for key, names in _TABLES:
        block = document["blocks"].get(key)
        if block is None:
            continue
        places = {column["key"]: place for place, column in enumerate(block["columns"])}
        columns = [block["columns"][places[name]] for name in names]
        rows = [
            [shown_value(row[places[one["key"]]], one["unit"]) for one in columns]
            for row in _rows(document, key)[:_TOP]
        ]
        table = _table([one["label"] for one in columns], rows)
        yield f"## {block['title']}\n\n{table or 'None.'}"


def _proof(document: Mapping[str, Any]) -> str:
    block = document["blocks"]["proof_summary"]
    rows = [
        [
            shown_value(value, column["unit"])
            for value, column in zip(row, block["columns"], strict=True)
        ]
        for row in _rows(document, "proof_summary")
    ]
    table = _table([column["label"] for column in block["columns"]], rows)
    return f"## {block['title']}\n\n{table or 'No day was read yet.'}"


def _rows(document: Mapping[str, Any], key: str) -> Sequence[Sequence[Any]]:
    rows: Sequence[Sequence[Any]] = document["scopes"][""].get(key, [])
    return rows


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
