"""The version, which is said in pyproject.toml and nowhere else, but for the two that repeat it."""

from __future__ import annotations

import re

import tomlkit

from release.artifacts import ROOT, Broken

_HEADING = re.compile(r"^## (\S+) \((unreleased|\d{4}-\d\d-\d\d)\)$", re.MULTILINE)
_DBT = re.compile(r'^version: "([^"]+)"$', re.MULTILINE)


def check_version(tag: str) -> str:
    """The version of pyproject.toml, with which all others agree.

    Args:
        tag: That is released, or empty.

    Raises:
        Broken: Something says another version, or the changelog has no date for a tag.
    """
    project = tomlkit.parse(_text("pyproject.toml")).unwrap()
    version: str = project["project"]["version"]
    heading = _HEADING.search(_text("CHANGELOG.md"))
    if heading is None or heading[1] != version:
        said = heading[1] if heading else "no version"
        raise Broken(f"CHANGELOG.md begins with {said}, pyproject.toml says {version}.")
    dbt = _DBT.search(_text("dbt/dbt_project.yml"))
    if dbt is None or dbt[1] != version:
        raise Broken(f"dbt/dbt_project.yml must say the version {version}, as pyproject.toml does.")
    if tag and tag != f"v{version}":
        raise Broken(f"the tag {tag} is not v{version}, which pyproject.toml says.")
    if tag and heading[2] == "unreleased":
        raise Broken(f"CHANGELOG.md says that {version} is unreleased; write the date there.")
    return version


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
