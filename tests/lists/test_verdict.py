"""A list is complete only if nothing speaks against it, and much is never deleted on one answer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.lists.gone import FEW, SHARE, gone
from openpanel_source.lists.verdict import Evidence, ListVerdict, judged

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
IDS = st.sets(st.text(max_size=3), max_size=40)

evidences = st.builds(
    Evidence,
    received=st.integers(0, 5),
    unreadable=st.integers(0, 2),
    reached_end=st.booleans(),
    doubts=st.lists(st.text(min_size=1), max_size=2),
)


@given(evidences)
def test_a_list_is_complete_exactly_if_nothing_speaks_against_it(evidence: Evidence) -> None:
    verdict, reason = judged(evidence)
    is_whole = evidence.reached_end and not evidence.unreadable and not evidence.doubts
    assert (verdict is ListVerdict.COMPLETE) == is_whole
    assert (reason is None) == is_whole
    assert verdict is not ListVerdict.FAILED
    assert all(doubt in str(reason) for doubt in evidence.doubts)


@given(evidences)
def test_to_judge_changes_nothing(evidence: Evidence) -> None:
    assert judged(evidence) == judged(evidence)


@given(IDS, st.lists(IDS, max_size=3), st.booleans())
def test_only_what_all_answers_lack_may_go_and_not_on_one_answer(
    held: set[str], answers: list[set[str]], allow: bool
) -> None:
    found = gone(held, answers, {}, NOW, allow_deletions=allow)
    lacking = held - set().union(*answers)
    assert found.delete | found.kept == lacking
    assert not found.delete & found.kept
    assert found.missing.keys() == found.kept
    if len(answers) < 2:
        assert not found.delete
    elif allow:
        assert found.delete == lacking


@given(IDS, IDS, IDS)
def test_few_go_at_once_and_many_stay(held: set[str], first: set[str], second: set[str]) -> None:
    found = gone(held, [first, second], {}, NOW)
    lacking = held - first - second
    is_few = len(lacking) <= max(FEW, SHARE * len(held))
    empties = len(lacking) == len(held) > 1
    assert found.delete == (lacking if is_few and not empties else set())


@given(IDS, st.sets(st.text(max_size=3), max_size=3), st.integers(0, 48))
def test_many_go_once_they_have_lacked_for_a_day(
    held: set[str], left: set[str], hours: int
) -> None:
    before = gone(held, [left, left], {}, NOW)
    later = NOW + timedelta(hours=hours)
    found = gone(held, [left, left], before.missing, later)
    if before.kept:
        assert found.delete == (before.kept if hours >= 23 else set())
        # One that lacks only now has its own day to wait.
        more = gone({*held, "new one"}, [left, left], before.missing, later)
        assert not more.delete or len(more.delete) <= max(FEW, SHARE * (len(held) + 1))
