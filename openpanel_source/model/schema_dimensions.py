"""The tables of groups, profiles and what the dashboard says; all are in ``schema``."""

from __future__ import annotations

from openpanel_source.model.table import Column, Reference, Table

EVENT_GROUPS = Table(
    "event_groups",
    "One row is a group of an event: the lists in events.groups, normalized.",
    (
        Column("project_id", "text", "The project of the event.", key=True),
        Column("event_date", "date", "UTC day of the event.", key=True),
        Column("event_id", "text", "The event: id in events.", "id", key=True),
        Column("group_id", "text", "A group of it, once however often listed.", "groups", key=True),
        Column("created_at", "timestamp", "When the event happened.", "createdAt", required=True),
    ),
    origins={"project_id": "setting project_id", "event_date": "day of createdAt"},
    references=(
        Reference(
            "events",
            ("project_id", "event_date", "event_id"),
            ("project_id", "event_date", "id"),
        ),
    ),
)

PROFILES = Table(
    "profiles",
    "One row is a profile as the server last told it with an event. Those that it makes up, for"
    " anonymous visitors and where nothing is stored, are left out: not external, and with nothing"
    " but an id and one moment for both times.",
    (
        Column("project_id", "text", "The project that was read.", key=True),
        Column("id", "text", "The profile's id: profile_id of its events.", "profile.id", key=True),
        Column("email", "text", "E-mail address; empty when unknown.", "profile.email"),
        Column("avatar", "text", "URL of a picture; empty when there is none.", "profile.avatar"),
        Column("first_name", "text", "First name; empty when unknown.", "profile.firstName"),
        Column("last_name", "text", "Last name; empty when unknown.", "profile.lastName"),
        Column(
            "is_external",
            "bool",
            "Whether the site identified the visitor.",
            "profile.isExternal",
        ),
        Column("properties", "json", "Custom properties; may nest.", "profile.properties"),
        Column("groups", "json", "Ids of its groups, a list of text.", "profile.groups"),
        Column("created_at", "timestamp", "When it was first stored.", "profile.createdAt"),
        Column("last_seen_at", "timestamp", "When it was last seen.", "profile.lastSeenAt"),
        Column("read_at", "timestamp", "When the server told so, UTC.", required=True),
    ),
    origins={"project_id": "setting project_id", "read_at": "the clock"},
)

EVENT_META = Table(
    "event_meta",
    "One row is what the dashboard says of the events of a name, as last told with an event.",
    (
        Column("project_id", "text", "The project that was read.", key=True),
        Column("name", "text", "The events' name.", "meta.name", key=True),
        Column("id", "text", "Its id, a UUID.", "meta.id"),
        Column("conversion", "bool", "Whether they are conversions.", "meta.conversion"),
        Column("color", "text", "Colour in the dashboard.", "meta.color"),
        Column("icon", "text", "Icon in the dashboard.", "meta.icon"),
        Column("created_at", "timestamp", "When it was made.", "meta.createdAt"),
        Column("updated_at", "timestamp", "When it was last changed.", "meta.updatedAt"),
        Column("read_at", "timestamp", "When the server told so, UTC.", required=True),
    ),
    origins={"project_id": "setting project_id", "read_at": "the clock"},
)
