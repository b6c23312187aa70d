"""Which days a report is about, and SQL that is filled in whatever projects are called."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.report.blocks import BLOCKS, Block
from openpanel_source.report.fill import Range, filled
from openpanel_source.report.period import check_period, range_of

pytestmark = pytest.mark.sampled(3)

DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
TABLES = {name: f"openpanel.{name}" for block in BLOCKS for name in block.tables}


@given(st.integers(1, 36_600), st.none() | DAYS, DAYS, st.booleans())
def test_a_report_has_as_many_days_as_were_asked_for(
    number: int, newest: date | None, today: date, compare: bool
) -> None:
    days = range_of(number, (None, None), is_compared=compare, newest=newest, today=today)
    assert days.last == min(today, newest or today)
    assert days.days == number or days.first == date(1970, 1, 1)
    assert days.begin == (days.first - timedelta(days=days.days) if compare else days.first)


@given(DAYS, DAYS)
def test_days_that_are_given_are_those_of_the_report(first: date, more: date) -> None:
    first, last = sorted((first, more))
    last = min(last, first + timedelta(days=36_599))
    given_days = check_period(None, first.isoformat(), last)
    days = range_of(None, given_days, is_compared=True, newest=None, today=date(2026, 11, 23))
    assert (days.first, days.last) == (first, last)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.key)
@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
def test_any_project_is_a_text_in_the_sql(block: Block, dialect: str) -> None:
    for project in ("shop", "it's", "{first}", "a\\b", "%s", "'; DROP TABLE events; --"):
        sql = filled(
            block,
            Range(date(2026, 11, 1), date(2026, 11, 7), is_compared=True),
            zone="Europe/Berlin",
            projects=(project,),
            several=False,
            tables=TABLES,
            dialect=dialect,
        )
        [tree] = sqlglot.parse(sql, read=dialect)
        assert isinstance(tree, sqlglot.exp.Select)
        texts = {text.this for text in tree.find_all(sqlglot.exp.Literal) if text.is_string}
        assert project in texts
        assert not {"NAME", "PAGE", "SUNDAY", "EACH_DAY"} & {
            call.name.upper() for call in tree.find_all(sqlglot.exp.Anonymous)
        }
