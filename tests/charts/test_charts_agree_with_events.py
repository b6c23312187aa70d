"""Charts and SQL over the events that the same run loaded come to the same numbers."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, NamedTuple

import pytest

from openpanel_source import Chart, Filter, Series
from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.sandbox_recordings import DATASET
from tests.support.warehouse import Warehouse

RECORDED_AT = datetime(2026, 11, 23, 2, 47, 8, tzinfo=timezone.utc)
FROM = "2026-10-26"
"""A Monday in time zones of both projects; rows that were delivered twice lie before it, for the
events that are counted here."""

NY, UTC = "America/New_York", "UTC"
TOTAL = "TRY_CAST(properties ->> '$.total' AS DOUBLE)"
USD = Filter("properties.currency", "is", "USD")


class Kind(NamedTuple):
    """A chart, and what it shows in SQL: a value, a condition, and breakdowns."""

    chart: Chart
    value: str = "count(*)"
    where: str = "name = 'purchase'"
    by: tuple[str, ...] = ()


def _of(name: str, *series: Series, **more: Any) -> Chart:
    return Chart(name, series or ["purchase"], **({"start": FROM} | more))


def _segment(segment: str, property_: str | None = None, *filters: Filter) -> Series:
    return Series("purchase", segment, property_, filters)


KINDS = {
    UTC: [
        Kind(_of("event_day")),
        Kind(_of("event_hour", interval="hour", start="2026-11-19")),
        Kind(_of("event_minute", interval="minute", start="2026-11-22")),
        Kind(_of("event_week", interval="week")),
        Kind(_of("event_month", interval="month", start="2026-11-01")),
        Kind(_of("user_day", _segment("user")), "count(DISTINCT profile_id)"),
        Kind(_of("user_week", _segment("user"), interval="week"), "count(DISTINCT profile_id)"),
        Kind(_of("session_day", _segment("session")), "count(DISTINCT session_id)"),
        Kind(
            _of("average_user", _segment("user_average")), "count(*) / count(DISTINCT profile_id)"
        ),
        Kind(_of("sum_total", _segment("property_sum", "properties.total")), f"sum({TOTAL})"),
        Kind(_of("min_total", _segment("property_min", "properties.total")), f"min({TOTAL})"),
        Kind(_of("max_total", _segment("property_max", "properties.total")), f"max({TOTAL})"),
        Kind(_of("mean_total", _segment("property_average", "properties.total")), f"avg({TOTAL})"),
        Kind(_of("sum_revenue", _segment("property_sum", "revenue")), "sum(revenue)"),
        Kind(
            _of("filtered", _segment("event", None, USD)),
            where="name = 'purchase' AND properties ->> '$.currency' = 'USD'",
        ),
        Kind(_of("by_country", breakdowns=["country"]), by=("coalesce(country, '')",)),
        Kind(_of("by_os_week", breakdowns=["os"], interval="week"), by=("os",)),
        Kind(
            _of("by_two", breakdowns=["country", "properties.currency"]),
            by=("coalesce(country, '')", "coalesce(properties ->> '$.currency', '')"),
        ),
    ],
    NY: [
        Kind(_of("ny_day", Series("*")), where="true"),
        Kind(_of("ny_week", Series("*"), interval="week"), where="true"),
        Kind(_of("ny_month", Series("*"), interval="month", start="2026-10-01"), where="true"),
        Kind(_of("ny_user", _segment("user")), "count(DISTINCT profile_id)"),
        Kind(_of("ny_hour", interval="hour", start="2026-11-02")),
    ],
}
CASES = [(zone, kind) for zone, kinds in KINDS.items() for kind in kinds]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Warehouse]:
    accounts = json.loads((DATASET / "accounts.json").read_text())
    secrets = {client["id"]: client["secret"] for client in accounts["clients"]}
    warehouses = {}
    with Sandbox(load_dataset(DATASET), rate_limit=None, now=lambda: RECORDED_AT) as sandbox:
        for zone, project, digit in ((UTC, "acme-web", "2"), (NY, "ny-shop", "4")):
            client = f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}"
            warehouses[zone] = Warehouse(tmp_path_factory.mktemp("charts"))
            summary = warehouses[zone].sync(
                sandbox,
                project_id=project,
                client_id=client,
                client_secret=secrets[client],
                charts=[kind.chart for kind in KINDS[zone]],
                timezone=zone,
                now=RECORDED_AT,
            )
            assert summary.exit_code == 0
    return warehouses


@pytest.mark.long
@pytest.mark.sampled(32)
@pytest.mark.parametrize(("zone", "kind"), CASES, ids=[kind.chart.name for _, kind in CASES])
def test_a_chart_shows_what_sql_counts(loaded: dict[str, Warehouse], zone: str, kind: Kind) -> None:
    chart = kind.chart
    columns = [f"breakdown_{place}" for place, _ in enumerate(kind.by, 1)]
    drawn = loaded[zone].query(
        f"SELECT bucket_date, {''.join(f'{column}, ' for column in columns)} value"
        " FROM chart_points JOIN chart_series USING (chart_id, series_key)"
        f" JOIN charts USING (chart_id) WHERE name = '{chart.name}' AND value <> 0"
    )
    form = "%Y-%m-%d" if chart.interval in ("week", "month") else "%Y-%m-%d %H:%M:%S"
    local = f"timezone('{zone}', created_at)"
    bucket = f"date_trunc('{chart.interval}', {local})::TIMESTAMP"
    counted = loaded[zone].query(
        f"SELECT strftime({bucket}, '{form}'), {''.join(f'{one}, ' for one in kind.by)}"
        f" {kind.value} AS value FROM events WHERE {kind.where} AND {local} >= '{chart.start}'"
        " GROUP BY ALL HAVING value <> 0"
    )
    assert drawn
    assert {row[:-1]: row[-1] for row in drawn} == pytest.approx(
        {row[:-1]: row[-1] for row in counted}
    )


def test_sums_of_all_kinds_are_not_nothing(loaded: dict[str, Warehouse]) -> None:
    ((charts, points),) = loaded[UTC].query("SELECT count(*), sum(points) FROM charts")
    assert (charts, points > 1000) == (len(KINDS[UTC]), True)
