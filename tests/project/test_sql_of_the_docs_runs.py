"""Every query of README and docs answers as it stands, in the file that the README makes."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from openpanel_source.destinations.pipelines import open_pipeline
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.sandbox_world import NOW

pytestmark = pytest.mark.sampled(4)

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sql *(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""What a block is for, if not for DuckDB, follows the word sql: ```` ```sql bigquery ````."""
QUERIES = [
    (page.name, place, text)
    for page in PAGES
    for place, (other, text) in enumerate(BLOCK.findall(page.read_text()), start=1)
    if not other
]
CHART = {
    "name": "signups_by_country",
    "start": "2026-11-01",
    "end": "2026-11-20",
    "interval": "week",
    "series": [{"event": "screen_view"}],
    "breakdowns": ["country"],
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``openpanel-source sync --models`` makes, with lists and a chart."""
    folder = tmp_path_factory.mktemp("readme")
    # The chart is of days that have events.
    data = generate(events=3_000, days=10, seed=1, now=NOW)
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(data, rate_limit=None, now=lambda: NOW) as server,
    ):
        patch.chdir(folder)
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        pipeline = open_pipeline()
        sync(
            pipeline,
            project_id=[project.id for project in data.accounts.projects],
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            base_url=server.url,
            now=NOW,
            include_event_meta=True,
            lists=["references", "projects", "profiles", "groups"],
            charts=[CHART],
            models=True,
        )
    return folder / "warehouse.duckdb"


@pytest.mark.parametrize(("page", "place", "text"), QUERIES, ids=lambda value: str(value)[:20])
def test_a_query_answers(warehouse: Path, page: str, place: int, text: str) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute(text).fetchall()


def test_there_are_queries_and_those_of_other_warehouses_say_whose_they_are() -> None:
    assert len(QUERIES) >= 5
    others = {other for page in PAGES for other, _ in BLOCK.findall(page.read_text())}
    known = {"bigquery", "clickhouse", "databricks", "motherduck", "postgres"}
    assert others <= known | {"", "redshift", "snowflake"}
