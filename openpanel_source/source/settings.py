"""Everything a user can set, checked once, before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from openpanel_source.api.filters import Filter, parse_filter
from openpanel_source.api.query import MAX_QUERY_BYTES, EventQuery, query_string
from openpanel_source.charts.definition import Chart, parse_charts, timezone_problem
from openpanel_source.charts.file import load_charts
from openpanel_source.charts.query import check_length
from openpanel_source.days.safety_catch import DeletionLimits
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import Clock, parse_day, utc_now
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.property_columns import Properties
from openpanel_source.source.lists import list_of, texts


@dataclass(frozen=True)
class Limits:
    """Bounds of one run, which is one load package and one commit.

    Args:
        max_events_per_run: Stop after the day that reaches this many events.
        max_days_per_run: Stop after this many days.
        pages_in_flight: Pages asked for at a time; memory grows with it.
    """

    max_events_per_run: int = 1_000_000
    max_days_per_run: int = 366
    pages_in_flight: int = 8

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InvalidSettingError(f"{name} must be a whole number above 0, not {value!r}.")


@dataclass(frozen=True)
class Settings:
    """What to read; the checked form of the arguments of ``openpanel()``.

    Args:
        project_ids: Projects, each once, in the order given.
        query: Which of their events.
        start: First UTC day; None for the first day that holds an event.
        end: Last UTC day; None for all there is.
        limits: Bounds of a run.
        lookback_days: Settled days, the newest, that are counted one by one on each sync.
        reload: Read days again that the ledger holds as complete.
        now: The clock.
        charts: Charts to read of each project.
        timezones: IANA names of organisations' time zones by project; under an empty name, the
            one of all others.
        privacy: What must not be loaded; None for nothing.
        web_columns: Whether UTM and other web columns are filled.
        table_format: Of tables in files; None for plain ones.
        properties: Types of further columns by key of ``properties``.
        deletions: What may be deleted because it vanished upstream.
    """

    project_ids: tuple[str, ...]
    query: EventQuery = field(default_factory=EventQuery)
    start: date | None = None
    end: date | None = None
    limits: Limits = field(default_factory=Limits)
    lookback_days: int = 3
    reload: bool = False
    now: Clock = utc_now
    charts: tuple[Chart, ...] = ()
    timezones: Mapping[str, str] = field(default_factory=dict)
    privacy: Privacy | None = None
    web_columns: bool = True
    table_format: str | None = None
    properties: Properties = field(default_factory=dict)
    deletions: DeletionLimits = field(default_factory=DeletionLimits)

    def timezone_of(self, project_id: str) -> str:
        """The time zone in which a project's charts have their buckets."""
        return self.timezones.get(project_id) or self.timezones.get("") or "UTC"


def parse_settings(
    project_id: str | Sequence[str],
    *,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    events: str | Sequence[str] = (),
    filters: str | Sequence[Filter | Mapping[str, Any]] = (),
    profile_id: str | None = None,
    limits: Limits | None = None,
    lookback_days: int = 3,
    reload: bool = False,
    now: Clock = utc_now,
    charts: str | Sequence[Chart | Mapping[str, Any]] = (),
    timezone: str | Mapping[str, str] | None = None,
    privacy: Privacy | None = None,
    web_columns: bool = True,
    include_profiles: bool = False,
    include_event_meta: bool = False,
    table_format: str | None = None,
    properties: Properties | None = None,
    deletions: DeletionLimits | None = None,
) -> Settings:
    """Check what a user gave and make settings of it.

    Args:
        project_id: One or many ids.
        start_date: First UTC day, ``YYYY-MM-DD``.
        end_date: Last UTC day, inclusive.
        events: Event names to keep.
        filters: Conditions that all must hold.
        profile_id: Only this profile.
        limits: Bounds of a run.
        lookback_days: Settled days to count one by one.
        reload: Read known days again.
        now: The clock.
        charts: Definitions, or the path of a file that holds them.
        timezone: IANA name of the organisation's time zone, or names by project.
        privacy: What must not be loaded.
        web_columns: Fill the columns of UTM parameters, page title and hash.
        include_profiles: Load the profiles of events.
        include_event_meta: Load what the dashboard says of events.
        table_format: Of tables in files; checked by ``parse_table_format``.
        properties: Types of further columns by key.
        deletions: What may be deleted.

    Returns:
        Settings that need no further checks.

    Raises:
        InvalidSettingError: One sentence on what is wrong and what is allowed.
    """
    start, end = parse_day("start_date", start_date), parse_day("end_date", end_date)
    if start and end and start > end:
        raise InvalidSettingError(f"start_date {start} lies after end_date {end}; swap them.")
    query = EventQuery(
        events=texts("events", events),
        filters=tuple(parse_filter(item) for item in list_of("filters", filters)),
        profile_id=_profile_id(profile_id),
        dimensions=_dimensions(profile=include_profiles, meta=include_event_meta),
        unwanted=privacy.unwanted if privacy else frozenset(),
    )
    if include_profiles and privacy:
        privacy.check_profiles()
    if privacy:
        privacy.check_promoted(properties or {})
    settings = Settings(
        project_ids=_project_ids(project_id),
        query=query,
        start=start,
        end=end,
        limits=limits or Limits(),
        lookback_days=_lookback(lookback_days),
        reload=reload,
        now=now,
        charts=parse_chart_setting(charts),
        timezones=_timezones(timezone),
        privacy=privacy,
        web_columns=web_columns,
        table_format=table_format,
        properties=properties or {},
        deletions=deletions or DeletionLimits(),
    )
    for project in settings.project_ids:
        _check_length(query, project)
        for chart in settings.charts:
            check_length(chart, project)
            _check_private(chart, privacy)
    return settings


def _dimensions(**included: bool) -> tuple[str, ...]:
    for name, value in included.items():
        if not isinstance(value, bool):
            setting = "include_profiles" if name == "profile" else "include_event_meta"
            raise InvalidSettingError(f"{setting} must be true or false, not {value!r}.")
    return tuple(name for name, is_included in included.items() if is_included)


def _lookback(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidSettingError(f"lookback_days must be 0 or more, not {value!r}.")
    return value


def parse_chart_setting(value: str | Sequence[Chart | Mapping[str, Any]]) -> tuple[Chart, ...]:
    """Charts as they stand in configuration.

    Args:
        value: Definitions, as a list or as JSON, or the path of a file that holds them.

    Raises:
        InvalidSettingError: The file cannot be read, or a definition is not allowed.
    """
    if isinstance(value, str) and not value.startswith("["):
        return load_charts(value)
    return parse_charts(tuple(list_of("charts", value)))


def _timezones(value: str | Mapping[str, str] | None) -> dict[str, str]:
    if not value:
        return {}
    if isinstance(value, str) and value.startswith("{"):
        with suppress(msgspec.DecodeError):
            value = msgspec.json.decode(value)
    zones = dict(value) if isinstance(value, Mapping) else {"": value}
    for project, name in zones.items():
        problem = timezone_problem(name)
        if problem:
            raise InvalidSettingError(f"{problem}{f' (project {project})' if project else ''}.")
    return zones


def _project_ids(value: str | Sequence[str]) -> tuple[str, ...]:
    projects = texts("project_id", value)
    if not projects:
        raise InvalidSettingError(
            "project_id is missing; set it to the id in the dashboard's address, or to a list."
        )
    for project in projects:
        # Ids become part of SQL conditions and format strings: only what ids are made of passes.
        if not all(character.isalnum() or character in "-_.~:" for character in project):
            raise InvalidSettingError(
                f"project_id {project!r} is not an id; it is in the dashboard's address and holds"
                " letters, digits and - _ . ~ : only."
            )
    return tuple(dict.fromkeys(projects))


def _profile_id(value: str | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise InvalidSettingError(
            "profile_id must not be empty (the server would answer with all profiles); leave it"
            " out to read all."
        )
    return value


def _check_private(chart: Chart, privacy: Privacy | None) -> None:
    for name in chart.breakdowns if privacy else ():
        if privacy and privacy.hides(name):
            raise InvalidSettingError(
                f"the chart {chart.name!r} has the breakdown {name!r}, whose values the privacy"
                " settings hide; take it out of the chart."
            )


def _check_length(query: EventQuery, project: str) -> None:
    day = date(2000, 1, 1)
    params = query.params(project, day, day, includes=query.includes)
    try:
        length = len(query_string(params))
    except UnicodeEncodeError:
        raise InvalidSettingError(
            "events, filters and profile_id must be text that UTF-8 can hold; they contain half a"
            " character (a lone surrogate)."
        ) from None
    if length > MAX_QUERY_BYTES:
        raise InvalidSettingError(
            f"events, filters and profile_id make a URL of {length} bytes; the server reads about"
            " 16,000: name fewer events or shorter filters."
        )
