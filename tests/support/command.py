"""The command, run in this process or in one of its own."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner, Result

from openpanel_source.cli.main import main
from tests.support.permissions import without_might
from tests.support.sandbox_world import SECRET

COMMAND = [sys.executable, "-m", "openpanel_source.cli"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def run_without_might(*arguments: str) -> Result:
    """The same in a process that permissions of files count for, whoever the user is."""
    done = subprocess.run(
        [*COMMAND, *arguments], preexec_fn=without_might, capture_output=True, check=False
    )
    output = done.stdout + done.stderr
    return Result(CliRunner(), done.stdout, done.stderr, output, None, done.returncode, None)


def fails(result: Result, code: int, *words: str) -> None:
    """The command failed with one sentence that holds these words, and no traceback."""
    assert result.exit_code == code, result.output
    sentences = [line for line in result.stderr.splitlines() if "openpanel-source:" in line]
    assert len(sentences) == 1, result.stderr
    assert "Traceback" not in result.output
    assert "SECRET" not in sentences[0].replace("CLIENT_SECRET", "")
    assert SECRET not in result.output
    for word in words:
        assert word in sentences[0]
