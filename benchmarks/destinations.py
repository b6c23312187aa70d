"""Load the same events into each kind of destination, against what that takes rows in by itself."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks import harness, report
from benchmarks.bulk_loads import KINDS, Place
from benchmarks.contestants import Work
from benchmarks.contestants.__main__ import cpu_seconds

_LOADED = "openpanel.events"


@contextmanager
def _servers() -> Iterator[dict[str, Callable[[int], str]]]:
    """Addresses by kind of destination, for each turn another database; of those there are."""
    import pytest

    from tests.support.mariadb import running_mariadb
    from tests.support.postgres import running_postgres

    with ExitStack() as stack:
        found: dict[str, Callable[[int], str]] = {name: lambda _: "" for name in KINDS}
        postgres = stack.enter_context(running_postgres())
        found["postgres"] = lambda turn: _new_postgres(postgres, f"turn_{turn}")
        try:
            mariadb = stack.enter_context(running_mariadb())
            found["mariadb"] = lambda turn: _new_mariadb(mariadb, f"turn_{turn}")
        except pytest.skip.Exception as reason:
            print(f"not measured: {reason}", file=sys.stderr)
            del found["mariadb"]
        yield found


def _new_postgres(url: str, name: str) -> str:
    import psycopg2

    with closing(psycopg2.connect(url.format(database="postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
    return url.format(database=name)


def _new_mariadb(address: str, name: str) -> str:
    import sqlalchemy as sa

    engine = sa.create_engine(address)
    with engine.begin() as connection:
        for database in (name, "openpanel"):
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {database}"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address.replace("/analytics", f"/{name}")


def _write_rows(work: Work, rows: str) -> None:
    """Have the events in Parquet and CSV, as the connector loads them."""
    with duckdb.connect(work.database) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        described = connection.execute(f"DESCRIBE {_LOADED}").fetchall()
        plain = {"JSON": "CAST({0} AS VARCHAR) AS {0}"}
        zoned = {"TIMESTAMP WITH TIME ZONE": "{0} AT TIME ZONE 'UTC' AS {0}"}
        for ending, forms in (("parquet", plain), ("csv", plain | zoned)):
            columns = ", ".join(forms.get(kind, "{0}").format(name) for name, kind, *_ in described)
            options = "FORMAT csv, HEADER false, NULLSTR 'NULL'" if ending == "csv" else ""
            connection.execute(
                f"COPY (SELECT {columns} FROM {_LOADED}) TO '{rows}.{ending}'"
                f" ({options or 'FORMAT parquet'})"
            )


def _load(name: str, work: Work) -> dict[str, float]:
    """Sync into a destination."""
    from openpanel_source import sync
    from openpanel_source.destinations.pipelines import open_pipeline

    started, cpu = time.perf_counter(), cpu_seconds()
    kind = KINDS[name]
    database = work.database if name == "duckdb" else None
    summary = sync(
        open_pipeline(kind.name, database),
        project_id=work.project,
        client_id=work.client_id,
        client_secret=work.client_secret,
        base_url=work.url,
        **kind.settings,
    )
    assert summary.is_verified
    assert not summary.days_left
    return {"wall": time.perf_counter() - started, "cpu": cpu_seconds() - cpu}


def _measured(name: str, place: Place, work: Work, *, is_bulk: bool) -> dict[str, float]:
    """One load in a process of its own; its seconds are those after the imports."""
    command = [sys.executable, "-m", "benchmarks.destinations", "--child", name]
    command += ["--bulk"] * is_bulk
    environment = KINDS[name].environment(place) | {
        "BENCHMARK_WORK": json.dumps(asdict(work)),
        "BENCHMARK_PLACE": json.dumps(asdict(place)),
    }
    process = harness.run(command, place.folder, environment)
    seconds = json.loads(process.output.splitlines()[-1])
    return {"peak_mb": process.peak_mb, **seconds}


def _peak() -> dict[str, float]:
    """The most memory of this program, where the system tells it.

    What a parent sees begins with the parent's own memory, and this one holds servers' drivers.
    """
    try:
        [line] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except (OSError, ValueError):
        return {}
    return {"peak_mb": int(line) / 1024}


def _child(name: str, *, is_bulk: bool) -> None:
    place = Place(**json.loads(os.environ["BENCHMARK_PLACE"]))
    work = Work(**json.loads(os.environ["BENCHMARK_WORK"]))
    if not is_bulk:
        print(json.dumps(_load(name, work) | _peak()))
        return
    for module in KINDS[name].needs:
        importlib.import_module(module)
    started, cpu = time.perf_counter(), cpu_seconds()
    KINDS[name].bulk(place)
    figures = {"wall": time.perf_counter() - started, "cpu": cpu_seconds() - cpu}
    print(json.dumps(figures | _peak()))


def measure(options: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Medians of the connector and of the bulk load, by kind of destination."""
    from tests.support.ducklake import install_ducklake

    runs: dict[str, dict[str, list[dict[str, float]]]] = {}
    with (
        harness.serving(options.events, options.days) as server,
        tempfile.TemporaryDirectory() as outer,
        _servers() as urls,
    ):
        os.environ["HOME"] = outer
        install_ducklake(Path(outer))
        rows = f"{outer}/rows"
        for turn in range(options.runs):
            for name in [name for name in options.only if name in urls]:
                with tempfile.TemporaryDirectory(dir=outer) as folder:
                    place = Place(folder, urls[name](turn), rows)
                    work = server.work(folder)
                    found = runs.setdefault(name, {"connector": [], "bulk": []})
                    found["connector"].append(_measured(name, place, work, is_bulk=False))
                    if name == "duckdb" and not turn:
                        harness.check_rows(work.database, _LOADED, options.events)
                        _write_rows(work, rows)
                    found["bulk"].append(_measured(name, place, work, is_bulk=True))
    return {
        name: {
            who: {key: median(run[key] for run in measured) for key in measured[0]}
            for who, measured in found.items()
        }
        for name, found in runs.items()
    }


def _line(name: str, found: dict[str, dict[str, float]]) -> list[str]:
    ours, own = found["connector"], found["bulk"]
    return [
        KINDS[name].title,
        f"{ours['wall']:.1f}",
        f"{ours['cpu']:.1f}",
        f"{ours['peak_mb']:,.0f}",
        KINDS[name].own,
        f"{own['wall']:.1f}",
        f"{own['cpu']:.1f}",
        f"{own['peak_mb']:,.0f}",
    ]


def main() -> None:
    """Measure, print, write; or be what is measured."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="with duckdb")
    parser.add_argument("--child", choices=KINDS, help="for internal use")
    parser.add_argument("--bulk", action="store_true", help="for internal use")
    options = report.parse(parser, {"events": 3_000, "days": 3, "runs": 1})
    if options.child:
        _child(options.child, is_bulk=options.bulk)
        return
    figures = measure(options)
    header = ["destination", "sync s", "CPU s", "peak MB", "its own bulk load"]
    header += ["s", "CPU s", "peak MB"]
    text = report.table(header, [_line(name, found) for name, found in figures.items()])
    text += (
        f"\n\nMedians of {options.runs} runs in turns; {options.events:,} events over"
        f" {options.days} days. Seconds are without imports; CPU and memory are those of the"
        " loading process, without a server's. A sync downloads, proves and replaces; the bulk load"
        " has the same rows in a file before its clock starts, appends them, and checks nothing."
    )
    report.publish(options, "destinations", figures, text)


if __name__ == "__main__":
    main()
