"""The command ``openpanel-source``: options in, exit codes and text out; the work is elsewhere."""

import atexit
import os
import sys
from contextlib import suppress
from typing import NoReturn

from openpanel_source.cli import views  # noqa: F401 - adds its command
from openpanel_source.cli.commands import main
from openpanel_source.cli.streams import mend_streams

__all__ = ["main", "run"]


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
