"""The tables of charts; all are in ``schema``."""

from __future__ import annotations

from openpanel_source.model.table import (
    Reference,
    Table,
    bigint,
    boolean,
    double,
    json,
    text,
    timestamp,
)

CHARTS = Table(
    "charts",
    "One row is the definition of a chart for a project, and how it was last read.",
    (
        text(
            "chart_id",
            "Hash of project, name, time zone and definition.",
            "hash of project and definition",
            key=True,
        ),
        text("project_id", "The project.", "setting project_id", required=True),
        text("name", "The chart's name.", "definition", required=True),
        json("definition", "Series, breakdowns, interval, range, previous.", "definition"),
        text("interval", "Length of a bucket: minute, hour, day, week or month.", "definition"),
        text(
            "timezone",
            "IANA name of the zone in which buckets begin.",
            "definition or setting timezone",
        ),
        timestamp("covered_from", "Start of the first bucket loaded, UTC.", "ranges asked for"),
        timestamp("covered_until", "End of the last bucket loaded, UTC.", "ranges asked for"),
        timestamp("window_start", "Start of what the last run read, UTC.", "range asked for"),
        timestamp(
            "window_end", "End of what the last run read, UTC, exclusive.", "range asked for"
        ),
        bigint("series", "Series that the last run kept.", "series of the answer"),
        bigint(
            "series_cut", "Series of one answer beyond max_series, at most.", "series of the answer"
        ),
        bigint(
            "phantom_series",
            "Series of zeros that the server made up, dropped.",
            "series of the answer",
        ),
        bigint("points", "Rows of chart_points that the last run wrote.", "points of the answer"),
        double("total", "Sum of the values that the last run wrote.", "points of the answer"),
        timestamp("read_at", "When the last run read it, UTC.", "the clock"),
        text(
            "error",
            "Why the last run could not read it; null if it could.",
            "the request that failed",
        ),
        timestamp(
            "superseded_at", "When a changed definition took its place; or null.", "the clock"
        ),
    ),
)

CHART_SERIES = Table(
    "chart_series",
    "One row is a series of a chart: an event, and a value of each breakdown.",
    (
        text("chart_id", "The chart.", "hash of project and definition", key=True),
        text(
            "series_key",
            "Hash of position and breakdown values.",
            "hash of event.id and names",
            key=True,
        ),
        bigint("position", "Place in the definition, from 0.", "`event.id`"),
        text("event", "The event's name; * for all events.", "`event.name`"),
        text("segment", "How it is counted.", "definition"),
        json("values", "Breakdown values as received, a list of text.", "`names`"),
        *(
            text(
                f"breakdown_{place}",
                f"Value of breakdown {place}; empty if it is; null if there is none or it cannot"
                " be told.",
                "names, by definition",
            )
            for place in range(1, 7)
        ),
        json("breakdowns", "The same by the breakdowns' names.", "names, by definition"),
        boolean(
            "breakdown_complete",
            "Whether each value is known to be that of its breakdown; if not, the server left out"
            " empty ones, and perhaps events with it.",
            "names, by definition",
        ),
        double(
            "sum",
            "Of the window, as the server says; this and what follows is null where charts are read"
            " in parts.",
            "`metrics.sum`",
        ),
        double("average", "Of those that are not 0.", "`metrics.average`"),
        double("min", "The smallest.", "`metrics.min`"),
        double("max", "The largest.", "`metrics.max`"),
        bigint("profiles", "Unique profiles, approximately.", "`metrics.count`"),
        timestamp("window_start", "Start of what the metrics are about, UTC.", "range asked for"),
        timestamp("window_end", "Its end, UTC, exclusive.", "range asked for"),
    ),
    references=(Reference("charts", ("chart_id",)),),
)

CHART_POINTS = Table(
    "chart_points",
    "One row is the value of a series in a bucket of time.",
    (
        text("chart_id", "The chart.", "hash of project and definition", key=True),
        text("series_key", "The series.", "hash of event.id and names", key=True),
        timestamp("bucket_start", "Start of the bucket, UTC.", "`date`", key=True),
        text("bucket_date", "The same in local time, as the server writes it.", "`date`"),
        boolean(
            "is_repeated_hour",
            "Whether clocks went back: the server counted one of two hours only.",
            "date and time zone",
        ),
        double("value", "The value; null where nothing was computed.", "`count`"),
        double("previous_value", "The value it is compared with.", "`previous.value`"),
        double("change", "value minus previous_value.", "count and previous.value"),
        double(
            "change_percent",
            "The change in % of previous_value; null if that is 0.",
            "count and previous.value",
        ),
    ),
    references=(
        Reference("charts", ("chart_id",)),
        Reference("chart_series", ("chart_id", "series_key")),
    ),
)
