"""Where figures go: the terminal, a JSON file, and the generated parts of docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options that every measurement has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--smoke", action="store_true", help="tiny sizes, nothing is written")
    options.add_argument("--results", type=Path, help="JSON file to write")
    options.add_argument("--page", type=Path, help="Markdown page whose generated part to write")
    return options


def parse(options: argparse.ArgumentParser, smoke: Mapping[str, Any]) -> argparse.Namespace:
    """The arguments given; with ``--smoke`` those sizes, where no others are given.

    Both files are written where they belong, unless one is named or it is smoke.
    """
    given = options.parse_known_args()[0]
    if given.smoke:
        options.set_defaults(**smoke)
    elif given.results is None and given.page is None:
        options.set_defaults(results=RESULTS, page=PAGE)
    return options.parse_args()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(options: argparse.Namespace, name: str, figures: Any, text: str) -> None:
    """Print the text; keep figures and text if the options name files.

    Args:
        options: As parsed.
        name: Of the measurement: a key of the JSON file, and of a part of the page.
        figures: JSON values.
        text: Markdown.
    """
    print(text, flush=True)
    if options.results is not None:
        known = json.loads(options.results.read_text()) if options.results.exists() else {}
        known[name] = {"machine": machine(), "figures": figures}
        options.results.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    if options.page is not None:
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(with_part(page, name, f"{text}\n\n{_told()}"), encoding="utf-8")


def with_part(page: str, name: str, text: str) -> str:
    """The page with the text between the markers of a part.

    Raises:
        ValueError: The page lacks the markers.
    """
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no part {name}; add {begin.strip()} and {end}.")
    return f"{before}{begin}{text}\n{end}{after}"


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "at": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("dlt", "duckdb", "pyarrow")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _told() -> str:
    facts = machine()
    versions = ", ".join(f"{name} {facts[name]}" for name in ("dlt", "duckdb", "pyarrow"))
    return (
        f"Measured {facts['at']} on {facts['cores']} cores ({facts['processor']}),"
        f" Python {facts['python']}, {versions}."
    )
