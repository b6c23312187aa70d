"""What ``init`` asks in a terminal, again until it can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.api.projects import Readable


def asked(what: str, default: str | None, asks: bool) -> str:
    """An answer; the default where nobody can be asked."""
    if not asks:
        return default or ""
    return str(click.prompt(what, default=default)).strip()


def asked_secret() -> str:
    """An answer that the terminal does not show."""
    return str(click.prompt("Client secret (it is not shown)", hide_input=True)).strip()


def chosen(readable: Readable, asks: bool) -> tuple[str, ...]:
    """The projects that are to be read: the only one there is, or those that are chosen."""
    ids = [project.id for project in readable.projects]
    if not readable.is_root and ids:
        click.echo(f"The client is of type read and reads the project {printable(ids[0])}.")
        return tuple(ids)
    if not asks:
        raise InvalidSettingError(
            f"--project-id is missing; {_known(readable)}, name those that are to be loaded."
        )
    if not ids:
        click.echo(f"{_known(readable).capitalize()}: an id is in the dashboard's address.")
        return _repeated("Project id", lambda text: (text,) if text else ())
    click.echo("The client is of type root and reads these projects:")
    for number, project in enumerate(readable.projects, 1):
        name = printable(project.name, 100)
        click.echo(f"{number:4}  {printable(project.id)}{f'  ({name})' if name else ''}")
    return _repeated(
        "Which of them? Numbers or ids, with commas", lambda text: _named(text, ids), "all"
    )


def _known(readable: Readable) -> str:
    if readable.projects:
        ids = ", ".join(printable(project.id) for project in readable.projects)
        return f"the client reads {ids}"
    if readable.is_root:
        return "this server does not list the projects of its clients"
    return "the server does not tell which project this client reads, as there are no events in it"


def _named(text: str, ids: list[str]) -> tuple[str, ...]:
    """The projects that an answer names; none if one of them is not there."""
    parts = [part.strip() for part in text.split(",")]
    if parts == ["all"] and "all" not in ids:
        return tuple(ids)
    found = []
    for part in parts:
        # Ids may be numbers, too.
        if part in ids:
            found.append(part)
        elif part.isdecimal() and 0 < int(part) <= len(ids):
            found.append(ids[int(part) - 1])
        else:
            click.echo(f"There is no {printable(part, 100)!r} among them.")
            return ()
    return tuple(dict.fromkeys(found))


def _repeated(
    question: str, read: Callable[[str], tuple[str, ...]], default: str | None = None
) -> tuple[str, ...]:
    while not (found := read(str(click.prompt(question, default=default)).strip())):
        """Asked again."""
    return found
