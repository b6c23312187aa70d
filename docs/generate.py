"""Write what is made from code.

That is docs/schema.md and docs/command.md, parts of docs/python.md and docs/models.md, the SQL of
the models in each dialect, ``openpanel_source/models/dialects/``, what dlt's own ``init`` copies,
``sources/``, parts of the dbt package, ``dbt/``, and the page for assistants, llms.txt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from dlt.common.schema import Schema
from dlt.common.schema.utils import new_table

from docs.dbt_package import dbt_files
from docs.dlt_source import dlt_source_files
from docs.llms import llms_files
from docs.model_dialects import dialect_file
from openpanel_source.cli.main import main
from openpanel_source.model.schema import LIST_TABLES, SYNC_DAYS, TABLES, Reference, Table
from openpanel_source.models import day_status
from openpanel_source.models.definitions import DIALECTS, Model, models
from openpanel_source.source.settings.declared import DEFAULTS, REQUIRED, meanings

ROOT = Path(__file__).parents[1]


def schema_page() -> str:
    """Every table and column, from ``openpanel_source/model/schema.py``."""
    parts = [_INTRODUCTION, f"```mermaid\n{_diagram()}```\n"]
    for table in (*TABLES, *LIST_TABLES):
        parts.append(_table(table))
        if table is SYNC_DAYS:
            parts.append(_day_status())
    return "\n".join(parts)


_INTRODUCTION = """# Tables

Made by `make docs` from `openpanel_source/model/schema.py`. Timestamps are UTC instants,
dates UTC days. The same descriptions are dlt hints of all columns, and comments on tables and
columns in DuckDB and PostgreSQL (`sync` writes them) and where dlt writes some:
Databricks, and columns in BigQuery and Snowflake.

## When the API changes

A field that this version does not know becomes a column of `events` as soon as a row has it:
`newField` is `new_field`, of type json, holding the field's JSON as it was sent (text in quotes);
null where it is absent or null. The type holds whatever the API sends tomorrow. If another column
has the name, it begins with `field_`. Days loaded before get the column's values when they are read
again (`--reload`). 50 fields at most become columns; further ones, names that are no plain
words (letters, digits, `_`, up to 50 characters), those that would share a column with another
field, `profile` and `meta` stay in `extras`.

A field that changes its type is loaded as what it can be or rejected alone:
[completeness](completeness.md#rows-that-are-not-as-documented).

The dlt schema contract is `{"tables": "evolve", "columns": "evolve", "data_type": "freeze"}`: new
versions may bring tables and columns, the API columns; that the type of a column would change under
those who read it is an error before anything is loaded. A contract that you set,
`openpanel().schema_contract` or `pipeline.run(..., schema_contract=...)`, takes its place. If it
permits no new columns, new fields stay in `extras`.

## How tables refer to each other

Keys, and the columns of references (`events` and `sync_days` share days; nothing enforces it).
"""


def _diagram() -> str:
    """Keys and references as dlt draws them."""
    schema = Schema("openpanel")
    for table in (*TABLES, *LIST_TABLES):
        referring = {name for reference in table.references for name in reference.columns}
        columns = [
            column
            for column in table.dlt_columns().values()
            if column["name"] in referring or column["name"] in table.primary_key
        ]
        for column in columns:
            column["primary_key"] = column["name"] in table.primary_key
        references = [reference.hint for reference in table.references]
        schema.update_table(new_table(table.name, columns=columns, references=references))
    return schema.to_mermaid(hide_descriptions=True, include_dlt_tables=False)


def _table(table: Table) -> str:
    lines = [f"## {table.name}\n", f"{table.description}\n"]
    lines.append(f"Key: {_names(table.primary_key)}.\n")
    lines += [f"{_reference(reference)}\n" for reference in table.references]
    lines += ["| column | type | null | from | meaning |", "|---|---|---|---|---|"]
    for column in table.columns:
        null = "yes" if column.nullable else "no"
        key = column.property_key
        origin = f"`properties.{key}`" if key else column.origin
        lines.append(
            f"| `{column.name}` | {column.type} | {null} | {origin} | {column.description} |"
        )
    return "\n".join(lines) + "\n"


def _day_status() -> str:
    names = _names([column.name for column in day_status.COLUMNS])
    query = day_status.latest_readings("openpanel.sync_days")
    for clause in ("FROM (", "FROM openpanel"):
        query = query.replace(f" {clause}", f"\n{clause}")
    return f"""## {day_status.VIEW}

{day_status.DESCRIPTION} A view with those of its columns that are never null: {names}.

`sync` makes it in DuckDB and PostgreSQL, unless there is something of that name, which is left
alone; to have it anew, drop it. What only looks, as `status`, makes nothing. Elsewhere ask:

```sql
{query}
```
"""


def models_page() -> str:
    """The page as it is, with every model and its columns, from the comments in ``models/``."""
    described = "\n".join(_described(model) for model in models())
    return _with_part("models.md", described)


def _described(model: Model) -> str:
    lines = [f"## {model.name}\n"]
    lines.append(f"{model.description} [Its SQL](../openpanel_source/models/{model.name}.sql)\n")
    lines += ["| column | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in model.columns.items()]
    return "\n".join(lines) + "\n"


def _reference(reference: Reference) -> str:
    rows = "one row" if reference.is_unique else "rows"
    to = reference.to or reference.columns
    by = "" if to == reference.columns else f" by {_names(to)}"
    table = f"[{reference.table}](#{reference.table})"
    return f"{_names(reference.columns)}: {rows} of {table}{by}."


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_EXIT_CODES = {
    0: (
        "done, and every day read is proven complete, as far as it was over; days are left only"
        " where `--max-runtime` ended it (`days_left`)",
        "",
    ),
    1: (
        "something failed that may pass, or a chart, list or project alone, or the server or this"
        " package is at fault, or a run could read none of the days that are left; what was read"
        " before is committed",
        "run it again later; report what stays",
    ),
    2: ("wrong usage or configuration, told in one sentence", "change what it names"),
    3: (
        "loaded, but not verified, or deletions held back, or changed since by hand: `sync`,"
        " `audit`, `erase` and `status` name the days",
        "run it again; see [completeness](completeness.md)",
    ),
    130: (
        "Ctrl-C; what was read is committed, unless it was pressed again",
        "run it again, it continues",
    ),
    141: ("who reads its output has ended, as `head` does", ""),
    143: ("SIGTERM; what was read is committed", "run it again, it continues"),
}
_SURROUNDINGS = """\
A standard stream that is closed (`>&-`, `2>&-`) is as good as `/dev/null`: the work is done, and
the exit code tells how it went. Characters that stdout cannot hold (cp1252) are written as escapes,
tables in ASCII. [What an orchestrator should do](deploy.md#exit-codes).

## Settings

Options win over the environment, that over `.dlt/secrets.toml` and `.dlt/config.toml`;
`openpanel-source check` says where each setting came from.
[Which names count](python.md#where-settings-come-from) is the same as in Python. Beyond that, the
command takes nothing from variables that name no section (`DEV_MODE`, `NAMING`, `WORKERS` …), and
of dlt's section `[pipelines]` only `staging_type` and `staging_name`.

Where the rows are can be said once, in `.dlt/config.toml`, for all commands that load or look:

```toml
[openpanel_source]
destination = "duckdb"             # or another of dlt's, as postgres
database = "data/events.duckdb"    # of DuckDB; relative to the folder that the command runs in
dataset = "openpanel"
```

In the environment these are `OPENPANEL_SOURCE__DESTINATION`, `OPENPANEL_SOURCE__DATABASE` and
`OPENPANEL_SOURCE__DATASET`. Options win; `--database FILE` alone means DuckDB. They are the
command's: a pipeline of your own says in `dlt.pipeline(…)` where its rows go.
"""


def _exit_codes() -> str:
    lines = ["## Exit codes\n", "| code | means | what to do |", "|---|---|---|"]
    lines += [f"| {code} | {means} | {remedy} |" for code, (means, remedy) in _EXIT_CODES.items()]
    return "\n".join([*lines, "", _SURROUNDINGS])


def command_page() -> str:
    """The help of every command."""
    parts = ["# The command\n", "Made by `make docs` from the command's own help.\n"]
    context = main.make_context("openpanel-source", [], resilient_parsing=True)
    parts += [f"```\n{main.get_help(context)}\n```\n", _exit_codes()]
    for name, command in sorted(main.commands.items()):
        inner = click.Context(command, parent=context, info_name=name)
        parts.append(f"## {name}\n\n```\n{command.get_help(inner)}\n```\n")
        for part, child in sorted(getattr(command, "commands", {}).items()):
            within = click.Context(child, parent=inner, info_name=part)
            parts.append(f"### {name} {part}\n\n```\n{child.get_help(within)}\n```\n")
    return "\n".join(parts)


_MORE = {
    "clients": "see [secrets](deploy.md#secrets)",
    "charts": "see [charts](charts.md)",
    "allow_deletions": "see [completeness](completeness.md#much-is-never-deleted-on-one-answer)",
    "web_columns": "see [properties](properties.md)",
    "properties": "see [properties](properties.md)",
    **dict.fromkeys(
        ("exclude_columns", "hash_columns", "drop_properties", "erased_profiles", "hash_key"),
        "see [privacy](privacy.md)",
    ),
    "include_profiles": "costs no request; see [dimensions](dimensions.md)",
    "include_event_meta": "costs no request; see [dimensions](dimensions.md)",
    "lists": "see [dimensions](dimensions.md#lists)",
    "table_format": "see [destinations](destinations.md#delta-and-iceberg)",
}
"""What else there is to say of a setting, where there are links."""


def python_page() -> str:
    """The page as it is, with the table of ``openpanel_source/source/settings/declared.py``."""
    return _with_part("python.md", _settings())


def _with_part(name: str, made: str) -> str:
    """A page as it is, with what is made from code between its two marks."""
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    before, start, rest = page.partition("<!-- made by `make docs` -->\n")
    _, end, after = rest.partition("<!-- until here -->\n")
    return "".join((before, start, made, end, after))


def _settings() -> str:
    lines = ["| argument | default | option | meaning |", "|---|---|---|---|"]
    options = {param.name: f"`{param.opts[0]}`" for param in main.commands["sync"].params}
    for name, meaning in meanings().items():
        text = f"{meaning.rstrip('.')}; {_MORE[name]}" if name in _MORE else meaning.rstrip(".")
        shown = text.replace("``", "`").replace("|", "\\|")
        lines.append(f"| `{name}` | {_default(name)} | {options.get(name, '')} | {shown} |")
    return "\n".join([*lines, ""])


def _default(name: str) -> str:
    default: Any = DEFAULTS[name]
    if name in REQUIRED or default is None:
        return "required" if name in REQUIRED else ""
    if isinstance(default, str):
        return f"`{default}`"
    return str(default).lower() if isinstance(default, bool) else f"{default:,.9g}"


def generated() -> dict[Path, str]:
    """Every file that is made from code, and what it should hold."""
    pages = {
        "schema.md": schema_page,
        "models.md": models_page,
        "command.md": command_page,
        "python.md": python_page,
    }
    found = {ROOT / "docs" / name: page() for name, page in pages.items()}
    for dialect in DIALECTS:
        path = ROOT / "openpanel_source" / "models" / "dialects" / f"{dialect}.sql"
        found[path] = dialect_file(dialect)
    return found | dlt_source_files() | dbt_files() | llms_files()


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
