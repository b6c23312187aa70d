"""A client secret and a hash key, and a hunt for them in all that a run says, raises and leaves."""

from __future__ import annotations

import io
import pickle
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main
from tests.support.hunting import found

SECRET = "hunted/S3cret+100%&=quoted'\"\\0123456789"
HASH_KEY = "hunted/Key+200%&=quoted'\"\\0123456789"
REFUSED: dict[str, Any] = {"status": 401, "body": '{"message":"Invalid client secret"}'}
"""What a server does that knows another secret."""


class Hunt:
    """Runs things at debug level, keeps all they say, and looks for the secrets in the end."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.outputs: list[str] = []
        self.log = io.StringIO()
        self.errors: list[BaseException] = []
        self._monkeypatch = monkeypatch

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)

    def command(self, *arguments: str) -> int:
        result = CliRunner().invoke(main, ["-v", *arguments])
        self.outputs += [result.stdout, result.stderr]
        if result.exception is not None:
            self.errors.append(result.exception)
            # Error reporters print the local variables of frames as well.
            report = traceback.TracebackException.from_exception(
                result.exception, capture_locals=True
            )
            self.outputs.append("".join(report.format()))
        return result.exit_code

    def call(self, function: Any, *arguments: Any, **settings: Any) -> BaseException | None:
        try:
            self.outputs.append(repr(function(*arguments, **settings)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked into
            self.errors.append(error)
            return error
        return None

    def assert_nothing_found(self) -> None:
        shown = [*self.outputs, self.log.getvalue()]
        for error in self.errors:
            shown += everything_about(error)
        assert "hunted" not in "".join(shown), [text for text in shown if "hunted" in text][:1]
        for secret in (SECRET, HASH_KEY):
            assert found(secret, self.folder, *shown) == []


def everything_about(error: BaseException) -> list[str]:
    """What a log, a debugger or another process may see of an error and of those behind it."""
    shown = ["".join(traceback.format_exception(error))]
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        shown.append(repr(value))
        if isinstance(value, BaseException):
            shown.append(str(value))
            waiting += [value.args, vars(value), value.__cause__, value.__context__]
            with suppress(Exception):
                shown.append(pickle.dumps(value).decode("latin-1"))
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            waiting += value
        elif type(value).__module__.startswith(("requests", "urllib3", "openpanel_source")):
            waiting.append(getattr(value, "__dict__", None))
    return shown
