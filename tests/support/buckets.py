"""S3 as moto's server process plays it, and warehouses of files in its buckets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import fsspec
import pyarrow as pa
from dlt.common.configuration.specs import AwsCredentials

from tests.support.destinations import DeltaFiles, Files, IcebergFiles

_SERVER = """
import time
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
time.sleep(86400)
"""


@contextmanager
def running_s3() -> Iterator[str]:
    """A server on a free port, as a process of its own; gives its address."""
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


class Bucket(Files):
    """A bucket of its own with plain Parquet.

    Args:
        folder: For dlt's working folder, and for copies of what the bucket holds.
        endpoint: Of the server.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        super().__init__(folder)
        self.endpoint = endpoint
        self.name = f"bucket-{os.urandom(6).hex()}"
        self.files.mkdir(self.name)

    @property
    def url(self) -> str:
        return f"s3://{self.name}/lake"

    @property
    def files(self) -> Any:
        """The bucket as fsspec shows it, nothing remembered."""
        return fsspec.filesystem(
            "s3",
            key="key",
            secret="secret",
            client_kwargs={"endpoint_url": self.endpoint, "region_name": "eu-north-1"},
            skip_instance_cache=True,
        )

    def environment(self) -> dict[str, str]:
        """What the command needs to load into it."""
        given = {
            "BUCKET_URL": self.url,
            "CREDENTIALS__AWS_ACCESS_KEY_ID": "key",
            "CREDENTIALS__AWS_SECRET_ACCESS_KEY": "secret",
            "CREDENTIALS__ENDPOINT_URL": self.endpoint,
            "CREDENTIALS__REGION_NAME": "eu-north-1",
        }
        named = {f"DESTINATION__FILESYSTEM__{key}": value for key, value in given.items()}
        return named | {"SOURCES__OPENPANEL__TABLE_FORMAT": self.table_format or ""}

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        credentials = AwsCredentials(
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            endpoint_url=self.endpoint,
            region_name="eu-north-1",
        )
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.filesystem(self.url, credentials=credentials),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def tables(self) -> dict[str, pa.Table]:
        self._fetch()
        return super().tables()

    def damage(self, condition: str) -> None:
        self._fetch()
        super().damage(condition)
        for file in (self.lake / "openpanel" / "events").glob("*.parquet"):
            self.files.put_file(str(file), f"{self.name}/lake/openpanel/events/{file.name}")

    def _fetch(self) -> None:
        """Copy what the bucket holds."""
        shutil.rmtree(self.lake, ignore_errors=True)
        files = self.files
        for path in files.find(f"{self.name}/lake"):
            copy = self.folder / Path(path).relative_to(self.name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            files.get_file(path, str(copy))


class DeltaBucket(Bucket, DeltaFiles):
    """A bucket of its own with Delta tables."""

    def damage(self, condition: str) -> None:
        from deltalake import DeltaTable

        options = {
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "region": "eu-north-1",
            "endpoint_url": self.endpoint,
            "aws_allow_http": "true",
        }
        DeltaTable(f"{self.url}/openpanel/events", storage_options=options).delete(condition)


class IcebergBucket(Bucket, IcebergFiles):
    """A bucket of its own with Iceberg tables."""

    def opened(self, folder: Path) -> Any:
        from pyiceberg.table import StaticTable

        newest = max((folder / "metadata").glob("*.json"))
        place = f"s3://{self.name}/{newest.relative_to(self.folder)}"
        options = {
            "s3.access-key-id": "key",
            "s3.secret-access-key": "secret",
            "s3.endpoint": self.endpoint,
            "s3.region": "eu-north-1",
        }
        return StaticTable.from_metadata(place, options)

    def damage(self, condition: str) -> None:
        IcebergFiles.damage(self, condition)
