"""The notebook, run as a program: with its choices as they are at first, and with others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openpanel_source.explore.app import app
from openpanel_source.explore.warehouse import ExploredWarehouse
from tests.explore.conftest import HOSTILE, explored, load_hostile
from tests.support.warehouse import Warehouse


def run(**definitions: Any) -> dict[str, Any]:
    """What the cells define."""
    _, defined = app.run(defs=definitions) if definitions else app.run()
    return dict(defined)


def configure(warehouse: Warehouse, patch: pytest.MonkeyPatch) -> None:
    """Say where it is as the configuration does."""
    for name, value in vars(explored(warehouse)).items():
        if value is not None:
            patch.setenv(f"OPENPANEL_SOURCE__{name.upper()}", value)


@pytest.mark.long
def test_at_first_it_shows_the_demo_by_day_by_country_and_as_a_funnel(
    demo: Warehouse, demo_to_look_at: ExploredWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(demo, monkeypatch)
    defined = run()
    project = defined["known"].projects[0].id
    held = demo.query(f"SELECT count(*) FROM events WHERE project_id = '{project}'")
    assert [(sum(row[1] for row in defined["over_time"].rows),)] == held
    assert [(sum(row[1] for row in defined["by_value"].rows),)] == held
    visits = demo.query(
        f"SELECT sum(sessions) FROM funnel WHERE project_id = '{project}' AND step = 1"
    )
    assert [(defined["funnel"].rows[0][2],)] == visits
    assert "answer" not in defined


@pytest.mark.long
def test_it_shows_names_that_nobody_would_give(
    kept: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_hostile(kept, HOSTILE)
    configure(kept, monkeypatch)
    defined = run()
    assert sorted(defined["names"]) == sorted(HOSTILE)
    assert defined["over_time"].rows[0][1] == len(HOSTILE)
    assert len(defined["steps"].elements[0].options) == len(HOSTILE)


def test_it_says_why_it_shows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENPANEL_SOURCE__DATABASE", str(tmp_path / "none.duckdb"))
    outputs, defined = app.run()
    assert "there is no database" in str([getattr(it, "text", it) for it in outputs])
    assert "known" not in defined
