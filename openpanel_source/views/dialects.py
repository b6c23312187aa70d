"""The dialects in which the views can be written, and what SQLGlot would not say right in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What a warehouse says in words of its own, as templates in its dialect.

    Attributes:
        seconds: From one instant, ``{start}``, to another, ``{end}``.
        days: From one date to another.
        day: The date of an ``{instant}`` in a time zone, ``{zone}``.
        monday: The first date of the week of a ``{day}``, whatever the session's settings.
        part: The third part of a ``{text}`` that is cut at slashes; empty or null if there is none.
        member: The text under ``{key}`` in ``{json}``; null if there is none.
        separator: What stands between a dataset and its tables.
        previous: The function that gives the value of the row before in a window.
        settings: What the semantics of PostgreSQL need, by name.
    """

    seconds: str
    days: str = "DATEDIFF(DAY, {start}, {end})"
    day: str = "CAST(CONVERT_TIMEZONE({zone}, {instant}) AS DATE)"
    monday: str = "CAST(DATE_TRUNC('WEEK', {day}) AS DATE)"
    part: str = "SPLIT_PART({text}, '/', 3)"
    member: str = "NULLIF(JSON_EXTRACT_PATH_TEXT({json}, '{key}'), '')"
    separator: str = "."
    previous: str = "LAG"
    settings: tuple[str, ...] = ()


WORDS = {
    "bigquery": Words(
        seconds="CAST(TIMESTAMP_DIFF({end}, {start}, MILLISECOND) AS FLOAT64) / 1000",
        days="DATE_DIFF({end}, {start}, DAY)",
        day="DATE({instant}, {zone})",
        monday="DATE_TRUNC({day}, ISOWEEK)",
        part="SPLIT({text}, '/')[SAFE_OFFSET(2)]",
        member="JSON_VALUE({json}, '$.{key}')",
    ),
    "snowflake": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE) / 1000",
        # DATE_TRUNC follows the session's WEEK_START.
        monday="DATEADD(DAY, 1 - DAYOFWEEKISO({day}), {day})",
        member="CAST(GET_PATH({json}, '{key}') AS VARCHAR)",
    ),
    "databricks": Words(
        seconds="CAST(TIMESTAMPDIFF(MILLISECOND, {start}, {end}) AS DOUBLE) / 1000",
        member="GET_JSON_OBJECT({json}, '$.{key}')",
    ),
    "clickhouse": Words(
        seconds="CAST(dateDiff('millisecond', {start}, {end}) AS Nullable(Float64)) / 1000",
        days="dateDiff('day', {start}, {end})",
        day="CAST({instant} AT TIME ZONE {zone} AS Date)",
        monday="CAST(toMonday({day}) AS Date)",
        part="splitByChar('/', COALESCE({text}, ''))[3]",
        member="NULLIF(JSONExtractString({json}, '{key}'), '')",
        separator="___",
        previous="lagInFrame",
        # A left join has nulls, and a column is not shadowed by an alias of the same SELECT.
        settings=("join_use_nulls", "prefer_column_name_to_alias"),
    ),
    "redshift": Words(
        seconds="CAST(DATEDIFF(MILLISECOND, {start}, {end}) AS DOUBLE PRECISION) / 1000",
        day="CAST({instant} AT TIME ZONE {zone} AS DATE)",
    ),
}
"""Of the warehouses whose dialect was checked; in DuckDB and PostgreSQL the views are made."""

DIALECTS = ("duckdb", "postgres", *WORDS)
"""The dialects that ``views --print`` writes."""
