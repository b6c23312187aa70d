"""Views of models say the same to readers in every time zone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from openpanel_source import refresh_models
from tests.support.model_worlds import in_duckdb

HOUR = 3_600_000
DURATIONS = (
    "SELECT sessions.duration_seconds, daily_metrics.avg_duration_seconds"
    " FROM openpanel.sessions JOIN openpanel.daily_metrics USING (project_id, day)"
)


@pytest.mark.parametrize("views", [False, True])
def test_a_session_over_a_change_of_clocks_is_as_long_to_all(tmp_path: Path, views: bool) -> None:
    made = in_duckdb(tmp_path / "world")
    who = {"name": "screen_view", "session_id": "s", "profile_id": "anna", "device_id": "phone"}
    # New York's clocks go back between the two.
    made.replace(
        [
            ("web", date(2026, 10, 31), [who | {"at": 20 * HOUR}]),
            ("web", date(2026, 11, 2), [who | {"at": 6 * HOUR + 125}]),
        ]
    )
    refresh_models(made.warehouse.pipeline(), views=views)
    for zone in ("UTC", "America/New_York", "Pacific/Kiritimati"):
        with duckdb.connect(str(made.warehouse.path)) as connection:
            connection.execute(f"SET TimeZone = '{zone}'")
            assert connection.execute(DURATIONS).fetchall() == [(34 * 3600 + 0.125,) * 2]
