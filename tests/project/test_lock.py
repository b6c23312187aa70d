"""A checkout installs what it did when it was made: exact versions of all that it needs."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import pytest
import tomlkit
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT: Any = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
GROUPS = PROJECT["dependency-groups"]
WANTED = [
    Requirement(text)
    for text in [*PROJECT["project"]["dependencies"], *GROUPS["test"], *GROUPS["dev"]]
    if text != {"include-group": "test"}
]

ENTRY = re.compile(r"^[a-z0-9-]+==.*(?:\n    --hash.*)*", re.MULTILINE)
EXACT = re.compile(r"==[^=*;\s]+(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+$")


def test_the_lock_names_no_address() -> None:
    for forbidden in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ "):
        assert forbidden not in LOCK


def test_the_lock_holds_nothing_but_exact_versions_with_their_hashes() -> None:
    entries = ENTRY.findall(LOCK)
    for entry in entries:
        assert EXACT.search(entry), entry
    others = [line for line in ENTRY.sub("", LOCK).splitlines() if line.strip()]
    assert [line for line in others if not line.lstrip().startswith("#")] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_at_a_version_that_pyproject_allows(python: str) -> None:
    locked = pins(python)
    for requirement in WANTED:
        assert allows(requirement, locked), f"{requirement}: run make lock LOCK="


def test_what_dependencies_depend_on_is_locked_at_a_version_that_they_allow() -> None:
    locked = pins()
    ahead, seen = list(WANTED), set(map(str, WANTED))
    while ahead:
        requirement = ahead.pop()
        assert allows(requirement, locked), f"{requirement}: run make lock LOCK="
        for needed in needs(requirement):
            if str(needed) not in seen:
                seen.add(str(needed))
                ahead.append(needed)
    assert {"certifi", "pyarrow", "cryptography", "grimp"} <= {Requirement(it).name for it in seen}


def pins(python: str | None = None) -> dict[str, str]:
    """The version of each package that is installed for a version of Python; else for this one."""
    environment = cast(dict[str, str], default_environment())
    if python is not None:
        environment |= {"python_version": python, "python_full_version": f"{python}.0"}
    found: dict[str, str] = {}
    for entry in ENTRY.findall(LOCK):
        pin = Requirement(entry.partition("\\")[0])
        if pin.marker is None or pin.marker.evaluate(environment):
            assert pin.name not in found
            found[pin.name] = str(pin.specifier).removeprefix("==")
    return found


def allows(requirement: Requirement, locked: dict[str, str]) -> bool:
    """Whether the locked version of a package is one that a requirement allows."""
    version = locked.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def needs(requirement: Requirement) -> list[Requirement]:
    """What an installed package, with the extras that are asked for, asks for here."""
    asked = map(Requirement, metadata.requires(requirement.name) or ())
    extras = ["", *requirement.extras]
    return [
        needed
        for needed in asked
        if needed.marker is None or any(needed.marker.evaluate({"extra": it}) for it in extras)
    ]
