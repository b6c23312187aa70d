"""Columns come, types stay, and a contract of the user's own takes the place of ours."""

from __future__ import annotations

from typing import Any

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from tests.rows.test_new_fields_become_columns import columns, held, sent
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

CHART = {"name": "all", "series": [{"event": "*"}], "range": "30d", "interval": "day"}


@pytest.mark.long
def test_a_column_that_would_change_its_type_is_an_error_before_anything_is_loaded(
    warehouse: Warehouse,
) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 11)])
        source = warehouse.source(sandbox)
        source.events.apply_hints(columns={"revenue": {"data_type": "text"}})
        with pytest.raises(PipelineStepFailed, match="data_type text is refused for the column"):
            warehouse.pipeline().run(source)
        assert warehouse.numbers() == [1]
        assert warehouse.sync(sandbox).events_loaded == 1
    assert warehouse.numbers() == [1, 2]


@pytest.mark.long
def test_a_newer_version_may_bring_columns_and_tables(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 11)])
        source = warehouse.source(sandbox, charts=[CHART])
        source.events.apply_hints(columns={"newer": {"data_type": "text"}})
        warehouse.pipeline().run(source)
        assert warehouse.query("SELECT count(*), count(newer) FROM events") == [(2, 0)]
        assert warehouse.query("SELECT count(*) FROM charts") == [(1,)]
        assert warehouse.sync(sandbox, charts=[CHART], reload=True).is_verified


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "contract", ["freeze", {"columns": "freeze"}, {"columns": "discard_value"}]
)
def test_a_contract_without_new_columns_keeps_new_fields_in_extras(
    warehouse: Warehouse, contract: Any
) -> None:
    with world(sent(1, mood=1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 11, mood=2, score=2)])
        warehouse.pipeline().run(warehouse.source(sandbox), schema_contract=contract)
    assert columns(warehouse) == ["mood"]
    assert held(warehouse, "mood") == {1: 1, 2: 2}
    assert held(warehouse, "extras") == {1: None, 2: {"score": 2}}
