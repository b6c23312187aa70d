"""The command itself, and how a process runs it; its commands are in commands/."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import click

from openpanel_source.cli.group import Group
from openpanel_source.cli.logs import configure_logs
from openpanel_source.cli.streams import mend_streams

_COMMANDS = (
    *("audit", "charts", "check", "demo", "erase", "example", "explore", "init", "models"),
    *("partitions", "properties", "query", "report", "sandbox", "shell", "status", "sync"),
)


class _Commands(Mapping[str, click.Command]):
    """Each is imported when it is asked for; even then, heavy imports wait until it runs."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in _COMMANDS:
            raise KeyError(name)
        command: click.Command = import_module(f"openpanel_source.cli.commands.{name}").command
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


@click.group(
    cls=Group,
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="openpanel-source")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, to stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of what goes to stderr; json is one object a line.",
)
def main(verbose: bool, quiet: bool, log_format: str) -> None:
    """Load OpenPanel events into DuckDB or any other dlt destination, and prove nothing was lost.

    Credentials and settings come from .dlt/secrets.toml and .dlt/config.toml, which init writes,
    or the environment (SOURCES__OPENPANEL__CLIENT_ID, SOURCES__OPENPANEL__CLIENT_SECRET, ...).

    Exit codes: 0 done and verified, 1 failed, 2 wrong usage or configuration, 3 loaded but not
    verified, 130 interrupted by Ctrl-C, 141 nobody reads what it prints, 143 stopped by SIGTERM.
    """
    # Most objects of this process are modules being imported: looking for garbage among them each
    # 700 objects takes a tenth of the time of a sync that finds nothing new.
    gc.set_threshold(50_000)
    configure_logs(verbose=verbose, as_json=log_format == "json", quiet=quiet)


def run() -> NoReturn:
    """Run the command as a process, and end it without taking it apart piece by piece.

    Freeing each object of dlt and its libraries takes as long as a quarter of a quiet sync.
    """
    mend_streams()
    code: object = 0
    try:
        main()
    except SystemExit as ending:
        code = ending.code
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
