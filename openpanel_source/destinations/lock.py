"""One process of a machine at a time in the working folder of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dlt
from filelock import FileLock, Timeout

from openpanel_source.destinations.explain import causes
from openpanel_source.errors import PipelineBusyError


def running_alone(pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
    """Keep other syncs and audits of the same pipeline on this machine out meanwhile.

    Raises:
        PipelineBusyError: One is running.
    """
    return alone_in(Path(pipeline.pipelines_dir), pipeline.pipeline_name)


@contextmanager
def alone_in(folder: Path, name: str) -> Iterator[None]:
    """The same for a pipeline that is not there yet.

    Args:
        folder: That of all pipelines.
        name: The pipeline's.

    Raises:
        PipelineBusyError: A sync or an audit of it is running.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise PipelineBusyError(
            f"another sync or audit of the pipeline {name} is running; wait for it, or give this"
            " one a pipeline of its own."
        ) from None
    try:
        yield
    finally:
        lock.release()


def met_another(error: BaseException) -> bool:
    """Whether a destination refused to make what another pipeline made at the same moment."""
    texts = [str(cause).lower() for cause in causes(error)]
    return any(sign in text for sign in _MEETINGS for text in texts)


_MEETINGS = (
    "already exists",
    # PostgreSQL checks a name only as it writes it down.
    'violates unique constraint "pg_',
    "tuple concurrently updated",
)
