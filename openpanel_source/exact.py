"""Destinations of dlt that would not hold exactly what came, and what takes their place."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.destinations import filesystem, postgres


def make_exact(pipeline: dlt.Pipeline) -> None:
    """Have a pipeline's destination hold what is loaded, whichever of dlt's it is.

    ``filesystem`` would replace no rows; ``postgres`` would make null of empty texts, and replace
    rows without regard for what others write at the same moment.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.
    """
    destination = pipeline.destination
    kind: Any = type(destination)
    if destination is None or kind not in (filesystem, postgres):
        return
    given = {**destination.config_params, "destination_name": destination.destination_name}
    if kind is filesystem:
        from openpanel_source.files import files as kind
    else:
        from openpanel_source.postgres_copy import postgres_copy as kind
    own = kind(**given)
    own.caps_params = destination.caps_params
    pipeline.destination = own
