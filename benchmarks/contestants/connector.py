"""This project: a sync as users run it, with planning, proof, ledger and merge."""

from __future__ import annotations

from benchmarks.contestants import Work
from openpanel_source import sync
from openpanel_source.destinations.pipelines import open_pipeline

TABLE = "openpanel.events"


def load(work: Work) -> None:
    """Sync into a DuckDB file."""
    summary = sync(
        open_pipeline(database=work.database),
        project_id=work.project,
        client_id=work.client_id,
        client_secret=work.client_secret,
        base_url=work.url,
        now=work.now or None,
    )
    assert summary.is_verified
    assert not summary.days_left
