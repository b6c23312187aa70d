"""What a caller may do to a resource of this source before it runs, and what is refused.

A day is recorded as read in the same package as its rows. So nothing may come between a resource
and dlt that leaves out some of what is yielded, changes it, or has it written otherwise.
"""

from __future__ import annotations

import hashlib
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dlt
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.pipeline import current_pipeline
from dlt.common.schema import TTableSchema
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.extract import DltResource
from dlt.extract.incremental import Incremental, IncrementalResourceWrapper
from dlt.extract.items_transform import FilterItem, LimitItem, MapItem, MetricsItem, YieldMapItem

from openpanel_source.errors import InvalidSettingError

_HARMLESS = (Incremental, IncrementalResourceWrapper, MetricsItem)
_REFUSED: tuple[tuple[type[Any], str], ...] = (
    (
        LimitItem,
        "add_limit() would cut days short: to load little, set start_date, or max_days_per_run=1",
    ),
    (
        FilterItem,
        "add_filter() would leave out rows that are recorded as loaded: set events, filters or"
        " profile_id",
    ),
    (MapItem, "add_map() is given files, not rows: change rows after they are loaded"),
    (YieldMapItem, "add_yield_map() is given files, not rows: change rows after they are loaded"),
)
_OF_TABLE = {
    "name": "table_name",
    "write_disposition": "write_disposition",
    "x-merge-strategy": "write_disposition",
    "table_format": "table_format",
    "file_format": "loader_file_format",
}
"""What may not differ, with the argument of ``run()`` that changes it."""
_OF_PLACE = ("host", "port", "database", "query")
_PLACE = "openpanel_place"
_OF_COLUMN = ("primary_key", "merge_key", "hard_delete", "dedup_sort")


def check_caller(declared: TTableSchema) -> None:
    """Refuse to run in a resource that a caller has changed so that it would not load rightly.

    Args:
        declared: The table of the resource as this source declared it.

    Raises:
        InvalidSettingError: What was done to it, and what to do instead.
    """
    try:
        dlt.current.load_package_state()
    except CurrentLoadPackageStateNotAvailable:
        raise InvalidSettingError(
            "openpanel() yields what a dlt pipeline loads: give it to sync() or pipeline.run(); to"
            " go through events in Python, use EventsPaginator."
        ) from None
    _check_place()
    pipe: Any = dlt.current.pipe()
    for step in pipe.steps[1:]:
        if not isinstance(step, _HARMLESS):
            raise InvalidSettingError(f"{_refusal(step)}.")
    _check_table(dlt.current.resource(), declared)


def _check_place() -> None:
    """Refuse a pipeline whose state tells what another destination or dataset holds.

    The place is kept in what dlt does not store with the rows: a warehouse that was moved is the
    same one, and ``sync()`` takes its state from the destination anyway.
    """
    pipeline: Any = current_pipeline()
    if pipeline is None or pipeline.destination is None:
        return
    # dlt resolves the configuration in the context of a thread, which that of the run must not see.
    with ThreadPoolExecutor(1) as alone:
        place = alone.submit(_place_of, pipeline).result()
    if place is None:
        return
    try:
        before = pipeline.get_local_state_val(_PLACE)
    except KeyError:
        before = None
    is_elsewhere = before not in (None, place) or _loads_elsewhere(pipeline)
    if is_elsewhere and dlt.current.source_state().get("resources"):
        raise InvalidSettingError(
            "this pipeline has loaded into another destination or dataset, and its state tells"
            " what that holds: days would be taken for loaded that are not there. Use sync(), which"
            " asks the destination, or make a pipeline of another name."
        )
    pipeline.set_local_state_val(_PLACE, place)


def _loads_elsewhere(pipeline: Any) -> bool:
    """Whether ``run(dataset_name=...)`` is at work that will load into another dataset.

    dlt extracts as for the dataset before, and tells a resource nothing of the argument.
    """
    frame = inspect.currentframe()
    while frame is not None:
        given = frame.f_locals
        is_its_run = frame.f_code.co_name == "run" and given.get("self") is pipeline
        if is_its_run and (name := given.get("dataset_name")):
            made = pipeline._make_dataset_name(name, pipeline.destination)
            return bool(made != pipeline.dataset_name)
        frame = frame.f_back
    return False


def _place_of(pipeline: Any) -> str | None:
    """What tells a destination and dataset from others; None where nothing can be loaded."""
    try:
        config = pipeline.destination_client().config
    except (ConfigFieldMissingException, ImportError):
        return None
    credentials = getattr(config, "credentials", None)
    parts = (config.fingerprint(), *(getattr(credentials, name, "") for name in _OF_PLACE))
    text = "\0".join([str(pipeline.dataset_name), *(str(part or "") for part in parts)])
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal(step: Any) -> str:
    for kind, refusal in _REFUSED:
        if isinstance(step, kind):
            return refusal
    return "other steps after a resource of openpanel() are refused: read what it has loaded"


def _check_table(resource: DltResource, declared: TTableSchema) -> None:
    table: Any = resource.compute_table_schema()
    given: Any = declared
    for key, argument in _OF_TABLE.items():
        if table.get(key) not in (given.get(key), "parquet"):
            raise InvalidSettingError(
                f"{argument} is refused for {resource.name}: openpanel() replaces exactly the rows"
                " that it reads again, in tables of its own; leave it out."
            )
    for name, ours in given["columns"].items():
        theirs = table["columns"].get(name, {})
        if any(bool(ours.get(key)) != bool(theirs.get(key)) for key in _OF_COLUMN):
            raise InvalidSettingError(
                f"primary_key and the like are refused for {resource.name} (column {name}): rows"
                " of several projects and days would take each other's place; leave them out."
            )
        if ours.get("data_type") != theirs.get("data_type"):
            raise InvalidSettingError(
                f"the data_type {theirs.get('data_type')} is refused for the column {name} of"
                f" {resource.name}, which is {ours.get('data_type')}; leave it out."
            )
