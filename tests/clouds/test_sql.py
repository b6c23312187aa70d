"""The SQL that dlt makes for warehouses in the cloud: their drivers are here, and no server.

Each pipeline reads the sandbox and normalizes what came; its client is asked what it would do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dlt
import duckdb
import pytest
import sqlglot
from dlt.destinations import filesystem
from dlt.destinations.impl.bigquery import bigquery_adapter
from sqlglot import exp

from openpanel_source.destinations.dialect import dialect_of
from openpanel_source.destinations.warehouse import count_events
from openpanel_source.model.schema import TABLES
from openpanel_source.operations.scrub.proofs import Kind, Proof, proofs_resource
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, dataset, event, profile
from tests.support.warehouse import Warehouse

TO = dlt.destinations
CHART = {
    "name": "visits",
    "series": [{"event": "purchase"}],
    "interval": "day",
    "start": "2026-11-01",
    "breakdowns": ["country"],
}
GOOGLE: Any = {"project_id": "acme", "private_key": "key", "client_email": "a@example.com"}
BRICKS = {"server_hostname": "h", "http_path": "p", "access_token": "t", "catalog": "main"}
AMAZON = {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}


@dataclass(frozen=True)
class Cloud:
    """A destination, and what its tables are to look like.

    Args:
        make: Gives the destination.
        json: Type of ``properties``.
        events: What the statement that makes ``events`` ends with.
        points: The same of ``chart_points``.
        staged: Whether files go through a bucket.
    """

    make: Callable[[], Any]
    json: str
    events: str
    points: str
    staged: bool = False


CLOUDS = {
    "bigquery": Cloud(
        lambda: TO.bigquery(credentials=GOOGLE),
        "JSON",
        "PARTITION BY DATE_TRUNC(`event_date`, MONTH)\n"
        "CLUSTER BY `project_id`, `event_date`, `name`",
        "CLUSTER BY `chart_id`, `bucket_start`",
    ),
    "snowflake": Cloud(
        lambda: TO.snowflake("snowflake://user:word@account/base?warehouse=w&role=r"),
        "VARIANT",
        'CLUSTER BY ("PROJECT_ID","EVENT_DATE")',
        'CLUSTER BY ("CHART_ID","BUCKET_START")',
    ),
    "databricks": Cloud(
        lambda: TO.databricks(credentials=BRICKS),
        "STRING",
        ") CLUSTER BY (`project_id`,`event_date`)",
        ") CLUSTER BY (`chart_id`,`bucket_start`)",
    ),
    "clickhouse": Cloud(
        lambda: TO.clickhouse("clickhouse://user:word@localhost:9000/base"),
        "Nullable(String)",
        "ENGINE = MergeTree\nPRIMARY KEY (`project_id`, `event_date`, `id`)",
        "ENGINE = MergeTree\nPRIMARY KEY (`chart_id`, `series_key`, `bucket_start`)",
    ),
    "redshift": Cloud(
        lambda: TO.redshift("redshift://user:word@localhost:5439/base"), "varchar(max)", ")", ")"
    ),
    "redshift, staged": Cloud(
        lambda: TO.redshift("redshift://user:word@localhost:5439/base"),
        "super",
        ")",
        ")",
        staged=True,
    ),
    "motherduck": Cloud(lambda: TO.motherduck("md:///base?token=t"), "JSON", ")", ")"),
}


class Loaded:
    """What a pipeline would do to its destination with two days of events and a chart."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        staging = filesystem("s3://bucket/folder", credentials=AMAZON) if cloud.staged else None
        self.pipeline = dlt.pipeline(
            "openpanel",
            destination=cloud.make(),
            staging=staging,
            dataset_name="openpanel",
            pipelines_dir=str(folder),
        )
        # An id is never empty: one row of the second day is rejected.
        day = {"createdAt": "2026-11-11T10:00:00.000Z"}
        first = event(1, groups=["team"], properties={"total": "much"})
        data = dataset(
            first, event(2, **day), event(3, **day, id=""), profiles=[profile(email="anna@x.se")]
        )
        data.event_meta["web"] = [{"id": "m", "name": "purchase", "conversion": True}]
        with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
            source = Warehouse(folder).source(
                sandbox,
                charts=[CHART],
                start_date="2026-11-10",
                end_date="2026-11-11",
                properties={"total": "double"},
                include_profiles=True,
                include_event_meta=True,
            )
            proof = Proof("web", "all", date(2026, 11, 10), NOW, Kind.LISTED, 1)
            source.resources.add(proofs_resource([proof], None))
            self.pipeline.extract(source)
        self.pipeline.normalize()
        # The client that would load; nothing is connected before it is entered.
        self.client: Any = self.pipeline._get_destination_clients(self.pipeline.default_schema)[0]
        self.dialect: Any = self.client.capabilities.sqlglot_dialect
        [load_id] = self.pipeline.list_normalized_load_packages()
        self.load_id = load_id
        self.jobs = self.pipeline.get_load_package_info(load_id).jobs["new_jobs"]

    def creation(self, table: str) -> list[str]:
        columns = list(self.client.prepare_load_table(table)["columns"].values())
        statements: list[str] = self.client._get_table_update_sql(table, columns, False)
        return statements

    def merge(self, table: str) -> list[str]:
        """The statements with which a table takes what lies in its staging table."""
        prepared = self.client.prepare_load_table(table)
        [job] = self.client._create_merge_followup_jobs([prepared])
        statements: list[str] = type(job).generate_sql([prepared], self.client.sql_client)
        return statements

    def parsed(self, statement: str) -> Any:
        # A sort key at a column is right, and beyond sqlglot.
        found = sqlglot.parse_one(statement.replace(" SORTKEY", ""), dialect=self.dialect)
        assert not isinstance(found, exp.Command)
        return found


@pytest.fixture(scope="module", params=CLOUDS)
def named(request: pytest.FixtureRequest, tmp_path_factory: Any) -> tuple[str, Cloud, Loaded]:
    cloud = CLOUDS[request.param]
    return request.param, cloud, Loaded(cloud, tmp_path_factory.mktemp("pipelines"))


@pytest.fixture
def cloud(named: tuple[str, Cloud, Loaded]) -> Cloud:
    return named[1]


@pytest.fixture
def loaded(named: tuple[str, Cloud, Loaded]) -> Loaded:
    return named[2]


def test_the_destination_accepts_every_table_and_file(cloud: Cloud, loaded: Loaded) -> None:
    jobs = [job.job_file_info for job in loaded.jobs]
    tables = loaded.client.verify_schema(new_jobs=jobs)
    assert {table["name"] for table in tables} >= {table.name for table in TABLES}
    assert {job.table_name for job in jobs} >= {table.name for table in TABLES}
    if cloud.staged:
        assert {job.file_format for job in jobs} <= {"jsonl", "parquet"}
        return
    for job in loaded.jobs:
        prepared = loaded.client.prepare_load_table(job.job_file_info.table_name)
        assert loaded.client.create_load_job(prepared, job.file_path, loaded.load_id) is not None


def test_tables_are_made_as_the_destination_likes_them(cloud: Cloud, loaded: Loaded) -> None:
    for table in TABLES:
        for statement in loaded.creation(table.name):
            loaded.parsed(statement)
    [events, *_], [points, *_] = loaded.creation("events"), loaded.creation("chart_points")
    assert events.endswith(cloud.events)
    assert points.endswith(cloud.points)
    [properties] = [line for line in events.splitlines() if "properties" in line.lower()]
    assert properties.lower().split()[1].rstrip(",)") == cloud.json.lower().rstrip(")")
    assert events.count("PARTITION") == cloud.events.count("PARTITION")
    if loaded.dialect == "redshift":
        assert '"event_date" date SORTKEY' in events
        assert '"bucket_start" timestamp with time zone SORTKEY' in points


def test_a_load_replaces_the_days_read_and_nothing_else(loaded: Loaded) -> None:
    delete, insert = map(loaded.parsed, loaded.merge("events"))
    assert isinstance(delete, exp.Delete)
    assert isinstance(insert, exp.Insert)
    assert _tables(delete) == [_tables(insert)[0]]
    assert len(_tables(insert)) == 2
    assert _tables(insert)[1] != _tables(insert)[0]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (project_id VARCHAR, event_date DATE)")
        connection.execute(
            "INSERT INTO t SELECT project, DATE '2026-11-08' + day::INTEGER"
            " FROM (VALUES ('web'), ('other')) AS p (project), range(6) AS d (day)"
        )
        left = delete.args["where"].sql(dialect="duckdb")
        connection.execute(f"DELETE FROM t {left}")
        rows = connection.execute("SELECT * FROM t ORDER BY ALL").fetchall()
    days = [f"2026-11-{day:02d}" for day in range(8, 14)]
    kept = [("other", day) for day in days]
    kept += [("web", day) for day in days if day not in ("2026-11-10", "2026-11-11")]
    assert [(project, str(day)) for project, day in rows] == kept


def test_a_chart_replaces_the_buckets_read(loaded: Loaded) -> None:
    statements = loaded.merge("chart_points")
    assert isinstance(loaded.parsed(statements[0]), exp.Delete)
    assert isinstance(loaded.parsed(statements[1]), exp.Insert)
    assert "bucket_start >= " in statements[0]
    assert ("toDateTime64('2026-11-01" in statements[0]) == (loaded.dialect == "clickhouse")


@pytest.mark.parametrize("table", ["sync_days", "charts", "chart_series", "profiles", "event_meta"])
def test_records_replace_those_of_their_key(loaded: Loaded, table: str) -> None:
    [key] = [found.primary_key for found in TABLES if found.name == table]
    delete, insert = loaded.merge(table)
    assert isinstance(loaded.parsed(delete), exp.Delete)
    assert isinstance(loaded.parsed(insert), exp.Insert)
    assert all(name in delete.lower() for name in key)


@pytest.mark.parametrize(
    ("table", "days"),
    [
        ("rejected_events", "event_date = '2026-11-11'"),
        ("event_groups", "event_date BETWEEN '2026-11-10' AND '2026-11-11'"),
        ("property_failures", "event_date BETWEEN '2026-11-10' AND '2026-11-11'"),
    ],
)
def test_what_belongs_to_a_day_makes_way_with_it(loaded: Loaded, table: str, days: str) -> None:
    delete, insert = loaded.merge(table)
    assert isinstance(loaded.parsed(delete), exp.Delete)
    assert isinstance(loaded.parsed(insert), exp.Insert)
    assert days in delete


def test_days_are_counted_in_the_table_that_was_made(loaded: Loaded) -> None:
    made = loaded.parsed(loaded.creation("events")[0]).this.this
    asked: list[str] = []
    answers = iter([[("web", "2026-11-10T00:00:00", 1)], []])

    class Asked:
        """Takes the place of the client, which would ask a server."""

        make_qualified_table_name = loaded.client.sql_client.make_qualified_table_name

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def execute_query(self, query: str) -> Any:
            asked.append(query)
            return self

        def fetchmany(self, _: int) -> list[Any]:
            return next(answers)

    pipeline: Any = SimpleNamespace(schemas=["openpanel"], sql_client=Asked)
    counted = count_events(pipeline)
    assert counted == {("web", date(2026, 11, 10)): 1}
    [table] = loaded.parsed(asked[0]).find_all(exp.Table)
    assert (table.db, table.name) == (made.db, made.name)
    assert "0001" not in asked[0]


def test_hints_are_those_that_the_adapters_set() -> None:
    def hints(module: Any) -> set[str]:
        return {value for name, value in vars(module).items() if name.endswith("_HINT")}

    layouts = dialect_of(TO.bigquery().capabilities()).layouts.values()
    assert {name for layout in layouts for name in layout.table} <= hints(bigquery_adapter)


def _tables(statement: Any) -> list[str]:
    return [table.sql() for table in statement.find_all(exp.Table)]
