"""What is in the sdist and in the wheel: what git knows, and nothing else."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import tomlkit

from release.artifacts import ROOT, Broken, run, tracked

_MADE_FOR_SDIST = {"PKG-INFO"}
_MADE_FOR_WHEEL = {"METADATA", "WHEEL", "RECORD", "entry_points.txt"}
_ALWAYS_IN_SDIST = {".gitignore", "pyproject.toml"}
_PACKAGE = "openpanel_source/"
_EXAMPLES = "pipelines/"


def check_contents(artifacts: Sequence[Path]) -> str:
    """Compare the lists of files with what they should be; says how many there are.

    Raises:
        Broken: A file is missing, or there is one that nobody meant to publish.
    """
    sdist, wheel = artifacts
    if sdist.suffixes[-2:] != [".tar", ".gz"] or wheel.suffix != ".whl":
        raise Broken(f"dist/ holds {[path.name for path in artifacts]}, no sdist and wheel.")
    known = tracked()
    in_sdist = _compared("sdist", _names_in_sdist(sdist), wanted_in_sdist(known))
    in_wheel = _compared("wheel", _names_in_wheel(wheel), wanted_in_wheel(known))
    return f"{in_sdist:,} files in the sdist, {in_wheel:,} in the wheel, all of them meant"


def wanted_in_sdist(known: Iterable[str]) -> set[str]:
    """The files that the sdist should have, of those that git knows."""
    included = _declared()["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    wanted = {name for name in known if name in included or name.partition("/")[0] in included}
    return wanted | _ALWAYS_IN_SDIST | _MADE_FOR_SDIST


def wanted_in_wheel(known: Collection[str]) -> set[str]:
    """The files that the wheel should have, those about it without its folder for them."""
    ours = {name for name in known if name.startswith((_PACKAGE, _EXAMPLES))}
    # The command `example` prints the examples.
    examples = {f"{_PACKAGE}{name}" for name in ours if name.startswith(_EXAMPLES)}
    patterns = _declared()["project"]["license-files"]
    licences = {f"licenses/{name}" for name in known if any(fnmatch(name, one) for one in patterns)}
    return (
        {name for name in ours if name.startswith(_PACKAGE)} | examples | licences | _MADE_FOR_WHEEL
    )


def _declared() -> dict[str, Any]:
    return tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()


def _names_in_sdist(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        odd = [one.name for one in archive if not (one.isfile() or one.isdir())]
        if odd:
            raise Broken(f"the sdist holds links or devices: {odd}.")
        return {one.name.partition("/")[2] for one in archive if one.isfile()}


def _names_in_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return {name.partition(".dist-info/")[2] or name for name in names}


def _compared(what: str, names: set[str], wanted: set[str]) -> int:
    stray, missing = sorted(names - wanted), sorted(wanted - names)
    if stray:
        raise Broken(f"the {what} has files that nobody meant to publish: {', '.join(stray)}.")
    if missing:
        raise Broken(f"the {what} lacks {', '.join(missing)}.")
    return len(names)


def check_metadata(artifacts: Sequence[Path]) -> None:
    """Have twine look at what an index would show.

    Raises:
        Broken: It is not content.
    """
    run(sys.executable, "-m", "twine", "check", "--strict", *artifacts)
