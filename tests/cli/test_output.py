"""What the command prints, where nobody takes it."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.command import COMMAND, run

pytestmark = pytest.mark.sampled(3)


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["models", "--print"]])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have a size of their own")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_while_it_is_written_to_ends_the_command_quietly(
    unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    reading, writing = os.pipe()
    # The command writes more than that.
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen(
        [*COMMAND, "models", "--print"], stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        read = os.read(reading, size)
        os.close(reading)
        _, errors = process.communicate(timeout=60)
    assert read.startswith(b"--")
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["--version"], ["sync", "--help"], ["models", "--print"]])
def test_output_that_cannot_be_written_is_one_sentence(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    sentence = "openpanel-source: output cannot be written (No space left on device); "
    assert done.stderr.decode().startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.long
@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_and_verbose_are_understood_before_and_after_the_command(place: str) -> None:
    def said(option: str) -> str:
        words = [option, "sync"] if place == "before" else ["sync", option]
        result = run(*words, "--reload")
        assert result.exit_code == 0, result.output
        assert "Loaded 3 events" in result.stdout
        return result.stderr

    assert said("--quiet") == ""
    assert said("-q") == ""
    assert "openpanel_source" in said("-v")


@pytest.mark.long
def test_projects_are_named_one_by_one_or_with_commas() -> None:
    for options in (["--project-id", "web,web2"], ["--project-id=web", "--project-id= web2 "]):
        result = run("sync", *options)
        assert "PROJECT FAILED web2" in result.stdout, result.output
        assert "web,web2" not in result.output
