"""Server-controlled text, made safe to show in a terminal or a log."""

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
