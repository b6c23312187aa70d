"""The working folders of the command on this machine: dlt's tools find them, and old ones go."""

from __future__ import annotations

import re
import shutil
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import dlt
from dlt.common.pipeline import get_dlt_pipelines_dir
from filelock import FileLock, Timeout

from openpanel_source.destinations.duckdb_session import file_of
from openpanel_source.destinations.pipelines import (
    DEFAULT_DATASET,
    PIPELINE_NAME,
    WORKING_FOLDERS,
)
from openpanel_source.destinations.warehouse import SOURCE_NAME

_OURS = re.compile(r"[0-9a-f]{12}")
_GONE = ".gone-"
_FILE = "database"
"""Names the DuckDB file that a working folder belongs to."""
_DAY_SECONDS = 86_400.0
_LONG_UNUSED_DAYS = 90


def show_to_dlt(pipeline: dlt.Pipeline) -> None:
    """Have ``dlt pipeline`` find the working folder of a pipeline of the command.

    It looks in one folder for all pipelines, by name: there a link leads to this one. A folder or
    link of somebody else's of that name is left alone.

    Args:
        pipeline: Has a folder below ``WORKING_FOLDERS``.
    """
    # A link would take a relative folder as relative to where it is itself.
    folder, file = Path(pipeline.working_dir).absolute(), file_of(pipeline)
    link = Path(get_dlt_pipelines_dir()) / _name_for_dlt(pipeline, file)
    with suppress(OSError):
        if file is not None:
            (folder.parent / _FILE).write_text(str(file), encoding="utf-8")
        link.parent.mkdir(parents=True, exist_ok=True)
        if _leads_below(link, folder.parents[1]):
            link.unlink()
        link.symlink_to(folder, target_is_directory=True)


def remove_unused(pipeline: dlt.Pipeline) -> None:
    """Remove working folders of the command that nobody needs: what is in them is scratch.

    Those whose DuckDB file is gone, a day after they were used last, and those unused for three
    months. None in which a process is at work, or another source has been.

    Args:
        pipeline: Has a folder beside them, which stays.
    """
    own = Path(pipeline.pipelines_dir).absolute()
    with suppress(OSError):
        for folder in own.parent.iterdir():
            if folder.name.startswith(_GONE):
                # A removal that was killed.
                shutil.rmtree(folder, ignore_errors=True)
            elif _OURS.fullmatch(folder.name) and folder != own and _is_unused(folder):
                _remove(folder)
        for link in Path(get_dlt_pipelines_dir()).glob(f"{WORKING_FOLDERS}-*"):
            if _leads_below(link, own.parent) and not link.exists():
                link.unlink()


def _name_for_dlt(pipeline: dlt.Pipeline, file: Path | None) -> str:
    """As ``openpanel-source-warehouse``, for the file ``warehouse.duckdb``."""
    parts = [WORKING_FOLDERS, file.stem if file else pipeline.destination.destination_name]
    if pipeline.dataset_name != DEFAULT_DATASET:
        parts.append(pipeline.dataset_name)
    if pipeline.pipeline_name != PIPELINE_NAME:
        parts.append(pipeline.pipeline_name)
    return re.sub(r"[^\w-]+", "_", "-".join(parts))[:100]


def _leads_below(link: Path, folder: Path) -> bool:
    return link.is_symlink() and link.readlink().is_relative_to(folder)


def _is_unused(folder: Path) -> bool:
    # Who works in a folder makes and removes files in it.
    days = (time.time() - folder.stat().st_mtime) / _DAY_SECONDS
    if days < 1 or folder.is_symlink():
        return False
    schemas = {file.name for file in folder.glob("*/schemas/*")}
    if not schemas <= {f"{SOURCE_NAME}.schema.json"}:
        return False
    try:
        is_gone = not Path((folder / _FILE).read_text(encoding="utf-8")).exists()
    except (OSError, ValueError):
        is_gone = False
    return is_gone or days > _LONG_UNUSED_DAYS


def _remove(folder: Path) -> None:
    locks = set(folder.glob("*.lock"))
    with ExitStack() as stack, suppress(Timeout):
        for lock in locks:
            stack.enter_context(FileLock(lock, timeout=0))
        # Somebody may have come and gone since it was looked at, or have come with another lock.
        if locks and locks == set(folder.glob("*.lock")) and _is_unused(folder):
            # At once, so that whoever comes meanwhile finds a whole folder or none.
            gone = folder.rename(folder.with_name(f"{_GONE}{folder.name}"))
            shutil.rmtree(gone, ignore_errors=True)
