"""Time the models: made from nothing, brought up to date after a night, and asked ten questions."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks import harness, report

_SCHEMA = """
CREATE SCHEMA openpanel;
CREATE TABLE openpanel.sync_days (
  project_id TEXT, query_fingerprint TEXT, day DATE, load_id TEXT, verdict TEXT, reason TEXT,
  total_count BIGINT, rows_received BIGINT, distinct_ids BIGINT, read_at TIMESTAMP WITH TIME ZONE
);
CREATE TABLE openpanel._dlt_loads (load_id TEXT);
CREATE TABLE openpanel.events AS {events} LIMIT 0;
"""
_EVENTS = """
SELECT
  'web' AS project_id, CAST(made.created_at AT TIME ZONE 'UTC' AS DATE) AS event_date,
  CAST(uuid() AS TEXT) AS id,
  CASE
    WHEN made.step = 0 THEN 'session_start' WHEN made.step = 7 THEN 'session_end'
    WHEN made.step = 6 AND made.dice < 3 THEN 'revenue'
    WHEN made.step = 5 AND made.dice < 20 THEN 'signup' ELSE 'screen_view'
  END AS name,
  made.created_at, visitor.device_id,
  CASE WHEN visitor.person % 10 = 0 THEN 'user ' || visitor.person ELSE visitor.device_id END
  AS profile_id,
  md5('session ' || {load} || made.visit) AS session_id,
  '/' || CASE WHEN made.dice % 3 = 0 THEN 'product/' ELSE 'page/' END || made.page AS path,
  'https://example.com' AS origin,
  CASE visitor.person % 3 WHEN 0 THEN 'https://www.google.com/' WHEN 1 THEN 'https://t.co/x'
    ELSE '' END AS referrer,
  CASE WHEN visitor.person % 3 = 0 THEN 'Google' ELSE '' END AS referrer_name,
  CASE WHEN visitor.person % 3 = 0 THEN 'search' ELSE '' END AS referrer_type,
  ['SE', 'US', 'DE', 'FR', 'GB', 'IN', 'BR'][1 + visitor.person % 7] AS country,
  ['Stockholm', 'New York', 'Berlin', 'Paris', 'London'][1 + visitor.person % 5] AS city,
  ['iOS', 'Windows', 'Android', 'Mac OS'][1 + visitor.person % 4] AS os,
  ['Chrome', 'Safari', 'Firefox'][1 + visitor.person % 3] AS browser,
  ['desktop', 'mobile'][1 + visitor.person % 2] AS device,
  CASE WHEN made.step = 6 AND made.dice < 3 THEN 1200 ELSE 0 END AS revenue,
  CAST(CASE
    WHEN made.step = 7 THEN '{{"__bounce": "0"}}' ELSE '{{"__title": "Page ' || made.page || '"}}'
  END AS JSON) AS properties,
  CASE WHEN visitor.person % 20 = 0 THEN 'news' END AS utm_source,
  CASE WHEN visitor.person % 20 = 0 THEN 'email' END AS utm_medium,
  CASE WHEN visitor.person % 20 = 0 THEN 'campaign ' || visitor.person % 7 END AS utm_campaign,
  'Page ' || made.page AS page_title
FROM (
  SELECT
    number // 8 AS visit, number % 8 AS step, CAST(hash(number) % 100 AS INT) AS dice,
    CAST(hash(number, 1) % 400 AS INT) AS page,
    TIMESTAMPTZ '{last} 23:00:00+00' - to_milliseconds(CAST(
      (number // 8) * ({days} * 86400000.0 - 7200000) / ({events} / 8) AS BIGINT
    )) + to_milliseconds(20000 * (number % 8)) AS created_at
  FROM range({events}) AS numbers (number)
) AS made,
LATERAL (SELECT CAST(hash(made.visit, {load}) % {people} AS INT) AS person) AS who,
LATERAL (
  SELECT who.person, md5(who.person || '/' || CAST(made.created_at AS DATE)) AS device_id
) AS visitor
"""
"""Visits of eight events each, newest first, as a sync loads them."""


def load(path: Path, number: int, events: int, days: int, last: date) -> None:
    """Put events into a database as a load package does, and into its ledger.

    Args:
        path: A DuckDB file, made if it is not there.
        number: Of the package.
        events: How many.
        days: Over how many days.
        last: The last of these.
    """
    sizes = {"people": max(events // 30, 20), "days": days, "last": last, "events": events}
    query = _EVENTS.format(load=number, **sizes)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET memory_limit = '1GB'; SET preserve_insertion_order = false")
        if number == 1:
            connection.execute(_SCHEMA.format(events=query))
        connection.execute(f"INSERT INTO openpanel.events {query}")
        connection.execute(
            "INSERT INTO openpanel.sync_days SELECT 'web', 'all', event_date, ?, 'complete', 'new',"
            " COUNT(*), COUNT(*), COUNT(*), now() FROM openpanel.events"
            " WHERE event_date BETWEEN ? AND ? GROUP BY event_date",
            [str(number), last - timedelta(days=days), last],
        )
        connection.execute("INSERT INTO openpanel._dlt_loads VALUES (?)", [str(number)])


def refresh(path: Path, folder: str, *more: str) -> dict[str, float]:
    """Run the command in a process of its own; its seconds without imports, and its peak memory."""
    command = [sys.executable, "-m", "openpanel_source.cli", "models", "--database", str(path)]
    process = harness.run([*command, "--json", *more], folder)
    seconds = json.loads(process.output.splitlines()[-1])["seconds"]
    return {"seconds": seconds, "peak_mb": process.peak_mb}


def reported(path: Path, folder: str) -> dict[str, float]:
    """Make a report in a process of its own; its seconds without imports, and its peak memory."""
    process = harness.run([sys.executable, "-c", _REPORT, str(path), folder], folder)
    return {**json.loads(process.output.splitlines()[-1]), "peak_mb": process.peak_mb}


_REPORT = """
import json, sys, time
from openpanel_source import create_report
from openpanel_source.destinations.pipelines import open_to_look

with open_to_look("duckdb", sys.argv[1], "openpanel") as pipeline:
    started = time.perf_counter()
    report = create_report(pipeline, sys.argv[2] + "/report.html")
    seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "bytes": report.path.stat().st_size}))
"""


def questions() -> list[str]:
    """The ten of docs/models.md; the one that asks events is left out."""
    page = (report.ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    found = re.findall(r"```sql\n(.*?);\n```", page, flags=re.DOTALL)
    return [question for question in found if "FROM openpanel.events" not in question]


def asked(path: Path) -> list[float]:
    """The seconds that each question takes, medians of five."""
    answered = []
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("USE openpanel; SET TimeZone = 'UTC'")
        for question in questions():
            times = []
            for _ in range(5):
                started = time.perf_counter()
                connection.execute(question).fetchall()
                times.append(time.perf_counter() - started)
            answered.append(median(times))
    return answered


def measure(events: int, days: int, night: int) -> dict[str, Any]:
    """What models cost with so many events."""
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.duckdb"
        load(path, 1, events, days, yesterday - timedelta(days=1))
        build = refresh(path, folder)
        load(path, 2, night, 1, yesterday)
        after = refresh(path, folder)
        nothing = refresh(path, folder)
        return {
            "events": events,
            "build": build,
            "night": after,
            "nothing": nothing,
            "questions": asked(path),
            "report": reported(path, folder),
        }


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--night", type=int, default=10_000)
    options = report.parse(parser, {"events": [3_000], "days": 30, "night": 500})
    measured = [measure(events, options.days, options.night) for events in options.events]
    rows = [
        [
            f"{one['events']:,}",
            f"{one['build']['seconds']:.1f}",
            f"{one['build']['peak_mb']:,.0f}",
            f"{one['night']['seconds']:.2f}",
            f"{one['night']['peak_mb']:,.0f}",
            f"{one['nothing']['seconds']:.2f}",
            f"{max(one['questions']):.3f}",
            f"{median(one['questions']):.3f}",
            f"{one['report']['seconds']:.2f}",
        ]
        for one in measured
    ]
    header = ["events", "build s", "peak MB", "night s", "peak MB", "nothing new s"]
    text = report.table([*header, "slowest question s", "median s", "report s"], rows)
    text += (
        f"\n\nTables of models in DuckDB, events over {options.days} days. *build* makes all from"
        f" nothing; *night* takes in a day of {options.night:,} new events; seconds are without"
        " imports. The questions are the ten of [models](models.md#ten-questions); *report* is"
        " [the report](report.md) of 28 days, compared with those before."
    )
    report.publish(options, "models", measured, text)


if __name__ == "__main__":
    main()
