"""Every table and column, declared once: type, meaning, origin and references."""

from __future__ import annotations

from openpanel_source.model.schema_charts import CHART_POINTS, CHART_SERIES, CHARTS
from openpanel_source.model.schema_dimensions import EVENT_GROUPS, EVENT_META, PROFILES
from openpanel_source.model.table import Column, ColumnType, Reference, Table

__all__ = [
    "CHARTS",
    "CHART_POINTS",
    "CHART_SERIES",
    "EVENTS",
    "EVENT_GROUPS",
    "EVENT_META",
    "INCLUDES",
    "PROFILES",
    "PROPERTY_FAILURES",
    "REJECTED_EVENTS",
    "SYNC_DAYS",
    "TABLES",
    "Column",
    "ColumnType",
    "Reference",
    "Table",
]

EVENTS = Table(
    "events",
    "One row is an event, once for each id of a project and UTC day.",
    (
        Column("project_id", "text", "The project the event belongs to.", "projectId", key=True),
        Column("event_date", "date", "UTC day of created_at; the unit of replacement.", key=True),
        Column("id", "text", "The event's id, a UUID.", "id", key=True),
        Column("name", "text", "The event's name, e.g. screen_view or purchase.", "name"),
        Column(
            "created_at",
            "timestamp",
            "When it happened, UTC, to the millisecond; imports and offline devices may back-date.",
            "createdAt",
            required=True,
        ),
        Column("device_id", "text", "The device, a daily rotating hash.", "deviceId"),
        Column(
            "profile_id",
            "text",
            "The identified visitor; the device id for anonymous ones.",
            "profileId",
        ),
        Column("session_id", "text", "The session the event belongs to.", "sessionId"),
        Column("path", "text", "Path of the page, without the host.", "path"),
        Column("origin", "text", "Scheme and host of the page.", "origin"),
        Column("referrer", "text", "URL the visitor came from; empty when direct.", "referrer"),
        Column("referrer_name", "text", "The referrer's name, e.g. Google.", "referrerName"),
        Column("referrer_type", "text", "Kind of referrer, e.g. search.", "referrerType"),
        Column("country", "text", "Two-letter country code; null when unknown.", "country"),
        Column("city", "text", "City; empty when unknown.", "city"),
        Column("region", "text", "Region code; empty when unknown.", "region"),
        Column("longitude", "double", "Degrees east; null when unknown.", "longitude"),
        Column("latitude", "double", "Degrees north; null when unknown.", "latitude"),
        Column("os", "text", "Operating system.", "os"),
        Column("os_version", "text", "Its version.", "osVersion"),
        Column("browser", "text", "Browser.", "browser"),
        Column("browser_version", "text", "Its version.", "browserVersion"),
        Column("device", "text", "Kind of device: desktop, mobile, tablet, server …", "device"),
        Column("brand", "text", "Brand of the device.", "brand"),
        Column("model", "text", "Model of the device.", "model"),
        Column("sdk_name", "text", "SDK that sent the event.", "sdkName"),
        Column("sdk_version", "text", "Its version.", "sdkVersion"),
        Column(
            "revenue",
            "bigint",
            "Revenue in the smallest unit that the site sends, usually cents; 0 when none.",
            "revenue",
        ),
        Column(
            "duration",
            "bigint",
            "Milliseconds the visitor stayed; null where the server, from 2026-03 on, sends none.",
            "duration",
        ),
        Column("imported_at", "timestamp", "When an import brought it; else null.", "importedAt"),
        Column(
            "properties",
            "json",
            "All custom properties: one flat map of text to text, dotted keys.",
            "properties",
        ),
        Column("groups", "json", "Ids of the groups of the event, a list of text.", "groups"),
        *(
            Column(
                f"utm_{name}",
                "text",
                f"utm_{name} of the page's address; null when it has none.",
                property_key=f"__query.utm_{name}",
            )
            for name in ("source", "medium", "campaign", "term", "content")
        ),
        Column("page_title", "text", "The page's title.", property_key="__title"),
        Column("hash", "text", "The part of the page's address from # on.", property_key="__hash"),
        Column(
            "extras",
            "json",
            "Fields that this version does not know and that got no column; null when none.",
        ),
    ),
    origins={"event_date": "day of createdAt", "extras": "fields without a column"},
    references=(
        Reference(
            "sync_days", ("project_id", "event_date"), ("project_id", "day"), is_unique=False
        ),
    ),
)

SYNC_DAYS = Table(
    "sync_days",
    "The ledger: one row is a UTC day of a project as it was read by a run, and how it went.",
    (
        Column("project_id", "text", "The project.", key=True),
        Column(
            "query_fingerprint",
            "text",
            "Which events were asked for: 'all', or a hash of events, filters and profile_id.",
            key=True,
        ),
        Column("day", "date", "The UTC day.", key=True),
        Column(
            "load_id",
            "text",
            "The dlt load package of the run; it holds the day's rows, unless the reading proved"
            " nothing and those of an earlier one were kept.",
            key=True,
        ),
        Column(
            "verdict",
            "text",
            "complete, open, moving, short or shrunk; see the docs.",
            required=True,
        ),
        Column(
            "reason", "text", "Why: new, open, recount, changed, forced, adopted.", required=True
        ),
        Column("total_count", "bigint", "Rows the server counted.", required=True),
        Column("rows_received", "bigint", "Rows received, deliveries counted.", required=True),
        Column("distinct_ids", "bigint", "Rows held in events: distinct ids.", required=True),
        Column("rejected_rows", "bigint", "Rows put into rejected_events.", required=True),
        Column("erased_rows", "bigint", "Rows left out as those of erased profiles."),
        Column("group_rows", "bigint", "Rows loaded into event_groups."),
        Column("pages", "bigint", "Pages of the last reading.", required=True),
        Column("requests", "bigint", "Requests made for the day.", required=True),
        Column("rereads", "bigint", "Times the day was read again.", required=True),
        Column("read_at", "timestamp", "When the reading ended, UTC.", required=True),
        Column("newest_id", "text", "Id of the newest row, if the server has an order."),
        Column("newest_at", "timestamp", "Time of the newest event, UTC."),
        Column(
            "shrunk_to",
            "bigint",
            "Rows the server counts of a day that is shrunk, whose rows are kept; else null.",
        ),
        Column("shrunk_since", "timestamp", "When it was first seen to count so few, UTC."),
    ),
    origins={
        "project_id": "setting project_id",
        "query_fingerprint": "settings events, filters, profile_id",
        "day": "the day asked for",
        "load_id": "dlt's load package",
        "verdict": "counts and rows of the reading",
        "reason": "ledger and counts",
        "total_count": "meta.totalCount",
        "rows_received": "rows of the answers",
        "distinct_ids": "ids of the rows",
        "rejected_rows": "rows of the answers",
        "erased_rows": "setting erased_profiles",
        "group_rows": "groups of the rows",
        "pages": "requests of the last reading",
        "requests": "requests of all readings",
        "rereads": "readings",
        "read_at": "the clock",
        "newest_id": "id of the first row",
        "newest_at": "createdAt of the first row",
        "shrunk_to": "meta.totalCount",
        "shrunk_since": "the clock",
    },
)

REJECTED_EVENTS = Table(
    "rejected_events",
    "One row is an event that the server sent and that could not be shaped into a row of events.",
    (
        Column("project_id", "text", "The project that was read.", key=True),
        Column("event_date", "date", "The UTC day that was read.", key=True),
        Column("position", "bigint", "Place among the day's rejected rows, from 0.", key=True),
        Column("reason", "text", "Why it could not be shaped.", required=True),
        Column("raw", "text", "The row as received; bytes that are no text escaped."),
    ),
    origins={
        "project_id": "setting project_id",
        "event_date": "the day asked for",
        "position": "order of the rows",
        "reason": "the check that failed",
        "raw": "the row",
    },
    references=(
        Reference(
            "sync_days", ("project_id", "event_date"), ("project_id", "day"), is_unique=False
        ),
    ),
)

PROPERTY_FAILURES = Table(
    "property_failures",
    "One row is a key of properties whose values of a day were not all of the type set for it.",
    (
        Column("project_id", "text", "The project.", key=True),
        Column("event_date", "date", "The UTC day of the events.", key=True),
        Column("load_id", "text", "The load package that holds them.", key=True),
        Column("property_key", "text", "The key.", key=True),
        Column("failed_rows", "bigint", "Events that hold null for it.", required=True),
        Column("example", "text", "Such a value: escaped, its first 100 characters."),
    ),
    origins={
        "project_id": "setting project_id",
        "event_date": "day of createdAt",
        "load_id": "dlt's load package",
        "property_key": "setting properties",
        "failed_rows": "values read as the type",
        "example": "`properties`",
    },
    references=(Reference("events", ("project_id", "event_date"), is_unique=False),),
)

TABLES = (
    EVENTS,
    SYNC_DAYS,
    REJECTED_EVENTS,
    EVENT_GROUPS,
    PROFILES,
    EVENT_META,
    PROPERTY_FAILURES,
    CHARTS,
    CHART_SERIES,
    CHART_POINTS,
)

INCLUDES = (
    "properties",
    "region",
    "longitude",
    "latitude",
    "osVersion",
    "browserVersion",
    "device",
    "brand",
    "model",
    "origin",
    "referrer",
    "referrerName",
    "referrerType",
    "importedAt",
    "sdkName",
    "sdkVersion",
    "revenue",
    "groups",
)
"""Every field that an answer leaves out unless it is named (openpanel-api.md, section 2).

A server that has ``duration`` sends it unasked; the others never send it.
"""
