"""Warnings of dlt about what is meant."""

from __future__ import annotations

import logging

from openpanel_source.schema import EVENTS


def silence_expected() -> None:
    """Have dlt's logger leave them out; again does nothing."""
    logging.getLogger("dlt").addFilter(_expected)


class _Expected(logging.Filter):
    """Drops what follows from JSON columns.

    They are declared JSON and yielded as text; and where they need JSON Lines, the empty table
    that says which rows make way is written by a slow writer.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if message.startswith(_OURS):
            return "when merging arrow schema" not in message
        return not message.startswith(_SLOW)


_OURS = (f"In resource: {EVENTS.name}, ", "In resource: chart_")
_SLOW = f"For data items in `{EVENTS.name}` yielded as arrow and job file format jsonl"
_expected = _Expected()
