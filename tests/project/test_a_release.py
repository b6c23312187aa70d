"""A release has what it should have, and says so; ``make release`` makes and tries one."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from release.artifacts import ROOT, Broken, tracked
from release.contents import check_contents, wanted_in_sdist, wanted_in_wheel
from release.sbom import bill
from release.trials import supported
from release.version import check_version

PROJECT: Any = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
VERSION = PROJECT["project"]["version"]


def sdist(folder: Path, names: Iterable[str]) -> Path:
    path = folder / "openpanel_source-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"openpanel_source-1.0/{name}"), io.BytesIO())
    return path


def wheel(folder: Path, names: Iterable[str]) -> Path:
    about = wanted_in_wheel([])
    path = folder / "openpanel_source-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            inside = f"openpanel_source-1.0.dist-info/{name}" if name in about else name
            archive.writestr(inside, "")
    return path


def test_a_wheel_holds_the_package_and_the_examples() -> None:
    known = ["openpanel_source/a.py", "openpanel_source/models/b.sql", "pipelines/cron", "docs/c"]
    about = wanted_in_wheel([])
    assert wanted_in_wheel(known) - about == {
        "openpanel_source/a.py",
        "openpanel_source/models/b.sql",
        "openpanel_source/pipelines/cron",
    }
    assert {"METADATA", "RECORD"} <= about


def test_an_sdist_holds_what_pyproject_names() -> None:
    wanted = wanted_in_sdist([*tracked(), ".dlt/example.secrets.toml", "notes.txt"])
    assert {"Makefile", "mkdocs.yml", "release/sbom.py", "tests/conftest.py"} <= wanted
    assert not wanted & {".dlt/example.secrets.toml", "notes.txt"}


def test_a_file_that_nobody_meant_to_publish_is_named(tmp_path: Path) -> None:
    known = tracked()
    whole = sdist(tmp_path, wanted_in_sdist(known)), wheel(tmp_path, wanted_in_wheel(known))
    assert "all of them meant" in check_contents(whole)
    stray = sdist(tmp_path, [*wanted_in_sdist(known), "secrets.toml"])
    with pytest.raises(Broken, match="sdist has files that nobody meant to publish: secrets"):
        check_contents([stray, whole[1]])
    sdist(tmp_path, wanted_in_sdist(known))
    short = wheel(tmp_path, wanted_in_wheel(known) - {"openpanel_source/errors.py"})
    with pytest.raises(Broken, match="the wheel lacks openpanel_source/errors"):
        check_contents([whole[0], short])


def test_the_version_is_said_in_one_place_and_the_others_agree() -> None:
    assert check_version("") == VERSION
    with pytest.raises(Broken, match="the tag v9 is not v"):
        check_version("v9")


def test_a_bill_of_materials_is_the_same_each_time_and_has_what_is_needed_alone() -> None:
    text = bill(VERSION, 1_700_000_000)
    assert bill(VERSION, 1_700_000_000) == text
    content = json.loads(text)
    assert content["specVersion"] == "1.6"
    assert content["metadata"]["timestamp"].startswith("2023-11-14T22:13:20")
    component = content["metadata"]["component"]
    assert (component["name"], component["version"]) == ("openpanel-source", VERSION)
    names = {one["name"] for one in content["components"]}
    assert {"dlt", "duckdb", "pyarrow", "certifi"} <= names
    assert not names & {"pytest", "ruff", "twine", "hypothesis", "psycopg2-binary"}
    needs = {one["ref"]: one.get("dependsOn", []) for one in content["dependencies"]}
    assert len(needs) == len(names) + 1
    direct = needs[component["bom-ref"]]
    for name in ("click", "dlt", "filelock", "rich"):
        assert any(ref.startswith(f"pkg:pypi/{name}@") for ref in direct)


def test_it_is_tried_from_the_oldest_python_that_is_supported() -> None:
    assert supported()[0] == PROJECT["project"]["requires-python"].removeprefix(">=")
