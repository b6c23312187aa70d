"""Whatever JSON a server may send for an event, what a sync makes of it is found right."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ALL
from tests.support.sandbox_world import Row, event, world
from tests.support.warehouse import Warehouse

_CHARACTERS = st.characters(codec="utf-8") | st.sampled_from('\0\ud800\udfff\ufffe\ufeff"\\,{}[]')
_TEXTS = st.text(_CHARACTERS, max_size=8)
_NUMBERS = st.integers(-(2**64), 2**64) | st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [*event(), "importedAt", "mood", "newField", "extras", "created_at", "profile", "a b", ""]
).filter(lambda name: name not in ("id", "createdAt"))
_PROPERTIES = st.dictionaries(
    st.sampled_from(("total", "email", "card", "a.b", "__title", "__query.utm_source")) | _TEXTS,
    st.sampled_from(("1.50", "-7", "yes", "2026-11-10T01:02:03.5+02:00", "1e400", "")) | _JSON,
    max_size=5,
)
_ROWS = st.fixed_dictionaries(
    {"given": st.dictionaries(_FIELDS, _JSON, max_size=6), "properties": _PROPERTIES}
)
_TYPES = {"total": "decimal", "a.b": "bigint", "total price": "text"}


def _event(number: int, row: Row) -> Row:
    whole = event(number, **{"properties": row["properties"], **row["given"]})
    return event(number, createdAt=whole["createdAt"], _raw=json.dumps(whole))


@pytest.mark.long
@settings(
    max_examples=3,
    derandomize=True,
    phases=(Phase.generate,),
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(_ROWS, min_size=15, max_size=25))
def test_random_rows_are_found_equal(drawn: list[Row]) -> None:
    rows = [_event(number, row) for number, row in enumerate(drawn)]
    with tempfile.TemporaryDirectory() as folder, world(*rows) as sandbox:
        warehouse = Warehouse(Path(folder))
        wanted = warehouse.settings(sandbox, properties=_TYPES)
        warehouse.sync(sandbox, properties=_TYPES)
        report = audit(warehouse.pipeline(), values=ALL, **wanted)
    assert report.values is not None
    assert (report.values.differences, report.values.skipped) == ([], [])
