"""The questions of docs/models.md are answered, in both databases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openpanel_source import refresh_models
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401 - fixtures
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
QUESTIONS = re.findall(r"```sql\n(.*?);\n```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
VISIT = [
    event(1, name="screen_view", path="/product/1", properties={"__query.utm_campaign": "june"}),
    event(2, name="signup", path="/product/1"),
    event(3, name="purchase", path="/thanks"),
    event(4, name="revenue", path="/thanks", revenue=1200),
]


@pytest.mark.parametrize("database", ["duckdb", "postgres"])
def test_each_has_an_answer(
    database: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    assert len(QUESTIONS) == 11
    postgresql = database == "postgres"
    warehouse = request.getfixturevalue("postgres") if postgresql else Warehouse(tmp_path)
    with world(*VISIT) as sandbox:
        warehouse.sync(sandbox)
    refresh_models(warehouse.pipeline())
    for question in QUESTIONS:
        rows = warehouse.query(question.replace("current_date", "DATE '2026-11-12'"))
        assert rows, question
        assert any(cell not in (None, 0) for cell in rows[0]), question
