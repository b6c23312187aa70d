"""URLs as errors and logs show them: without what may tell of a person."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from openpanel_source.api.query import Params

HIDDEN = "***"
_READABLE = HIDDEN + ':,/[]{}"'
_ALWAYS = frozenset({"profileId", "filters"})
_WITH_FILTERS = frozenset({"series", "events"})


def shown_query(params: Params) -> str:
    """The query, with ids of profiles and values of filters masked.

    What is no letter, and might mean something to a terminal, a log or who reads the query, is
    escaped; what times, lists and JSON are made of is not.
    """
    shown = [(name, _shown(name, value)) for name, value in params]
    return urlencode(shown, safe=_READABLE, quote_via=quote)


def _shown(name: str, value: str) -> str:
    if name in _ALWAYS or (name in _WITH_FILTERS and "filters" in value):
        return HIDDEN
    return value
