"""Texts from the open internet, made fit to be chosen and shown one beside the other; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from openpanel_source.model.cells import distinct_names
from openpanel_source.model.text import printable

_NO_VALUE = "(none)"
_LONGEST = 60
"""Characters of a label."""
_Text = TypeVar("_Text", str, str | None)


def labelled(texts: Iterable[_Text]) -> dict[str, _Text]:
    """The texts by labels in which nothing is hidden, in order.

    Args:
        texts: Any; None is a value that is missing.
    """
    listed = list(texts)
    labels = [_NO_VALUE if text is None else printable(text, _LONGEST) for text in listed]
    return dict(zip(distinct_names(labels), listed, strict=True))
