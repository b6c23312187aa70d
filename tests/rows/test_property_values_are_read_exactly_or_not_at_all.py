"""The text of a property is read as a value of a type where it clearly is one, and else not."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.rows.property_values import read_value

pytestmark = pytest.mark.sampled(15)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("١٢", "bigint"), ("1_000", "bigint"), (" 1", "bigint"), ("1.0", "bigint"),
        ("9223372036854775808", "bigint"), ("nan", "double"), ("1e400", "double"),
        ("1,5", "double"), ("0x1", "double"), ("0.0000000001", "decimal"), ("1e29", "decimal"),
        ("on", "bool"), ("2026-02-30", "date"), ("20261110", "date"),
        ("2026-11-10T25:00", "timestamp"),
        ("0001-01-01T00:00:00+01:00", "timestamp"), ("10.11.2026", "timestamp"),
        ("2026-11-10t12:00", "timestamp"), ("2026-11-10T12:00z", "timestamp"),
        ("2026-11-10T24:00", "timestamp"), ("2026-11-10T12", "timestamp"),
        ("2026-11-10T12:00:60", "timestamp"), ("2026-11-10T12:00:00.0123456789", "timestamp"),
        ("2026-11-10T12:00:00,5", "timestamp"),
        ("2026-11-10T12:00+24:00", "timestamp"), ("1" * 101, "double"),
    ],
)  # fmt: skip
def test_what_is_not_clearly_of_a_type_is_not_read(text: str, kind: Any) -> None:
    assert read_value(text, kind) is None


@given(
    st.text() | st.from_regex(r"[-+]?[0-9.eE:TZ +-]{0,40}", fullmatch=True),
    st.sampled_from(["bigint", "double", "bool", "timestamp", "date", "decimal"]),
)
def test_no_text_is_more_than_a_parser_takes(text: str, kind: Any) -> None:
    value = read_value(text, kind)
    if value is None:
        return
    if kind == "bigint":
        assert value == int(text)
    elif kind == "double":
        assert value == float(text)
    elif kind == "decimal":
        assert value == Decimal(text)
        assert abs(value) < Decimal(10) ** 29
    elif kind == "date":
        assert value == date.fromisoformat(text)
    elif kind == "timestamp":
        assert value.tzinfo is timezone.utc
    else:
        assert text.lower() in {"true", "false", "yes", "no", "1", "0"}


@given(
    st.datetimes(
        datetime(1, 1, 2),  # noqa: DTZ001
        datetime(9999, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=-5))]),
    )
)
def test_iso_times_are_read_as_python_reads_them(instant: datetime) -> None:
    assert read_value(instant.isoformat(), "timestamp") == instant


@given(st.integers(), st.floats(), st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_exactly_or_not_at_all(whole: int, real: float, exact: Decimal) -> None:
    assert read_value(str(whole), "bigint") == (whole if -(2**63) <= whole < 2**63 else None)
    assert read_value(str(real), "double") == (real if abs(real) < float("inf") else None)
    assert read_value(str(exact), "decimal") in (None, exact)


@given(st.decimals(min_value=1 - 10**29, max_value=10**29 - 1, places=9))
def test_decimals_that_fit_their_column_are_read(exact: Decimal) -> None:
    assert read_value(str(exact), "decimal") == exact
