"""Every table and column, declared once; hints, Arrow schemas and docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

ColumnType = Literal["text", "bigint", "double", "bool", "timestamp", "date", "json"]

_ARROW: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "json": pa.string(),
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: In snake_case.
        type: A dlt data type; timestamps are UTC instants, dates UTC days.
        description: What it holds, with units.
        field: The API's field it comes from; None when it is derived.
        key: Whether it belongs to the primary key, and so is never null.
        required: Whether it is never null though no key.
    """

    name: str
    type: ColumnType
    description: str
    field: str | None = None
    key: bool = False
    required: bool = False

    @property
    def nullable(self) -> bool:
        """Whether a row may hold null here."""
        return not (self.key or self.required)


@dataclass(frozen=True)
class Table:
    """A table: its meaning, its columns in order, and what one row is."""

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def primary_key(self) -> list[str]:
        """The names of the columns that identify a row."""
        return [column.name for column in self.columns if column.key]

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of the table's rows; JSON is text."""
        return pa.schema(
            [pa.field(column.name, _ARROW[column.type], column.nullable) for column in self.columns]
        )

    def dlt_columns(self) -> dict[str, Any]:
        """The columns as dlt hints."""
        hints: dict[str, Any] = {}
        for column in self.columns:
            hints[column.name] = {
                "name": column.name,
                "data_type": column.type,
                "nullable": column.nullable,
                "description": column.description,
            }
            if column.type == "timestamp":
                hints[column.name]["precision"] = 6
        return hints


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
        Column("imported_at", "timestamp", "When an import brought it; else null.", "importedAt"),
        Column(
            "properties",
            "json",
            "All custom properties: one flat map of text to text, dotted keys.",
            "properties",
        ),
        Column("groups", "json", "Ids of the groups of the event, a list of text.", "groups"),
        Column(
            "extras",
            "json",
            "Fields that the server sent and this version does not know; null when none.",
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
        Column("load_id", "text", "The dlt load package that holds the day's rows.", key=True),
        Column("verdict", "text", "complete, open, moving or short; see the docs.", required=True),
        Column(
            "reason", "text", "Why: new, open, recount, changed, forced, adopted.", required=True
        ),
        Column("total_count", "bigint", "Rows the server counted.", required=True),
        Column("rows_received", "bigint", "Rows received, deliveries counted.", required=True),
        Column("distinct_ids", "bigint", "Rows loaded into events: distinct ids.", required=True),
        Column("rejected_rows", "bigint", "Rows put into rejected_events.", required=True),
        Column("erased_rows", "bigint", "Rows left out as those of erased profiles."),
        Column("group_rows", "bigint", "Rows loaded into event_groups."),
        Column("pages", "bigint", "Pages of the last reading.", required=True),
        Column("requests", "bigint", "Requests made for the day.", required=True),
        Column("rereads", "bigint", "Times the day was read again.", required=True),
        Column("read_at", "timestamp", "When the reading ended, UTC.", required=True),
        Column("newest_id", "text", "Id of the newest event, if the server has an order."),
        Column("newest_at", "timestamp", "Time of the newest event, UTC."),
    ),
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
)

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
)

PROFILES = Table(
    "profiles",
    "One row is a profile as the server last told it with an event. Those that it makes up, for"
    " visitors it knows nothing of, are left out: not external, and with nothing but an id and one"
    " moment for both times.",
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
)

CHARTS = Table(
    "charts",
    "One row is the definition of a chart for a project, and how it was last read.",
    (
        Column("chart_id", "text", "Hash of project, name, time zone and definition.", key=True),
        Column("project_id", "text", "The project.", required=True),
        Column("name", "text", "The chart's name.", required=True),
        Column("definition", "json", "Series, breakdowns, interval, range, previous."),
        Column("interval", "text", "Length of a bucket: minute, hour, day, week or month."),
        Column("timezone", "text", "IANA name of the zone in which buckets begin."),
        Column("covered_from", "timestamp", "Start of the first bucket loaded, UTC."),
        Column("covered_until", "timestamp", "End of the last bucket loaded, UTC."),
        Column("window_start", "timestamp", "Start of what the last run read, UTC."),
        Column("window_end", "timestamp", "End of what the last run read, UTC, exclusive."),
        Column("series", "bigint", "Series that the last run kept."),
        Column("series_cut", "bigint", "Series of one answer beyond max_series, at most."),
        Column("phantom_series", "bigint", "Series of zeros that the server made up, dropped."),
        Column("points", "bigint", "Rows of chart_points that the last run wrote."),
        Column("total", "double", "Sum of the values that the last run wrote."),
        Column("read_at", "timestamp", "When the last run read it, UTC."),
        Column("error", "text", "Why the last run could not read it; null if it could."),
        Column("superseded_at", "timestamp", "When a changed definition took its place; or null."),
    ),
)

CHART_SERIES = Table(
    "chart_series",
    "One row is a series of a chart: an event, and a value of each breakdown.",
    (
        Column("chart_id", "text", "The chart.", key=True),
        Column("series_key", "text", "Hash of position and breakdown values.", key=True),
        Column("position", "bigint", "Place in the definition, from 0.", "event.id"),
        Column("event", "text", "The event's name; * for all events.", "event.name"),
        Column("segment", "text", "How it is counted."),
        Column("values", "json", "Breakdown values as received, a list of text.", "names"),
        *(
            Column(
                f"breakdown_{place}",
                "text",
                f"Value of breakdown {place}; empty if it is; null if there is none or it cannot"
                " be told.",
            )
            for place in range(1, 7)
        ),
        Column("breakdowns", "json", "The same by the breakdowns' names."),
        Column(
            "breakdown_complete",
            "bool",
            "Whether each value is known to be that of its breakdown; if not, the server left out"
            " empty ones, and perhaps events with it.",
        ),
        Column(
            "sum",
            "double",
            "Of the window, as the server says; this and what follows is null where charts are read"
            " in parts.",
            "metrics.sum",
        ),
        Column("average", "double", "Of those that are not 0.", "metrics.average"),
        Column("min", "double", "The smallest.", "metrics.min"),
        Column("max", "double", "The largest.", "metrics.max"),
        Column("profiles", "bigint", "Unique profiles, approximately.", "metrics.count"),
        Column("window_start", "timestamp", "Start of what the metrics are about, UTC."),
        Column("window_end", "timestamp", "Its end, UTC, exclusive."),
    ),
)

CHART_POINTS = Table(
    "chart_points",
    "One row is the value of a series in a bucket of time.",
    (
        Column("chart_id", "text", "The chart.", key=True),
        Column("series_key", "text", "The series.", key=True),
        Column("bucket_start", "timestamp", "Start of the bucket, UTC.", "date", key=True),
        Column("bucket_date", "text", "The same in local time, as the server writes it.", "date"),
        Column(
            "is_repeated_hour",
            "bool",
            "Whether clocks went back: the server counted one of two hours only.",
        ),
        Column("value", "double", "The value; null where nothing was computed.", "count"),
        Column("previous_value", "double", "The value it is compared with.", "previous.value"),
        Column("change", "double", "value minus previous_value."),
        Column("change_percent", "double", "The change in % of previous_value; null if that is 0."),
    ),
)

TABLES = (
    EVENTS,
    SYNC_DAYS,
    REJECTED_EVENTS,
    EVENT_GROUPS,
    PROFILES,
    EVENT_META,
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
"""Every field that an answer leaves out unless it is named (openpanel-api.md, section 2)."""
