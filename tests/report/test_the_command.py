"""The command report, and sync --report: files, what is printed, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openpanel_source.errors import InvalidSettingError
from openpanel_source.report.output import check_output, write_report
from openpanel_source.sandbox import Sandbox
from tests.support.command import COMMAND, fails, run, run_without_might
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world
from tests.support.warehouse import Warehouse

FILE = Path("openpanel-report.html")
HOSTILE = "<script>alert(1)</script>|@all\x1b[31m"


VISITS = [
    event(1, name="screen_view", path="/", sessionId="s1"),
    event(2, name=HOSTILE, path=f"/{HOSTILE}", sessionId="s2"),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*VISITS) as server:
        yield server


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with models, loaded once."""
    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch, world(*VISITS) as server:
        patch.chdir(folder)
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        Warehouse(folder).sync(server, models=True)
    return folder / "warehouse.duckdb"


@pytest.fixture
def loaded(kept: Path) -> None:
    """The same in the test's own folder."""
    shutil.copy(kept, "warehouse.duckdb")


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    settings = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "now": NOW.isoformat(),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)


@pytest.mark.long
def test_a_report_works_right_after_a_sync_and_is_replaced() -> None:
    assert run("sync").exit_code == 0
    first = run("report")
    assert first.exit_code == 0, first.output
    assert f"Report: {FILE.resolve()} (web; 2026-10-27 to 2026-11-23, UTC)" in first.stdout
    assert "openpanel-source models" in first.stdout
    assert FILE.read_text(encoding="utf-8").startswith("<!doctype html>")
    FILE.chmod(0o640)
    assert run("report", "--days", "7").exit_code == 0
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o640
    assert [path.name for path in Path().glob(".openpanel-report*")] == []


@pytest.mark.long
def test_sync_writes_one_afterwards() -> None:
    done = run("sync", "--models", "--report", "night.html")
    assert done.exit_code == 0, done.output
    assert (
        f"Report: {Path('night.html').resolve()} (web;"
        in done.stdout.splitlines()[-2:][0] + (done.stdout.splitlines()[-1])
        or "Report: " in done.stdout
    )
    assert Path("night.html").exists()
    quiet = run("sync", "--report", "night.html", "--json")
    assert json.loads(quiet.stdout)["days_read"] == 0


def test_a_sync_whose_report_cannot_be_written_does_nothing(sandbox: Sandbox) -> None:
    Path("mine.html").write_text("mine")
    fails(run("sync", "--report", "mine.html"), 2, "mine.html", "no report of openpanel-source")
    fails(run("sync", "--report", "no/folder.html"), 2, "does not exist")
    assert not Path("warehouse.duckdb").exists()
    assert Path("mine.html").read_text() == "mine"


@pytest.mark.long
@pytest.mark.usefixtures("loaded")
def test_json_is_the_document_and_writes_no_file() -> None:
    done = run("report", "--json", "--no-compare", "--days", "3", "--end-date", "2026-11-11")
    numbers = json.loads(done.stdout)
    assert numbers["range"] == {"from": "2026-11-09", "until": "2026-11-11"}
    assert numbers["compared"] is None
    assert [HOSTILE, 1, 1] in numbers["scopes"][""]["events"]
    assert "\x1b" not in done.stdout
    assert not FILE.exists()
    assert run("report", "--json", "--output", "named.html").exit_code == 0
    assert Path("named.html").exists()


@pytest.mark.long
@pytest.mark.usefixtures("loaded")
def test_markdown_is_short_and_harmless() -> None:
    done = run("report", "--markdown")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("# OpenPanel report\n\n`web`: 2026-10-27 to 2026-11-23")
    assert "\x1b" not in done.stdout
    assert "`/<script>alert(1)</script>\\|@all\\x1b[31m`" in done.stdout
    assert not FILE.exists()


@pytest.mark.usefixtures("loaded")
def test_a_project_is_chosen() -> None:
    numbers = json.loads(run("report", "--project-id", "web", "--json").stdout)
    assert [project["id"] for project in numbers["projects"]] == ["web"]
    fails(run("report", "--project-id", "web,shop"), 2, "'shop' is not in the warehouse", "web")
    assert not FILE.exists()


@pytest.mark.sampled(2)
@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--json", "--markdown"], ["leave one out"]),
        (["--json", "--open"], ["--open", "--output"]),
        (["--days", "7", "--start-date", "2026-11-01"], ["--days and --start-date"]),
        (["--start-date", "yesterday"], ["start_date", "YYYY-MM-DD"]),
        (["--end-date", "2026-13-01"], ["end_date", "YYYY-MM-DD"]),
        (["--start-date", "2026-11-09", "--end-date", "2026-11-08"], ["lies after"]),
        (["--start-date", "2027-01-01"], ["lies after 2026-11-23"]),
        (["--end-date", "1969-12-31"], ["too early"]),
        (["--start-date", "1970-01-01", "--end-date", "2999-12-31"], ["36,600 days"]),
        (["--days", "99999999999"], ["--days must be from 1 to 36,600"]),
        (["--timezone", "Mars/Base"], ["Mars/Base"]),
        (["--project-id", ""], ["none of them empty"]),
        (["--output", "."], ["is a folder"]),
        (["--output", "no/such.html"], ["does not exist"]),
        (["--busy-timeout", "-1"], ["busy_timeout"]),
    ],
)
def test_what_makes_no_sense_is_one_sentence(options: list[str], words: list[str]) -> None:
    fails(run("report", *options), 2, *words)


def test_a_warehouse_that_is_not_there_is_named() -> None:
    fails(run("report"), 2, "there is no database", "sync")
    fails(run("report", "--destination", "sqlalchemy"), 2)


@pytest.mark.usefixtures("loaded")
def test_files_of_somebody_else_stay_unless_forced() -> None:
    FILE.write_text("<!doctype html>mine")
    fails(run("report"), 2, "no report of openpanel-source", "--force")
    assert FILE.read_text() == "<!doctype html>mine"
    assert run("report", "--force").exit_code == 0
    assert run("report").exit_code == 0
    assert FILE.stat().st_size > 1000


@pytest.mark.usefixtures("loaded")
def test_a_link_is_followed_and_stays() -> None:
    Path("public").mkdir()
    FILE.symlink_to("public/index.html")
    assert run("report").exit_code == 0
    assert FILE.is_symlink()
    assert Path("public/index.html").read_text().startswith("<!doctype html>")


@pytest.mark.long
@pytest.mark.usefixtures("loaded")
def test_a_folder_that_cannot_be_written_is_told_before_any_work() -> None:
    Path("sealed").mkdir(mode=0o555)
    fails(run_without_might("report", "--output", "sealed/report.html"), 2, "cannot be written")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match="cannot be the file"):
        check_output("\0", force=False)
    with pytest.raises(InvalidSettingError, match="no ordinary file"):
        check_output(os.devnull, force=True)
    path = check_output(tmp_path / "report.html", force=False)
    write_report(path, "<!doctype html>one")
    # A lone half of a character is no text: writing fails in the middle.
    with pytest.raises(UnicodeEncodeError):
        write_report(path, "<!doctype html>" + "x" * 100_000 + "\ud800")
    assert path.read_text().startswith("<!doctype html>one\n")
    assert os.listdir(tmp_path) == ["report.html"]


@pytest.mark.long
@pytest.mark.usefixtures("loaded")
def test_open_shows_the_file_in_the_browser() -> None:
    browser = Path("browser")
    browser.write_text(f"#!{sys.executable}\nimport sys\nopen('shown', 'w').write(sys.argv[1])\n")
    browser.chmod(0o755)
    environment = os.environ | {"BROWSER": str(browser.resolve())}
    done = subprocess.run(
        [*COMMAND, "report", "--open"], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Path("shown").read_text() == FILE.resolve().as_uri()
