"""'Nothing new' is said of a sync that asked for all, and of no other."""

from __future__ import annotations

import subprocess
from datetime import date
from typing import Any

import pytest

from openpanel_source.cli.summary import print_summary
from openpanel_source.lists.verdict import ListResult, ListVerdict
from openpanel_source.operations.runs.summary import ScrubSummary, SyncSummary
from openpanel_source.sandbox import Sandbox
from tests.support.command import COMMAND, run
from tests.support.terminal import in_terminal

UNREAD = ScrubSummary(differing=[("web", date(2026, 11, 1))], unread=[("web", date(2026, 11, 1))])


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"requests": 5}, "Nothing new: 5 requests, nothing loaded."),
        ({"requests": 1, "chart_points": 3}, "Nothing new: 1 request, no events loaded."),
        ({"requests": 0}, "Nothing loaded: the server was not asked."),
        ({"requests": 0, "stopped": True}, "Nothing loaded: the server was not asked."),
        ({"requests": 2, "stopped": True}, "No day read: 2 requests."),
        ({"requests": 2, "stuck": True, "days_left": 3}, "No day read: 2 requests."),
        ({"requests": 2, "days_left": 3}, "No day read: 2 requests."),
        ({"requests": 2, "scrub": UNREAD}, "No day read: 2 requests."),
        (
            {"requests": 2, "failed_projects": {"gone": "no access"}},
            "Nothing new in the projects that can be read: 2 requests, nothing loaded.",
        ),
    ],
)
def test_what_is_said_first(
    facts: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(SyncSummary(**facts))
    assert capsys.readouterr().out.splitlines()[0] == said


def test_a_list_that_was_loaded_is_something(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = ListResult("references", "web", ListVerdict.COMPLETE, None, 4, 1)
    print_summary(SyncSummary(requests=3, lists=[loaded]))
    assert "nothing loaded" not in capsys.readouterr().out


@pytest.mark.long
def test_a_sync_that_was_stopped_before_an_answer_came(sandbox: Sandbox) -> None:
    assert run("sync").exit_code == 0
    sandbox.behave(delay=60)

    asked = False

    def interrupt(drawn: str, process: subprocess.Popen[bytes]) -> None:
        nonlocal asked
        if not asked and "no answer for" in drawn:
            asked = True
            process.send_signal(2)

    shown = in_terminal([*COMMAND, "sync"], seen=interrupt)
    assert shown.code == 130
    assert "Nothing new" not in shown.text
    assert "No day read: 1 request." in shown.text
