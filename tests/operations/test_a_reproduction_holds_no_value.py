"""What is written to be reported says how values look, and nothing of what they are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.operations.values.report import ValueDifference, ValueReport
from openpanel_source.operations.values.reproduction import shape_of_text, write_reproduction


def test_shapes_say_what_may_have_caused_a_mistake() -> None:
    assert shape_of_text(None, "") is None
    assert shape_of_text("Anna\0 7", "") == "Lu*1 Ll*3 U+0000*1 Zs*1 Nd*1"
    assert shape_of_text("\ud800", "") == "U+D800*1"
    assert shape_of_text("1.50", "") == "float Nd*1 Po*1 Nd*2"
    shape = shape_of_text('{"email":"anna@example.org","n":[1,null,true]}', "")
    assert list(shape.values()) == [
        "str Ll*4 Po*1 Ll*7 Po*1 Ll*3",
        ["int Nd*1", "NoneType", "bool"],
    ]


_PRIVATE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), min_size=4
)


@given(private=_PRIVATE.filter(lambda text: not text.isascii()))
def test_no_text_is_in_its_shape(private: str) -> None:
    for text in (private, json.dumps({private: [private]}), json.dumps(private)):
        shape = json.dumps(shape_of_text(text, "salt"), ensure_ascii=False)
        assert private not in shape


def test_a_file_has_kinds_and_columns_and_marks(tmp_path: Path) -> None:
    found = [
        ValueDifference("shop", date(2026, 11, 1), "value", "city", "id-1", "Oslo", "Bergen"),
        ValueDifference("shop", date(2026, 11, 1), "value", "annas_plan", "id-1", "pro", None),
    ]
    report = ValueReport(days=1, rows=2, differences=found)
    path = tmp_path / "reproduction.json"
    write_reproduction(report, "duckdb", path)
    text = path.read_text(encoding="utf-8")
    for private in ("shop", "id-1", "Oslo", "Bergen", "annas", 'pro"', "2026-11-01"):
        assert private not in text
    first, second = json.loads(text)["differences"]
    assert (first["kind"], first["column"], first["server"]) == ("value", "city", "Lu*1 Ll*3")
    assert first["id"] == second["id"]
    assert second["held"] is None
