"""The dbt package has every model, at the version of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
import yaml

from openpanel_source.models.definitions import NAMES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dbt"


def test_it_has_every_model_in_the_order_in_which_they_are_made() -> None:
    macros = (PACKAGE / "macros" / "incremental.sql").read_text(encoding="utf-8")
    listed = macros.partition("macro mart_names()")[2].partition("endmacro")[0]
    places = [listed.index(f"'openpanel__{name}'") for name in (*NAMES, "model_days")]
    assert places == sorted(places)
    made = {path.stem for path in (PACKAGE / "models" / "marts").glob("*.sql")}
    assert made >= {f"openpanel__{name}" for name in NAMES}


def test_nothing_generated_is_left_of_what_is_no_model() -> None:
    made = {path.stem for path in (PACKAGE / "macros" / "generated").glob("*.sql")}
    assert made == {"words", *(f"select_{name}" for name in NAMES)}


def test_it_has_the_version_of_the_project() -> None:
    project: Any = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    settings = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))
    assert settings["version"] == project["project"]["version"]
