"""Pipelines that load into one dataset stage their rows apart, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pytest

from openpanel_source.destinations.prepare import separate_staging
from openpanel_source.destinations.waiting import met_another

NOWHERE = "postgresql://me:none@127.0.0.1:9/nowhere"


def layout(name: str, destination: Any, folder: Path) -> str | None:
    pipeline = dlt.pipeline(name, destination=destination, pipelines_dir=str(folder))
    separate_staging(pipeline)
    separate_staging(pipeline)
    assert pipeline.destination is not None
    found: str | None = pipeline.destination.config_params.get("staging_dataset_name_layout")
    return found


def test_each_pipeline_has_its_own_though_they_share_a_destination(tmp_path: Path) -> None:
    shared = dlt.destinations.postgres(NOWHERE)
    first, second = (layout(name, shared, tmp_path) for name in ("one", "two"))
    assert first is not None
    assert first.startswith("%s_staging_")
    assert first != second
    assert layout("one", shared, tmp_path) == first
    assert "staging_dataset_name_layout" not in shared.config_params


def test_one_that_is_configured_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = dlt.destinations.postgres(NOWHERE, staging_dataset_name_layout="mine")
    assert layout("one", given, tmp_path) == "mine"
    monkeypatch.setenv("DESTINATION__POSTGRES__STAGING_DATASET_NAME_LAYOUT", "theirs")
    assert layout("two", dlt.destinations.postgres(NOWHERE), tmp_path) is None


def test_a_duckdb_file_needs_none(tmp_path: Path) -> None:
    assert layout("one", dlt.destinations.duckdb(str(tmp_path / "a.duckdb")), tmp_path) is None


@pytest.mark.parametrize(
    ("text", "is_meeting"),
    [
        ('duplicate key value violates unique constraint "pg_type_typname_nsp_index"', True),
        ('relation "events" already exists', True),
        ("tuple concurrently updated", True),
        ('duplicate key value violates unique constraint "events_pkey"', False),
        ("disk full", False),
    ],
)
def test_what_another_pipeline_made_at_the_same_moment_is_no_failure(
    text: str, is_meeting: bool
) -> None:
    error = RuntimeError("the load failed")
    error.__cause__ = ValueError(text)
    assert met_another(error) == is_meeting
