"""What is listed, in memory; it may be changed while the server runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpanel_source.sandbox.dataset import Dataset, Row

_MADE_AT = "2026-01-01T00:00:00.000Z"


@dataclass
class Listed:
    """Rows by project, in API form (camelCase), in any order.

    Attributes:
        references: Annotations of charts.
        groups: Groups that are stored.
        profiles: Profiles that are stored.
        projects: What there is to say of a project.
    """

    references: dict[str, list[Row]] = field(default_factory=dict)
    groups: dict[str, list[Row]] = field(default_factory=dict)
    profiles: dict[str, list[Row]] = field(default_factory=dict)
    projects: dict[str, Row] = field(default_factory=dict)


def listed_of(dataset: Dataset) -> Listed:
    """What a dataset has to list."""
    said = dataset.projects
    # In the order in which the dataset tells of them, and then that of the accounts.
    known = {project.id: project for project in dataset.accounts.projects}
    order = [*(one for one in said if one in known), *(one for one in known if one not in said)]
    return Listed(
        {project: list(rows) for project, rows in dataset.references.items()},
        {project: list(rows) for project, rows in dataset.groups.items()},
        {project: list(rows) for project, rows in dataset.profiles.items()},
        {one: _project(one, known[one].organization) | said.get(one, {}) for one in order},
    )


def _project(project_id: str, organization: str) -> Row:
    return {
        "id": project_id,
        "name": f"Project {project_id}",
        "organizationId": organization,
        "eventsCount": 0,
        "types": [],
        "domain": None,
        "cors": [],
        "crossDomain": False,
        "allowUnsafeRevenueTracking": False,
        "filters": [],
        "deleteAt": None,
        "createdAt": _MADE_AT,
        "updatedAt": _MADE_AT,
    }


def newest_first(rows: list[Row]) -> list[Row]:
    """Rows by when they were made; those of one moment as they stand."""
    return sorted(rows, key=lambda row: str(row["createdAt"]), reverse=True)
