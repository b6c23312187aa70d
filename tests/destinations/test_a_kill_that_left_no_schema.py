"""A process that is killed at the wrong moment leaves its pipeline a state without the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.status import read_status
from tests.support.destinations import NAMES, made
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import event, world

__all__ = ["postgres_url"]


@pytest.mark.long
@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", NAMES)
def test_the_next_sync_and_all_that_look_get_on_without(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    held: Any = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    with world(event(1)) as sandbox:
        held.sync(sandbox)
        sandbox.add([event(2)])
        folder = Path(held.pipeline().working_dir)
        for file in folder.glob("schemas/*"):
            file.unlink()
        assert [one.events for one in read_status(held.pipeline())] == [1]
        assert held.sync(sandbox).is_verified
        assert audit(held.pipeline(), **held.settings(sandbox)).differences == []
    assert held.numbers() == [1, 2]
