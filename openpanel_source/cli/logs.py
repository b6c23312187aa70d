"""Logs go to stderr, with server-controlled text escaped."""

from __future__ import annotations

import logging
import os

from openpanel_source.escape import printable


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), 4000)


def configure_logs(*, verbose: bool) -> None:
    """Send this project's logs to stderr: warnings, or with ``verbose`` everything."""
    # dlt's own log would tell in a hundred lines what this command says in one sentence.
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "INFO" if verbose else "CRITICAL")
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("openpanel_source")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.propagate = False
