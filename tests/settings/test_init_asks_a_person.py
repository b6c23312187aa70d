"""In a terminal init asks, and again where an answer is wrong; what ends early writes nothing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.init_world import (
    CONFIG,
    ROOT,
    ROOT_SECRET,
    SECRETS,
    of_source,
    server,
    unconfigured,
)
from tests.support.terminal import Terminal

__all__ = ["server", "unconfigured"]

pytestmark = pytest.mark.long


def test_a_person_is_asked_and_asked_again_where_an_answer_is_wrong(server: Sandbox) -> None:
    terminal = Terminal("init")
    try:
        terminal.until("Address of the API [https://api.openpanel.dev]: ")
        terminal.type(f"{server.url}\n")
        terminal.until("Client id: ")
        terminal.type(f"{ROOT}\n")
        terminal.until("Client secret (it is not shown): ")
        terminal.type("wrong\n")
        terminal.until("the client secret is wrong")
        terminal.until(f"Address of the API [{server.url}]: ")
        terminal.type("\n")
        terminal.until(f"Client id [{ROOT}]: ")
        terminal.type("\n")
        terminal.until("Client secret (it is not shown): ")
        terminal.type(f"{ROOT_SECRET}\n")
        shown = terminal.until("[all]: ")
        assert "   1  web" in shown
        assert "   3  2024" in shown
        terminal.type("7\n")
        terminal.until("There is no '7' among them.")
        terminal.until("[all]: ")
        terminal.type("1, 2024\n")
        terminal.until("client_secret: ***")
        terminal.until("ok    project 2024: 1 events")
        terminal.until("Next, to load everything: openpanel-source sync")
        assert terminal.ended() == 0
    finally:
        terminal.kill()
    assert ROOT_SECRET not in terminal.everything
    assert of_source(SECRETS)["client_secret"] == ROOT_SECRET
    assert of_source(CONFIG)["project_id"] == ["web", "2024"]


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("Client id: ", "\x03"),
        ("Client secret", "\x03"),
        ("Client secret", "\x04"),
        ("[all]: ", "\x03"),
    ],
)
def test_an_end_in_the_middle_leaves_nothing_behind(
    keys: str, question: str, server: Sandbox
) -> None:
    terminal = Terminal("init", "--base-url", server.url)
    answers = {"Client id: ": ROOT, "Client secret": ROOT_SECRET}
    try:
        for asked, answer in answers.items():
            terminal.until(asked)
            if asked == question:
                break
            terminal.type(f"{answer}\n")
        else:
            terminal.until(question)
        terminal.type(keys)
        assert terminal.ended() == 128 + signal.SIGINT
    finally:
        terminal.kill()
    assert "Traceback" not in terminal.everything
    assert not Path(".dlt").exists()


def test_what_is_awaited_meanwhile_is_said_with_how_long(server: Sandbox) -> None:
    server.behave(path="/manage/projects", status=429, retry_after=4, times=1)
    terminal = Terminal("init", "--base-url", server.url, "--client-id", ROOT)
    terminal.until("Client secret")
    terminal.type(f"{ROOT_SECRET}\n")
    terminal.until("waiting: rate limit, next in ")
    terminal.until("Which of them?")
    terminal.kill()


def test_an_answer_that_is_late_is_said(server: Sandbox) -> None:
    server.behave(path="/manage/projects", delay=5, times=1)
    terminal = Terminal("init", "--base-url", server.url, "--client-id", ROOT)
    terminal.until("Client secret")
    terminal.type(f"{ROOT_SECRET}\n")
    terminal.until("waiting: no answer for ")
    terminal.until("Which of them?")
    terminal.kill()
