"""How a load replaces rows in files: of plain Parquet, of a Delta table, of an Iceberg table.

Rows make way that meet the condition of the load, or, in a table without one, that have the key of
a new row. Delta and Iceberg commit that at once. Plain files are replaced one by one, each at once;
whoever reads meanwhile may see rows twice.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations import path_utils
from dlt.destinations.impl.filesystem.filesystem import (
    DeltaLoadFilesystemJob,
    IcebergLoadFilesystemJob,
    ReferenceFollowupJob,
)

from openpanel_source.model.conditions import literal


def job_of(table: Any) -> type[ReferenceFollowupJob] | None:
    """What takes the new files of a table; None where dlt's own way does.

    Args:
        table: The table as dlt has prepared it for a load.
    """
    table_format = table.get("table_format")
    if table_format == "delta":
        return _DeltaJob
    if table_format == "iceberg":
        return _IcebergJob
    return _ParquetJob if table["write_disposition"] == "merge" else None


def _scope(table: Any) -> str | None:
    """The condition on the rows that make way."""
    scope: str | None = table.get("x-merge-destination-scope")
    return scope


class _DeltaJob(DeltaLoadFilesystemJob):
    def run(self) -> None:
        from deltalake import write_deltalake
        from dlt.common.libs.deltalake import ensure_delta_compatible_arrow_data
        from dlt.common.libs.pyarrow import get_local_dataset_reader

        scope = _scope(self._load_table)
        try:
            table = self._job_client.load_open_table("delta", self.load_table_name)
        except DestinationUndefinedEntity:
            table = None
        if scope is None or table is None or self._load_table["write_disposition"] != "merge":
            self._load_table = {**self._load_table, "x-merge-strategy": "upsert"}  # type: ignore[typeddict-unknown-key]
            super().run()
            return
        partition = self._partition_columns
        with get_local_dataset_reader(self.file_paths) as rows:
            write_deltalake(
                table,
                ensure_delta_compatible_arrow_data(rows, partition),
                partition_by=partition or None,
                mode="overwrite",
                predicate=scope,
                schema_mode="merge",
            )


class _IcebergJob(IcebergLoadFilesystemJob):
    def run(self) -> None:
        from dlt.common.libs.pyiceberg import ensure_iceberg_compatible_arrow_data

        scope = _scope(self._load_table)
        self._load_table = {**self._load_table, "x-merge-strategy": "upsert"}  # type: ignore[typeddict-unknown-key]
        if scope is None or self._load_table["write_disposition"] != "merge":
            super().run()
            return
        rows = self.arrow_dataset.to_table()
        try:
            table = self._job_client.load_open_table(
                "iceberg", self.load_table_name, schema=rows.schema
            )
        except DestinationUndefinedEntity:
            # Makes the table and runs again.
            super().run()
            return
        table.overwrite(ensure_iceberg_compatible_arrow_data(rows), _iceberg_filter(scope))


_INSTANT = re.compile(r"'(\d{4}-\d\d-\d\d) (\d\d:[^']*)'")


def _iceberg_filter(scope: str) -> str:
    """A condition in the words that pyiceberg knows."""
    return "false" if scope == "1 = 0" else _INSTANT.sub(r"'\1T\2'", scope)


class _ParquetJob(ReferenceFollowupJob):
    def run(self) -> None:
        client = self._job_client
        new = {self._place_of(path): path for path in self.file_paths}
        old = [path for path in client.list_table_files(self.load_table_name) if path not in new]
        with client.sql_client as sql_client, tempfile.TemporaryDirectory() as folder:
            scope = _scope(self._load_table) or self._same_key()
            self._replace(sql_client.native_connection, old, new, scope, Path(folder) / "rows")

    def _same_key(self) -> str:
        """The condition on rows that have the key of a new one."""
        columns = self._load_table["columns"]
        keys = ", ".join(name for name, column in columns.items() if column.get("primary_key"))
        return f"({keys}) IN (SELECT ({keys}) FROM {parquet(self.file_paths)})"  # noqa: S608

    def _replace(
        self, database: Any, old: list[str], new: dict[str, str], scope: str, scratch: Path
    ) -> None:
        """Add the new files; write those that hold rows that make way again, without these."""
        holding = self._holding(database, old, scope)
        filled = [place for place, path in new.items() if _rows(database, path)]
        stays = any(place not in holding or holding[place] for place in old)
        # A table without a file would be a table that is not there.
        for place in filled or ([] if stays else list(new)[:1]):
            self._put(new[place], place)
        for place, rest in holding.items():
            if rest:
                rows = f"SELECT * EXCLUDE ({FILE}) FROM {self._scan([place])}"  # noqa: S608
                kept = f"{rows} WHERE NOT ({scope})"
                database.execute(f"COPY ({kept}) TO {literal(str(scratch))} (FORMAT parquet)")
                self._put(str(scratch), place)
            else:
                self._job_client.fs_client.rm_file(place)

    def _holding(self, database: Any, old: list[str], scope: str) -> dict[str, int]:
        """Files that hold rows of a condition, and how many others each holds."""
        if not old:
            return {}
        names = {self._url(path): path for path in old}
        found = database.execute(
            f"SELECT {FILE}, count(*) FROM {self._scan(old)} WHERE {scope} GROUP BY ALL"  # noqa: S608
        ).fetchall()
        return {names[name]: _rows(database, name) - gone for name, gone in found}

    def _scan(self, places: list[str]) -> str:
        return parquet([self._url(place) for place in places])

    def _url(self, place: str) -> str:
        config = self._job_client.config
        return place if config.is_local_filesystem else f"{config.protocol}://{place}"

    def _place_of(self, path: str) -> str:
        """Where a new file goes, as dlt lays files out."""
        client = self._job_client
        relative = self.make_remote_file_path(os.path.basename(path))
        place: str = client.pathlib.join(
            client.dataset_path, path_utils.normalize_path_sep(client.pathlib, relative)
        )
        return place

    def _put(self, path: str, place: str) -> None:
        """Copy a file, so that it is there whole or not at all."""
        client = self._job_client
        if not client.config.is_local_filesystem:
            client.fs_client.put_file(path, place)
            return
        os.makedirs(os.path.dirname(place), exist_ok=True)
        name = Path(client.dataset_path) / f".making-{uuid4().hex}"
        try:
            # Made anew, it may be read by whom the umask permits.
            with open(name, "xb") as target, open(path, "rb") as source:
                shutil.copyfileobj(source, target)
            os.replace(name, place)
        finally:
            name.unlink(missing_ok=True)


FILE = '"file name"'
"""The column of ``parquet`` that says where a row was read; no column of dlt has such a name."""


def parquet(paths: list[str]) -> str:
    """What reads Parquet files: their own columns, and ``FILE``."""
    listed = ", ".join(map(literal, paths))
    # Names of folders say nothing, whatever they look like.
    return (
        f"read_parquet([{listed}], union_by_name = true, filename = {literal(FILE[1:-1])},"
        " hive_partitioning = false)"
    )


def _rows(database: Any, path: str) -> int:
    query = f"SELECT count(*) FROM {parquet([path])}"  # noqa: S608 - paths
    count: int = database.execute(query).fetchone()[0]
    return count
