"""UTM parameters, page title and hash are columns of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.promoted import WEB_COLUMNS, Promotion
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.source.settings.privacy import parse_privacy
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

WEB = {
    "__query.utm_source": "news",
    "__query.utm_medium": "mail",
    "__query.utm_campaign": "spring",
    "__query.utm_term": "shoes",
    "__query.utm_content": "top",
    "__title": 'Start | "Acme" 😀',
    "__hash": "#prices",
}
NAMES = [column.name for column in WEB_COLUMNS]
SELECT = f"SELECT {', '.join(NAMES)} FROM events ORDER BY id"
NONE = (None,) * len(NAMES)
HASH_KEY = "a secret of sixteen or more"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def filled(*properties: str | None, **privacy: Any) -> list[dict[str, Any]]:
    """What the columns of rows with these texts of properties hold."""
    rows = [{"properties": text} for text in properties]
    table = pa.Table.from_pylist(rows, pa.schema(_without_nulls(EVENTS.arrow_schema)))
    settings = parse_privacy(Arguments(**privacy), {})
    if settings is not None:
        table = settings.hide(table).table
    table = Promotion(privacy=settings).fill(table)
    table.validate(full=True)
    return [{name: row[name] for name in NAMES} for row in table.to_pylist()]


def _without_nulls(schema: pa.Schema) -> list[pa.Field]:
    return [field.with_nullable(True) for field in schema]


def test_they_hold_what_the_address_and_title_of_the_page_were(warehouse: Warehouse) -> None:
    rows = [event(1), event(2, properties=WEB), event(3, properties={"__hash": "", "other": "1"})]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
    held = warehouse.query(SELECT)
    assert held == [NONE, tuple(WEB.values()), (*NONE[:-1], "")]


@pytest.mark.long
def test_they_are_null_when_turned_off_and_come_back_with_a_reload(warehouse: Warehouse) -> None:
    with world(event(1, properties=WEB)) as sandbox:
        warehouse.sync(sandbox, web_columns=False)
        assert warehouse.query(SELECT) == [NONE]
        warehouse.sync(sandbox)
        assert warehouse.query(SELECT) == [NONE]
        warehouse.sync(sandbox, reload=True)
        assert warehouse.query(SELECT) == [tuple(WEB.values())]


def test_values_that_are_no_text_become_their_json_and_stop_no_other_row() -> None:
    odd = '{"__title": 12.50, "__hash": {"a": [1]}, "__query.utm_term": null}'
    texts = [odd, json.dumps(WEB), "[1]", "null", None, '"__title"', '{"__title": "a", "b": 1}']
    held = filled(*texts)
    assert (held[0]["page_title"], held[0]["hash"]) == ("12.50", '{"a": [1]}')
    assert held[0]["utm_term"] is None
    assert tuple(held[1].values()) == tuple(WEB.values())
    assert held[2:6] == [dict.fromkeys(NAMES)] * 4
    assert held[6]["page_title"] == "a"


def test_a_key_twice_counts_as_the_last_one_and_may_be_written_with_escapes() -> None:
    texts = ['{"__title": "a", "__title": "b"}', r'{"\u005f_title": "c"}']
    assert [row["page_title"] for row in filled(*texts)] == ["b", "c"]
    assert [row["page_title"] for row in filled(*texts, "[]")] == ["b", "c", None]


_anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from([*WEB, "a"]) | st.text(), inner)
    ),
    max_leaves=8,
)


@given(st.lists(_anything))
def test_whatever_properties_hold_each_row_is_read_as_if_alone(values: list[Any]) -> None:
    texts = [
        json.dumps(value, ensure_ascii=False).encode(errors="replace").decode() for value in values
    ]
    together = filled(*texts)
    assert together == [row for text in texts for row in filled(text)]
    for text, row in zip(texts, together, strict=True):
        value = json.loads(text)
        for key, name in zip(WEB, NAMES, strict=True):
            wanted = value.get(key) if isinstance(value, dict) else None
            if wanted is None or isinstance(wanted, str):
                assert row[name] == wanted
            else:
                assert json.loads(str(row[name])) == wanted


def test_what_privacy_settings_hide_does_not_come_back_in_a_column() -> None:
    text = json.dumps(WEB)
    assert filled(text, exclude_columns=["properties"]) == [dict.fromkeys(NAMES)]
    row = filled(
        text,
        drop_properties=["__query.utm_s*"],
        hash_columns=["properties.__title", "page_title", "hash", "utm_term"],
        exclude_columns=["utm_medium"],
        hash_key=HASH_KEY,
    )[0]
    hidden = parse_privacy(Arguments(hash_columns=["hash"], hash_key=HASH_KEY), {})
    assert hidden is not None
    assert row == {
        "utm_source": None,
        "utm_medium": None,
        "utm_campaign": "spring",
        "utm_term": hidden.hash("shoes"),
        "utm_content": "top",
        "page_title": hidden.hash(WEB["__title"]),
        "hash": hidden.hash("#prices"),
    }
