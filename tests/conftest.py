"""Every test gets a folder, a warehouse in it, and no configuration but its own."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import settings

from tests.support.faults import ALL, FAULTS, STAGES, TIMES
from tests.support.warehouse import Warehouse

# Every service says so by CI; .ci/run, which runs anywhere, by the other.
IS_CI = bool({"CI", "CI_REQUIRES_ALL"} & os.environ.keys())

# A machine may be busy. In CI each run tries the same: what is found by chance is found elsewhere.
settings.register_profile("tests", deadline=None, derandomize=IS_CI)
settings.load_profile("tests")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it runs in its background ignore Ctrl-C, and so would all commands of tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Have a share of the tests run alone: each is in one of them, and always in the same."""
    parser.addoption("--share", default="1/1", metavar="K/N", help="the K-th of N shares")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave all but each n-th case of what is marked ``sampled(n)`` to ``make test-long``.

    Then take of all tests the share that is asked for.
    """
    cases: Counter[Path] = Counter()
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is not None:
            # Counted by file, for each of its tests to meet another of the same parameters.
            if cases[item.path] % sampled.args[0]:
                item.add_marker(pytest.mark.long)
            cases[item.path] += 1
    place, shares = _share(config.getoption("--share"))
    others = {item for item in items if crc32(item.nodeid.encode()) % shares != place - 1}
    if others:
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]


def _share(text: str) -> tuple[int, int]:
    place, _, shares = text.partition("/")
    if not (place.isdecimal() and shares.isdecimal() and 1 <= int(place) <= int(shares)):
        raise pytest.UsageError(f"--share is {text!r}; write 1/4 for the first of four.")
    return int(place), int(shares)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep dlt's files, and the configuration and proxies of this machine, out of the test."""
    for name in list(os.environ):
        if name.startswith(("SOURCES__", "DESTINATION__")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many combinations of the fault matrix were tried, and how many mistakes found."""
    name = "test_fault_matrix.py::test_a_fault"
    tried = sum(name in report.nodeid for report in terminalreporter.getreports("passed"))
    if tried:
        terminalreporter.write_line(
            f"fault matrix: {tried} of {len(ALL)} combinations of {len(FAULTS)} faults,"
            f" {len(STAGES)} stages and {len(TIMES)} counts"
        )
    mistake = "test_mistakes_of_the_shaper_are_found.py::test_a_mistake_is_found"
    outcomes = {
        outcome: sum(mistake in report.nodeid for report in terminalreporter.getreports(outcome))
        for outcome in ("passed", "failed")
    }
    if any(outcomes.values()):
        terminalreporter.write_line(
            f"mistakes of the shaper: {outcomes['passed']} of {sum(outcomes.values())} found"
        )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser of this machine, as one of Playwright's, whose loop of events ends with it."""
    from tests.support.browser import started

    with started() as browser:
        yield browser
