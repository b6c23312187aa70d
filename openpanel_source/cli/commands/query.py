"""The command ``query``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import busy_option, target_options

if TYPE_CHECKING:
    from openpanel_source.operations.query import Answer


@click.command(cls=Command)
@click.argument("sql")
@target_options
@click.option("--csv", "form", flag_value="csv", help="Print all rows as CSV.")
@click.option("--json", "form", flag_value="json", help="Print all rows as a JSON array.")
@busy_option
def command(
    sql: str,
    destination: str,
    database: str | None,
    dataset: str,
    form: str | None,
    busy_timeout: float,
) -> None:
    """Ask the warehouse in SQL: DuckDB or PostgreSQL. Nothing can be changed.

    SQL is the query, or - to read it from stdin. Tables need no prefix, times are UTC.
    """
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.errors import InvalidSettingError
    from openpanel_source.model.clock import check_seconds
    from openpanel_source.operations.query import reading

    check_seconds("busy_timeout", busy_timeout)
    text = sys.stdin.read() if sql == "-" else sql
    if not text.strip(" \t\r\n;"):
        raise InvalidSettingError("there is no SQL to run; write a query, or - to read it.")
    with (
        open_to_look(destination, database, dataset) as pipeline,
        reading(pipeline, busy_timeout) as reader,
    ):
        print_answer(reader.ask(text), form)


def print_answer(answer: Answer, form: str | None) -> None:
    """Print rows in the form that was asked for; nothing for a statement without rows."""
    from openpanel_source.cli.answers import print_csv, print_json, print_table

    if not answer.columns:
        return
    if form == "csv":
        print_csv(answer)
    elif form == "json":
        print_json(answer)
    else:
        print_table(answer)
