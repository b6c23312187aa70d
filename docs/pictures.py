"""Make the README's picture: what `openpanel-source demo` prints, as an SVG (`make pictures`).

It is renewed by hand, when what the demo prints has changed; a test checks what is in it.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parent / "pictures" / "demo.svg"
_WIDTH = 84


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
    """Run the demo, draw it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "openpanel_source.cli", "demo"]
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, capture_output=True, text=True, check=True
        )
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn("openpanel-source demo", done.stdout), encoding="utf-8")


if __name__ == "__main__":
    main()
