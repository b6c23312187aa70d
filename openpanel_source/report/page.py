"""The document as one HTML file."""

from __future__ import annotations

import html
import json
from typing import Any


def page_of(document: dict[str, Any]) -> str:
    """The whole file.

    Args:
        document: As ``document.py`` makes it.
    """
    text = html.escape(json.dumps(document, ensure_ascii=True))
    return f"<!doctype html>\n<html><body><pre>{text}</pre></body></html>\n"
