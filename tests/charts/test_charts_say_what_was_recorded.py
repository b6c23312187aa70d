"""What a real server drew is what the tables say, value by value.

The reader here knows recordings and tables only, nothing of the code in between.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from openpanel_source import Chart, Filter, Series
from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.sandbox_exceptions import EXCEPTIONS
from tests.support.sandbox_recordings import CONTRACT, DATASET
from tests.support.warehouse import Warehouse

RECORDED_AT = datetime(2026, 11, 23, 2, 47, 8, tzinfo=timezone.utc)
CLIENTS = {
    "acme-web": ("22222222-2222-4222-8222-222222222222", "UTC"),
    "ny-shop": ("44444444-4444-4444-8444-444444444444", "America/New_York"),
}
NOT_ASKED = {
    "charts_breakdown_unknown_ignored": "validation refuses a breakdown that is no field",
    "charts_dates_reversed": "validation refuses a start after the end",
    "charts_dates_same_day_date_only_is_empty": "a chart of no time at all cannot be written",
    "charts_no_series": "validation refuses a chart without series",
    "charts_property_sum_none_is_event_count": "validation refuses property_sum without property",
    "charts_qs_brackets_ignored": "as charts_no_series: the server does not see the series",
}
LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


def _recordings() -> dict[str, Any]:
    found = {}
    for path in sorted((CONTRACT / "recordings").glob("charts_*.json")):
        recording = json.loads(path.read_text())
        if recording["response"]["status"] == 200 and not recording["depends_on_clock_or_order"]:
            found[recording["name"]] = recording
    return {n: r for n, r in found.items() if n not in {**EXCEPTIONS, **NOT_ASKED, **_BY_CLOCK}}


_BY_CLOCK = {"charts_dates_start_only_ignored": "a start alone is ignored: the last 30 days"}
RECORDINGS = _recordings()


def _asked(recording: Any) -> dict[str, Any]:
    query = parse_qs(urlsplit(recording["request"]["url"]).query)
    found: dict[str, Any] = {name: values[-1] for name, values in query.items()}
    series = [json.loads(text) for text in query.get("series", query.get("events", []))]
    found["series"] = [
        one for item in series for one in (item if isinstance(item, list) else [item])
    ]
    found["breakdowns"] = [item["name"] for item in json.loads(found.get("breakdowns", "[]"))]
    return found


def _project(recording: Any) -> str:
    client = recording["request"]["headers"]["openpanel-client-id"]
    return next(project for project, (own, _) in CLIENTS.items() if own == client)


def _instant(text: str) -> datetime:
    """As the server reads a date: UTC where none is given; fractions are cut off."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")).replace(microsecond=0)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _chart(name: str) -> Chart:
    asked = _asked(RECORDINGS[name])
    return Chart(
        name.lower(),
        [
            Series(
                one["name"],
                one.get("segment", "event"),
                one.get("property"),
                [Filter(f["name"], f["operator"], f["value"]) for f in one.get("filters", [])],
            )
            for one in asked["series"]
        ],
        asked["breakdowns"],
        asked.get("interval", "day"),
        start=_instant(asked["startDate"]),
        end=_instant(asked["endDate"]),
        previous=asked.get("previous") == "true",
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    accounts = json.loads((DATASET / "accounts.json").read_text())
    secrets = {client["id"]: client["secret"] for client in accounts["clients"]}
    warehouse = Warehouse(tmp_path_factory.mktemp("recorded"))
    with Sandbox(load_dataset(DATASET), rate_limit=None, now=lambda: RECORDED_AT) as sandbox:
        for project, (client, zone) in CLIENTS.items():
            names = [n for n, recording in RECORDINGS.items() if _project(recording) == project]
            source = warehouse.source(
                sandbox,
                project_id=project,
                client_id=client,
                client_secret=secrets[client],
                charts=list(map(_chart, names)),
                timezone=zone,
                now=RECORDED_AT,
            )
            charts = (name for name in source.resources if name.startswith("chart_"))
            warehouse.pipeline().run(source.with_resources(*charts))
    return warehouse


def test_most_recordings_are_asked_for() -> None:
    assert len(RECORDINGS) >= 40


@pytest.mark.sampled(16)
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_rows_say_what_was_recorded(loaded: Warehouse, name: str) -> None:
    recording = RECORDINGS[name]
    asked = _asked(recording)
    rows = loaded.query(
        "SELECT series_key, position, breakdown_complete, values, [breakdown_1, breakdown_2,"
        " breakdown_3, breakdown_4, breakdown_5, breakdown_6], sum, average, min, max, profiles"
        f" FROM chart_series JOIN charts USING (chart_id) WHERE name = '{name.lower()}'"
    )
    points: dict[str, dict[str, Any]] = {}
    for key, date, value, previous in loaded.query(
        "SELECT series_key, bucket_date, value, previous_value"
        f" FROM chart_points JOIN charts USING (chart_id) WHERE name = '{name.lower()}'"
    ):
        points.setdefault(key, {})[date] = (value, previous)
    phantoms = 0
    for series in recording["response"]["body"]["series"]:
        position = ord(series["event"]["id"]) - ord("A")
        event = asked["series"][position]["name"]
        if not str(series["names"][0]).endswith(event):
            phantoms += 1
            continue
        values = [_as_text(value) for value in series["names"][1:]]
        row = next(row for row in rows if (row[1], json.loads(row[3])) == (position, values))
        rows.remove(row)
        _check_breakdowns(row, asked["breakdowns"], values)
        whole = _check_points(recording, series, points.get(row[0], {}))
        if whole:
            metrics = series["metrics"]
            named = [metrics.get(n) for n in ("sum", "average", "min", "max", "count")]
            assert list(row[5:]) == pytest.approx(named)
    # Series that the server leaves out because nothing happened are zeros here.
    assert all(not value for row in rows for value, _ in points.get(row[0], {}).values())
    counted = loaded.query(f"SELECT phantom_series FROM charts WHERE name = '{name.lower()}'")
    assert counted == [(phantoms,)]


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\0", "")


def _check_breakdowns(row: Any, breakdowns: list[str], values: list[str]) -> None:
    columns = list(row[4][: len(breakdowns)])
    if not values:
        assert row[2] is True
        assert columns == [""] * len(breakdowns)
    elif len(values) < len(breakdowns):
        assert row[2] is False
        assert columns == [None] * len(breakdowns)
    else:
        assert row[2] is True
        assert columns == values


def _check_points(recording: Any, series: Any, loaded: dict[str, Any]) -> bool:
    """Compare all whole buckets; says whether the recording holds no other."""
    asked = _asked(recording)
    zone = ZoneInfo(CLIENTS[_project(recording)][1])
    start, end = _instant(asked["startDate"]), _instant(asked["endDate"])
    compared, partial = set(), False
    gap = None if str(asked["series"][0].get("property")).startswith("properties.") else 0
    for point in series["data"]:
        local = datetime.fromisoformat(point["date"])
        first = local.replace(tzinfo=zone).astimezone(timezone.utc)
        last = _next(local, asked.get("interval", "day")).replace(tzinfo=zone)
        if first < start or (last > end > first):
            partial = True
            continue
        if first >= end:
            continue
        value, previous = loaded.get(point["date"], (gap, None))
        assert value == pytest.approx(point["count"]), point
        if asked.get("previous") == "true":
            assert previous == pytest.approx(point.get("previous", {}).get("value")), point
        compared.add(point["date"])
    assert partial or compared >= set(loaded)
    return not partial


def _next(local: datetime, interval: str) -> datetime:
    if interval == "month":
        return (local + timedelta(days=31)).replace(day=1)
    return local + (timedelta(minutes=1) if interval == "minute" else LENGTHS[interval])
