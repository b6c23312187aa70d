"""What another query has loaded, be it another pipeline's, goes only when somebody consents."""

from __future__ import annotations

import pytest

from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.sync import sync
from tests.support.sandbox_world import event, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

ROWS = [
    event(
        n,
        name="b" if n % 10 else "a",
        createdAt=f"2026-11-{1 + n % 20:02d}T08:{n // 60:02d}:{n % 60:02d}.000Z",
    )
    for n in range(400)
]


def test_a_narrower_query_of_another_pipeline_is_refused_before_any_request(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        sync(warehouse.pipeline("all"), **warehouse.settings(sandbox))
        settings = warehouse.settings(sandbox, events=["a"])
        before = len(sandbox.requests)
        with pytest.raises(InvalidSettingError, match=r"20 days of web .* another query"):
            sync(warehouse.pipeline("some"), **settings)
        assert len(sandbox.requests) == before
        assert len(warehouse.numbers()) == 400
        consenting = settings | {"allow_deletions": True}
        assert sync(warehouse.pipeline("some"), **consenting).is_verified
    assert len(warehouse.numbers()) == 40


def test_a_wider_query_of_another_pipeline_reads_what_there_is(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        sync(warehouse.pipeline("some"), **warehouse.settings(sandbox, events=["a"]))
        assert len(warehouse.numbers()) == 40
        assert sync(warehouse.pipeline("all"), **warehouse.settings(sandbox)).is_verified
    assert len(warehouse.numbers()) == 400


def test_what_vanished_meanwhile_is_held_back_of_another_pipelines_days_as_well(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        sync(warehouse.pipeline("some"), **warehouse.settings(sandbox, events=["a", "b"]))
        sandbox.remove([row["id"] for row in ROWS if row["createdAt"] < "2026-11-15"])
        settings = warehouse.settings(sandbox)
        assert sync(warehouse.pipeline("all"), **settings).exit_code == 3
    assert len(warehouse.numbers()) == 400


def test_a_reading_that_proves_nothing_replaces_nothing_of_another_query(
    warehouse: Warehouse,
) -> None:
    rows = [event(n, name="a", createdAt=f"2026-11-20T08:00:{n:02d}.000Z") for n in range(50)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, events=["a"])
        sandbox.behave(path=pages_of("2026-11-20"), drop_rows=20)
        assert warehouse.sync(sandbox).exit_code == 3
        assert len(warehouse.numbers()) == 50
        sandbox.behave()
        assert warehouse.sync(sandbox).is_verified
        assert warehouse.sync(sandbox).days_read == 0
    assert len(warehouse.numbers()) == 50
