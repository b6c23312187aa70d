"""The Markdown of a report: short, and harmless whatever visitors have sent."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.report.markdown import code, markdown_of

HOSTILE = (
    "a|b",
    "a\\|b",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "@everyone",
    "https://evil.example",
    "line\nbreak\r\n| a | row |",
    "`` `code` ``",
    "\u202eright to left\x1b[31m",
    "",
)


def document(*sources: str) -> dict[str, Any]:
    def block(heading: str, **columns: str) -> dict[str, Any]:
        told = [{"key": key, "label": key.capitalize(), "unit": u} for key, u in columns.items()]
        return {"title": heading, "columns": told, "sql": ""}

    money = {"conversions": "count", "revenue": "money"}
    return {
        "range": {"from": "2026-10-31", "until": "2026-11-27"},
        "compared": {"from": "2026-10-03", "until": "2026-10-30"},
        "timezone": "Europe/Berlin",
        "projects": [{"id": "shop", "name": None}],
        "notes": ["See <b>docs</b> of @shop at https://evil.example | now."],
        "blocks": {
            "tiles": block("Summary", key="text"),
            "sources": block("Sources", source="text", medium="text", sessions="count", **money),
            "pages": block("Pages", path="text", title="text", views="count", sessions="count"),
            "proof_summary": block("Proof", project_id="text", days="count", oldest="instant"),
        },
        "scopes": {
            "": {
                "tiles": [
                    ["visitors", "Visitors", "count", 1234, 1000],
                    ["bounce_rate", "Bounce rate", "share", 0.5, None],
                    ["avg_duration_seconds", "Session duration", "seconds", 75.2, 50.0],
                    ["revenue", "Revenue", "money", 123456, 0],
                ],
                "sources": [[name, "none", 2, 1, 1200] for name in sources],
                "pages": [],
                "proof_summary": [["shop", 60, "2026-11-27T17:30:00Z"]],
            }
        },
    }


def test_it_tells_what_matters() -> None:
    lines = markdown_of(document("Google", *"abcdef")).splitlines()
    assert lines[0] == "# OpenPanel report"
    assert "`shop`: 2026-10-31 to 2026-11-27, compared with 2026-10-03 to 2026-10-30" in lines[2]
    assert "| Visitors | 1,234 | 1,000 | +23.4 % |" in lines
    assert "| Bounce rate | 50.0 % | - | - |" in lines
    assert "| Session duration | 1 min 15 s | 50 s | +50.4 % |" in lines
    assert "| Revenue | 1,234.56 | 0.00 | - |" in lines
    assert "| `Google` | `none` | 2 | 1 | 12.00 |" in lines
    assert "| `d` | `none` | 2 | 1 | 12.00 |" in lines
    assert not any("`e`" in line for line in lines)
    assert "None." in lines
    assert "| `shop` | 60 | 2026-11-27 17:30:00 |" in lines


def test_hostile_names_stay_text_in_their_cell() -> None:
    for name in HOSTILE:
        [row] = rows_of(markdown_of(document(name)), "Sources")
        assert len(cells(row)) == 5
        assert outside_of_code(row).replace(" ", "") == "|||2|1|12.00|"


def test_a_note_is_neither_link_nor_mention_nor_html() -> None:
    [note] = [line for line in markdown_of(document()).splitlines() if line.startswith("- ")]
    assert "<b>" not in note.replace("\\<", "").replace("\\>", "")
    assert "@shop" not in note
    assert "://" not in note
    assert "\\|" in note


@given(st.text())
def test_any_text_is_one_code_span_in_one_cell(text: str) -> None:
    span = code(text)
    assert span.startswith("`")
    assert span.endswith("`")
    assert "`" not in span[1:-1]
    assert span.isprintable()
    assert len(cells(f"| {span} | 1 |")) == 2


def rows_of(markdown: str, title: str) -> list[str]:
    part = markdown.partition(f"## {title}\n\n")[2].partition("\n\n")[0]
    return part.splitlines()[2:]


def cells(row: str) -> list[str]:
    """A row parted as GitHub does: at each pipe, unless a backslash stands before it."""
    return re.split(r"(?<!\\)(?:\\\\)*\|", row.strip().removeprefix("|").removesuffix("|"))


def outside_of_code(row: str) -> str:
    return re.sub(r"`[^`]*`", "", row)
