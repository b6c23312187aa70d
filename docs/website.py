"""The documentation as a site: its pages gathered, built strictly, and nothing of it elsewhere.

``python -m docs.website`` in the environment of ``make site``. README.md and the pages of docs/ are
written for GitHub; here each gets a place of its own in the site, and links that lead out of the
pages lead to the repository.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
SOURCE, SITE = BUILD / "site-source", BUILD / "site"
REPOSITORY = "https://github.com/openpanel-source/openpanel-source/blob/main"

OF_THE_PROJECT = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "report-a-flaw.md",
}
"""Pages that do not lie in docs/, and what they are called in the site."""

MERMAID = "11.17.2"
MERMAID_SHA256 = "581ed7d74bd9048d0e3a91363927d72ef22942d7722546b27f7cc29e35390eb8"
"""Of ``dist/mermaid.min.js`` in the package of that version on npm."""

_CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_DIALECT = re.compile(r"^( *```\w+) \w+$", re.MULTILINE)
"""The first line of code that says more than its language, which the site takes for no code."""
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(#[^)\s]+)?\)")
_DRAWING = re.compile(r'<script src="[^"]*javascripts/mermaid[^"]*"></script>')
_WIDE = ".md-grid { max-width: 70rem; }\n"


def places() -> dict[str, str]:
    """By path in the repository, where each page and picture lies in the site."""
    found = dict(OF_THE_PROJECT)
    for path in sorted((ROOT / "docs").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in (".md", ".svg", ".png"):
            found[name] = name.removeprefix("docs/")
    return found


def relinked(text: str, page: str, where: dict[str, str]) -> str:
    """The text of a page with links that lead where they led, now that it lies in the site.

    Args:
        text: As it is in the repository; code in it is left alone.
        page: Its path there.
        where: As ``places`` tells.
    """

    def link(found: re.Match[str]) -> str:
        target, anchor = found[1], found[2] or ""
        there = normpath((PurePosixPath(page).parent / target).as_posix())
        if there in where:
            folder = PurePosixPath(where[page]).parent.as_posix()
            return f"]({relpath(where[there], folder)}{anchor})"
        return f"]({REPOSITORY}/{there}{anchor})"

    parts, last = [], 0
    for code in _CODE.finditer(text):
        parts += [_LINK.sub(link, text[last : code.start()]), _DIALECT.sub(r"\1", code[0])]
        last = code.end()
    return "".join([*parts, _LINK.sub(link, text[last:])])


def gather() -> None:
    """Write what the site is made of into ``build/site-source/``."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    where = places()
    for name, place in where.items():
        target = SOURCE / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".md"):
            text = (ROOT / name).read_text(encoding="utf-8")
            target.write_text(relinked(text, name, where), encoding="utf-8")
        else:
            shutil.copyfile(ROOT / name, target)
    for place, content in {
        "stylesheets/wide.css": _WIDE.encode(),
        "javascripts/mermaid.min.js": mermaid(),
    }.items():
        (SOURCE / place).parent.mkdir(exist_ok=True)
        (SOURCE / place).write_bytes(content)


def mermaid() -> bytes:
    """The program that draws diagrams, fetched from npm once, and no other than the known one."""
    kept = BUILD / f"mermaid-{MERMAID}.min.js"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        pack = ["npm", "pack", f"mermaid@{MERMAID}", "--pack-destination", str(BUILD)]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
        package = BUILD / f"mermaid-{MERMAID}.tgz"
        with tarfile.open(package) as archive:
            file = archive.extractfile("package/dist/mermaid.min.js")
            kept.write_bytes(file.read() if file else b"")
        package.unlink()
    content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != MERMAID_SHA256:
        kept.unlink()
        raise SystemExit(f"mermaid {MERMAID} is not what it was; see docs/website.py.")
    return content


def lighten() -> None:
    """Have pages without a diagram not load what draws them, which is larger than all else."""
    for path in SITE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if 'class="mermaid"' not in text:
            path.write_text(_DRAWING.sub("", text), encoding="utf-8")


def main() -> int:
    """Build it; returns the exit code. A page that the navigation lacks is an error, as any."""
    gather()
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean"]
    code = subprocess.run(build, cwd=ROOT, check=False).returncode
    lighten()
    return code


if __name__ == "__main__":
    sys.exit(main())
