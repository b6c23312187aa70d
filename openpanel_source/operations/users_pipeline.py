"""A pipeline is its user's: what a sync does to it, and how it is given back.

Other sources may run in it. What they have extracted is loaded, as dlt would do; their state and
schemas stay; and the destination is the user's own again afterwards.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
from dlt.common.exceptions import DltException
from dlt.common.schema import Schema

from openpanel_source.destinations.duckdb_session import open_meanwhile
from openpanel_source.destinations.prepare import make_exact, separate_staging
from openpanel_source.destinations.warehouse import SOURCE_NAME, keep_dataset, own_schema
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import LIST_TABLES, SYNC_LISTS, TABLES


@contextmanager
def loadable(pipeline: dlt.Pipeline, *, commits_when_asked_to_stop: bool) -> Iterator[None]:
    """Have a pipeline's destination hold exactly what is loaded meanwhile, in staging of its own.

    Args:
        pipeline: A pipeline with its destination.
        commits_when_asked_to_stop: Whether dlt is to finish what it loads when a signal comes, as
            the caller heeds it; else it leaves the package where it is, and raises.

    Raises:
        InvalidSettingError: The pipeline would drop what was loaded, at each run of a sync.
    """
    if pipeline.refresh is not None:
        raise InvalidSettingError(
            f"the pipeline has refresh={pipeline.refresh!r}, so each run of a sync would drop what"
            " the one before has loaded; make it without, and sync with reload=True instead."
        )
    own, runtime = pipeline.destination, pipeline.runtime_config
    intercepts = runtime.intercept_signals
    try:
        runtime.intercept_signals = intercepts and not commits_when_asked_to_stop
        make_exact(pipeline)
        separate_staging(pipeline)
        yield
    finally:
        runtime.intercept_signals = intercepts
        if pipeline.destination is not own:
            pipeline.destination = own


@dataclass
class OtherSources:
    """What a pipeline holds of other sources, before this machine's memory of it is dropped.

    Attributes:
        discarded: Ids of pending packages with rows of this source, that will not be loaded.
    """

    discarded: frozenset[str] = frozenset()
    _state: dict[str, Any] = field(default_factory=dict)
    _schemas: list[Schema] = field(default_factory=list)
    _default: str | None = None

    @classmethod
    def of(cls, pipeline: dlt.Pipeline, busy_timeout: float) -> OtherSources:
        """Look at a pipeline, and load what other sources have pending in it.

        Args:
            pipeline: A pipeline with its destination.
            busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        """
        try:
            _finish_deletions(pipeline)
            discarded = discard(pipeline)
        except _UNREADABLE:
            # Written by a newer dlt, or cut short: as if it were not there.
            return cls()
        if pipeline.has_pending_data:
            with open_meanwhile(pipeline, busy_timeout):
                pipeline.normalize()
                pipeline.load()
        try:
            own = own_schema(pipeline)
            names = {SOURCE_NAME, own.name if own else SOURCE_NAME}
            state: dict[str, Any] = dict(pipeline.state)
            for name in names:
                state.get("sources", {}).pop(name, None)
            schemas = [pipeline.schemas[name].clone() for name in {*pipeline.schemas} - names]
        except _UNREADABLE:
            return cls(discarded)
        return cls(discarded, state, schemas, pipeline.default_schema_name)

    def forget_all_else(self, pipeline: dlt.Pipeline) -> None:
        """Drop what this machine remembers of a pipeline; its dataset stays what it is."""
        dataset = pipeline.dataset_name
        pipeline.drop()
        keep_dataset(pipeline, dataset)
        home = self._state.get("_local", {}).get("initial_cwd")
        if home is not None:
            # Paths of local files are relative to it.
            pipeline.set_local_state_val("initial_cwd", home)

    def put_back(self, pipeline: dlt.Pipeline) -> None:
        """Have a pipeline know again what the destination does not, once it is synced with it."""
        sources = self._state.get("sources", {})
        for schema in self._schemas:
            if schema.name not in pipeline.schemas:
                pipeline.schemas.save_schema(schema)
        if self._schemas and pipeline.default_schema_name is None:
            pipeline.default_schema_name = self._default  # type: ignore[assignment]
        if sources and self._state["_state_version"] > pipeline.state["_state_version"]:
            with pipeline.managed_state() as state:
                state.setdefault("sources", {}).update(sources)


_UNREADABLE = (DltException, ValueError, OSError)


def _finish_deletions(pipeline: dlt.Pipeline) -> None:
    """Delete what a kill left of packages that were being deleted; dlt would fail on them.

    A package is deleted file by file once it is normalized, loaded or given up. So one that lacks
    its schema or the folder of its jobs holds nothing that is still to be loaded, nor does an
    extracted one that is also there normalized.
    """
    home = Path(pipeline.working_dir)
    extracted, normalized = home / "normalize" / "extracted", home / "load" / "normalized"
    for package in (*normalized.glob("*/"), *extracted.glob("*/")):
        is_whole = (package / "schema.json").is_file() and (package / "new_jobs").is_dir()
        if not is_whole or (package.parent == extracted and (normalized / package.name).is_dir()):
            shutil.rmtree(package)


def discard(pipeline: dlt.Pipeline) -> frozenset[str]:
    """Delete the pending packages that hold rows of this source alone: they are read again.

    A job that was cut off may have written its rows, and would write them twice.
    """
    certain = {table.name for table in (*TABLES, SYNC_LISTS)}
    # Another source may load tables that are called as lists are.
    ours = certain | {table.name for table in LIST_TABLES}
    pending = [
        *pipeline.list_extracted_load_packages(),
        *pipeline.list_normalized_load_packages(),
    ]
    discarded = set()
    for load_id in pending:
        package = pipeline.get_load_package_info(load_id)
        jobs = [job.job_file_info.table_name for some in package.jobs.values() for job in some]
        tables = {name for name in jobs if not name.startswith("_dlt")}
        if tables & certain and tables <= ours:
            shutil.rmtree(package.package_path)
            discarded.add(load_id)
    return frozenset(discarded)
