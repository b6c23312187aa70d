"""The comparison works (``make bench-smoke`` tries the others); ``make bench`` says how fast."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks import harness, rate_limit, report, run
from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import NAMES

ROOT = Path(__file__).parents[2]
PARTS = {
    "server_speed": "server",
    "run": "throughput",
    "first_rows": "first rows",
    "rate_limit": "rate limit",
    "workers": "workers",
    "memory": "memory",
    "growth": "growth",
    "startup": "start-up",
    "nights": "nights",
    "proofs": "proofs",
    "models": "models",
    "destinations": "destinations",
}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A copy of the page with empty parts."""
    text = report.PAGE.read_text(encoding="utf-8")
    for part in PARTS.values():
        text = report.with_part(text, part, "")
    copy = tmp_path / "performance.md"
    copy.write_text(text, encoding="utf-8")
    return copy


def measured(module: str, results: Path, page: Path) -> tuple[str, Any, str]:
    """What a benchmark in smoke sizes printed, its figures, and its part of the page."""
    command = [sys.executable, "-m", f"benchmarks.{module}", "--smoke"]
    command += ["--results", str(results), "--page", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    part = PARTS[module]
    figures = json.loads(results.read_text())[part]["figures"]
    written = page.read_text(encoding="utf-8").partition(f"<!-- begin: {part} -->\n")[2]
    return done.stdout, figures, written.partition("<!-- end:")[0]


@pytest.mark.long
def test_every_contestant_loads_every_event(tmp_path: Path, page: Path) -> None:
    output, figures, part = measured("run", tmp_path / "results.json", page)
    assert set(figures) == {"3 days", "1 days"}
    assert set(figures["1 days"]["medians"]) == {*NAMES} - {"rest_api"}
    for name in NAMES:
        median = figures["3 days"]["medians"][name]
        assert median["rows"] == median["events"] > 0
        assert median["wall"] > 0
        assert median["peak_mb"] > 10
        assert run.TITLES[name] in output
    assert output.strip() in part
    # Three days of one page each, and today; the rest is planning.
    connector = figures["3 days"]["medians"]["connector"]
    assert connector["pages"] == 4
    assert connector["requests"] < 30


def measured_of(who: str, part: str, column: str) -> list[float]:
    """What a column says of somebody, in all tables of a part of the page."""
    text = report.PAGE.read_text(encoding="utf-8").partition(f"<!-- begin: {part} -->\n")[2]
    header: list[str] = []
    found = []
    for line in text.partition("<!-- end:")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if column in cells:
            header = cells
        elif header and line.startswith(f"| {who}") and "---" not in line:
            found.append(float(cells[header.index(column)].replace(",", "")))
    assert found
    return found


@pytest.mark.parametrize("file", ["README.md", "CHANGELOG.md"])
def test_what_is_claimed_of_speed_and_memory_is_what_was_measured(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    [times, megabytes] = re.findall(
        r"over ([\d.]+) times as fast as a\s+tuned [^:]*? in (\d+) MB", text.replace("\n", " ")
    )[0]
    slower = min(measured_of(run.TITLES["expert"], "throughput", "load / connector"))
    # Neither more than the page says, nor figures that another state of the code had.
    assert slower * 0.8 <= float(times) <= slower
    peaks = measured_of(run.TITLES["connector"], "throughput", "peak MB")
    peaks += measured_of("", "memory", "peak MB")
    assert max(peaks) <= float(megabytes) <= max(peaks) * 1.2


def test_smoke_writes_nothing_unless_a_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["run", "--smoke"])
    options = report.parse(report.parser(None), {})
    assert options.results is None
    assert options.page is None


def test_a_named_file_is_the_only_one_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["run", "--results", "mine.json"])
    assert report.parse(report.parser(None), {}).page is None
    monkeypatch.setattr(sys, "argv", ["run"])
    assert report.parse(report.parser(None), {}).page == report.PAGE


def test_make_runs_every_measurement() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^BENCHMARKS := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    assert set(listed[1].split()) == set(PARTS)


def test_whole_windows_are_those_after_the_first_page_that_another_follows() -> None:
    windows = [
        {"opened": 0.0, "events": 70_000},
        {"opened": 10.0, "events": 100_000},
        {"opened": 20.0, "events": 99_000},
        {"opened": 30.0, "events": 5_000},
    ]
    stats = {"events": 274_000, "first_page_at": 4.0, "last_page_at": 31.4, "windows": windows}
    figures = rate_limit.sustained(stats)
    assert figures["in_whole_windows"] == pytest.approx(9_950)
    assert figures["from_first_to_last"] == pytest.approx(10_000)
    assert figures["windows"] == 2


EVENTS, DAYS = 5_700, 2


@pytest.fixture(scope="module")
def server() -> Iterator[harness.Server]:
    with harness.serving(EVENTS, DAYS) as running:
        yield running


def ask(server: harness.Server, **query: Any) -> requests.Response:
    work = server.work("")
    query = {"projectId": f'"{work.project}"', **query}
    return requests.get(f"{server.url}/export/events", query, headers=work.headers, timeout=10)


@pytest.mark.parametrize("limit", [1000, 700])
def test_the_server_lists_each_event_once_newest_first(server: harness.Server, limit: int) -> None:
    rows: list[dict[str, Any]] = []
    for page in range(1, -(-EVENTS // limit) + 1):
        answer = ask(server, limit=limit, page=page, includes=INCLUDES).json()
        assert answer["meta"]["totalCount"] == EVENTS
        assert answer["meta"]["count"] == len(answer["data"])
        rows += answer["data"]
    assert len({row["id"] for row in rows}) == EVENTS
    order = [(row["createdAt"], row["id"]) for row in rows]
    assert [time for time, _ in order] == sorted((time for time, _ in order), reverse=True)
    assert {time[:10] for time, _ in order} == {str(server.first), str(server.last)}


def test_the_server_counts_days_and_pages_within_them(server: harness.Server) -> None:
    day = str(server.first)
    answer = ask(server, start=day, end=day, limit='"1"').json()
    assert answer["meta"]["totalCount"] == EVENTS // DAYS
    assert "properties" not in answer["data"][0]
    last = ask(server, start=day, end=day, limit=1000, page=3, includes="properties").json()
    assert len(last["data"]) == 850
    assert last["data"][0]["createdAt"][:10] == day
    assert last["data"][0]["properties"]
    later = str(server.last + timedelta(days=1))
    assert ask(server, start=later, end="2100-12-31", limit=1).json()["data"] == []


def test_the_server_refuses_as_a_current_one_does(server: harness.Server) -> None:
    assert requests.get(f"{server.url}/export/events", timeout=10).status_code == 401
    assert ask(server, projectId="another").status_code == 403
    assert ask(server, filters="garbage").status_code == 200
    assert ask(server, start="today", end="today").status_code == 500


def test_the_server_limits_requests_when_told_to() -> None:
    with harness.serving(10, 1, "--rate-limit", "2/10s") as server:
        first, second, third = (ask(server) for _ in range(3))
    assert first.headers["x-ratelimit-limit"] == "2"
    assert first.headers["x-ratelimit-remaining"] == "1"
    assert 1 <= int(second.headers["x-ratelimit-reset"]) <= 10
    assert third.status_code == 429
    assert third.headers["retry-after"] == third.headers["x-ratelimit-reset"]
