"""The groups of events, a row each, from the lists in the column ``groups``; pure."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from openpanel_source.model.schema import EVENT_GROUPS

GROUPED = ["project_id", "event_date", "id", "created_at", "groups"]
"""The columns of ``events`` that groups are made of."""
_SCHEMA = EVENT_GROUPS.arrow_schema
_NONE = _SCHEMA.empty_table()
_list = msgspec.json.Decoder(list[str])


def event_groups(events: pa.Table) -> pa.Table:
    """The rows of ``event_groups`` for rows of ``events``.

    Args:
        events: As they are loaded, each once.

    Returns:
        Each group of each event once; none of what is not a list of text.
    """
    import pyarrow.compute as pc

    is_grouped = pc.fill_null(pc.not_equal(events.column("groups"), "[]"), False)
    if not pc.any(is_grouped).as_py():
        return _NONE
    events = events.select(GROUPED).filter(is_grouped)
    # Events repeat a few lists: each is decoded once.
    encoded = events.column("groups").combine_chunks().dictionary_encode()
    lists = pa.array(map(_groups, encoded.dictionary.to_pylist()), pa.list_(pa.string()))
    groups = lists.take(encoded.indices)
    events = events.take(pc.list_parent_indices(groups))
    project, day, event_id, created_at, _ = events.columns
    columns = [project, day, event_id, pc.list_flatten(groups), created_at]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _groups(text: str) -> list[str]:
    try:
        return list(dict.fromkeys(_list.decode(text)))
    except msgspec.MsgspecError:
        return []
