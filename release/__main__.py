"""``make release`` and ``make dist``: build, check and try what would be published.

Everything is a rehearsal: nothing is uploaded. What is made lies in ``dist/`` (what an index takes)
and ``build/release/`` (what stands beside it: the bill of materials and the sums).
"""

from __future__ import annotations

import argparse
import sys

from release.artifacts import ROOT, Broken, build, commit_time, is_clean, write_sums
from release.contents import check_contents, check_metadata
from release.sbom import write_sbom
from release.trials import check_interpreters, interpreters, try_in_empty_environments
from release.version import check_version


def main() -> int:
    """Make a release, or the quick part of one; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="build and check, install nowhere")
    parser.add_argument("--tag", default="", help="that is released, as v1.2.3; empty: a rehearsal")
    options = parser.parse_args()
    try:
        _run(options.tag, is_quick=options.quick)
    except Broken as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    return 0


def _run(tag: str, *, is_quick: bool) -> None:
    if not (is_quick or is_clean()):
        raise Broken("there are changes that are in no commit; commit them, or: make dist.")
    version = check_version(tag)
    pythons = [] if is_quick else interpreters()
    if not is_quick:
        check_interpreters(pythons)
    when = commit_time()
    artifacts = build(when)
    print(f"{version}, built twice in different places, byte for byte the same:")
    for path in artifacts:
        print(f"  {path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    print(f"  contents: {check_contents(artifacts)}")
    check_metadata(artifacts)
    sbom = write_sbom(version, when)
    print(f"  bill of materials: {sbom.relative_to(ROOT)}")
    for line in write_sums([*artifacts, sbom]):
        print(f"  {line}")
    for python in pythons:
        try_in_empty_environments(python, artifacts, version)
    if not is_quick:
        print("the release is ready; see CONTRIBUTING.md for what publishes it")


if __name__ == "__main__":
    sys.exit(main())
