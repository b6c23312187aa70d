"""``llms.txt``: where an assistant finds what about the product, made of the pages themselves."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
_DOCS = "https://github.com/openpanel-source/openpanel-source/blob/main"

_PARTS = {
    "Use it": (
        "README.md",
        "docs/command.md",
        "docs/python.md",
        "docs/deploy.md",
        "docs/destinations.md",
        "docs/servers.md",
    ),
    "What is in the warehouse": (
        "docs/schema.md",
        "docs/completeness.md",
        "docs/models.md",
        "docs/report.md",
        "docs/dbt.md",
        "docs/charts.md",
        "docs/explore.md",
        "docs/properties.md",
        "docs/dimensions.md",
    ),
    "Privacy, security, speed": ("docs/privacy.md", "docs/security.md", "docs/performance.md"),
    "Optional": (
        "docs/sandbox.md",
        "docs/architecture.md",
        "docs/dlt-internals.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ),
}

_INSTEAD = {
    "docs/command.md": "Every command, its options, and the exit codes.",
    "docs/schema.md": "Every table and column, with types and meaning.",
    "CONTRIBUTING.md": "How to set up, test and change the project.",
    "CHANGELOG.md": "What changed, newest first.",
}
"""What is said of pages that begin with something else."""

_FACTS = """\
- Install: `pip install openpanel-source`; try it without an account: `openpanel-source demo`.
- Settings stand in `[sources.openpanel]` of `.dlt/secrets.toml`, or in `SOURCES__OPENPANEL__…`;
  `openpanel-source check` says what is wrong with them.
- Load with `openpanel-source sync`, or `sync(pipeline)` in Python; run it again whenever in doubt.
  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 loaded but not verified.
- The default is the file `warehouse.duckdb`, dataset `openpanel`: `events`, `sync_days` and more.
  Ask it with `openpanel-source query "SELECT …"`, which can change nothing.
- Numbers as the dashboard shows them are in the models (`openpanel-source models`), not in
  `events`; sum `revenue` of events named `revenue` only.
"""


def llms_files() -> dict[Path, str]:
    """The file at the root, and what it should hold."""
    parts = ["# openpanel-source\n", f"> {_summary()}\n", _FACTS]
    for title, pages in _PARTS.items():
        lines = [f"## {title}\n"]
        for page in pages:
            heading, first = _told(page)
            lines.append(f"- [{heading}]({_DOCS}/{page}): {first}")
        parts.append("\n".join(lines) + "\n")
    return {ROOT / "llms.txt": "\n".join(parts)}


def _summary() -> str:
    return _told("README.md")[1]


def _told(page: str) -> tuple[str, str]:
    """The heading of a page and its first sentence, without links."""
    heading, _, rest = (ROOT / page).read_text(encoding="utf-8").partition("\n")
    paragraph = " ".join(rest.strip().split("\n\n")[0].split())
    paragraph = re.sub(r" \(\[[^]]*\]\([^)]*\)\)", "", paragraph)
    while "](" in paragraph:
        before, _, after = paragraph.partition("](")
        kept, _, text = before.rpartition("[")
        paragraph = f"{kept}{text}{after.partition(')')[2]}"
    sentence, dot, _ = paragraph.partition(". ")
    return heading.removeprefix("# ").strip(), _INSTEAD.get(page, sentence + dot.strip())
