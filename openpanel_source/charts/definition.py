"""Charts as a user defines them, checked as soon as they are made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from openpanel_source.api.filters import parse_filter
from openpanel_source.charts.names import breakdown_problem
from openpanel_source.charts.ranges import RANGES, is_after
from openpanel_source.charts.series import Series, parse_series
from openpanel_source.errors import InvalidSettingError, raise_all
from openpanel_source.model.zones import NO_ZONE, timezone_problem

INTERVALS = ("minute", "hour", "day", "week", "month")
MOST_SERIES = 26
"""Series are told apart by letters."""

MOST_BREAKDOWNS = 6
"""As many columns as the table ``chart_series`` has for them."""

Moment = date | datetime
"""A day, or a time; a time without a zone is local to the chart."""


@dataclass(frozen=True)
class Chart:
    """A chart, whose buckets accumulate in the table ``chart_points``.

    Args:
        name: Lower-case letters, digits and underscores; the resource is ``chart_<name>``.
        series: What to count: ``Series``, names of events, or mappings.
        breakdowns: What to split each series by: columns of events, ``properties.KEY``,
            ``profile.…``, ``group.…``.
        interval: The length of a bucket: one of ``INTERVALS``.
        range: One of ``RANGES``, read anew on each run in whole buckets, or ``custom``; None to
            read from ``start`` on once, and then what is recent.
        start: First day, ``YYYY-MM-DD``, or a time; the source's ``start_date``, or else the first
            day with events, when left out.
        end: Last day, inclusive, or the time at which to end.
        previous: Compare with the period of the same length before; without ``range`` or ``end``,
            with the bucket before.
        timezone: IANA name of the organisation's time zone; None for the source's ``timezone``.
        lookback: Closed buckets that are read again on each run, besides the open one.
        max_series: The largest so many series of an answer are kept.

    Raises:
        InvalidSettingError: The server would refuse the chart, or silently draw another one.
    """

    name: str
    series: Sequence[Series | str | Mapping[str, Any]] = ()
    breakdowns: Sequence[str] = ()
    interval: str = "day"
    range: str | None = None
    start: str | Moment | None = None
    end: str | Moment | None = None
    previous: bool = False
    timezone: str | None = None
    lookback: int = 3
    max_series: int = 1000

    def __post_init__(self) -> None:
        problems = [
            self._fail(problem.format(field=field, value=getattr(self, field)))
            for field, (is_right, problem) in _RULES.items()
            if not is_right(getattr(self, field))
            and not (getattr(self, field) is None and field in _OPTIONAL)
        ]
        for name, parsed in (
            ("breakdowns", self._parsed_breakdowns),
            ("series", self._parsed_series),
            ("start", lambda: self._parsed_moment("start")),
            ("end", lambda: self._parsed_moment("end")),
        ):
            try:
                self._set(name, parsed())
            except InvalidSettingError as error:
                problems.append(error)
        if not problems:
            self._check_range()
        raise_all(problems)

    @property
    def parts(self) -> tuple[Series, ...]:
        """The series, checked."""
        return self.series  # type: ignore[return-value]

    def moment(self, name: Literal["start", "end"]) -> Moment | None:
        """Where it starts or ends, parsed."""
        value = getattr(self, name)
        return value if isinstance(value, date) else None

    @property
    def resource(self) -> str:
        """The name of the chart's resource."""
        return f"chart_{self.name}"

    @property
    def is_whole(self) -> bool:
        """Whether its values depend on the range, which so must be read in one piece."""
        by_range = self.range is not None or self.previous or self._by_latest
        return self.is_bounded and by_range

    @property
    def is_bounded(self) -> bool:
        """Whether it says itself where it begins and ends."""
        return self.range is not None or (self.start is not None and self.end is not None)

    @property
    def compares_neighbours(self) -> bool:
        """Whether each bucket is compared with the one before it, rather than ranges."""
        return self.previous and not self.is_whole

    def definition(self) -> dict[str, Any]:
        """All that decides which numbers the chart shows, as JSON values."""
        shown: dict[str, Any] = {
            "series": [
                {
                    "event": part.event,
                    "segment": part.segment,
                    "property": part.property,
                    "filters": [parse_filter(item).definition() for item in part.filters],
                }
                for part in self.parts
            ],
            "breakdowns": list(self.breakdowns),
            "interval": self.interval,
            "range": self.range,
            "previous": self.previous,
        }
        if self.is_whole:
            shown |= {"start": _text(self.start), "end": _text(self.end)}
        return shown

    @property
    def _by_latest(self) -> bool:
        return any(part.segment == "one_event_per_user" for part in self.parts)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _fail(self, problem: str) -> InvalidSettingError:
        return InvalidSettingError(f"chart {self.name!r}: {problem}.")

    def _parsed_series(self) -> tuple[Series, ...]:
        given = self.series
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
            raise self._fail("series must be a list of events or of series")
        if not 1 <= len(given) <= MOST_SERIES:
            raise self._fail(f"series must be 1 to {MOST_SERIES}, not {len(given)}")
        breakdowns = self.breakdowns if isinstance(self.breakdowns, tuple) else ()
        parsed, problems = [], []
        for item in given:
            try:
                parsed.append(parse_series(item, breakdowns=breakdowns))
            except InvalidSettingError as error:
                problems.append(self._fail(error.message.rstrip(".")))
        raise_all(problems)
        return tuple(parsed)

    def _parsed_breakdowns(self) -> tuple[str, ...]:
        given = self.breakdowns
        if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
            raise self._fail(f"breakdowns must be a list of names, not {given!r}")
        if len(given) > MOST_BREAKDOWNS:
            raise self._fail(f"breakdowns must be at most {MOST_BREAKDOWNS}, not {len(given)}")
        if len(set(map(repr, given))) < len(given):
            raise self._fail(f"breakdowns must differ: {', '.join(map(repr, given))}")
        for name in given:
            problem = breakdown_problem(name) if isinstance(name, str) else f"{name!r} is no text"
            if problem:
                raise self._fail(problem)
        return tuple(given)

    def _parsed_moment(self, field: str) -> Moment | None:
        value = getattr(self, field)
        if isinstance(value, str):
            try:
                is_day = len(value) == len("2026-01-31")
                text = value.replace("Z", "+00:00")
                value = date.fromisoformat(text) if is_day else datetime.fromisoformat(text)
            except ValueError:
                value = False
        if value is not None and not isinstance(value, date):
            raise self._fail(
                f"{field} {getattr(self, field)!r} is no date; write it as 2026-01-31, or with a"
                " time as 2026-01-31T12:00:00-05:00"
            )
        return value

    def _check_range(self) -> None:
        has_both = self.start is not None and self.end is not None
        if self.range == "custom":
            if not has_both:
                raise self._fail("range 'custom' needs start and end")
            self._set("range", None)
        if self.range is not None and (self.start is not None or self.end is not None):
            raise self._fail(
                f"range {self.range!r} and start or end exclude each other; leave one out"
            )
        if has_both and is_after(self.start, self.end):
            raise self._fail(f"start {_text(self.start)} lies after end {_text(self.end)}")
        if self._by_latest and not self.is_whole:
            raise self._fail(
                "segment 'one_event_per_user' takes each user's latest event of a range; give"
                " range, or start and end"
            )


_Rule = tuple[Callable[[Any], bool], str]


def _one_of(options: Iterable[str]) -> _Rule:
    names = tuple(options)
    problem = f"{{field}} {{value!r}} is not allowed; use one of {', '.join(names)}"
    return lambda value: value in names, problem


def _whole_from(least: int) -> _Rule:
    problem = f"{{field}} must be a whole number from {least} on, not {{value!r}}"
    return lambda value: type(value) is int and value >= least, problem


_NAME = re.compile(r"(?=.{1,50}$)[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NO_NAME = (
    "name must be up to 50 lower-case letters, digits and single underscores, and begin with a"
    " letter"
)
_RULES: dict[str, _Rule] = {
    "name": (lambda name: isinstance(name, str) and bool(_NAME.fullmatch(name)), _NO_NAME),
    "interval": _one_of(INTERVALS),
    "range": _one_of((*RANGES, "custom")),
    "previous": (lambda it: isinstance(it, bool), "previous must be true or false, not {value!r}"),
    "timezone": (lambda zone: not timezone_problem(zone), NO_ZONE),
    "lookback": _whole_from(0),
    "max_series": _whole_from(1),
}
"""What a field must be, and what is wrong otherwise."""

_OPTIONAL = ("range", "timezone")


def parse_chart(value: Chart | Mapping[str, Any]) -> Chart:
    """A chart from itself or from a mapping as it stands in configuration.

    Raises:
        InvalidSettingError: Something is missing, unknown or not allowed.
    """
    if isinstance(value, Chart):
        return value
    allowed = [field.name for field in fields(Chart)]
    if not isinstance(value, Mapping) or "name" not in value:
        raise InvalidSettingError(f"chart {value!r}: a chart has a name, series and more.")
    unknown = sorted(set(value) - set(allowed))
    if unknown:
        raise InvalidSettingError(
            f"chart {value['name']!r}: {unknown[0]!r} is no field of a chart; it has"
            f" {', '.join(allowed)}."
        )
    return Chart(**value)


def parse_charts(values: Sequence[Chart | Mapping[str, Any]]) -> tuple[Chart, ...]:
    """Charts whose names differ.

    Raises:
        InvalidSettingError: All that is wrong with any of them.
    """
    charts, problems = [], []
    for value in values:
        try:
            charts.append(parse_chart(value))
        except InvalidSettingError as error:
            problems.append(error)
    names = Counter(chart.name for chart in charts)
    for name, count in names.items():
        if count > 1:
            text = f"chart {name!r}: name is given to {count} charts; names must differ."
            problems.append(InvalidSettingError(text))
    raise_all(problems)
    return tuple(charts)


def _text(moment: str | Moment | None) -> str | None:
    return moment if moment is None or isinstance(moment, str) else moment.isoformat()
