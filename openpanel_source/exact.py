"""Destinations of dlt that would not hold exactly what came, and what takes their place."""

from __future__ import annotations

import json
from typing import Any

import dlt
from dlt.destinations import filesystem, postgres, sqlalchemy

_JSON = "json_serializer"


def make_exact(pipeline: dlt.Pipeline) -> None:
    """Have a pipeline's destination hold what is loaded, whichever of dlt's it is.

    ``filesystem`` would replace no rows, ``postgres`` would make null of empty texts, and
    ``sqlalchemy`` would quote JSON once more.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.
    """
    destination = pipeline.destination
    kind: Any = type(destination)
    if destination is None or kind not in (filesystem, postgres, sqlalchemy):
        return
    given = {**destination.config_params, "destination_name": destination.destination_name}
    if kind is filesystem:
        from openpanel_source.files import files as kind
    elif kind is postgres:
        from openpanel_source.postgres_copy import postgres_copy as kind
    else:
        given["engine_kwargs"] = _engine(destination.destination_name) | given.get(
            "engine_kwargs", {}
        )
    own = kind(**given)
    own.caps_params = destination.caps_params
    pipeline.destination = own


def _engine(destination_name: str) -> dict[str, Any]:
    """Arguments of SQLAlchemy's engine, as configured, that leave JSON that is text as it is."""
    configured = dlt.config.get(f"destination.{destination_name}.engine_kwargs") or {}
    return {_JSON: _as_it_is, **configured}


def _as_it_is(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
