"""What docs/dlt-internals.md says of dlt and DuckDB is so; each failure says what to look at.

Some hold the reason why something is done at all: where they fail, dlt does it by itself now, and
this package can do less.
"""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.common.exceptions import DltException
from dlt.common.runtime.collector import NullCollector
from dlt.common.schema import Schema
from dlt.common.storages import PackageStorage
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.sql_client import WithTableScanners
from dlt.destinations.sql_jobs import SqlMergeFollowupJob
from dlt.extract import extractors
from dlt.extract.items_transform import FilterItem, LimitItem, MapItem, YieldMapItem
from dlt.normalize import worker
from dlt.pipeline.exceptions import PipelineStepFailed
from packaging.version import Version

from openpanel_source.destinations.duckdb_file import make_file
from openpanel_source.destinations.prepare import explicit_pipeline

Rows = list[dict[str, Any]]
PAGE = "see docs/dlt-internals.md"


def pipeline(folder: Path, name: str = "looking") -> Any:
    return dlt.pipeline(
        name,
        destination=dlt.destinations.duckdb(str(folder / "it.duckdb")),
        dataset_name="rows",
        pipelines_dir=str(folder / "pipelines"),
    )


@dlt.resource(name="things")
def things(rows: Rows) -> Iterator[Rows]:
    yield rows


def test_a_merge_replaces_the_rows_of_a_condition_and_an_empty_table_replaces_them_too(
    tmp_path: Path,
) -> None:
    line = pipeline(tmp_path)
    line.run(things([{"id": number, "day": number % 2} for number in range(4)]))
    merge = {
        "disposition": "merge",
        "strategy": "delete-insert",
        "deduplicated": True,
        "destination_scope": "day = 1",
    }
    empty = pa.table({"id": pa.array([], pa.int64()), "day": pa.array([], pa.int64())})
    line.run(empty, table_name="things", write_disposition=merge)
    with line.sql_client() as client:
        left = client.execute_sql("SELECT id FROM things ORDER BY id")
    assert [row[0] for row in left] == [0, 2], f"source/hints.py replaces days so; {PAGE}"


def test_what_a_merge_is_told_becomes_hints_of_these_names() -> None:
    merge: Any = {
        "disposition": "merge",
        "strategy": "delete-insert",
        "deduplicated": True,
        "destination_scope": "day = 1",
    }
    table: Any = things([]).apply_hints(write_disposition=merge).compute_table_schema()
    found = {name: table.get(name) for name in table if name.startswith("x-")}
    expected = {
        "x-merge-strategy": "delete-insert",
        "x-merge-destination-scope": "day = 1",
        "x-stage-data-deduplicated": True,
    }
    assert found | expected == found, f"source/hints.py and files/jobs.py read these; {PAGE}"


def test_what_is_run_before_a_merge_is_asked_of_a_subclass(tmp_path: Path) -> None:
    class Locking(SqlMergeFollowupJob):
        @classmethod
        def _gen_table_setup_clauses(cls, table_chain: Any, sql_client: Any) -> list[str]:
            return ["LOCK"]

    line = pipeline(tmp_path)
    line.run(things([{"id": 1}]), write_disposition="merge", primary_key="id")
    with line.destination_client() as client:
        table = client.prepare_load_table("things")
        statements = Locking.generate_sql([table], client.sql_client)
    assert statements[0] == "LOCK", f"destinations/postgres.py locks a table so; {PAGE}"


class Copied(Exception):  # noqa: N818 - no error
    """The statement that PostgreSQL would get."""


class PostgresDouble:
    """Answers what dlt's job asks a client for SQL; raises the statement of the copy."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.config = type("Config", (), {"csv_format": None})()
        self.sql_client = self
        self.native_connection = self

    def escape_column_name(self, name: str, quote: bool = True) -> str:
        return f'"{name}"'

    def make_qualified_table_name(self, name: str) -> str:
        return name

    def begin_transaction(self) -> PostgresDouble:
        return self

    cursor = begin_transaction

    def __enter__(self) -> PostgresDouble:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def copy_expert(self, statement: str, *_: Any, **__: Any) -> None:
        raise Copied(statement)


def copied(tmp_path: Path, *, nullable: bool) -> str:
    """How dlt's job copies a file into a table whose column may be null, or may not."""
    from dlt.destinations.impl.postgres.postgres import PostgresCsvCopyJob

    schema = Schema("it")
    column: Any = {"name": "text", "data_type": "text", "nullable": nullable}
    schema.update_table({"name": "things", "columns": {"text": column}})
    file = tmp_path / "things.0123456789.0.csv"
    file.write_text('"text"\n""\n')
    job: Any = PostgresCsvCopyJob(str(file))
    job.set_run_vars("1", schema, schema.tables["things"])
    job._job_client = PostgresDouble(schema)
    with pytest.raises(Copied) as caught:
        job.run()
    return str(caught.value)


def test_a_copy_into_postgres_takes_quoted_empty_texts_for_null_unless_none_may_be(
    tmp_path: Path,
) -> None:
    assert "FORCE_NULL" not in copied(tmp_path, nullable=False), (
        f"dlt takes empty texts for null even in columns that are never null, so CopyJob in"
        f" destinations/postgres.py no longer helps; {PAGE}"
    )
    assert "FORCE_NULL" in copied(tmp_path, nullable=True), (
        "dlt leaves empty texts as they are now: CopyJob in destinations/postgres.py can go"
    )


def test_steps_after_a_resource_are_of_known_classes() -> None:
    found: list[type] = []

    @dlt.resource(name="watched")
    def watched() -> Iterator[Rows]:
        pipe: Any = dlt.current.pipe()
        found.extend(type(step) for step in pipe.steps[1:])
        yield [{"id": 1}]

    changed = watched().add_limit(5).add_filter(lambda row: True).add_map(lambda row: row)
    list(changed.add_yield_map(lambda row: iter([row])))
    for kind in (LimitItem, FilterItem, MapItem, YieldMapItem):
        assert any(issubclass(one, kind) for one in found), (
            f"{kind.__name__} is not among the steps {found}, so source/resource_changes.py no"
            f" longer refuses it; {PAGE}"
        )


def test_the_dataset_that_is_given_to_run_is_told_by_the_call_stack_alone(tmp_path: Path) -> None:
    line = pipeline(tmp_path)
    told: list[Any] = []

    @dlt.resource(name="looking_up")
    def looking_up() -> Iterator[Rows]:
        frame = inspect.currentframe()
        while frame is not None:
            if frame.f_code.co_name == "run" and frame.f_locals.get("self") is line:
                told.append(frame.f_locals.get("dataset_name"))
            frame = frame.f_back
        yield [{"id": 1}]

    line.run(looking_up(), dataset_name="elsewhere")
    assert "elsewhere" in told, (
        "Pipeline.run is no longer on the stack with its argument dataset_name, by which"
        f" source/resource_changes.py knows where rows go; {PAGE}"
    )


def test_packages_lie_where_they_are_looked_for(tmp_path: Path) -> None:
    line = pipeline(tmp_path)
    line.extract(things([{"id": 1}]))
    [load_id] = line.list_extracted_load_packages()
    home = Path(line.working_dir)
    extracted = home / "normalize" / "extracted" / load_id
    assert extracted.is_dir(), f"operations/users_pipeline.py looks there; {PAGE}"
    line.normalize()
    normalized = home / "load" / "normalized" / load_id
    for folder in (normalized / "schema.json", normalized / "new_jobs"):
        assert folder.exists(), f"operations/users_pipeline.py looks for {folder.name}; {PAGE}"
    assert PackageStorage.SCHEMA_FILE_NAME == "schema.json"
    assert PackageStorage.NEW_JOBS_FOLDER == "new_jobs"
    assert Path(line.get_load_package_info(load_id).package_path) == normalized


@pytest.mark.parametrize("intercepts", [False, True])
def test_signals_are_left_to_who_asks_for_that_and_else_end_a_load(
    tmp_path: Path, intercepts: bool
) -> None:
    class Asks(NullCollector):
        def _start(self, step: str) -> None:
            if step.startswith(("Normalize", "Load")):
                os.kill(os.getpid(), signal.SIGTERM)

    came: list[int] = []
    line = pipeline(tmp_path)
    line.collector = Asks()
    line.runtime_config.intercept_signals = intercepts
    ours = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        if intercepts:
            with pytest.raises(PipelineStepFailed):
                line.run(things([{"id": 1}]))
        else:
            line.run(things([{"id": 1}]))
    finally:
        signal.signal(signal.SIGTERM, ours)
    assert bool(came) is not intercepts, f"operations/users_pipeline.py relies on it; {PAGE}"
    assert line.has_pending_data is intercepts


def test_the_state_has_a_version_and_the_folder_it_began_in(tmp_path: Path) -> None:
    line = pipeline(tmp_path)
    line.run(things([{"id": 1}]))
    assert line.state["_state_version"] >= 1
    assert line.get_local_state_val("initial_cwd"), f"destinations/observer.py needs it; {PAGE}"


def test_credentials_are_to_be_had_where_the_schema_of_a_pipeline_is_gone(tmp_path: Path) -> None:
    line = pipeline(tmp_path)
    line.run(things([{"id": 1}]))
    for file in Path(line.working_dir).glob("schemas/*"):
        file.unlink()
    again = pipeline(tmp_path)
    client, _ = again._get_destination_clients(Schema("openpanel"))
    assert str(client.config.credentials.database).endswith("it.duckdb")
    with pytest.raises((DltException, OSError)):
        again.destination_client()


def test_an_explicit_pipeline_takes_nothing_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DEV_MODE": "true", "DATASET_NAME": "x", "PIPELINE_NAME": "y"}.items():
        monkeypatch.setenv(name, value)
    destination = dlt.destinations.duckdb(str(tmp_path / "it.duckdb"))
    pipeline = explicit_pipeline("it", destination, "rows", str(tmp_path / "pipelines"))
    assert (pipeline.pipeline_name, pipeline.dataset_name, pipeline.dev_mode) == (
        "it",
        "rows",
        False,
    )


def test_warnings_that_are_left_out_begin_as_they_did() -> None:
    source = inspect.getsource(extractors)
    assert 'f"In resource: {resource.name}, when merging arrow schema' in source, (
        f"dlt words a warning otherwise, which source/hints.py leaves out; {PAGE}"
    )
    assert "For data items in `{table_name}` yielded as {item_format}" in inspect.getsource(worker)


@pytest.mark.skipif(Version(duckdb.__version__).major < 2, reason="DuckDB 1 answers")
def test_dlt_still_asks_duckdb_in_a_way_that_it_no_longer_answers() -> None:
    with duckdb.connect() as connection, pytest.raises(AttributeError):
        connection.sql("SELECT 1").fetchone()  # type: ignore[operator]
    asked = inspect.getsource(WithTableScanners.create_secret)
    assert ".fetchone()" in asked, (
        "dlt creates secrets without it now: create_secret of destinations/files can go"
    )


def test_a_new_duckdb_file_begins_with_three_blocks_and_its_name_in_the_first(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new.duckdb"
    make_file(DuckDbCredentials(str(path)))
    content = path.read_bytes()
    assert content[8:12] == b"DUCK", f"destinations/duckdb_file.py tells a file by it; {PAGE}"
    assert len(content) >= 3 * 4096


HOLDS = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"


def test_a_file_that_another_process_holds_is_refused_in_the_words_that_are_waited_for(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "held.duckdb")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(duckdb.Error) as caught:
            duckdb.connect(path)
        holder.communicate(b"\n")
    assert "could not set lock" in str(caught.value).lower(), (
        f"destinations/duckdb_session.py waits after these words; {PAGE}"
    )
