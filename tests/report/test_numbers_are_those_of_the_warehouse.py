"""Each number of a report is that of an independent count, and of the SQL that stands beside it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from openpanel_source import create_report
from tests.report.conftest import NOW, ZONE
from tests.report.reference import Reference
from tests.support.warehouse import Warehouse

SCOPES = ["", "acme-blog", "acme-shop"]


@pytest.fixture(scope="module")
def numbers(shop: Warehouse) -> dict[str, Any]:
    return create_report(shop.pipeline(), now=NOW).numbers


def reference(shop: Warehouse, numbers: dict[str, Any], scope: str) -> Reference:
    days = numbers["range"]
    first, last = (date.fromisoformat(days[name]) for name in ("from", "until"))
    return Reference(shop.query, ZONE, first, last, scope or None)


def same(rows: list[list[Any]], wanted: list[list[Any]]) -> None:
    """The same rows in whichever order, numbers to nine digits."""

    def plain(cells: list[Any]) -> list[Any]:
        return [float(f"{cell:.9g}") if isinstance(cell, float) else cell for cell in cells]

    assert sorted(map(plain, rows), key=repr) == sorted(map(plain, wanted), key=repr)


@pytest.mark.long
def test_it_is_about_the_last_28_days_with_events_of_all_projects(numbers: dict[str, Any]) -> None:
    assert numbers["version"] == 1
    assert numbers["timezone"] == ZONE
    assert numbers["generated_at"] == "2026-11-23T12:00:00Z"
    assert numbers["range"] == {"from": "2026-10-27", "until": "2026-11-23"}
    assert numbers["compared"] == {"from": "2026-09-29", "until": "2026-10-26"}
    assert [project["id"] for project in numbers["projects"]] == ["acme-blog", "acme-shop"]
    assert all(project["name"] for project in numbers["projects"])
    assert list(numbers["scopes"]) == SCOPES


@pytest.mark.long
def test_each_block_is_complete_and_in_form(numbers: dict[str, Any]) -> None:
    units = {"text", "count", "share", "seconds", "money", "day", "instant", "number"}
    for scope, rows in numbers["scopes"].items():
        assert rows.keys() == numbers["blocks"].keys()
        for key, block in numbers["blocks"].items():
            assert {column["unit"] for column in block["columns"]} <= units
            assert rows[key] or key == "charts", (scope, key)
            assert all(len(row) == len(block["columns"]) for row in rows[key])
            assert len(rows[key]) <= 51 or key in ("proof", "charts", "hours", "retention")


@pytest.mark.parametrize(
    "scope", ["", *(pytest.param(one, marks=pytest.mark.long) for one in SCOPES[1:])]
)
def test_numbers_equal_an_independent_count(
    shop: Warehouse, numbers: dict[str, Any], scope: str
) -> None:
    rows, wanted = numbers["scopes"][scope], reference(shop, numbers, scope)
    same([row[3:] for row in rows["tiles"]], wanted.tiles())
    same(rows["days"], wanted.days())
    same(rows["sources"], wanted.sources())
    same(rows["campaigns"], wanted.campaigns())
    same(rows["landing_pages"], wanted.landing_pages())
    same(rows["pages"], wanted.pages())
    same(rows["events"], wanted.event_names())
    same(rows["devices"], wanted.by("device"))
    same(rows["browsers"], wanted.by("browser"))
    same(rows["countries"], wanted.by("country", with_visitors=True))
    same(rows["hours"], wanted.hours())
    same(rows["funnel"], wanted.funnel())
    same(rows["visitor_flow"], wanted.visitor_flow())
    same(rows["paths"], wanted.paths())
    same(rows["proof"], wanted.proof())


def test_the_sql_beside_the_numbers_gives_them(shop: Warehouse, numbers: dict[str, Any]) -> None:
    for key, block in numbers["blocks"].items():
        answer = shop.query(block["sql"])
        rows = numbers["scopes"][""][key]
        assert len(answer) == len(rows), key
        for cells, row in zip(answer, rows, strict=True):
            for cell, shown in zip(cells, row, strict=True):
                if isinstance(shown, (int, float)):
                    assert float(cell) == pytest.approx(shown), key
                else:
                    assert (cell is None) == (shown is None), key
        assert "openpanel." in block["sql"]


def test_retention_is_that_of_the_model(shop: Warehouse, numbers: dict[str, Any]) -> None:
    last = date.fromisoformat(numbers["range"]["until"])
    model = shop.query(
        "SELECT cohort_week, week, visitors, retention FROM retention"
        " WHERE project_id = 'acme-shop'"
    )
    wanted = [
        [cohort.isoformat(), *rest]
        for cohort, *rest in model
        if cohort >= last - timedelta(weeks=12) and cohort + timedelta(weeks=rest[0]) <= last
    ]
    assert len(wanted) > 20
    same(numbers["scopes"]["acme-shop"]["retention"], wanted)


def test_paths_lead_from_stage_to_stage_and_lose_nobody(numbers: dict[str, Any]) -> None:
    for scope in SCOPES:
        rows = numbers["scopes"][scope]["paths"]
        assert 0 < len(rows) <= 40
        coming: Counter[tuple[str, int]] = Counter()
        going: Counter[tuple[str, int]] = Counter()
        for source, target, sessions, source_stage, target_stage in rows:
            assert source_stage < target_stage
            coming[target, target_stage] += sessions
            going[source, source_stage] += sessions
        assert {target for target, stage in coming if stage == 3} <= {"purchase", "left"}
        for place, sessions in coming.items():
            assert place[1] == 3 or going[place] == sessions


def test_charts_have_their_history_but_none_by_person(
    shop: Warehouse, numbers: dict[str, Any]
) -> None:
    rows = numbers["scopes"]["acme-shop"]["charts"]
    assert {chart for chart, *_ in rows} == {"views_by_country"}
    assert len({series for _, series, *_ in rows}) == 5
    instants = [at for _, _, at, _ in rows]
    assert min(instants) < numbers["range"]["from"]
    (series,) = {series for _, series, *_ in rows if series.endswith(" DE")}
    wanted = shop.query(
        "SELECT bucket_start, value FROM chart_points"
        " JOIN chart_series USING (chart_id, series_key) JOIN charts USING (chart_id)"
        " WHERE breakdown_1 = 'DE' AND project_id = 'acme-shop'"
        " ORDER BY 1"
    )
    assert [(at, value) for _, name, at, value in rows if name == series] == [
        (f"{at:%Y-%m-%dT%H:%M:%SZ}", value) for at, value in wanted
    ]
    assert {chart for chart, *_ in numbers["scopes"][""]["charts"]} == {
        "acme-blog: views_by_country",
        "acme-shop: views_by_country",
    }


def test_the_proof_is_summed_up(numbers: dict[str, Any]) -> None:
    for project in SCOPES[1:]:
        rows = numbers["scopes"][project]["proof"]
        [(name, first, last, days, complete, doubtful, missing, events, oldest)] = numbers[
            "scopes"
        ][project]["proof_summary"]
        assert (name, first, last) == (project, rows[0][1], rows[-1][1])
        assert (days, doubtful, missing) == (len(rows), 0, 0)
        assert complete == len(rows) - 1
        assert rows[-1][2] == "open"
        assert events == sum(row[5] for row in rows)
        assert oldest == min(row[9] for row in rows if row[9])


def test_one_project_and_other_days(shop: Warehouse) -> None:
    numbers = create_report(
        shop.pipeline(),
        project_ids="acme-blog",
        start_date="2026-11-02",
        end_date="2026-11-08",
        compare=False,
        now=NOW,
    ).numbers
    assert numbers["compared"] is None
    assert [project["id"] for project in numbers["projects"]] == ["acme-blog"]
    assert numbers["scopes"][""] == numbers["scopes"]["acme-blog"]
    wanted = reference(shop, numbers, "acme-blog")
    same([row[3:4] for row in numbers["scopes"][""]["tiles"]], [row[:1] for row in wanted.tiles()])
    assert {row[4] for row in numbers["scopes"][""]["tiles"]} == {None}
    assert [row[6:] for row in numbers["scopes"][""]["days"]] == [[None, None, None]] * 7
    assert "project_id = 'acme-blog'" in numbers["blocks"]["pages"]["sql"]
    assert "acme-shop" not in str(numbers)


def test_nothing_of_it_is_about_a_person(shop: Warehouse, numbers: dict[str, Any]) -> None:
    text = str(numbers["scopes"])
    for (profile,) in shop.query("SELECT DISTINCT profile_id FROM sessions"):
        assert profile is None or f"'{profile}'" not in text
    for column in ("device_id", "session_id"):
        for (value,) in shop.query(f"SELECT DISTINCT {column} FROM events WHERE {column} <> ''"):
            assert value not in text


def test_a_report_leaves_the_warehouse_and_the_pipeline_as_they_were(shop: Warehouse) -> None:
    tables = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2"
    before, pipeline = shop.query(tables), shop.pipeline()
    destination = pipeline.destination
    create_report(pipeline, now=NOW)
    assert pipeline.destination is destination
    assert shop.query(tables) == before
