"""Make the README's pictures: what the demo prints, its report, and a calendar of proof.

`make pictures` does it, by hand, when what they show has changed; it needs Chromium. A test checks
that they are there, and small.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from playwright.sync_api import Page, sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent / "pictures"
PICTURE = FOLDER / "demo.svg"
REPORT = FOLDER / "report.png"
PROOF = FOLDER / "proof.png"
_WIDTH = 84
_DATABASE = "openpanel_demo.duckdb"
_LOST = """
DELETE FROM openpanel.sync_days
    WHERE project_id = 'acme-shop' AND day BETWEEN current_date - 87 AND current_date - 85;
UPDATE openpanel.sync_days SET verdict = 'short', rows_received = rows_received - 12
    WHERE project_id = 'acme-shop' AND day = current_date - 151;
UPDATE openpanel.sync_days SET verdict = 'moving'
    WHERE project_id = 'acme-blog' AND day = current_date - 40
"""
"""The demo loses nothing; the picture is to show what it would look like."""


def drawn(command: str, printed: str) -> str:
    """A terminal in which a command has printed something, as an SVG that loads nothing.

    Args:
        command: As it was typed.
        printed: What it has printed.
    """
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(printed))
    # Readers have a font of that kind; one from elsewhere would tell that they read.
    own_fonts = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    text = console.export_svg(title=command, code_format=own_fonts, unique_id="demo")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def main() -> None:
    """Run the demo, draw it and its report; and one of a year, in which days are missing."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        PICTURE.write_text(drawn("openpanel-source demo", _run(folder, "demo")), encoding="utf-8")
        _run(folder, "report", "--database", _DATABASE)
        _shoot(folder, 880, REPORT)
        _run(folder, "demo", "--events", "100000", "--days", "365")
        with duckdb.connect(str(folder / _DATABASE)) as connection:
            connection.execute(_LOST)
        _run(folder, "report", "--database", _DATABASE)
        _shoot(folder, 900, PROOF, "[data-block=proof]")


def _run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "openpanel_source.cli", *arguments]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return str(done.stdout)


def _shoot(folder: Path, height: int, picture: Path, part: str | None = None) -> None:
    """Take a picture of the report in a folder: its top, or a part of it."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page: Page = browser.new_page(
            viewport={"width": 1200, "height": height}, color_scheme="light"
        )
        page.goto((folder / "openpanel-report.html").as_uri())
        if part is None:
            page.screenshot(path=picture)
        else:
            page.locator(part).screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
