"""The bill of materials: what the package needs to run, at the versions of requirements.lock."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.artifacts import BESIDE, ROOT, Broken

_NAME = "openpanel-source"
_PIN = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)", re.MULTILINE)


def write_sbom(version: str, when: int) -> Path:
    """Write the bill into ``build/release/``; takes what ``bill`` takes."""
    BESIDE.mkdir(parents=True, exist_ok=True)
    path = BESIDE / f"openpanel_source-{version}.cdx.json"
    path.write_text(bill(version, when), encoding="utf-8")
    return path


def bill(version: str, when: int) -> str:
    """The bill as CycloneDX 1.6; the same text for the same lock, commit and Python.

    Args:
        version: Of the package.
        when: Unix time that it bears.

    Raises:
        Broken: What is installed is not what is locked.
    """
    bom = Bom(version=1)
    python = "{}.{}".format(*sys.version_info)
    identity = f"pkg:pypi/{_NAME}@{version}?python={python}&platform={sys.platform}&time={when}"
    bom.serial_number = uuid5(NAMESPACE_URL, identity)
    bom.metadata.timestamp = datetime.fromtimestamp(when, timezone.utc)
    # The tools that made it would change it with each of their versions.
    bom.metadata.tools.components.clear()
    needs = dict(needed())
    components = {name: _component(name, found) for name, (found, _) in needs.items()}
    components[_NAME] = _component(_NAME, version)
    bom.metadata.component = components[_NAME]
    bom.components.update(one for name, one in components.items() if name != _NAME)
    for name, (_, others) in needs.items():
        bom.register_dependency(components[name], [components[one] for one in sorted(others)])
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def needed() -> Iterator[tuple[str, tuple[str, set[str]]]]:
    """The package and all that it needs without extras, each with its version and what it needs.

    Raises:
        Broken: What is installed is not what is locked.
    """
    pins = _pins()
    ahead: list[tuple[str, frozenset[str]]] = [(_NAME, frozenset())]
    edges: dict[str, set[str]] = {}
    seen = set(ahead)
    while ahead:
        name, extras = ahead.pop()
        edges.setdefault(name, set())
        for requirement in map(Requirement, metadata.requires(name) or ()):
            if not _counts(requirement, extras):
                continue
            other = canonicalize_name(requirement.name)
            edges[name].add(other)
            wanted = (other, frozenset(requirement.extras))
            if wanted not in seen:
                seen.add(wanted)
                ahead.append(wanted)
    for name in sorted(edges):
        version = metadata.version(name)
        if name != _NAME and version not in pins.get(name, ()):
            raise Broken(f"{name} {version} is installed, which is not locked; run make clean.")
        yield name, (version, edges[name] - {name})


def _counts(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras))


def _pins() -> dict[str, set[str]]:
    """The locked versions of each package; there are several where Pythons need different ones."""
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        found.setdefault(name, set()).add(version)
    return found


def _component(name: str, version: str) -> Component:
    address = PackageURL(type="pypi", name=name, version=version)
    kind = ComponentType.APPLICATION if name == _NAME else ComponentType.LIBRARY
    return Component(
        name=name, version=version, type=kind, purl=address, bom_ref=address.to_string()
    )
