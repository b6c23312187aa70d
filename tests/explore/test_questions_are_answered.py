"""Choices become SQL that gives the models' numbers, whatever names of events and keys hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.explore import questions
from openpanel_source.explore.labels import labelled
from openpanel_source.explore.questions import Choice
from openpanel_source.explore.warehouse import MOST_ROWS, ExploredWarehouse, Known, Rows
from openpanel_source.model.conditions import literal
from tests.explore.conftest import HOSTILE, explored, load_hostile
from tests.support.postgres import PostgresWarehouse
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(18)

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


def choice(known: Known, project: str, name: str | None = None) -> Choice:
    return Choice(known.dialect, known.zone, project, *NOVEMBER, name)


def test_measures_over_time_are_those_of_the_model(
    demo: Warehouse, demo_to_look_at: ExploredWarehouse
) -> None:
    known = demo_to_look_at.look()
    assert known.zone == "America/New_York"
    assert [project.id for project in known.projects] == ["acme-blog", "acme-shop"]
    for project in known.projects:
        answer = demo_to_look_at.ask(questions.over_time(choice(known, project.id), "day"))
        assert answer.columns == ["day", *questions.MEASURES]
        held = demo.query(
            f"SELECT day, {', '.join(questions.MEASURES)} FROM daily_metrics"
            f" WHERE project_id = '{project.id}' ORDER BY day"
        )
        assert answer.rows == held
        assert len(held) > 5


def test_days_outside_of_those_chosen_do_not_count(
    demo: Warehouse, demo_to_look_at: ExploredWarehouse
) -> None:
    known = demo_to_look_at.look()
    day = date(2026, 11, 20)
    one = Choice(known.dialect, known.zone, "acme-shop", day, day)
    for interval in questions.INTERVALS:
        answer = demo_to_look_at.ask(questions.over_time(one, interval))
        held = demo.query(
            f"SELECT events FROM daily_metrics WHERE project_id = 'acme-shop' AND day = '{day}'"
        )
        assert [(sum(row[1] for row in answer.rows),)] == held


def test_hostile_names_are_asked_for_exactly(kept: Warehouse) -> None:
    load_hostile(kept, HOSTILE)
    warehouse = explored(kept)
    known = warehouse.look()
    every = choice(known, "web")
    assert sorted(name for name, _ in warehouse.ask(questions.event_names(every)).rows) == sorted(
        HOSTILE
    )
    keys = [key for key, _ in warehouse.ask(questions.property_keys(every)).rows]
    assert sorted(keys) == sorted(HOSTILE)
    for name in HOSTILE:
        one = choice(known, "web", name)
        value = questions.property_value(name, known.dialect)
        assert [row[:2] for row in warehouse.ask(questions.by_value(one, value)).rows] == [
            (name, 1)
        ]
        steps = warehouse.ask(questions.funnel(one, [name], has_sessions=False)).rows
        assert [row[:3] for row in steps] == [(1, "visit", 1), (2, name, 1)]
    assert kept.query("SELECT count(*) FROM events") == [(len(HOSTILE),)]


def test_events_are_broken_down_by_every_column(
    demo: Warehouse, demo_to_look_at: ExploredWarehouse
) -> None:
    known = demo_to_look_at.look()
    columns = questions.dimensions(known.columns["events"])
    assert {"country", "browser", "utm_source", "revenue", "created_at"} <= set(columns)
    for name in columns:
        answer = demo_to_look_at.ask(
            questions.by_value(choice(known, "acme-shop"), questions.column(name))
        )
        assert answer.rows, name
        answer.table()
    by_country = questions.by_value(choice(known, "acme-shop"), questions.column("country"))
    held = demo.query(
        "SELECT country, count(*) FROM events WHERE project_id = 'acme-shop' GROUP BY 1"
    )
    found = [row[:2] for row in demo_to_look_at.ask(by_country).rows]
    assert len(found) == len(held)
    assert set(found) == set(held)


FUNNEL = [
    # Comes to the end, with something in between.
    event(1, name="a", sessionId="s1"),
    event(2, name="x", sessionId="s1"),
    event(3, name="b", sessionId="s1"),
    event(4, name="c", sessionId="s1"),
    # The wrong way round.
    event(5, name="b", sessionId="s2"),
    event(6, name="a", sessionId="s2"),
    # At the same instant, which is not after.
    event(7, name="a", sessionId="s3"),
    event(8, name="b", sessionId="s3", createdAt="2026-11-10T12:00:07.000Z"),
    # Of two sessions.
    event(9, name="a", sessionId="s4"),
    event(10, name="b", sessionId="s5"),
    # Began the day before, but for a copy.
    event(11, name="a", sessionId="s6", createdAt="2026-11-09T23:59:00.000Z"),
    event(12, name="b", sessionId="s6", createdAt="2026-11-10T00:01:00.000Z"),
    event(13, name="session_start", sessionId="s7", createdAt="2026-11-09T23:59:59.990Z"),
    event(14, name="a", sessionId="s7", createdAt="2026-11-10T00:00:00.000Z"),
    # Without a session.
    event(15, name="a", sessionId=""),
]


def test_a_funnel_counts_sessions_that_take_each_step_after_the_one_before(kept: Warehouse) -> None:
    with world(*FUNNEL) as sandbox:
        kept.sync(sandbox)
    warehouse = explored(kept)
    known = warehouse.look()
    day = date(2026, 11, 10)
    one = Choice(known.dialect, known.zone, "web", day, day)
    asked = questions.funnel(one, ["a", "b", "c"], has_sessions=False)
    assert warehouse.ask(asked).rows == [
        (1, "visit", 6, None, 1.0),
        (2, "a", 5, 5 / 6, 5 / 6),
        (3, "b", 1, 1 / 5, 1 / 6),
        (4, "c", 1, 1.0, 1 / 6),
    ]


def test_a_funnel_is_the_same_with_the_model_of_sessions_and_without(
    demo: Warehouse, demo_to_look_at: ExploredWarehouse
) -> None:
    known = demo_to_look_at.look()
    chosen = Choice(known.dialect, known.zone, "acme-shop", date(2026, 11, 16), date(2026, 11, 18))
    steps = ["screen_view", "add_to_cart", "purchase"]
    answers = [
        demo_to_look_at.ask(questions.funnel(chosen, steps, has_sessions=has)).rows
        for has in (True, False)
    ]
    assert answers[0] == answers[1]
    visits = demo.query(
        "SELECT sum(sessions) FROM funnel WHERE project_id = 'acme-shop' AND step = 1"
        " AND day BETWEEN '2026-11-16' AND '2026-11-18'"
    )
    assert [(answers[0][0][2],)] == visits
    assert answers[0][1][2] > 0


EVENT = st.tuples(st.sampled_from("abc"), st.sampled_from(["s", "t", ""]), st.integers(0, 5))


@settings(max_examples=60)
@given(st.lists(EVENT, max_size=12), st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
def test_a_funnel_is_what_going_through_each_session_finds(
    events: list[tuple[str, str, int]], steps: list[str]
) -> None:
    start = datetime(2026, 11, 10, tzinfo=timezone.utc)
    day = start.date()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE TABLE events (project_id TEXT, name TEXT, session_id TEXT,"
            " created_at TIMESTAMP WITH TIME ZONE, event_date DATE)"
        )
        for name, session, second in events:
            at = start + timedelta(seconds=second)
            connection.execute(
                "INSERT INTO events VALUES ('p', ?, ?, ?, ?)", [name, session, at, day]
            )
        asked = questions.funnel(Choice("duckdb", "UTC", "p", day, day), steps, has_sessions=False)
        counts = [row[2] for row in connection.execute(asked).fetchall()]
    sessions = {session for _, session, _ in events if session}
    reached = [_steps_reached(events, session, steps) for session in sessions]
    assert counts == [sum(each >= step for each in reached) for step in range(len(steps) + 1)]


def _steps_reached(events: list[tuple[str, str, int]], session: str, steps: Sequence[str]) -> int:
    last, done = -1, 0
    for name, of, at in sorted(events, key=lambda it: it[2]):
        if of == session and done < len(steps) and name == steps[done] and at > last:
            last, done = at, done + 1
    return done


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@given(key=st.one_of(TEXT, st.sampled_from(HOSTILE)), value=TEXT)
def test_any_text_is_one_text_in_sql_and_any_key_one_key(
    connection: duckdb.DuckDBPyConnection, key: str, value: str
) -> None:
    extracted = questions.property_value(key, "duckdb")
    events = "(SELECT ?::JSON AS properties) AS events"
    properties = json.dumps({key: value, f"{key}x": "other"})
    asked = f"SELECT {literal(key)}, {extracted} FROM {events}"
    assert connection.execute(asked, [properties]).fetchone() == (key, value)


@given(st.lists(st.one_of(st.none(), TEXT), unique=True, max_size=8))
def test_labels_tell_texts_apart_and_keep_their_order(texts: list[str | None]) -> None:
    found = labelled(texts)
    assert list(found.values()) == texts
    assert all(label.isprintable() for label in found)


def test_nothing_can_be_changed_and_no_other_file_be_read(kept: Warehouse, tmp_path: Path) -> None:
    with world(event(1)) as sandbox:
        kept.sync(sandbox)
    warehouse = explored(kept)
    for sql in ("DELETE FROM events", "DROP TABLE events", "CREATE TABLE mine AS SELECT 1 AS one"):
        with pytest.raises(InvalidSettingError, match="the database refuses it"):
            warehouse.ask(sql)
    if not isinstance(kept, PostgresWarehouse):
        secret = tmp_path / "secret.csv"
        secret.write_text("one\n1\n")
        for sql in (
            f"SELECT * FROM read_csv('{secret}')",
            f"SELECT * FROM '{secret}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}'",
            "SET enable_external_access = true",
        ):
            with pytest.raises(InvalidSettingError, match="the database refuses it"):
                warehouse.ask(sql)
        assert not (tmp_path / "out.csv").exists()
    assert warehouse.ask("SELECT count(*) AS n FROM events").rows == [(1,)]


def test_between_two_questions_the_file_is_free(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
        looked_at = explored(warehouse)
        looked_at.look()
        assert looked_at.ask("SELECT count(*) FROM events").rows == [(1,)]
        sandbox.add([event(2)])
        warehouse.sync(sandbox, busy_timeout=0.0)
        assert looked_at.ask("SELECT count(*) FROM events").rows == [(2,)]


def test_a_long_answer_is_cut_and_says_so(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
    for more, are_all in ((0, True), (1, False)):
        answer = explored(warehouse).ask(f"SELECT * FROM range({MOST_ROWS + more})")
        assert (len(answer.rows), answer.are_all) == (MOST_ROWS, are_all)
        assert answer.first(10) == Rows(answer.columns, answer.rows[:10], are_all=False)


def test_where_nothing_was_loaded_it_is_said(kept: Warehouse) -> None:
    if isinstance(kept, PostgresWarehouse):
        with pytest.raises(DestinationError, match="nothing was loaded"):
            explored(kept).look()
    else:
        with pytest.raises(DestinationError, match="there is no database"):
            ExploredWarehouse("duckdb", str(kept.path)).look()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1, None, 2**70], ["1", None, str(2**70)]),
        ([1, 2, None], [1, 2, None]),
        ([1, 2.5], [1.0, 2.5]),
        ([True, None], [True, None]),
        ([1, "a", True], ["1", "a", "true"]),
        ([None], [None]),
        ([{"a": [1]}], ['{"a": [1]}']),
        ([b"\x00\xff"], ["\\x00ff"]),
        ([date(2026, 11, 1)], ["2026-11-01"]),
        ([timedelta(1)], ["1 day, 0:00:00"]),
        ([], []),
    ],
)
def test_values_of_all_kinds_have_a_place_in_a_table(values: list[Any], shown: list[Any]) -> None:
    answer = Rows(["it"], [(value,) for value in values], are_all=True)
    assert answer.table().to_pylist() == [{"it": value} for value in shown]
