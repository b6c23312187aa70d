"""Each destination is given files in which it takes JSON, found out from what dlt knows of it.

Without a server and without its driver; ``tests/clouds`` looks at what the drivers need.
"""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args

import dlt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
import tomlkit
from dlt.common.configuration.container import Container
from dlt.common.exceptions import TerminalValueError
from dlt.destinations import filesystem
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.factory import DuckDbTypeMapper
from dlt.destinations.job_impl import FinalizedLoadJobWithFollowupJobs

from openpanel_source.destinations.dialect import Dialect, current_dialect, dialect_of
from openpanel_source.model.conditions import Replaced, days_condition
from openpanel_source.model.schema import CHART_SERIES, EVENTS, TABLES
from openpanel_source.source.events_file import JsonLinesWriter
from tests.support.nasty import nasty_rows
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(3)

NAMES = dlt.destinations
STAGING = filesystem("s3://bucket/folder")
CHART = {
    "name": "visits",
    "series": [{"event": "purchase"}],
    "interval": "day",
    "start": "2026-11-01",
    "breakdowns": ["country"],
}
PROPERTIES = {"plan": "pro", "__query.utm_source": "news"}
ROWS = [
    event(1, properties=PROPERTIES, groups=["a"]),
    event(2, createdAt="2026-11-11T10:00:00.000Z", revenue=2**60),
]


class Package:
    """What a pipeline into a destination would load; nothing is asked of the destination."""

    def __init__(
        self, folder: Path, destination: Any, staging: Any = None, rows: Any = ROWS
    ) -> None:
        self.pipeline = dlt.pipeline(
            "openpanel",
            destination=destination,
            staging=staging,
            dataset_name="openpanel",
            pipelines_dir=str(folder / "pipelines"),
        )
        with world(*rows) as sandbox:
            self.pipeline.extract(Warehouse(folder).source(sandbox, charts=[CHART]))
        self.pipeline.normalize()

    def lines(self) -> list[dict[str, Any]]:
        """The events, where they are JSON Lines."""
        return [
            floats(line)
            for path in self.files("events")
            for line in gzip.decompress(path.read_bytes()).splitlines()
        ]

    def files(self, table: str) -> list[Path]:
        load_id = self.pipeline.list_normalized_load_packages()[0]
        jobs = self.pipeline.get_load_package_info(load_id).jobs["new_jobs"]
        return [Path(job.file_path) for job in jobs if job.job_file_info.table_name == table]

    def formats(self, table: str) -> set[str]:
        return {"".join(path.suffixes[2:]) for path in self.files(table)}

    def types(self, table: str) -> set[str | None]:
        columns = self.pipeline.default_schema.tables[table]["columns"]
        declared = {found.name: found for found in TABLES}[table]
        return {columns[c.name].get("data_type") for c in declared.columns if c.type == "json"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("destination", "staging", "events", "charts", "events_type", "charts_type"),
    [
        (NAMES.bigquery, None, ".jsonl.gz", ".parquet", "json", "text"),
        (NAMES.snowflake, None, ".jsonl.gz", ".parquet", "json", "text"),
        (NAMES.snowflake, STAGING, ".jsonl.gz", ".parquet", "json", "text"),
        (NAMES.redshift, STAGING, ".jsonl.gz", ".parquet", "json", "text"),
        (NAMES.redshift, None, ".insert_values.gz", ".insert_values.gz", "text", "text"),
        (NAMES.databricks, None, ".parquet", ".parquet", "json", "json"),
        (NAMES.clickhouse, None, ".parquet", ".parquet", "json", "json"),
        (NAMES.motherduck, None, ".parquet", ".parquet", "json", "json"),
    ],
)
def test_files_are_of_a_format_in_which_the_destination_takes_json(
    tmp_path: Path,
    destination: Any,
    staging: Any,
    events: str,
    charts: str,
    events_type: str,
    charts_type: str,
) -> None:
    package = Package(tmp_path, destination(), staging)
    assert package.formats("events") == {events}
    assert package.formats("charts") == package.formats("chart_series") == {charts}
    assert package.types("events") == {events_type}
    assert package.types("charts") == package.types("chart_series") == {charts_type}


def test_bigquery_gets_json_as_values_and_large_numbers_as_text(tmp_path: Path) -> None:
    package = Package(tmp_path, NAMES.bigquery())
    lines = package.lines()
    by_day = {line["event_date"]: line for line in lines}
    assert len(lines) == 2
    first = by_day["2026-11-10"]
    assert (first["properties"], first["groups"]) == (PROPERTIES, ["a"])
    assert first["created_at"] == "2026-11-10T12:00:01Z"
    assert first["revenue"] == 0
    assert "extras" not in first
    # As servers send 2**60: rounded to what JavaScript counts.
    assert by_day["2026-11-11"]["revenue"] == "1152921504606847000"
    assert set(first) <= {column.name for column in EVENTS.columns}


@pytest.mark.long
def test_events_of_any_kind_are_the_same_in_json_lines_as_in_parquet(tmp_path: Path) -> None:
    small = [row.raw for row in nasty_rows() if len(row.raw) < 100_000]
    rows = [event(number, _raw=raw) for number, raw in enumerate(small)]
    rows += [event(5000 + n, createdAt=f"2026-11-10T23:00:0{n}.250Z") for n in range(2)]
    lines = Package(tmp_path / "lines", NAMES.bigquery(), rows=rows).lines()
    parquet = Package(tmp_path / "parquet", NAMES.databricks(), rows=rows)
    table = pa.concat_tables(
        (pq.read_table(path) for path in parquet.files("events")), promote_options="permissive"
    )
    names = table.column_names
    # Some rows have fields that this version does not know.
    assert len(names) > len(EVENTS.columns)
    assert len(lines) == table.num_rows > 20
    for line, row in zip(lines, table.to_pylist(), strict=True):
        assert line.keys() == {name for name in names if row[name] is not None}
        for name, value in line.items():
            assert value in _same(name, row[name])


def _same(name: str, value: Any) -> list[Any]:
    """What a value of Parquet may be in JSON Lines."""
    kind = {column.name: column.type for column in EVENTS.columns}.get(name, "json")
    if kind == "json":
        # The text itself where a number is beyond all limits.
        return [floats(value), value]
    if kind == "timestamp":
        return [value.isoformat().replace("+00:00", "Z")]
    return [value if kind in ("double", "bigint") else str(value), str(value)]


def floats(text: str | bytes) -> Any:
    """JSON with numbers as destinations hold them."""
    return json.loads(text, parse_int=float)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":"1","a":"2"}', {"a": "2"}),
        ('{"a":1e400}', '{"a":1e400}'),
        ('{"a":123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ("[]", []),
        ('"x\\ny"', "x\ny"),
    ],
)
def test_json_that_destinations_refuse_is_written_so_that_they_take_it(
    tmp_path: Path, text: str, value: Any
) -> None:
    rows = pa.table({"id": ["1"], "extras": [text]})
    writer = JsonLinesWriter(tmp_path / "rows.jsonl", ["extras"])
    writer.write_table(rows)
    writer.close()
    [line] = gzip.decompress((tmp_path / "rows.jsonl").read_bytes()).splitlines()
    assert json.loads(line) == {"id": "1", "extras": value}


class PickyMapper(DuckDbTypeMapper):
    """Refuses JSON in Parquet, as BigQuery does."""

    def ensure_supported_type(self, column: Any, table: Any, loader_file_format: Any) -> None:
        if loader_file_format == "parquet" and column["data_type"] == "json":
            raise TerminalValueError("no JSON in Parquet", "json")


class PickyClient(DuckDbClient):
    def create_load_job(
        self, table: Any, file_path: str, load_id: str, restore: bool = False
    ) -> Any:
        # DuckDB alone does not take JSON Lines without a line.
        if "jsonl" in file_path and not gzip.decompress(Path(file_path).read_bytes()):
            return FinalizedLoadJobWithFollowupJobs.from_file_path(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class Picky(NAMES.duckdb):
    """A DuckDB with the habits of BigQuery."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        return PickyClient

    def _raw_capabilities(self) -> Any:
        capabilities = super()._raw_capabilities()
        capabilities.type_mapper = PickyMapper
        return capabilities


class PickyWarehouse(Warehouse):
    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        return dlt.pipeline(
            name,
            destination=Picky(str(self.path)),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )


@pytest.mark.long
def test_a_destination_that_refuses_json_in_parquet_holds_the_same(tmp_path: Path) -> None:
    # DuckDB reads JSON Lines as structs: keys that some rows lack would come as nulls.
    first, second = ({**row, "properties": PROPERTIES} for row in ROWS)
    third = event(3, properties=PROPERTIES, extra={"a": [1.5]}, os=None, groups=["b", "c"])
    columns = ", ".join(
        f"CAST({column.name} AS VARCHAR)" if column.type == "json" else column.name
        for column in EVENTS.columns
    )
    held = []
    for warehouse in (Warehouse(tmp_path / "easy"), PickyWarehouse(tmp_path / "picky")):
        warehouse.folder.mkdir()
        nights = []
        for rows in ([first, second], [first, third], [second]):
            with world(*rows) as sandbox:
                warehouse.run_once(sandbox, reload=True, charts=[CHART])
            nights.append(warehouse.query(f"SELECT {columns} FROM events ORDER BY id"))
        nights.append(warehouse.query("SELECT definition FROM charts"))
        held.append(nights)
    easy, picky = held
    assert [len(night) for night in easy] == [2, 2, 1, 1]
    assert picky == easy


@pytest.mark.parametrize("destination", [NAMES.duckdb, NAMES.postgres, NAMES.filesystem])
def test_destinations_that_want_nothing_are_told_nothing(destination: Any) -> None:
    dialect = dialect_of(destination().capabilities())
    assert dialect == Dialect()
    assert all(dialect.hints(table) == {} for table in TABLES)


def test_the_dialect_is_that_of_the_pipeline_that_runs() -> None:
    with Container().injectable_context(NAMES.bigquery().capabilities()):
        assert current_dialect().events_format == "jsonl"
        with Container().injectable_context(NAMES.duckdb().capabilities()):
            assert current_dialect() == Dialect()


@pytest.mark.parametrize(
    ("destination", "instant"),
    [
        (NAMES.duckdb, "'2026-11-10 11:30:00.000000+00:00'"),
        (NAMES.snowflake, "'2026-11-10 11:30:00.000000+00:00'"),
        (NAMES.clickhouse, "toDateTime64('2026-11-10 11:30:00.000000', 6, 'UTC')"),
    ],
)
def test_an_instant_is_written_as_the_destination_reads_it(destination: Any, instant: str) -> None:
    after = datetime(2026, 11, 10, 11, 30, tzinfo=timezone.utc)
    dialect = dialect_of(destination().capabilities())
    condition = days_condition([Replaced("web", after.date(), after)], dialect.instant)
    assert condition == (
        f"(project_id = 'web' AND ((event_date = '2026-11-10' AND created_at > {instant})))"
    )


def test_a_table_from_memory_is_text_where_events_are_json() -> None:
    hints = dialect_of(NAMES.snowflake().capabilities()).hints(CHART_SERIES)
    assert hints == {
        "columns": {name: {"name": name, "data_type": "text"} for name in ("values", "breakdowns")}
    }


SECTIONS = {
    "BigQuery": NAMES.bigquery,
    "Snowflake": NAMES.snowflake,
    "Databricks": NAMES.databricks,
    "ClickHouse": NAMES.clickhouse,
    "Redshift": NAMES.redshift,
    "MotherDuck": NAMES.motherduck,
}


@pytest.mark.parametrize("name", SECTIONS)
def test_the_documented_query_and_configuration_are_of_the_destination(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "destinations.md").read_text("utf-8")
    section = page.split(f"\n### {name}\n")[1].split("\n### ")[0]
    [configuration] = re.findall(r"```toml\n(.*?)```", section, re.S)
    [query] = re.findall(r"```sql(?: \w+)?\n(.*?)```", section, re.S)
    destination: Any = SECTIONS[name]
    sqlglot.parse_one(query, dialect=destination().capabilities().sqlglot_dialect)
    settings = tomlkit.parse(configuration).unwrap()["destination"][destination.__name__]
    fields = destination.spec.get_resolvable_fields()
    credentials: Any = fields["credentials"]
    [credentials, *_] = get_args(credentials) or [credentials]
    assert settings.keys() <= fields.keys()
    assert settings["credentials"].keys() <= credentials.get_resolvable_fields().keys()
