"""URLs as errors and logs show them: without what may tell of a person."""

from __future__ import annotations

from urllib.parse import urlencode

from openpanel_source.api.query import Params

HIDDEN = "***"
_ALWAYS = frozenset({"profileId", "filters"})
_WITH_FILTERS = frozenset({"series", "events"})


def shown_query(params: Params) -> str:
    """The query, with ids of profiles and values of filters masked."""
    return urlencode([(name, _shown(name, value)) for name, value in params], safe=HIDDEN)


def _shown(name: str, value: str) -> str:
    if name in _ALWAYS or (name in _WITH_FILTERS and "filters" in value):
        return HIDDEN
    return value
