"""Logs go to stderr, as text or as JSON, with server-controlled text escaped."""

from __future__ import annotations

import json
import logging
import os
import sys
import uuid
from datetime import datetime, timezone
from typing import TextIO

from openpanel_source.model.text import printable
from openpanel_source.operations.progress import PROGRESS

_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


# Python 3.10 takes no type for it.
class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is at the moment: what shows progress puts lines above its own."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None:
        """It stays what it is."""


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), 4000)


class _Json(logging.Formatter):
    """One object a line: time, level, logger, message, run_id, and what the message is about."""

    def __init__(self) -> None:
        super().__init__()
        self._run_id = uuid.uuid4().hex[:12]

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": printable(record.getMessage(), 4000),
            "run_id": self._run_id,
            **{name: value for name, value in vars(record).items() if name not in _ORDINARY},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def configure_logs(*, verbose: bool, as_json: bool, quiet: bool = False) -> None:
    """Send this project's logs to stderr: warnings and progress, or with ``verbose`` everything.

    Args:
        verbose: Everything.
        as_json: One object a line.
        quiet: No progress.
    """
    # dlt's own log would tell in a hundred lines what this command says in one sentence.
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "INFO" if verbose else "CRITICAL")
    handler = _Stderr()
    text = _OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(_Json() if as_json else text)
    logger = logging.getLogger("openpanel_source")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.propagate = False
    logging.getLogger(PROGRESS).setLevel(logging.WARNING if quiet else logging.INFO)
