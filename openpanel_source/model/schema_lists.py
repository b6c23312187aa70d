"""The tables of what the dashboard lists; all are in ``schema``."""

from __future__ import annotations

from openpanel_source.model.table import Table, bigint, json, text, timestamp

SYNC_LISTS = Table(
    "sync_lists",
    "One row is a list of a project as it was last read, and what the reading proved.",
    (
        text("project_id", "The project.", "setting project_id", key=True),
        text(
            "list_name",
            "references, projects, profiles or groups; so is the table named.",
            "setting lists",
            key=True,
        ),
        text("verdict", "complete, partial or failed; see the docs.", "the reading", required=True),
        text("reason", "What keeps it from being complete; else null.", "the reading"),
        bigint("rows_received", "Rows that came, each once.", "rows of answers", required=True),
        bigint("requests", "Requests made for it.", "requests", required=True),
        timestamp("read_at", "When the reading ended, UTC.", "the clock", required=True),
    ),
)

REFERENCES = Table(
    "references",
    "One row is a reference of the dashboard: what happened at a moment, as noted on its charts.",
    (
        text("project_id", "The project.", "`projectId`", key=True),
        text("id", "Its id, a UUID.", "`id`", key=True),
        text("title", "What happened, in short.", "`title`"),
        text("description", "What else there is to say; null when nothing.", "`description`"),
        timestamp("date", "When it happened; midnight UTC where a day was given.", "`date`"),
        timestamp("created_at", "When it was made.", "`createdAt`"),
        timestamp("updated_at", "When it was last changed.", "`updatedAt`"),
        timestamp("read_at", "When the server told so, UTC.", "the clock", required=True),
    ),
)

PROJECTS = Table(
    "projects",
    "One row is a project of those that are read: what it is called.",
    (
        text("project_id", "The project.", "`id`", key=True),
        text("name", "Its name in the dashboard.", "`name`"),
        text("organization_id", "The organisation that owns it.", "`organizationId`"),
        text("domain", "Address of its site; null when none is set.", "`domain`"),
        json("types", "Kinds of sites and apps it is for, a list of text.", "`types`"),
        timestamp("created_at", "When it was made.", "`createdAt`"),
        timestamp("updated_at", "When it was last changed.", "`updatedAt`"),
        timestamp("read_at", "When the server told so, UTC.", "the clock", required=True),
    ),
)

GROUPS = Table(
    "groups",
    "One row is a group of visitors, as a company or a team, that the server has stored.",
    (
        text("project_id", "The project.", "`projectId`", key=True),
        text("id", "Its id: group_id in event_groups.", "`id`", key=True),
        text("type", "Its kind, e.g. company.", "`type`"),
        text("name", "What it is called.", "`name`"),
        json("properties", "Custom properties; may nest.", "`properties`"),
        timestamp("created_at", "When it was made.", "`createdAt`"),
        timestamp("updated_at", "The server's version of it, as an instant.", "`updatedAt`"),
        timestamp("read_at", "When the server told so, UTC.", "the clock", required=True),
    ),
)
