"""Rows of a query as text: a table for people, CSV and JSON for programs.

What visitors have sent stands in these rows: on a terminal it is shown with all that could move a
cursor, colour or hide something escaped.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.model.cells import as_json, as_text, distinct_names
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.operations.query import Answer

MOST_ROWS = 1000
"""Of a table: what people read, and what its widths are made of."""
_WIDEST = 60
_LONGEST = 1_000_000
"""Of a value on a terminal as CSV, in characters."""
_NULL = "NULL"


def print_table(answer: Answer) -> None:
    """Print the first rows as a table, or one below the other where they are too wide for it."""
    rows = list(islice(_rows(answer), MOST_ROWS + 1))
    shown = rows[:MOST_ROWS]
    names = [printable(name, _WIDEST) for name in answer.columns]
    cells = [[printable(as_text(value, _NULL), _WIDEST) for value in row] for row in shown]
    columns = list(zip(names, *cells, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    if sum(widths) + 2 * len(widths) > _screen_width():
        _print_records(answer, shown)
    else:
        right = [_are_numbers([row[place] for row in shown]) for place in range(len(names))]
        for line in (names, ["-" * width for width in widths], *cells):
            click.echo(_line(line, widths, right))
    if len(rows) > MOST_ROWS:
        click.echo(f"... the first {MOST_ROWS:,} rows; --csv and --json print all of them")
    else:
        click.echo(f"({len(rows):,} {'row' if len(rows) == 1 else 'rows'})")


def _print_records(answer: Answer, rows: list[tuple[Any, ...]]) -> None:
    widest = max(_width(printable(name, _WIDEST)) for name in answer.columns)
    for number, row in enumerate(rows, start=1):
        click.echo(f"-- {number} --")
        for name, value in zip(answer.columns, row, strict=True):
            head = printable(name, _WIDEST)
            text = printable(as_text(value, _NULL), 1000)
            click.echo(f"{head}{' ' * (widest - _width(head))}  {text}".rstrip())


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = []
    for cell, width, to_right in zip(cells, widths, right, strict=True):
        space = " " * (width - _width(cell))
        padded.append(space + cell if to_right else cell + space)
    return "  ".join(padded).rstrip()


def print_csv(answer: Answer) -> None:
    """Print all rows as CSV, as they come; null is nothing, an empty text two quotes."""
    escaped = sys.stdout.isatty()
    for rows in chain([[tuple(answer.columns)]], answer.batches):
        # With colour: elsewhere than on a terminal, click would take out what looks like one.
        click.echo("\n".join(_csv_line(row, escaped=escaped) for row in rows), color=True)


def _csv_line(row: tuple[Any, ...], *, escaped: bool) -> str:
    return ",".join(_field(value, escaped=escaped) for value in row)


def _field(value: Any, *, escaped: bool) -> str:
    if value is None:
        return ""
    text = printable(as_text(value), _LONGEST) if escaped else as_text(value)
    quoted = not text or any(sign in text for sign in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def print_json(answer: Answer) -> None:
    """Print all rows as a JSON array of objects, a line each, as they come."""
    names = distinct_names(answer.columns)
    start = "["
    for row in _rows(answer):
        values = dict(zip(names, map(as_json, row), strict=True))
        click.echo(f"{start}{json.dumps(values, ensure_ascii=True)}", nl=False)
        start = ",\n"
    click.echo("]" if start != "[" else "[]")


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    return (row for batch in answer.batches for row in batch)


def _are_numbers(values: list[Any]) -> bool:
    there = [value for value in values if value is not None]
    return bool(there) and all(
        isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for value in there
    )


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _screen_width() -> float:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else inf
