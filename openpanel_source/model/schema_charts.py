"""The tables of charts; all are in ``schema``."""

from __future__ import annotations

from openpanel_source.model.table import Column, Reference, Table

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
    origins={
        "chart_id": "hash of project and definition",
        "project_id": "setting project_id",
        "name": "definition",
        "definition": "definition",
        "interval": "definition",
        "timezone": "definition or setting timezone",
        "covered_from": "ranges asked for",
        "covered_until": "ranges asked for",
        "window_start": "range asked for",
        "window_end": "range asked for",
        "series": "series of the answer",
        "series_cut": "series of the answer",
        "phantom_series": "series of the answer",
        "points": "points of the answer",
        "total": "points of the answer",
        "read_at": "the clock",
        "error": "the request that failed",
        "superseded_at": "the clock",
    },
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
    origins={
        "chart_id": "hash of project and definition",
        "series_key": "hash of event.id and names",
        "segment": "definition",
        **dict.fromkeys((f"breakdown_{place}" for place in range(1, 7)), "names, by definition"),
        "breakdowns": "names, by definition",
        "breakdown_complete": "names, by definition",
        "window_start": "range asked for",
        "window_end": "range asked for",
    },
    references=(Reference("charts", ("chart_id",)),),
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
    origins={
        "chart_id": "hash of project and definition",
        "series_key": "hash of event.id and names",
        "is_repeated_hour": "date and time zone",
        "change": "count and previous.value",
        "change_percent": "count and previous.value",
    },
    references=(
        Reference("charts", ("chart_id",)),
        Reference("chart_series", ("chart_id", "series_key")),
    ),
)
