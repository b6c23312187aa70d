"""dlt's filesystem destination, made to replace rows: in plain Parquet, Delta and Iceberg.

dlt appends to plain files whatever is asked for, and in Delta and Iceberg it updates rows by key
but leaves those that vanished upstream. Here a load replaces what it names, as in a database. The
files are still dlt's: with their names, in their places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.schema import Schema
from dlt.destinations import filesystem
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, ReferenceFollowupJob
from dlt.destinations.impl.filesystem.sql_client import FilesystemSqlClient

from openpanel_source.destinations.files.jobs import FILE, job_of, parquet
from openpanel_source.destinations.warehouse import SOURCE_NAME
from openpanel_source.model.conditions import literal
from openpanel_source.model.schema import SYNC_DAYS


class _SqlClient(FilesystemSqlClient):
    """Reads Delta and Iceberg without extensions of DuckDB, which it would have to download."""

    def create_secret(
        self, scope: str, credentials: Any, secret_name: Any = None, persist_secrets: bool = False
    ) -> bool:
        # Files are read with the client that writes them: its credentials, its proxy, nothing to
        # download. DuckDB would load an extension, and find its own way there.
        config = self.remote_client.config
        if not config.is_local_filesystem:
            self._register_filesystem(self.remote_client.fs_client, config.protocol)
        return True

    def set_schemas(self, schemas: Sequence[Schema]) -> None:
        # A pipeline that has never run knows no table, but others may have loaded some.
        if not any(SYNC_DAYS.name in schema.tables for schema in schemas):
            stored = self.remote_client.get_stored_schema(SOURCE_NAME)
            if stored is not None:
                schemas = [Schema.from_dict(json.loads(stored.schema))]
                self.schema = self.remote_client.schema = schemas[0]
        super().set_schemas(schemas)

    def create_view_select(self, table_schema: Any, schema: Any = None) -> tuple[str, str] | None:
        name, table_format = table_schema["name"], table_schema.get("table_format")
        if table_format is None or name in (schema or self.schema).dlt_table_names():
            made = super().create_view_select(table_schema, schema)
            # DuckDB would take folders named like a partition for columns.
            return made and (made[0], f"{made[1].removesuffix(')')}, hive_partitioning = false)")
        try:
            table = self.remote_client.load_open_table(table_format, name)
        except DestinationUndefinedEntity:
            return None
        paths = _delta_files(table) if table_format == "delta" else _iceberg_files(table)
        if paths is None:
            # Others have written what only the extensions can read.
            self._let_extensions_in()
            return super().create_view_select(table_schema, schema)
        columns = table_schema["columns"]
        mapper = self.capabilities.get_type_mapper()
        types = {key: mapper.to_destination_type(one, table_schema) for key, one in columns.items()}
        in_folders = table.metadata().partition_columns if table_format == "delta" else []
        location = self.remote_client.get_open_table_location(table_format, name)
        return location, _selecting(types, paths, in_folders)

    def _let_extensions_in(self) -> None:
        # As dlt does, but for a question that DuckDB 2.0 no longer answers to it.
        config = self.remote_client.config
        scope, _, _ = config.bucket_url.partition("@")
        name = self.create_secret_name(scope)
        if not config.is_local_filesystem:
            given = (scope, config.credentials, name, "", False)
            self._conn.execute(";\n".join(self._build_secret_statements(*given)))


def _selecting(types: dict[str, str], paths: list[str], in_folders: list[str]) -> str:
    if not paths:
        nulls = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in types.items())
        return f"SELECT {nulls} WHERE false"
    columns = ", ".join(
        f'{_in_folder(name, kind)} AS "{name}"' if name in in_folders else f'"{name}"'
        for name, kind in types.items()
    )
    return f"SELECT {columns} FROM {parquet(paths)}"  # noqa: S608 - names and paths


def _in_folder(name: str, kind: str) -> str:
    """A column of Delta that it partitions by: it stands in the names of a table's folders alone.

    Folders above the table may be named alike: the last one counts.
    """
    value = f"regexp_extract({FILE}, {literal(f'.*/{re.escape(name)}=([^/]*)/')}, 1)"
    return f"CAST(NULLIF(url_decode({value}), '__HIVE_DEFAULT_PARTITION__') AS {kind})"


def _delta_files(table: Any) -> list[str] | None:
    return table.file_uris() if table.protocol().min_reader_version == 1 else None


def _iceberg_files(table: Any) -> list[str] | None:
    tasks = list(table.scan().plan_files())
    if any(task.delete_files for task in tasks):
        return None
    return [task.file.file_path for task in tasks]


class _Client(FilesystemClient):
    """Takes the files of a load table by table, once all of a table are written."""

    @property
    def sql_client_class(self) -> type[Any]:
        return _SqlClient

    @property
    def sql_client(self) -> Any:
        if not self._sql_client:
            self._sql_client = _SqlClient(self, self.dataset_name)
        return self._sql_client

    @sql_client.setter
    def sql_client(self, client: Any) -> None:
        self._sql_client = client

    @staticmethod
    def get_reference_followup_job_class(table: Any) -> type[ReferenceFollowupJob] | None:
        return job_of(table)


class files(filesystem):  # noqa: N801 - dlt's destinations are named like functions
    """A folder or bucket as destination; takes what ``dlt.destinations.filesystem`` takes."""

    @property
    def destination_type(self) -> str:
        """That of dlt's own, under which pipelines remember it."""
        return "dlt.destinations.filesystem"

    @property
    def client_class(self) -> type[FilesystemClient]:
        """The client that replaces rows."""
        return _Client

    @classmethod
    def adjust_capabilities(cls, caps: Any, config: Any, naming: Any) -> Any:
        """What dlt knows of a folder, with merges that replace rows; what a user set still wins."""
        caps.preferred_loader_file_format = "parquet"
        caps.supported_merge_strategies = ["delete-insert"]
        caps.merge_strategies_selector = None
        return super().adjust_capabilities(caps, config, naming)
