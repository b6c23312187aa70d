"""A pipeline of dlt's that is what it is told to be, whatever else is configured."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.inject import create_resolved_partial
from dlt.pipeline.configuration import PipelineConfiguration

_FROM_CONFIGURATION = ("staging_type", "staging_name")


def told_pipeline(
    name: str, destination: Any, dataset: str, folder: str, *, is_staged: bool = False
) -> dlt.Pipeline:
    """A pipeline with these properties and otherwise dlt's defaults.

    dlt would take what a call leaves out from anywhere: with ``DEV_MODE`` in the environment, each
    run makes a dataset of its own.

    Args:
        name: The pipeline's.
        destination: A destination of dlt's, or the name of one.
        dataset: Name of the dataset.
        folder: That of all pipelines.
        is_staged: Whether the section ``[pipelines]`` of dlt's configuration, or that of the
            pipeline below it, may name a destination to stage files in.
    """
    told = dict(PipelineConfiguration().items())
    # The section of the process, which is the same for all.
    del told["runtime"]
    told |= {"pipeline_name": name, "dataset_name": dataset, "pipelines_dir": folder}
    if is_staged:
        told |= {field: _of_pipelines(field, name) for field in _FROM_CONFIGURATION}
    config = resolve_configuration(PipelineConfiguration(), explicit_value=told)
    pipeline: dlt.Pipeline = create_resolved_partial(dlt.pipeline, config)(destination=destination)
    return pipeline


def _of_pipelines(field: str, name: str) -> Any:
    return dlt.config.get(f"pipelines.{name}.{field}") or dlt.config.get(f"pipelines.{field}")
