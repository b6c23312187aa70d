"""Everything a user can set, checked once, before any work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from openpanel_source.api.filters import parse_filter
from openpanel_source.api.query import EventQuery, check_length
from openpanel_source.charts.definition import Chart, parse_charts
from openpanel_source.charts.file import load_charts
from openpanel_source.charts.query import chart_params
from openpanel_source.days.planned_days import Window
from openpanel_source.days.safety_catch import DeletionLimits
from openpanel_source.destinations.files.table_format import parse_table_format
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import (
    EARLIEST,
    check_seconds,
    midnight,
    parse_clock,
    parse_end,
    parse_start,
)
from openpanel_source.model.schema import GROUPS, LISTS, PROFILES
from openpanel_source.model.setting_values import decoded, list_of, texts
from openpanel_source.model.zones import timezone_problem
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.property_columns import Properties, parse_properties
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.source.settings.privacy import parse_privacy


@dataclass(frozen=True)
class Limits:
    """Bounds of one run, which is one load package and one commit; see ``Arguments``."""

    max_events_per_run: int
    max_days_per_run: int
    pages_in_flight: int
    commit_seconds: float

    def __post_init__(self) -> None:
        if self.commit_seconds != inf:
            check_seconds("commit_seconds", self.commit_seconds)


@dataclass(frozen=True)
class Settings(Window):
    """What to read, of which days; the checked form of ``Arguments``, but for the client's.

    Attributes:
        project_ids: Projects, each once, in the order given.
        query: Which of their events.
        limits: Bounds of a run.
        charts: Charts to read of each project.
        timezones: IANA names of organisations' time zones by project; under an empty name, the
            one of all others.
        privacy: What must not be loaded; None for nothing.
        web_columns: Whether UTM and other web columns are filled.
        table_format: Of tables in files; None for plain ones.
        properties: Types of further columns by key of ``properties``.
        deletions: What may be deleted because it vanished upstream.
        lists: What the dashboard lists, by the names of tables, each once.
        scrub_requests: Requests that a sync may spend on days proven long ago.
    """

    project_ids: tuple[str, ...]
    query: EventQuery
    limits: Limits
    charts: tuple[Chart, ...]
    timezones: Mapping[str, str]
    privacy: Privacy | None
    web_columns: bool
    table_format: str | None
    properties: Properties
    deletions: DeletionLimits
    lists: tuple[str, ...]
    scrub_requests: int

    def timezone_of(self, project_id: str) -> str:
        """The time zone in which a project's charts have their buckets."""
        return self.timezones.get(project_id) or self.timezones.get("") or "UTC"


def parse_settings(given: Arguments) -> Settings:
    """Check what a user gave and make settings of it.

    Raises:
        InvalidSettingError: One sentence on what is wrong and what is allowed.
    """
    clock = parse_clock(given.now)
    start = parse_start("start_date", given.start_date, clock().date())
    end = parse_end("end_date", given.end_date)
    if start and end and start > end:
        raise InvalidSettingError(f"start_date {start} lies after end_date {end}; swap them.")
    properties = parse_properties(given.properties)
    privacy = parse_privacy(given, properties)
    lists = _lists(given.lists, privacy)
    # A list has every profile that events would bring.
    profiles = given.include_profiles and PROFILES.name not in lists
    dimensions = {"profile": profiles, "meta": given.include_event_meta}
    query = EventQuery(
        events=texts("events", given.events or ()),
        filters=tuple(parse_filter(item) for item in list_of("filters", given.filters or ())),
        profile_id=_profile_id(given.profile_id),
        dimensions=tuple(name for name, is_included in dimensions.items() if is_included),
        unwanted=privacy.unwanted if privacy else frozenset(),
    )
    settings = Settings(
        project_ids=_project_ids(given.project_id),
        query=query,
        start=start,
        end=end,
        limits=Limits(
            given.max_events_per_run,
            given.max_days_per_run,
            given.pages_in_flight,
            given.commit_seconds,
        ),
        lookback_days=given.lookback_days,
        reload=given.reload,
        now=clock,
        charts=parse_chart_setting(given.charts),
        timezones=_timezones(given.timezone),
        privacy=privacy,
        web_columns=given.web_columns,
        table_format=parse_table_format(given.table_format),
        properties=properties,
        deletions=DeletionLimits(
            given.allow_deletions,
            given.max_deleted_rows,
            given.max_deleted_share,
            given.max_emptied_days,
        ),
        lists=lists,
        scrub_requests=given.scrub_requests,
    )
    for project in settings.project_ids:
        check_length(
            query.params(project, EARLIEST, EARLIEST, includes=query.includes),
            "events, filters and profile_id",
            "name fewer events or shorter filters",
        )
        for chart in settings.charts:
            check_length(
                chart_params(chart, project, midnight(EARLIEST), midnight(EARLIEST)),
                f"chart {chart.name!r}: series, filters and breakdowns",
                "make several charts of it",
            )
            _check_private(chart, privacy)
    return settings


def parse_chart_setting(
    value: str | Sequence[Chart | Mapping[str, Any]] | None,
) -> tuple[Chart, ...]:
    """Charts as they stand in configuration.

    Args:
        value: Definitions, as a list or as JSON, or the path of a file that holds them.

    Raises:
        InvalidSettingError: The file cannot be read, or a definition is not allowed.
    """
    if isinstance(value, str) and value and not value.startswith("["):
        return load_charts(value)
    return parse_charts(tuple(list_of("charts", value or ())))


def _timezones(value: str | Mapping[str, str] | None) -> dict[str, str]:
    if not value:
        return {}
    found = decoded(value)
    zones: dict[str, Any] = dict(found) if isinstance(found, Mapping) else {"": value}
    for project, name in zones.items():
        problem = timezone_problem(name)
        if problem:
            raise InvalidSettingError(f"{problem}{f' (project {project})' if project else ''}.")
    return zones


def _project_ids(value: str | Sequence[str] | None) -> tuple[str, ...]:
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


def _lists(value: str | Sequence[str] | None, privacy: Privacy | None) -> tuple[str, ...]:
    lists = texts("lists", value or ())
    for name in lists:
        if name not in LISTS:
            raise InvalidSettingError(
                f"lists holds {name!r:.100}; what the dashboard lists is {', '.join(LISTS)}."
            )
    if privacy is not None and PROFILES.name in lists:
        privacy.check_profiles("lists with profiles")
    if privacy is not None and GROUPS.name in lists and "groups" in privacy.excluded:
        raise InvalidSettingError(
            "lists with groups needs the ids of groups, which exclude_columns leaves out; hash"
            " groups instead, or take them out of lists."
        )
    return tuple(dict.fromkeys(lists))


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
