"""The tables of groups, profiles and what the dashboard says; all are in ``schema``."""

from __future__ import annotations

from openpanel_source.model.table import Reference, Table, boolean, date, json, text, timestamp

EVENT_GROUPS = Table(
    "event_groups",
    "One row is a group of an event: the lists in events.groups, normalized.",
    (
        text("project_id", "The project of the event.", "setting project_id", key=True),
        date("event_date", "UTC day of the event.", "day of createdAt", key=True),
        text("event_id", "The event: id in events.", "`id`", key=True),
        text("group_id", "A group of it, once however often listed.", "`groups`", key=True),
        timestamp("created_at", "When the event happened.", "`createdAt`", required=True),
    ),
    references=(
        Reference(
            "events", ("project_id", "event_date", "event_id"), ("project_id", "event_date", "id")
        ),
    ),
)

PROFILES = Table(
    "profiles",
    "One row is a profile as the server last told it, with an event or in a list. Those that it"
    " makes up with events, for anonymous visitors and where nothing is stored, are left out: not"
    " external, and with nothing but an id and one moment for both times.",
    (
        text("project_id", "The project that was read.", "setting project_id", key=True),
        text("id", "The profile's id: profile_id of its events.", "`profile.id`", key=True),
        text("email", "E-mail address; empty when unknown.", "`profile.email`"),
        text("avatar", "URL of a picture; empty when there is none.", "`profile.avatar`"),
        text("first_name", "First name; empty when unknown.", "`profile.firstName`"),
        text("last_name", "Last name; empty when unknown.", "`profile.lastName`"),
        boolean("is_external", "Whether the site identified the visitor.", "`profile.isExternal`"),
        json("properties", "Custom properties; may nest.", "`profile.properties`"),
        json("groups", "Ids of its groups, a list of text.", "`profile.groups`"),
        timestamp("created_at", "When it was first stored.", "`profile.createdAt`"),
        timestamp("last_seen_at", "When it was last seen.", "`profile.lastSeenAt`"),
        timestamp("read_at", "When the server told so, UTC.", "the clock", required=True),
    ),
)

EVENT_META = Table(
    "event_meta",
    "One row is what the dashboard says of the events of a name, as last told with an event.",
    (
        text("project_id", "The project that was read.", "setting project_id", key=True),
        text("name", "The events' name.", "`meta.name`", key=True),
        text("id", "Its id, a UUID.", "`meta.id`"),
        boolean("conversion", "Whether they are conversions.", "`meta.conversion`"),
        text("color", "Colour in the dashboard.", "`meta.color`"),
        text("icon", "Icon in the dashboard.", "`meta.icon`"),
        timestamp("created_at", "When it was made.", "`meta.createdAt`"),
        timestamp("updated_at", "When it was last changed.", "`meta.updatedAt`"),
        timestamp("read_at", "When the server told so, UTC.", "the clock", required=True),
    ),
)
