"""The sdist and the wheel, built of what git knows, twice, and the same both times."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
BESIDE = ROOT / "build" / "release"
"""What does not go to an index."""


class Broken(Exception):  # noqa: N818 - told as a sentence
    """Why there is no release: one sentence, with what to do."""


def run(*command: str | Path, folder: Path = ROOT, **environment: str) -> str:
    """What a program prints.

    Raises:
        Broken: It failed.
    """
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Broken(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def tracked() -> list[str]:
    """The files that git knows and that are there, relative to the root."""
    names = run("git", "ls-files", "-z").split("\0")
    return sorted(name for name in names if name and (ROOT / name).exists())


def is_clean() -> bool:
    """Whether all is in a commit."""
    return not run("git", "status", "--porcelain")


def commit_time() -> int:
    """When the last commit was made, in seconds of Unix time: all that is built says so."""
    return int(run("git", "log", "-1", "--format=%ct"))


def build(when: int) -> list[Path]:
    """Build both into ``dist/``, in two places, and compare.

    Args:
        when: Unix time that they are to bear.

    Returns:
        The sdist and the wheel.

    Raises:
        Broken: They differ.
    """
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first = _built(Path(one) / "a", when, umask=0o022, TZ="UTC", LC_ALL="C")
        second = _built(
            Path(two) / "another-place", when, umask=0o077, TZ="Pacific/Apia", LC_ALL="C.UTF-8"
        )
        for ours, theirs in zip(first, second, strict=True):
            if ours.name != theirs.name or ours.read_bytes() != theirs.read_bytes():
                raise Broken(f"two builds of {ours.name} differ; compare them with diffoscope.")
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.mkdir()
        return [Path(shutil.copyfile(path, DIST / path.name)) for path in first]


def _built(folder: Path, when: int, *, umask: int, **environment: str) -> list[Path]:
    before = os.umask(umask)
    try:
        for name in tracked():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
        builder = Path(sys.executable).with_name("hatchling")
        run(builder, "build", folder=folder, SOURCE_DATE_EPOCH=str(when), **environment)
    finally:
        os.umask(before)
    return sorted((folder / "dist").iterdir(), key=lambda path: path.suffix)


def write_sums(files: Sequence[Path]) -> list[str]:
    """Write ``SHA256SUMS``, which ``sha256sum --check`` reads beside the files; its lines."""
    BESIDE.mkdir(parents=True, exist_ok=True)
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files]
    (BESIDE / "SHA256SUMS").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return lines
