"""What a sandbox server holds: organisations, projects, clients and their rows."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

Row = dict[str, Any]
"""One event, profile or event definition, with the keys and values of the API (camelCase)."""


class Organization(msgspec.Struct, frozen=True):
    """An organisation: the owner of projects; its time zone shapes charts."""

    id: str
    timezone: str = "UTC"


class Project(msgspec.Struct, frozen=True):
    """A project and the organisation it belongs to."""

    id: str
    organization: str


class Client(msgspec.Struct, frozen=True):
    """Credentials; ``type`` is root, read or write, ``secret`` what the header must carry."""

    id: str
    type: str
    organization: str
    project: str | None = None
    secret: str | None = None


class Accounts(msgspec.Struct, frozen=True):
    """Who may read what."""

    organizations: list[Organization]
    projects: list[Project]
    clients: list[Client]


@dataclass(frozen=True)
class Dataset:
    """All a server knows. Rows are in API form and keyed by project id."""

    accounts: Accounts
    events: dict[str, list[Row]]
    profiles: dict[str, list[Row]] = field(default_factory=dict)
    event_meta: dict[str, list[Row]] = field(default_factory=dict)
    references: dict[str, list[Row]] = field(default_factory=dict)
    groups: dict[str, list[Row]] = field(default_factory=dict)
    projects: dict[str, Row] = field(default_factory=dict)


def load_dataset(folder: Path | str) -> Dataset:
    """Read a dataset folder: ``accounts.json`` and, for each project, its rows.

    Args:
        folder: Holds ``PROJECT.events.jsonl.gz``, ``PROJECT.profiles.jsonl.gz``,
            ``PROJECT.event_meta.json``, ``PROJECT.references.json`` and ``PROJECT.groups.json``; a
            project without files is empty.

    Returns:
        The dataset, rows in the order of the files.

    Raises:
        FileNotFoundError: There is no ``accounts.json`` in the folder.
        msgspec.DecodeError: A file is not the JSON it should be.
    """
    folder = Path(folder)
    accounts = msgspec.json.decode((folder / "accounts.json").read_bytes(), type=Accounts)
    ids = [project.id for project in accounts.projects]

    def listed(name: str) -> dict[str, list[Row]]:
        paths = {project: folder / f"{project}.{name}.json" for project in ids}
        return {
            project: msgspec.json.decode(path.read_bytes()) if path.exists() else []
            for project, path in paths.items()
        }

    return Dataset(
        accounts=accounts,
        events={project: _rows(folder / f"{project}.events.jsonl.gz") for project in ids},
        profiles={project: _rows(folder / f"{project}.profiles.jsonl.gz") for project in ids},
        event_meta=listed("event_meta"),
        references=listed("references"),
        groups=listed("groups"),
    )


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with gzip.open(path, "rb") as lines:
        return [msgspec.json.decode(line, type=Row) for line in lines]
