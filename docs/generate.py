"""Write the pages that are made from code: docs/schema.md and docs/command.md."""

from __future__ import annotations

from pathlib import Path

import click

from openpanel_source.cli import main
from openpanel_source.schema import TABLES, Table

HERE = Path(__file__).parent


def schema_page() -> str:
    """Every table and column, from ``openpanel_source/schema.py``."""
    parts = [
        "# Tables\n",
        "Made by `make docs` from `openpanel_source/schema.py`. Timestamps are UTC instants, dates"
        " UTC days.\n",
    ]
    parts += [_table(table) for table in TABLES]
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [f"## {table.name}\n", f"{table.description}\n"]
    lines.append(f"Key: {', '.join(f'`{name}`' for name in table.primary_key)}.\n")
    lines += ["| column | type | null | from | meaning |", "|---|---|---|---|---|"]
    for column in table.columns:
        null = "yes" if column.nullable else "no"
        key = column.property_key
        origin = column.field or (f"properties.{key}" if key else None)
        field = f"`{origin}`" if origin else ""
        lines.append(
            f"| `{column.name}` | {column.type} | {null} | {field} | {column.description} |"
        )
    return "\n".join(lines) + "\n"


def command_page() -> str:
    """The help of every command."""
    parts = ["# The command\n", "Made by `make docs` from the command's own help.\n"]
    context = main.make_context("openpanel-source", [], resilient_parsing=True)
    parts.append(f"```\n{main.get_help(context)}\n```\n")
    for name, command in sorted(main.commands.items()):
        inner = click.Context(command, parent=context, info_name=name)
        parts.append(f"## {name}\n\n```\n{command.get_help(inner)}\n```\n")
        for part, child in sorted(getattr(command, "commands", {}).items()):
            within = click.Context(child, parent=inner, info_name=part)
            parts.append(f"### {name} {part}\n\n```\n{child.get_help(within)}\n```\n")
    return "\n".join(parts)


PAGES = {"schema.md": schema_page, "command.md": command_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (HERE / file).write_text(page(), encoding="utf-8")
