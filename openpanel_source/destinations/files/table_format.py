"""Tables in files: plain Parquet, Delta or Iceberg, and where they cannot be replaced."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import unquote

import dlt
from dlt.common.pipeline import current_pipeline
from dlt.common.schema import Schema
from dlt.destinations import filesystem

from openpanel_source.destinations.warehouse import bare_client
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.schema import EVENTS

_FORMATS = {"delta": "deltalake", "iceberg": "pyiceberg"}
"""Each with the package that writes it, which is also the name of an extra."""


def parse_table_format(value: object) -> str | None:
    """The format of tables in files: ``delta``, ``iceberg``, or None for plain ones.

    Raises:
        InvalidSettingError: It is another.
    """
    if not value:
        return None
    if value not in _FORMATS:
        raise InvalidSettingError(f"table_format must be delta or iceberg, not {value!r}.")
    return str(value)


def check_table_format(
    pipeline: dlt.Pipeline, schema: Schema | None, table_format: str | None
) -> None:
    """Refuse a format that the destination has not, or that is not that of its tables.

    Args:
        pipeline: A pipeline, synced with its destination.
        schema: What it knows of the tables of this source.
        table_format: As configured.

    Raises:
        InvalidSettingError: It cannot be used.
        DestinationError: What writes it is not installed.
    """
    if table_format is not None and not isinstance(pipeline.destination, filesystem):
        raise InvalidSettingError(
            f"table_format {table_format} is for the destination filesystem; leave it out."
        )
    if table_format is not None:
        require(_FORMATS[table_format])
        _check_address(pipeline, table_format)
    table = schema.tables.get(EVENTS.name) if schema else None
    if table is not None and table.get("table_format") != table_format:
        raise InvalidSettingError(
            f"the dataset {pipeline.dataset_name} holds tables with table_format"
            f" {table.get('table_format')}, not {table_format}; set that, or name another dataset."
        )


def _check_address(pipeline: dlt.Pipeline, table_format: str) -> None:
    client = bare_client(pipeline)
    address = client.make_remote_url(client.dataset_path)
    # pyiceberg takes the address of a local file for its path, and so makes another folder.
    if table_format == "iceberg" and client.is_local_filesystem and unquote(address) != address:
        raise InvalidSettingError(
            f"table_format iceberg cannot be used in {client.dataset_path}; set a bucket_url whose"
            " path has nothing but plain letters, digits and - _ . ~ in its names."
        )


def require(package: str) -> None:
    """Refuse to go on without a package that an extra of its name brings.

    Raises:
        DestinationError: It is not installed.
    """
    if find_spec(package) is None:
        raise DestinationError(
            f"the package {package} is missing; install it with pip install"
            f" 'openpanel-source[{package}]'."
        )


def check_replaces() -> None:
    """Refuse to go on where the pipeline that runs would add rows and replace none.

    Raises:
        DestinationError: It is ``pipeline.run()`` into dlt's ``filesystem``.
    """
    pipeline = current_pipeline()
    if pipeline and type(pipeline.destination) is filesystem:
        raise DestinationError(
            "dlt replaces no rows in files, so each run would double some; load with"
            " openpanel_source.sync(pipeline), which does, instead of pipeline.run()."
        )
