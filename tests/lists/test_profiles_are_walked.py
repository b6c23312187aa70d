"""No profile is lost between two answers, however many were made in a second."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.lists.answers import ListedProfile
from openpanel_source.lists.conditions import PAGE, Condition
from openpanel_source.lists.profile_walk import UNFILTERED, UNSORTED, ProfilesAnswer, ProfileWalk
from openpanel_source.lists.verdict import ListVerdict, judged
from openpanel_source.model.instants import parse_instant

START = datetime(2026, 10, 1, tzinfo=timezone.utc)


def row(profile_id: str, milliseconds: int, seen: int = 0) -> ListedProfile:
    made = START + timedelta(milliseconds=milliseconds)
    last = START + timedelta(seconds=seen)
    return ListedProfile(
        profile_id,
        "web",
        made.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        last_seen_at=last.strftime("%Y-%m-%d %H:%M:%S.000"),
    )


class Server:
    """Lists profiles as the real one does: a hundred, ties in any order, times to the second."""

    def __init__(self, rows: Sequence[ListedProfile], *, ignores: tuple[str, ...] = ()) -> None:
        self.rows = list(rows)
        self.ignores = ignores
        self.requests = 0
        self.chance = random.Random(7)

    def ask(self, conditions: Sequence[Condition]) -> ProfilesAnswer:
        self.requests += 1
        found = [one for one in self.rows if all(self.meets(one, item) for item in conditions)]
        self.chance.shuffle(found)
        found.sort(key=lambda one: one.created_at)
        return ProfilesAnswer(found[:PAGE], len(found[:PAGE]))

    def meets(self, one: ListedProfile, condition: Condition) -> bool:
        column, value = condition.name.removeprefix("profile."), condition.value
        if column in self.ignores or condition.operator in self.ignores:
            return True
        if column == "id":
            assert condition.operator == "regex", "the others trim, or take a for A"
            pattern = re.sub(r"\\x\{(\w+)\}", lambda it: f"\\U{int(it[1], 16):08x}", value.strip())
            return re.search(pattern.replace(r"\z", r"\Z"), one.id, re.S) is not None
        assert condition.type == "datetime"
        second = second_of(getattr(one, column))
        asked = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return second >= asked if condition.operator == "gte" else second < asked


def second_of(text: str) -> datetime:
    found = parse_instant(text)
    assert found is not None
    return found.replace(microsecond=0)


def walked(server: Server, since: datetime | None = None) -> tuple[ProfileWalk, list[str]]:
    walk = ProfileWalk(server.ask, since)
    return walk, [one.id for part in walk.parts() for one in part]


IDS = st.text(st.sampled_from("abAB%_\\ \n$^.01é\U0001f600"), min_size=1, max_size=9)


@pytest.mark.long
@settings(max_examples=60)
@given(
    st.dictionaries(IDS, st.tuples(st.integers(0, 4000), st.integers(0, 20)), max_size=60),
    st.integers(0, 350),
    st.none() | st.integers(0, 25),
)
def test_every_profile_comes_once_whatever_the_ids_and_the_seconds(
    few: dict[str, tuple[int, int]], many: int, since: int | None
) -> None:
    rows = [row(one, made, seen) for one, (made, seen) in few.items()]
    # A bulk import: all in one second.
    rows += [row(f" Import-{n:05d}", 2000 + n % 1000, n % 20) for n in range(many)]
    asked = None if since is None else START + timedelta(seconds=since)
    walk, found = walked(Server(rows), asked)
    wanted = [one.id for one in rows if asked is None or second_of(str(one.last_seen_at)) >= asked]
    assert sorted(found) == sorted(wanted)
    assert judged(walk.evidence) == (ListVerdict.COMPLETE, None)
    assert walk.evidence.received == len(wanted)


def test_ids_of_one_second_are_told_apart_by_case_and_spaces() -> None:
    starts = (" a", "a", "A", "a ", "\n", "a.", "^a")
    rows = [row(f"{start}{number}", 0) for start in starts for number in range(40)]
    walk, found = walked(Server(rows))
    assert sorted(found) == sorted(one.id for one in rows)
    assert judged(walk.evidence) == (ListVerdict.COMPLETE, None)


def test_pages_cost_one_request_each() -> None:
    server = Server([row(f"p{n}", n * 1000) for n in range(1000)])
    _, found = walked(server)
    assert len(found) == 1000
    assert server.requests == 11


def test_a_server_that_ignores_conditions_is_not_believed_to_be_at_the_end() -> None:
    rows = [row(f"p{n:04d}", n * 1000) for n in range(300)]
    walk, found = walked(Server(rows, ignores=("created_at",)))
    assert len(found) == PAGE
    assert judged(walk.evidence) == (ListVerdict.PARTIAL, UNFILTERED)
    walk, found = walked(Server(rows, ignores=("last_seen_at",)), START + timedelta(days=1))
    assert (found, walk.evidence.reached_end) == ([], False)


def test_a_second_that_cannot_be_divided_is_said_to_be_partial() -> None:
    rows = [row(f"p{n:04d}", n % 1000) for n in range(300)]
    for ignored in (("regex",), ("lt",)):
        later = [row("later", 5000)]
        walk, found = walked(Server(rows + later, ignores=ignored))
        assert len(found) == len(set(found))
        if sorted(found) != sorted(one.id for one in rows + later):
            assert judged(walk.evidence)[0] is ListVerdict.PARTIAL


def test_an_order_that_is_none_is_no_way_through() -> None:
    class Unordered(Server):
        def ask(self, conditions: Sequence[Condition]) -> ProfilesAnswer:
            answer = super().ask(conditions)
            return ProfilesAnswer(answer.rows[::-1], answer.size)

    walk, _ = walked(Unordered([row(f"p{n}", n * 1000) for n in range(150)]))
    assert judged(walk.evidence) == (ListVerdict.PARTIAL, UNSORTED)


def test_rows_that_cannot_be_read_keep_a_list_from_being_complete() -> None:
    class Broken(Server):
        def ask(self, conditions: Sequence[Condition]) -> ProfilesAnswer:
            answer = super().ask(conditions)
            return ProfilesAnswer([one for one in answer.rows if one.id != "p3"], answer.size)

    walk, found = walked(Broken([row(f"p{n}", n * 1000) for n in range(5)]))
    assert (len(found), judged(walk.evidence)[1]) == (4, "1 rows could not be read")

    class Rubbish(Server):
        def ask(self, conditions: Sequence[Condition]) -> ProfilesAnswer:
            return ProfilesAnswer([], super().ask(conditions).size)

    walk, found = walked(Rubbish([row(f"p{n}", n * 1000) for n in range(150)]))
    assert judged(walk.evidence)[0] is ListVerdict.PARTIAL


def test_the_newest_that_was_seen_is_known() -> None:
    walk, _ = walked(Server([row("a", 0, 5), row("b", 1, 9), row("c", 2, 3)]))
    assert walk.newest == START + timedelta(seconds=9)
