"""The command ``shell``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from openpanel_source.cli.commands.query import print_answer
from openpanel_source.cli.group import Command
from openpanel_source.cli.options import busy_option, target_options
from openpanel_source.cli.to_paste import command_line, target_words
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.operations.query import Reader

_ENDS = (".exit", ".quit", "exit", "quit", "\\q")


@click.command(cls=Command)
@target_options
@busy_option
def command(destination: str, database: str | None, dataset: str, busy_timeout: float) -> None:
    """Ask the warehouse in SQL, again and again: DuckDB or PostgreSQL. Nothing can be changed.

    A query ends with a semicolon. Ctrl-C drops it, Ctrl-D leaves. Nothing typed is written down.
    """
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.model.clock import check_seconds
    from openpanel_source.models.definitions import NAMES
    from openpanel_source.operations.query import reading

    check_seconds("busy_timeout", busy_timeout)
    if not sys.stdin.isatty():
        raise InvalidSettingError(
            "shell is for a terminal; send SQL from elsewhere to openpanel-source query -."
        )
    with (
        open_to_look(destination, database, dataset) as pipeline,
        reading(pipeline, busy_timeout) as reader,
    ):
        names = reader.tables()
        click.echo(f"Tables of {dataset}: {', '.join(map(printable, names)) or 'none'}.")
        if not {*NAMES} & {*names}:
            more = command_line("models", *target_words(pipeline))
            click.echo(f"Not made yet: {', '.join(NAMES)}; {more} makes them.")
        click.echo("End a query with ; and leave with Ctrl-D. Tab completes names of tables.")
        _complete(names)
        for sql in _statements():
            _answer(reader, sql)


def _answer(reader: Reader, sql: str) -> None:
    try:
        print_answer(reader.ask(sql), None)
    except InvalidSettingError as error:
        click.echo(printable(str(error), 4000), err=True)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)


def _statements() -> Iterator[str]:
    """What is typed, statement by statement, until its end."""
    lines: list[str] = []
    while True:
        try:
            line = input("       ...> " if lines else "openpanel> ")
        except KeyboardInterrupt:
            lines = []
            click.echo()
            continue
        except EOFError:
            click.echo()
            return
        if not lines and line.strip().lower().rstrip(";") in _ENDS:
            return
        if line.strip() or lines:
            lines.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(lines)
            lines = []


def _complete(names: list[str]) -> None:
    """Have the terminal complete names of tables, and remember lines, where it can."""
    try:
        import readline
    except ImportError:
        return

    def completed(text: str, state: int) -> str | None:
        fitting = [name for name in names if name.startswith(text.lower())]
        return fitting[state] if state < len(fitting) else None

    readline.set_completer(completed)
    readline.set_completer_delims(" \t\n,.()\"'=<>")
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
