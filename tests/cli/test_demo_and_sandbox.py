"""The commands that need no server of yours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import requests

from tests.support.command import COMMAND, fails, run

pytestmark = pytest.mark.sampled(4)


def test_the_demo_shows_what_was_loaded_and_leaves_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its events are of the days until today, whatever day that is.
    monkeypatch.delenv("SOURCES__OPENPANEL__NOW")
    Path("openpanel_demo.duckdb").write_text("an older demo")
    result = run("demo", "--events", "2000", "--days", "10", "--seed", "3")
    assert result.exit_code == 0, result.output
    for text in ("2,000 events", "Which campaigns sell", "The proof", "acme-shop", "complete"):
        assert text in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["openpanel_demo.duckdb"]


def test_the_demo_replaces_its_own_file_whatever_its_name_and_no_other(tmp_path: Path) -> None:
    demo = ("demo", "--events", "500", "--days", "5", "--database")
    for _ in range(2):
        result = run(*demo, "mine.duckdb")
        assert result.exit_code == 0, result.output
        assert "Which campaigns sell" in result.stdout
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("CREATE TABLE precious AS SELECT 1 AS value")
    before = Path("warehouse.duckdb").read_bytes()
    fails(run(*demo, "warehouse.duckdb"), 2, "warehouse.duckdb", "--database")
    assert Path("warehouse.duckdb").read_bytes() == before


def test_the_demo_ends_with_commands_that_work_where_it_was_called(tmp_path: Path) -> None:
    (tmp_path / "tools").symlink_to(Path(sys.executable).parent)
    program = "tools/openpanel-source"
    for path, shown in ((os.defpath, program), (f"tools:{os.defpath}", "openpanel-source")):
        done = subprocess.run(
            [program, "demo", "--events", "500", "--days", "5"],
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-2:] == [
            f"Ask more: {shown} shell --database openpanel_demo.duckdb",
            f"Then yours: {shown} init, and {shown} sync",
        ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--events", "10", "--database", "no/such/folder.duckdb"], ["does not exist"]),
        (["sandbox", "--dataset", "nowhere"], ["no dataset folder"]),
        (["sandbox", "--server-date", "2020-01"], ["2025-03"]),
        (["sandbox", "--events", "10", "--port", "99999"], ["cannot start"]),
    ],
)
def test_demo_and_sandbox_refuse_in_one_sentence(arguments: list[str], words: list[str]) -> None:
    fails(run(*arguments), 2, *words)


def serve(*options: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "sandbox", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_sandbox_command_serves_until_it_is_stopped() -> None:
    with serve("--events", "10") as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("listening on http://127.0.0.1:")
        assert requests.get(line.removeprefix("listening on "), timeout=10).status_code == 200
        process.terminate()


@pytest.mark.long
def test_what_the_sandbox_prints_can_be_pasted_into_a_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("CLIENT_ID", "CLIENT_SECRET", "PROJECT_ID", "BASE_URL"):
        monkeypatch.delenv(f"SOURCES__OPENPANEL__{name}")
    monkeypatch.delenv("SOURCES__OPENPANEL__NOW")
    with serve("--events", "200", "--days", "3") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        pasted = "".join(process.stderr.readline() for _ in range(5))
        script = f"{pasted}\n{' '.join(COMMAND)} sync --json"
        done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
        process.terminate()
    assert done.returncode == 0, pasted + done.stderr
    assert json.loads(done.stdout)["events_loaded"] == 200


def test_of_a_dataset_the_sandbox_tells_the_ids_and_where_the_secrets_stand() -> None:
    folder = Path(__file__).parents[1] / "data" / "contract" / "dataset"
    with serve("--dataset", str(folder)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        told = "".join(process.stderr.readline() for _ in range(5))
        process.terminate()
    assert "sec_" not in told
    assert f"{folder}/accounts.json" in told
    assert "SOURCES__OPENPANEL__CLIENT_ID=11111111-1111-4111-8111-111111111111" in told
    assert '"acme-web"' in told
    assert '"other-proj"' not in told
