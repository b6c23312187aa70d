"""One process of a machine at a time in the working folder of a pipeline."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import dlt
from filelock import FileLock, Timeout
from tenacity import RetryCallState, retry_if_exception_type

from openpanel_source.destinations.waiting import patiently
from openpanel_source.errors import PipelineBusyError
from openpanel_source.model.text import printable

logger = logging.getLogger(__name__)


def running_alone(
    pipeline: dlt.Pipeline, busy_timeout: float = 0.0
) -> AbstractContextManager[None]:
    """Keep other syncs and audits of the same pipeline on this machine out meanwhile.

    Args:
        pipeline: A pipeline.
        busy_timeout: Seconds to wait for one that is running.

    Raises:
        PipelineBusyError: One is still running.
    """
    return alone_in(Path(pipeline.pipelines_dir), pipeline.pipeline_name, busy_timeout)


@contextmanager
def alone_in(folder: Path, name: str, busy_timeout: float = 0.0) -> Iterator[None]:
    """The same for a pipeline that is not there yet.

    Args:
        folder: That of all pipelines.
        name: The pipeline's.
        busy_timeout: Seconds to wait for one that is running.

    Raises:
        PipelineBusyError: A sync or an audit of it is still running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock", timeout=0)
    # Not in the lock itself: whoever tries to take it empties it.
    holder = folder / f"{name}.holder"

    def tell(_: RetryCallState) -> None:
        logger.warning("another sync or audit%s is running; waiting for it", _who(holder))

    try:
        patiently(busy_timeout, retry_if_exception_type(Timeout), tell)(lock.acquire)
    except Timeout:
        raise PipelineBusyError(
            f"another sync or audit of the pipeline {name} is running{_who(holder)}; run again"
            " later, or give this one a pipeline of its own."
        ) from None
    try:
        with suppress(OSError):
            since = datetime.now(timezone.utc).isoformat(sep=" ", timespec="seconds")
            holder.write_text(f"process {os.getpid()}, since {since[:19]} UTC")
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    """Who holds a lock, in brackets; nothing if that is not known."""
    try:
        return f" ({printable(holder.read_text(encoding='utf-8'), 100)})"
    except (OSError, ValueError):
        return ""
