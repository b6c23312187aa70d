"""What would be published, installed in empty environments and tried there."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import tomlkit

from release.artifacts import ROOT, Broken, run

_SAYS = "import sys; print('{}.{}'.format(*sys.version_info))"
_PYENV = Path.home() / ".pyenv" / "versions"


class Interpreter(NamedTuple):
    """A Python of this machine: its version, as 3.10, and the program."""

    version: str
    program: Path


def supported() -> list[str]:
    """The versions of Python that the package names, oldest first."""
    project = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    lines = project["project"]["classifiers"]
    return [line.rpartition(" ")[2] for line in lines if " :: Python :: 3." in line]


def interpreters() -> list[Interpreter]:
    """The oldest supported Python and the newest, as far as this machine has them."""
    found = [one for version in supported() if (one := _found(version)) is not None]
    return [found[0], found[-1]] if len(found) > 1 else found


def check_interpreters(pythons: Sequence[Interpreter]) -> None:
    """Say with which versions a release is tried; refuse none, and in CI all but the two ends.

    Raises:
        Broken: There is none; or ``CI_REQUIRES_ALL`` is set and the oldest is not there.
    """
    oldest, *_ = supported()
    if not pythons:
        raise Broken(f"no Python of {', '.join(supported())} is on the PATH.")
    print(f"tried with Python {' and '.join(one.version for one in pythons)}")
    if pythons[0].version != oldest:
        sentence = f"Python {oldest} is neither on the PATH nor in {_PYENV}"
        if os.environ.get("CI_REQUIRES_ALL"):
            raise Broken(f"{sentence}; install it.")
        print(f"NOT TRIED with the oldest Python: {sentence}")


def _found(version: str) -> Interpreter | None:
    """One that runs: programs of that name may only tell that a version is to be chosen."""
    kept = sorted(_PYENV.glob(f"{version}.*/bin/python"))
    for program in (shutil.which(f"python{version}"), *kept):
        if program is None:
            continue
        done = subprocess.run(
            [program, "-c", _SAYS], capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode == 0 and done.stdout.strip() == version:
            return Interpreter(version, Path(program))
    return None


def try_in_empty_environments(python: Interpreter, artifacts: Sequence[Path], version: str) -> None:
    """Install each artifact alone; run the demo and take over a warehouse of old with it.

    Raises:
        Broken: Something does not work.
    """
    for artifact in artifacts:
        with tempfile.TemporaryDirectory() as folder:
            for line in _tried(python, artifact, version, Path(folder)):
                print(f"  Python {python.version}, {artifact.name}: {line}", flush=True)


def _tried(python: Interpreter, artifact: Path, version: str, folder: Path) -> Iterator[str]:
    run(python.program, "-m", "venv", folder / "venv")
    programs = folder / "venv" / "bin"
    quietly = ("install", "--quiet", "--disable-pip-version-check")
    run(programs / "pip", *quietly, artifact, folder=folder)
    run(programs / "pip", "check", folder=folder)
    command = programs / "openpanel-source"
    said = run(command, "--version", folder=folder)
    if version not in said:
        raise Broken(f"openpanel-source --version says {said.strip()}, not {version}.")
    alone = {"DLT_DATA_DIR": str(folder / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    yield "installed"
    (folder / "demo").mkdir()
    run(command, "demo", folder=folder / "demo", **alone)
    yield "the demo runs"
    # Nothing of the checkout may be found there but the tests' own world and the old files.
    for name in ("tests/support", "tests/data/old_warehouse"):
        shutil.copytree(ROOT / name, folder / "trial" / name)
    (folder / "trial" / "tests" / "__init__.py").touch()
    _write_for_older_duckdb(folder / "trial" / "tests" / "data" / "old_warehouse")
    shutil.copyfile(ROOT / "release" / "upgrade.py", folder / "trial" / "upgrade.py")
    yield run(programs / "python", "upgrade.py", folder=folder / "trial", **alone).strip()


def _write_for_older_duckdb(folder: Path) -> None:
    """Beside the file of old, the same as DuckDB 1.2 reads it: Python 3.10 has no newer one."""
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        old, new = Path(scratch) / "old.duckdb", Path(scratch) / "new.duckdb"
        old.write_bytes(gzip.decompress((folder / "warehouse.duckdb.gz").read_bytes()))
        connection.execute(f"ATTACH '{old}' AS old (READ_ONLY)")
        connection.execute(f"ATTACH '{new}' AS new (STORAGE_VERSION 'v1.2.0')")
        connection.execute("COPY FROM DATABASE old TO new; DETACH new; DETACH old")
        (folder / "warehouse-1.2.duckdb.gz").write_bytes(gzip.compress(new.read_bytes()))
