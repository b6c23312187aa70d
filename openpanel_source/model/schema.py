"""Every table and column, declared once: type, meaning, origin and references."""

from __future__ import annotations

from openpanel_source.model.schema_charts import CHART_POINTS, CHART_SERIES, CHARTS
from openpanel_source.model.schema_dimensions import EVENT_GROUPS, EVENT_META, PROFILES
from openpanel_source.model.schema_lists import GROUPS, PROJECTS, REFERENCES, SYNC_LISTS
from openpanel_source.model.table import (
    Column,
    ColumnType,
    Reference,
    Table,
    bigint,
    date,
    double,
    json,
    text,
    timestamp,
)

__all__ = [
    "CHARTS",
    "CHART_POINTS",
    "CHART_SERIES",
    "EVENTS",
    "EVENT_GROUPS",
    "EVENT_META",
    "GROUPS",
    "INCLUDES",
    "LISTS",
    "LIST_TABLES",
    "PROFILES",
    "PROJECTS",
    "PROPERTY_FAILURES",
    "REFERENCES",
    "REJECTED_EVENTS",
    "SYNC_DAYS",
    "SYNC_LISTS",
    "TABLES",
    "Column",
    "ColumnType",
    "Reference",
    "Table",
]

_READINGS = Reference(
    "sync_days", ("project_id", "event_date"), ("project_id", "day"), is_unique=False
)

EVENTS = Table(
    "events",
    "One row is an event, once for each id of a project and UTC day.",
    (
        text("project_id", "The project the event belongs to.", "`projectId`", key=True),
        date(
            "event_date",
            "UTC day of created_at; the unit of replacement.",
            "day of createdAt",
            key=True,
        ),
        text("id", "The event's id, a UUID.", "`id`", key=True),
        text("name", "The event's name, e.g. screen_view or purchase.", "`name`"),
        timestamp(
            "created_at",
            "When it happened, UTC, to the millisecond; imports and offline devices may back-date.",
            "`createdAt`",
            required=True,
        ),
        text("device_id", "The device, a daily rotating hash.", "`deviceId`"),
        text(
            "profile_id", "The identified visitor; the device id for anonymous ones.", "`profileId`"
        ),
        text("session_id", "The session the event belongs to.", "`sessionId`"),
        text("path", "Path of the page, without the host.", "`path`"),
        text("origin", "Scheme and host of the page.", "`origin`"),
        text("referrer", "URL the visitor came from; empty when direct.", "`referrer`"),
        text("referrer_name", "The referrer's name, e.g. Google.", "`referrerName`"),
        text("referrer_type", "Kind of referrer, e.g. search.", "`referrerType`"),
        text("country", "Two-letter country code; null when unknown.", "`country`"),
        text("city", "City; empty when unknown.", "`city`"),
        text("region", "Region code; empty when unknown.", "`region`"),
        double("longitude", "Degrees east; null when unknown.", "`longitude`"),
        double("latitude", "Degrees north; null when unknown.", "`latitude`"),
        text("os", "Operating system.", "`os`"),
        text("os_version", "Its version.", "`osVersion`"),
        text("browser", "Browser.", "`browser`"),
        text("browser_version", "Its version.", "`browserVersion`"),
        text("device", "Kind of device: desktop, mobile, tablet, server …", "`device`"),
        text("brand", "Brand of the device.", "`brand`"),
        text("model", "Model of the device.", "`model`"),
        text("sdk_name", "SDK that sent the event.", "`sdkName`"),
        text("sdk_version", "Its version.", "`sdkVersion`"),
        bigint(
            "revenue",
            "Revenue in the smallest unit that the site sends, usually cents; 0 when none. Sum that"
            " of events named revenue: the server's session_start and session_end have copies.",
            "`revenue`",
        ),
        bigint(
            "duration",
            "Milliseconds the visitor stayed; null where the server, from 2026-03 on, sends none.",
            "`duration`",
        ),
        timestamp("imported_at", "When an import brought it; else null.", "`importedAt`"),
        json(
            "properties",
            "All custom properties: one flat map of text to text, dotted keys.",
            "`properties`",
        ),
        json("groups", "Ids of the groups of the event, a list of text.", "`groups`"),
        *(
            text(
                f"utm_{name}",
                f"utm_{name} of the page's address; null when it has none.",
                property_key=f"__query.utm_{name}",
            )
            for name in ("source", "medium", "campaign", "term", "content")
        ),
        text("page_title", "The page's title.", property_key="__title"),
        text("hash", "The part of the page's address from # on.", property_key="__hash"),
        json(
            "extras",
            "Fields that this version does not know and that got no column; null when none.",
            "fields without a column",
        ),
    ),
    references=(_READINGS,),
)

SYNC_DAYS = Table(
    "sync_days",
    "The ledger: one row is a UTC day of a project as it was read by a run, and how it went.",
    (
        text("project_id", "The project.", "setting project_id", key=True),
        text(
            "query_fingerprint",
            "Which events were asked for: 'all', or a hash of events, filters and profile_id.",
            "settings events, filters, profile_id",
            key=True,
        ),
        date("day", "The UTC day.", "the day asked for", key=True),
        text(
            "load_id",
            "The dlt load package of the run; it holds the day's rows, unless the reading proved"
            " nothing and those of an earlier one were kept.",
            "dlt's load package",
            key=True,
        ),
        text(
            "verdict",
            "complete, open, moving, short or shrunk; see the docs.",
            "counts and rows of the reading",
            required=True,
        ),
        text(
            "reason",
            "Why: new, open, recount, changed, forced, adopted.",
            "ledger and counts",
            required=True,
        ),
        bigint("total_count", "Rows the server counted.", "meta.totalCount", required=True),
        bigint(
            "rows_received",
            "Rows received, deliveries counted.",
            "rows of the answers",
            required=True,
        ),
        bigint(
            "distinct_ids", "Rows held in events: distinct ids.", "ids of the rows", required=True
        ),
        bigint(
            "rejected_rows", "Rows put into rejected_events.", "rows of the answers", required=True
        ),
        bigint(
            "erased_rows", "Rows left out as those of erased profiles.", "setting erased_profiles"
        ),
        bigint("group_rows", "Rows loaded into event_groups.", "groups of the rows"),
        bigint(
            "pages", "Pages of the last reading.", "requests of the last reading", required=True
        ),
        bigint("requests", "Requests made for the day.", "requests of all readings", required=True),
        bigint("rereads", "Times the day was read again.", "readings", required=True),
        timestamp("read_at", "When the reading ended, UTC.", "the clock", required=True),
        text(
            "newest_id", "Id of the newest row, if the server has an order.", "id of the first row"
        ),
        timestamp("newest_at", "Time of the newest event, UTC.", "createdAt of the first row"),
        bigint(
            "shrunk_to",
            "Rows the server counts of a day that is shrunk, whose rows are kept; else null.",
            "meta.totalCount",
        ),
        timestamp("shrunk_since", "When it was first seen to count so few, UTC.", "the clock"),
    ),
)

REJECTED_EVENTS = Table(
    "rejected_events",
    "One row is an event that the server sent and that could not be shaped into a row of events.",
    (
        text("project_id", "The project that was read.", "setting project_id", key=True),
        date("event_date", "The UTC day that was read.", "the day asked for", key=True),
        bigint(
            "position",
            "Place among the day's rejected rows, from 0.",
            "order of the rows",
            key=True,
        ),
        text("reason", "Why it could not be shaped.", "the check that failed", required=True),
        text("raw", "The row as received; bytes that are no text escaped.", "the row"),
    ),
    references=(_READINGS,),
)

PROPERTY_FAILURES = Table(
    "property_failures",
    "One row is a key of properties whose values of a day were not all of the type set for it.",
    (
        text("project_id", "The project.", "setting project_id", key=True),
        date("event_date", "The UTC day of the events.", "day of createdAt", key=True),
        text("load_id", "The load package that holds them.", "dlt's load package", key=True),
        text("property_key", "The key.", "setting properties", key=True),
        bigint(
            "failed_rows", "Events that hold null for it.", "values read as the type", required=True
        ),
        text("example", "Such a value: escaped, its first 100 characters.", "`properties`"),
    ),
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

LISTS = {table.name: table for table in (REFERENCES, PROJECTS, PROFILES, GROUPS)}
"""What the dashboard lists, by the names that the setting ``lists`` has for them."""
LIST_TABLES = (SYNC_LISTS, REFERENCES, PROJECTS, GROUPS)
"""Tables that are there only where lists are asked for; others may have such names elsewhere."""

_UNASKED = (
    "projectId id name createdAt deviceId profileId sessionId path country city os browser duration"
)
INCLUDES = tuple(
    column.field
    for column in EVENTS.columns
    if column.field and column.field not in _UNASKED.split()
)
"""Every field that an answer leaves out unless it is named (openpanel-api.md, section 2).

A server that has ``duration`` sends it unasked; the others never send it.
"""
