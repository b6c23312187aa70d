"""A time zone is the same one in DuckDB, in PostgreSQL and to Python, whatever it is called."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import duckdb
import psycopg2
import pytest

from openpanel_source import create_report, refresh_models
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.zones import timezone_problem, zone_in_sql
from openpanel_source.models.make import models_script
from tests.support.model_worlds import in_duckdb, in_postgres
from tests.support.postgres import postgres_url
from tests.support.warehouse import Warehouse

__all__ = ["postgres_url"]

INSTANTS = [
    datetime(year, month, 1, 22, 30, tzinfo=timezone.utc)
    for year in (2015, 2024, 2026)
    for month in (1, 7)
]
ZONES = sorted(zone for zone in available_timezones() if not timezone_problem(zone))


@pytest.mark.long
@pytest.mark.parametrize("abbreviations", ["Default", "Australia"])
def test_every_zone_has_its_clocks(
    postgres_url: str,
    abbreviations: str,
) -> None:
    wanted = {
        zone: tuple(at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in INSTANTS)
        for zone in ZONES
    }
    instants = ", ".join(f"CAST('{at}' AS TIMESTAMPTZ) AT TIME ZONE {{zone}}" for at in INSTANTS)
    with (
        duckdb.connect() as here,
        closing(psycopg2.connect(postgres_url.format(database="postgres"))) as connection,
    ):
        there = connection.cursor()
        there.execute(f"SET timezone_abbreviations = '{abbreviations}'")
        for zone in ZONES:
            query = f"SELECT {instants.format(zone=zone_in_sql(zone))}"
            there.execute(query)
            assert there.fetchone() == wanted[zone], zone
            if abbreviations == "Default":
                assert here.execute(query).fetchone() == wanted[zone], zone


@pytest.mark.parametrize("zone", ["CET", "EET"])
def test_models_have_summer_time_in_zones_called_like_abbreviations(
    tmp_path: Path,
    postgres_url: str,
    zone: str,
) -> None:
    at = 22 * 3_600_000 + 1_800_000
    late = {"at": at, "name": "x", "session_id": "s", "profile_id": "p", "device_id": "d"}
    for made in (in_duckdb(tmp_path / "here"), in_postgres(tmp_path / "there", postgres_url)):
        made.replace([("web", date(2026, 7, 1), [late])])
        for views in (False, True):
            refresh_models(made.warehouse.pipeline(), timezone=zone, views=views)
            assert made.warehouse.query("SELECT day FROM daily_metrics") == [(date(2026, 7, 2),)]


def test_printed_sql_names_zones_that_are_no_abbreviations() -> None:
    printed = models_script("bigquery", timezone="CET")
    assert "'Europe/Brussels'" in printed
    assert "'CET'" not in printed


@pytest.mark.parametrize("zone", ["localtime", "posix/Europe/Berlin", "right/UTC", "Berlin", "utc"])
def test_what_is_no_name_of_a_zone_is_refused_before_any_work(tmp_path: Path, zone: str) -> None:
    assert "unknown" in str(timezone_problem(zone))
    for work in (refresh_models, create_report):
        with pytest.raises(InvalidSettingError, match="is unknown; use an IANA name"):
            work(Warehouse(tmp_path).pipeline(), timezone=zone)
