"""The summary says of each list what it is worth."""

from __future__ import annotations

import pytest

from openpanel_source.cli.summary import print_lists
from openpanel_source.lists.verdict import ListResult, ListVerdict


def result(name: str, project: str, verdict: str, reason: str | None, rows: int) -> ListResult:
    return ListResult(name, project, ListVerdict(verdict), reason, rows, 1)


def test_complete_lists_share_a_line_and_others_have_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_lists(
        [
            result("references", "web", "complete", None, 1200),
            result("references", "app", "complete", None, 34),
            result("profiles", "web", "partial", "the end was not\x1b[31m reached", 7),
            result("groups", "web", "failed", "the server is down.", 0),
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        "Lists: 1,234 references (complete).",
        "LIST PARTIAL profiles of web: the end was not\\x1b[31m reached; 7 rows received",
        "LIST FAILED groups of web: the server is down.",
    ]


def test_without_lists_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_lists([])
    assert capsys.readouterr().out == ""
