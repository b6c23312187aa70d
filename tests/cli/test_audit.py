"""Audit by command: what differs, in ranges of days."""

from __future__ import annotations

import json
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.cli.commands.audit import in_ranges
from openpanel_source.operations.audit import Difference
from openpanel_source.sandbox import Sandbox
from tests.support.command import run
from tests.support.sandbox_world import event


def test_days_in_a_row_that_lack_the_same_are_one_line(sandbox: Sandbox) -> None:
    sandbox.add([event(8, createdAt="2026-11-20T10:00:00.000Z")])
    assert run("sync", "--start-date", "2026-11-20").exit_code == 0
    sandbox.add([event(9, createdAt="2026-11-21T10:00:00.000Z")])
    lines = run("audit").stdout.splitlines()
    assert [line for line in lines if "not read yet" in line] == [
        "pending  web 2026-11-10 to 2026-11-19: not read yet (counted when read: never, held: 0)"
    ]
    assert any(line.startswith("DIFFERS  web 2026-11-21: changed upstream") for line in lines)
    assert "10 wait for the next sync" in lines[-2] + lines[-1]
    # Programs get each day.
    found = json.loads(run("audit", "--json").stdout)["differences"]
    assert len(found) == 11


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.sampled_from("xy"))))
def test_each_day_is_in_one_range_and_ranges_have_no_gap(
    given_days: list[tuple[int, str, str]],
) -> None:
    differences = [
        Difference(project, date(2026, 1, 1) + timedelta(days), problem, None, None, 0, False)
        for project in "ab"
        for days, owner, problem in sorted(set(given_days), reverse=True)
        if owner == project
    ]
    ranges = list(in_ranges(differences))
    assert [item for days in ranges for item in days] == differences
    for days in ranges:
        assert len({(item.project_id, item.problem) for item in days}) == 1
        assert days[0].day - days[-1].day == timedelta(len(days) - 1)
