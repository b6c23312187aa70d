"""The DuckDB file: which tools can read it, what it may be called, and that none is left empty."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from packaging.version import Version

from openpanel_source import sync
from openpanel_source.errors import DestinationError
from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

V1_2 = 65
"""As the header of a file says it; an older DuckDB refuses a file with a higher number."""
needs_newer_storage = pytest.mark.skipif(
    Version(duckdb.__version__) < Version("1.5"), reason="its newest storage is that of 1.2"
)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with world(event(1), event(2)) as server:
        settings = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": server.url,
            "backoff_seconds": "0.001",
            "max_outage": "0",
            "now": NOW.isoformat(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield server


def storage(path: str = "warehouse.duckdb") -> int:
    with Path(path).open("rb") as file:
        return int.from_bytes(file.read(20)[12:20], "little")


def count(path: str, table: str = "openpanel.events") -> Any:
    with duckdb.connect(path) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()


@pytest.mark.long
@pytest.mark.usefixtures("sandbox")
def test_a_new_file_is_one_that_duckdb_1_2_reads_and_events_are_found_as_one_types_it() -> None:
    assert run("sync").exit_code == 0
    assert storage() == V1_2
    assert count("warehouse.duckdb") == (2,)


@pytest.mark.long
def test_a_pipeline_in_python_makes_such_a_file_too(warehouse: Warehouse, sandbox: Sandbox) -> None:
    pipeline = dlt.pipeline(
        "p", destination=dlt.destinations.duckdb("mine.duckdb"), dataset_name="openpanel"
    )
    sync(pipeline)
    assert storage("mine.duckdb") == V1_2


@needs_newer_storage
@pytest.mark.usefixtures("sandbox")
def test_the_newest_storage_can_be_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG"
    monkeypatch.setenv(name, '{"storage_compatibility_version": "latest"}')
    assert run("sync").exit_code == 0
    assert storage() > V1_2
    assert count("warehouse.duckdb") == (2,)


@needs_newer_storage
@pytest.mark.usefixtures("sandbox")
def test_a_file_that_is_there_keeps_its_storage() -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH 'warehouse.duckdb' AS w (STORAGE_VERSION 'latest')")
        connection.execute("CREATE TABLE w.mine AS SELECT 1")
    before = storage()
    assert before > V1_2
    assert run("sync").exit_code == 0
    assert storage() == before
    assert count("warehouse.duckdb", "mine") == (1,)


@pytest.mark.long
@pytest.mark.usefixtures("sandbox")
def test_duckdb_1_x_reads_the_file(tmp_path: Path) -> None:
    assert run("sync", "--models").exit_code == 0
    folder = tmp_path / "older"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "duckdb~=1.5.0"], check=True)
    code = (
        "import duckdb; c = duckdb.connect('warehouse.duckdb', read_only=True);"
        "print(duckdb.__version__[0], c.execute('SELECT count(*) FROM openpanel.events')"
        ".fetchone(), c.execute('SELECT sum(events) FROM openpanel.daily_metrics').fetchone())"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 (2,) (2,)\n"


@pytest.mark.parametrize("name", ["openpanel.duckdb", "OpenPanel.db", "openpanel_staging.duckdb"])
def test_a_file_that_is_called_like_its_dataset_is_refused_and_not_made(
    sandbox: Sandbox, name: str
) -> None:
    fails(run("sync", "--database", name), 2, name, "is called like the dataset", "rename")
    assert not Path(name).exists()
    assert not sandbox.requests


@pytest.mark.usefixtures("sandbox")
def test_such_a_file_is_refused_in_python_and_by_status_as_well() -> None:
    named = dlt.destinations.duckdb("raw.duckdb")
    with pytest.raises(DestinationError, match="called like the dataset raw in it"):
        sync(dlt.pipeline("p", destination=named, dataset_name="raw"))
    fails(run("status", "--database", "raw.duckdb", "--dataset", "raw"), 2, "is called like")


@pytest.mark.usefixtures("sandbox")
def test_such_a_file_does_for_another_dataset() -> None:
    run("sync", "--database", "openpanel.duckdb", "--dataset", "raw")
    assert count("openpanel.duckdb", "raw.events") == (2,)


@pytest.mark.long
@pytest.mark.usefixtures("sandbox")
def test_the_default_of_earlier_versions_is_not_silently_left_behind() -> None:
    assert run("sync").exit_code == 0
    Path("warehouse.duckdb").rename("openpanel.duckdb")
    for command in ("sync", "status"):
        fails(run(command), 2, "openpanel.duckdb", "mv openpanel.duckdb warehouse.duckdb")
    assert not Path("warehouse.duckdb").exists()
    Path("openpanel.duckdb").rename("warehouse.duckdb")
    assert "Nothing new" in run("sync").stdout
    # Whoever wants to start anew says so.
    Path("warehouse.duckdb").rename("openpanel.duckdb")
    assert "Loaded 2 events" in run("sync", "--database", "warehouse.duckdb").stdout
    # From then on nobody is in doubt.
    assert "Nothing new" in run("sync").stdout


@pytest.mark.long
@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("content", ["a table of somebody's", "no database"])
def test_somebody_elses_file_of_that_name_does_not_matter(content: str) -> None:
    if content == "no database":
        Path("openpanel.duckdb").write_text(content)
    else:
        with duckdb.connect("openpanel.duckdb") as connection:
            connection.execute("CREATE TABLE mine AS SELECT 1")
    assert run("sync").exit_code == 0
    assert count("warehouse.duckdb") == (2,)


@pytest.mark.usefixtures("sandbox")
def test_a_first_sync_that_fails_leaves_no_empty_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", "sec_wrong")
    fails(run("sync"), 2, "secret")
    assert not list(Path().glob("warehouse.duckdb*"))
    # A file that was there is its owner's.
    duckdb.connect("mine.duckdb").close()
    fails(run("sync", "--database", "mine.duckdb"), 2, "secret")
    assert Path("mine.duckdb").exists()
