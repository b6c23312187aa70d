"""What is to be hidden is hidden in every shape it can come in, and nothing else changes."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.errors import InvalidSettingError
from openpanel_source.rows.decode import Rejected
from openpanel_source.rows.privacy import Privacy, ids_in
from openpanel_source.rows.shape import Shaper
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.source.settings.privacy import parse_privacy
from tests.support.recorded import page_of
from tests.support.sandbox_world import event

KEY = "k" * 32
DAY = date(2026, 11, 10)

# None of these can be part of what is not hidden.
SECRETS = st.text("ΑΒΓΔΕΖ\U0001f600", min_size=6, max_size=12)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('abc"\\\n\0é', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def hashed(text: str) -> str:
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def privacy(**settings: Any) -> Privacy:
    made = parse_privacy(Arguments(**({"hash_key": KEY} | settings)), {})
    assert made is not None
    return made


def held(rule: Privacy, *rows: Any) -> list[dict[str, Any]]:
    """Rows as they are loaded, with JSON decoded; those of erased profiles left out."""
    page = Shaper(rule).page(page_of(*rows), "web", DAY, "GET x")
    table = page.table if page.keep is None else page.table.filter(page.keep)
    found: list[dict[str, Any]] = table.to_pylist()
    for row in found:
        for name in ("properties", "extras"):
            row[name] = json.loads(row[name]) if row[name] else None
    return found


def test_without_settings_there_is_nothing_to_apply() -> None:
    assert parse_privacy(Arguments(), {}) is None
    assert parse_privacy(Arguments(hash_key=KEY), {}) is None


def test_an_excluded_column_is_null() -> None:
    [row] = held(privacy(exclude_columns=["city", "latitude", "properties"]), event(1))
    assert (row["city"], row["latitude"], row["properties"]) == (None, None, None)
    assert row["country"] == "SE"


def test_a_hashed_column_holds_the_hmac_of_each_value_in_hex() -> None:
    rule = privacy(hash_columns=["profile_id", "device_id", "country"])
    rows = held(
        rule, event(1), event(2, profileId="device", country="\0\0"), event(3, profileId="")
    )
    assert [row["profile_id"] for row in rows] == [hashed("anna"), hashed("device"), ""]
    assert {row["device_id"] for row in rows} == {hashed("device")}
    assert [row["country"] for row in rows] == [hashed("SE"), None, hashed("SE")]


def test_a_key_of_the_properties_is_hashed_or_dropped_by_its_dotted_name() -> None:
    rule = privacy(
        hash_columns=["properties.email", "properties.user.*", "profile.email"],
        drop_properties=["__query.utm_*", "token"],
    )
    properties = {
        "email": "a@b.c",
        "emails": "kept",
        "user.name": "Anna",
        "user": {"phone": 7, "tags": ["x"], "none": None},
        "profile": {"email": "d@e.f", "plan": "pro"},
        "profile.email": "g@h.i",
        "__query.utm_source": "mail",
        "__query.page": "1",
        "token": "t",
        "Token": "T",
    }
    [row] = held(rule, event(1, properties=properties))
    assert row["properties"] == {
        "email": hashed("a@b.c"),
        "emails": "kept",
        "user.name": hashed("Anna"),
        "user": {"phone": hashed("7"), "tags": hashed('["x"]'), "none": None},
        "profile": {"email": hashed("d@e.f"), "plan": "pro"},
        "profile.email": hashed("g@h.i"),
        "__query.page": "1",
        "Token": "T",
    }


def test_fields_that_nobody_knows_yet_are_looked_through_as_well() -> None:
    rule = privacy(hash_columns=["profile.email", "extras.mood"], drop_properties=["profile.name"])
    profile = {"email": "a@b.c", "name": "Anna", "plan": "pro"}
    [row] = held(rule, event(1, profile=profile, mood="good", properties={"mood": "kept"}))
    assert row["extras"] == {
        "profile": {"email": hashed("a@b.c"), "plan": "pro"},
        "mood": hashed("good"),
    }
    assert row["properties"] == {"mood": "kept"}


@given(data=st.data(), others=st.dictionaries(KEYS, VALUES, max_size=4), secret=SECRETS)
def test_no_value_to_hide_survives_wherever_it_stands(
    data: st.DataObject, others: dict[str, Any], secret: str
) -> None:
    place = data.draw(st.sampled_from(["flat", "nested", "listed", "escaped", "unknown"]))
    value = data.draw(st.sampled_from([secret, {"deep": [secret]}, [secret]]))
    rows = {
        "flat": event(1, properties=others | {"user.email": value}),
        "nested": event(1, properties=others | {"user": others | {"email": value}}),
        "listed": event(1, properties={"user": [others, {"email": value}]}),
        "escaped": event(1, properties=others | {"user.email": value, "odd\ud800": value}),
        "unknown": event(1, user={"email": value}, properties=others),
    }
    patterns = ["user*email", "odd*"]
    for rule in (
        privacy(
            hash_columns=[
                f"{start}.{key}" for start in ("properties", "extras") for key in patterns
            ]
        ),
        privacy(drop_properties=patterns),
    ):
        [row] = held(rule, rows[place])
        assert secret not in str(row)
        rejected = rule.redacted(Rejected(json.dumps(rows[place]), f"no: {secret}"))
        assert rejected is not None
        assert secret not in str(json.loads(rejected.raw or "0")) + rejected.reason


@given(properties=st.dictionaries(KEYS, VALUES, max_size=6))
def test_what_no_rule_names_stays_as_it_was(properties: dict[str, Any]) -> None:
    rule = privacy(hash_columns=["properties.\U0001f600"], drop_properties=["\U0001f601*"])
    page = page_of(event(1, properties=properties, mood=properties))
    table = Shaper(rule).page(page, "web", DAY, "GET x").table
    plain = Shaper().page(page, "web", DAY, "GET x").table
    for name in table.schema.names:
        [after], [before] = table.column(name).to_pylist(), plain.column(name).to_pylist()
        is_json = name in ("properties", "extras") and before is not None
        assert (json.loads(after) == json.loads(before)) if is_json else after == before
    assert table.schema == plain.schema


@pytest.mark.parametrize(
    "listed", [["anna"], ["device"], [hashed("anna")], ["other", hashed("device")]]
)
def test_rows_of_an_erased_profile_are_left_out_by_id_or_hash(listed: list[str]) -> None:
    rule = privacy(erased_profiles=listed, hash_columns=["profile_id"])
    bea = event(2, profileId="bea", deviceId="hers")
    rows = held(rule, event(1), bea, event(3, profileId=None, deviceId=None))
    assert [row["profile_id"] for row in rows] == [hashed("bea"), None]
    rejected = [rule.redacted(Rejected(json.dumps(row), "why")) for row in (event(1), bea)]
    [kept] = [row for row in rejected if row is not None]
    assert ids_in(kept.raw) == {hashed("bea"), "hers"}


def test_a_rejected_row_that_cannot_be_read_keeps_only_the_reason() -> None:
    deep = "[" * 100_000
    texts = ['{"profileId": "anna"', "[1]", '"anna"', deep, "\\xff"]
    rule = privacy(exclude_columns=["city"])
    kept = [rule.redacted(Rejected(text, "not a number: 'anna'")) for text in texts]
    assert kept == [Rejected("", "not a number")] * len(texts)


def test_a_rejected_row_loses_what_its_columns_would() -> None:
    rule = privacy(
        exclude_columns=["city", "extras"], hash_columns=["profile_id", "path", "properties.a"]
    )
    row = {
        "profileId": "anna",
        "path": 7,
        "city": "x",
        "mood": "m",
        "properties": {"a": "b", "c": 1},
    }
    kept = rule.redacted(Rejected(json.dumps(row), "id is missing"))
    assert kept is not None
    assert json.loads(kept.raw or "") == {
        "profileId": hashed("anna"),
        "path": hashed("7"),
        "properties": {"a": hashed("b"), "c": 1},
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"exclude_columns": ["id"]}, "proof of completeness"),
        ({"hash_columns": ["created_at"]}, "proof of completeness"),
        ({"exclude_columns": ["profileId"]}, "no column of events"),
        ({"hash_columns": ["email"]}, "properties.KEY"),
        ({"hash_columns": ["latitude"]}, "exclude_columns"),
        ({"hash_columns": ["properties"]}, "properties.KEY"),
        ({"hash_columns": ["path"], "hash_key": None}, "needs hash_key"),
        ({"hash_columns": ["path"], "hash_key": "weak"}, "too short"),
    ],
)
def test_a_setting_that_cannot_work_is_one_sentence(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words) as caught:
        parse_privacy(Arguments(**({"hash_key": KEY} | settings)), {})
    assert str(settings.get("hash_key", KEY)) not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("city", True),
        ("path", True),
        ("properties.email", True),
        ("profile.email", True),
        ("profile.first_name", True),
        ("profile.firstName", True),
        ("profile.last_name", False),
        ("profile.id", True),
        ("profile.properties.email", True),
        ("profile.properties.plan", False),
        ("properties.plan", False),
        ("country", False),
    ],
)
def test_a_field_of_charts_is_known_to_be_hidden(name: str, hidden: bool) -> None:
    rule = privacy(
        exclude_columns=["city", "profile_id", "profiles.first_name"],
        hash_columns=["path", "profile.email"],
        drop_properties=["em*"],
    )
    assert rule.hides(name) is hidden
    assert privacy(exclude_columns=["properties"]).hides("properties.plan")
