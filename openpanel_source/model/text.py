"""Text made fit to be shown in a terminal or a log: what servers control, and numbers of things."""

from __future__ import annotations

import unicodedata


def printable(text: str, longest: int = 500) -> str:
    """The text with control, format and surrogate characters escaped, on one line.

    Args:
        text: Anything a server or visitor may have sent.
        longest: Cut after that many characters.

    Returns:
        Text that cannot move a cursor, colour a terminal, break a line or hide its direction.
    """
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "".join(
        character
        if unicodedata.category(character)[0] not in "CZ" or character == " "
        else character.encode("unicode_escape").decode("ascii")
        for character in cut
    )


def counted(number: int, noun: str) -> str:
    """A number of things, as ``1 day`` or ``2,000 days``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
