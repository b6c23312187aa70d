"""The alert that docs/deploy.md gives names the days that are in doubt, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.sandbox_world import event, pages_of, world
from tests.support.warehouse import Warehouse

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"


def alerts(warehouse: Warehouse) -> list[tuple[str, str]]:
    found = re.search(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return [(str(row[1]), row[2]) for row in warehouse.query(found[1])]


def test_a_day_that_lacks_rows_raises_an_alert_until_it_is_read(warehouse: Warehouse) -> None:
    rows = [
        event(number, createdAt=f"2026-11-{number:02d}T10:00:00.000Z") for number in range(10, 24)
    ]
    with world(*rows) as sandbox:
        sandbox.behave(path=pages_of("2026-11-12"), lie_total="+1")
        assert warehouse.sync(sandbox).exit_code == 3
        assert ("2026-11-12", "short") in alerts(warehouse)
        sandbox.behave()
        warehouse.sync(sandbox, now="2026-11-23T13:00:00+00:00")
        # The day that was open stays so if no sync follows: it is told once it is long over.
        assert [alert for alert in alerts(warehouse) if alert[1] != "open"] == []
