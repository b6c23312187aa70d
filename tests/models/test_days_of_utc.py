"""The quick way to tell the UTC day of an instant says what the general one says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openpanel_source.models.definitions import NAMES, local_day, models, select

UTC = timezone.utc


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'America/New_York'")
        yield opened


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_it_is_the_same_day(connection: duckdb.DuckDBPyConnection, instant: datetime) -> None:
    quick = local_day("CAST(? AS TIMESTAMPTZ)", "UTC", "duckdb")
    general = local_day("CAST(? AS TIMESTAMPTZ)", "Etc/UTC", "duckdb")
    assert quick != general
    text = instant.isoformat()
    [days] = connection.execute(f"SELECT {quick}, {general}", [text, text]).fetchall()
    assert days == (instant.date(), instant.date())


def test_no_model_of_days_in_utc_asks_the_calendar() -> None:
    tables = {name: name for name in ("events", "event_meta", *NAMES)}
    for model in models():
        query = select(model, "duckdb", timezone="UTC", tables=tables, relations={})
        assert "AT TIME ZONE" not in query
