"""A query that names a table which is not there is told how to get it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.model.schema import LISTS, TABLES
from openpanel_source.models.definitions import NAMES
from openpanel_source.models.missing_tables import advice, missing_table

HELD = ["day_status", "events", "sync_days"]


@pytest.mark.parametrize("name", [*NAMES, *LISTS, *(table.name for table in TABLES)])
def test_whatever_this_package_makes_it_says_how(name: str) -> None:
    said = advice(name, HELD)
    if name in HELD:
        assert "need no prefix" in said
    else:
        assert "openpanel-source " in said or said.startswith("it is made once ")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("session", "did you mean sessions? openpanel-source models makes it"),
        ("event", "did you mean events?"),
        ("nowhere_at_all", "there are day_status, events, sync_days"),
    ],
)
def test_what_is_misspelt_is_compared_with_what_could_be_there(typed: str, said: str) -> None:
    assert advice(typed, HELD) == said


def test_an_empty_dataset_and_a_large_one_are_told_in_few_words() -> None:
    assert advice("nowhere_at_all", []) == "there are no tables"
    many = [f"table_of_mine_{number}" for number in range(100)]
    assert len(advice("nowhere_at_all", many)) < 300
    assert advice("nowhere_at_all", many).endswith(" …")


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('Catalog Error: Table with name Sessions does not exist! Did you mean "x"?', "sessions"),
        ('relation "openpanel.sessions" does not exist', "sessions"),
        ('relation "sessions" does not exist', "sessions"),
        ("Catalog Error: Schema with name nowhere does not exist!", None),
        ('Binder Error: Referenced column "nothing" not found', None),
    ],
)
def test_the_table_is_read_off_what_databases_say(message: str, name: str | None) -> None:
    assert missing_table(message) == name


@given(st.text(max_size=50), st.lists(st.text(max_size=20), max_size=20))
def test_no_name_and_no_message_is_too_strange(text: str, held: list[str]) -> None:
    missing_table(text)
    missing_table(f'relation "{text}" does not exist')
    assert advice(text, held).isprintable()
