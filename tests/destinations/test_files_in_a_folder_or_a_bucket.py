"""Files are written as dlt has them, into any folder whose name they bear, and never twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dlt
import fsspec
import pyarrow.parquet as pq
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from openpanel_source.destinations.prepare import make_exact
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.status import read_status
from openpanel_source.operations.sync import sync
from tests.support.destinations import compare, made
from tests.support.sandbox_world import event_id, on, world

pytestmark = pytest.mark.long


def test_a_run_that_would_double_rows_in_files_is_refused(tmp_path: Path) -> None:
    files = made("parquet", tmp_path, str)
    with world(*on(10, 1)) as sandbox:
        with pytest.raises(PipelineStepFailed, match=r"load with openpanel_source\.sync"):
            files.run_once(sandbox)
        assert sandbox.requests == []


def test_the_format_of_tables_stays_what_it_is(tmp_path: Path) -> None:
    files = made("parquet", tmp_path, str)
    with world(*on(10, 1)) as sandbox:
        files.sync(sandbox)
        files.table_format = "delta"
        with pytest.raises(InvalidSettingError, match="holds tables with table_format None"):
            files.sync(sandbox)
        database = made("duckdb", tmp_path, str)
        with pytest.raises(InvalidSettingError, match="is for the destination filesystem"):
            database.sync(sandbox, table_format="delta")
        with pytest.raises(InvalidSettingError, match="must be delta or iceberg"):
            database.sync(sandbox, table_format="hudi")


def test_files_are_those_of_dlt(tmp_path: Path) -> None:
    files = made("parquet", tmp_path, str)
    with world(*on(10, 1, 2), *on(11, 11)) as sandbox:
        files.sync(sandbox)
        sandbox.remove([event_id(11)])
        files.sync(sandbox)
    pipeline = files.pipeline("another")
    rows = pipeline.dataset(schema="openpanel").events.select("id").fetchall()
    assert sorted(rows) == [(event_id(1),), (event_id(2),)]
    # A load that brings no row of a table leaves no file of it.
    assert len(list((files.lake / "openpanel" / "events").iterdir())) == 1


def test_files_that_a_killed_load_left_are_mended(tmp_path: Path) -> None:
    files = made("parquet", tmp_path, str)
    with world(*on(10, 1, 2), *on(11, 11)) as sandbox:
        files.sync(sandbox)
        # As if a load had added its file, and died before it took the rows of before away.
        [file] = (files.lake / "openpanel" / "events").iterdir()
        shutil.copy(file, file.with_name("1795437558.7.cut.parquet"))
        shutil.rmtree(tmp_path / "pipelines")
        assert files.sync(sandbox).days_read == 2
        compare(files, sandbox)


def test_a_bucket_is_loaded_like_a_folder(tmp_path: Path) -> None:
    """One of fsspec in memory: what is written and read is what goes to any bucket."""
    bucket = dlt.destinations.filesystem(f"memory://{tmp_path.name}")
    pipeline = dlt.pipeline("openpanel", destination=bucket, dataset_name="openpanel")
    files = made("parquet", tmp_path, str)
    with world(*on(10, 1, 2), *on(11, 11)) as sandbox:
        settings = files.settings(sandbox)
        assert sync(pipeline, **settings).events_loaded == 3
        sandbox.remove([event_id(1), event_id(11)])
        assert sync(pipeline, **settings).days_read == 2
        memory = fsspec.filesystem("memory")
        rows = [
            row
            for file in memory.glob(f"/{tmp_path.name}/openpanel/events/**/*.parquet")
            for row in pq.read_table(file, filesystem=memory).to_pylist()
        ]
        assert [row["id"] for row in rows] == [event_id(2)]
        assert audit(pipeline, **settings).differences == []


@pytest.mark.parametrize("name", ["parquet", "delta"])
def test_folders_named_like_partitions_change_no_value(name: str, tmp_path: Path) -> None:
    files = made(name, tmp_path / "env=prod" / "event_date=1999-01-01" / "country=XX", str)
    settings = {"properties": {"filename": "text"}}
    with world(*on(10, 1, 2, 3), *on(11, 11, properties={"filename": "a.pdf"})) as sandbox:
        files.sync(sandbox, **settings)
        sandbox.remove([event_id(2)])
        assert files.sync(sandbox, lookback_days=20, **settings).days_read == 1
        compare(files, sandbox)
        assert audit(files.pipeline(), **files.settings(sandbox, **settings)).differences == []
    pipeline = files.pipeline()
    make_exact(pipeline)
    rows = pipeline.dataset().events.select("id", "event_date", "country", "filename").fetchall()
    assert sorted((row[0], str(row[1]), *row[2:]) for row in rows) == [
        (event_id(1), "2026-11-10", "SE", None),
        (event_id(3), "2026-11-10", "SE", None),
        (event_id(11), "2026-11-11", "SE", "a.pdf"),
    ]


@pytest.mark.parametrize("folder", ["la[1]", "a*b", "d?x", "it's"])
def test_a_path_that_is_a_pattern_is_refused_before_anything_is_done(
    folder: str, tmp_path: Path
) -> None:
    files = made("parquet", tmp_path / folder, str)
    with world(*on(10, 1)) as sandbox:
        for _ in range(2):
            with pytest.raises(DestinationError, match=r"pattern.*without"):
                files.sync(sandbox)
        assert sandbox.requests == []
        with pytest.raises(DestinationError, match="pattern"):
            read_status(files.pipeline())
    assert not files.lake.exists()


def test_a_folder_that_iceberg_would_not_find_again_is_refused(tmp_path: Path) -> None:
    files = made("iceberg", tmp_path / "env=prod", str)
    with world(*on(10, 1)) as sandbox:
        with pytest.raises(InvalidSettingError, match=r"env=prod.*plain letters"):
            files.sync(sandbox)
        assert sandbox.requests == []


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_files_are_as_readable_as_the_umask_says(mask: int, mode: int, tmp_path: Path) -> None:
    files = made("parquet", tmp_path, str)
    before = os.umask(mask)
    try:
        with world(*on(10, 1, 2), *on(11, 11)) as sandbox:
            files.sync(sandbox)
            sandbox.remove([event_id(1)])
            files.sync(sandbox, lookback_days=20)
    finally:
        os.umask(before)
    written = [file for file in files.lake.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in written} == {mode}
