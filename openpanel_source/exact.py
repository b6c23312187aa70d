"""Destinations of dlt that would not hold exactly what came, and what takes their place."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.destinations import filesystem, postgres

from openpanel_source.errors import DestinationError
from openpanel_source.escape import printable

_PATTERN = "*?[]'"
"""What DuckDB, which rewrites files, reads in a path as a pattern or as the end of it."""


def make_exact(pipeline: dlt.Pipeline) -> None:
    """Have a pipeline's destination hold what is loaded, whichever of dlt's it is.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.

    Raises:
        DestinationError: Files would go where they could not be replaced.
    """
    own = exact_of(pipeline)
    if own is not pipeline.destination:
        pipeline.destination = own


def exact_of(pipeline: dlt.Pipeline) -> Any:
    """What takes the place of a pipeline's destination; often that destination itself.

    ``filesystem`` would replace no rows; ``postgres`` would make null of empty texts, and replace
    rows without regard for what others write at the same moment.

    Raises:
        DestinationError: Files would go where they could not be replaced.
    """
    destination = pipeline.destination
    kind: Any = type(destination)
    if destination is None or kind not in (filesystem, postgres):
        return destination
    given = {**destination.config_params, "destination_name": destination.destination_name}
    if kind is filesystem:
        _check_path(pipeline)
        from openpanel_source.files import files as kind
    else:
        from openpanel_source.postgres_copy import postgres_copy as kind
    own = kind(**given)
    own.caps_params = destination.caps_params
    return own


def _check_path(pipeline: dlt.Pipeline) -> None:
    client: Any = pipeline.destination_client()
    if set(_PATTERN) & set(client.dataset_path):
        raise DestinationError(
            f"the path {printable(client.dataset_path, 500)} holds one of {' '.join(_PATTERN)},"
            " which would be taken for a pattern of file names; set a bucket_url without them."
        )
