"""Commands for the user to paste, as they work where the user stands."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openpanel_source.model.text import printable

if TYPE_CHECKING:
    import dlt

_NAME = "openpanel-source"


def command_line(*words: str) -> str:
    """A command of this program, to be typed into the same terminal.

    Args:
        words: What follows its name, quoted where a shell needs that.
    """
    return printable(" ".join([_program(), *words]), 2000)


def _program() -> str:
    """The program as it was called, unless its name alone is enough."""
    called = Path(sys.argv[0])
    if called.stem != _NAME or called.parent == Path():
        # A module of Python, or a program that calls it.
        return _NAME
    with suppress(OSError):
        found = shutil.which(_NAME)
        if found is not None and os.path.samefile(found, called):
            return _NAME
    return shlex.quote(sys.argv[0])


def target_words(pipeline: dlt.Pipeline) -> list[str]:
    """The options that name where the rows are, as far as the configuration does not.

    Args:
        pipeline: Loads them.
    """
    from openpanel_source.cli.target import resolved_target
    from openpanel_source.destinations.duckdb_session import file_of
    from openpanel_source.destinations.pipelines import DEFAULT_DATABASE

    path, dataset, usual = file_of(pipeline), pipeline.dataset_name, resolved_target()
    destination = "duckdb" if path else str(pipeline.destination.destination_name)
    usual_path = Path(usual.database or DEFAULT_DATABASE).expanduser().absolute()
    options = []
    if path is None and usual.destination != destination:
        options.append(f"--destination {shlex.quote(destination)}")
    elif path is not None and (usual.destination != "duckdb" or path != usual_path):
        options.append(f"--database {shlex.quote(str(path))}")
    if dataset != usual.dataset:
        options.append(f"--dataset {shlex.quote(dataset)}")
    return options
