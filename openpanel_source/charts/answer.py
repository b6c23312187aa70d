"""Read an answer of ``/export/charts``.

Series are told apart by ``event.id``, never by order or by the API's ``id``, which is a slug and
collides (openpanel-api.md, section 7).
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from string import ascii_uppercase

import msgspec

from openpanel_source.api.query import encode_json
from openpanel_source.charts.definition import Chart
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.model.json_text import UNREADABLE

_NOT_SET = "(not set)"
"""What servers before 2025-04-16 call an empty value."""


class _Compared(msgspec.Struct):
    value: float | None = None


class _Point(msgspec.Struct):
    date: str
    count: float | None = None
    previous: _Compared | None = None


class _Event(msgspec.Struct):
    id: str | None = None


class Metrics(msgspec.Struct):
    """Of a series over the period asked for; ``count`` is approximately its profiles."""

    sum: float | None = None
    average: float | None = None
    min: float | None = None
    max: float | None = None
    count: float | None = None


class _Series(msgspec.Struct):
    names: list[msgspec.Raw]
    event: _Event
    metrics: Metrics
    data: list[_Point]


class _Answer(msgspec.Struct):
    series: list[_Series]


Points = dict[str, tuple[float | None, float | None]]

_decoder = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True)
class DrawnSeries:
    """A series of an answer.

    Attributes:
        position: Its place in the definition, from 0.
        values: Of the breakdowns, as text, in order; empty ones are left out upstream.
        metrics: Of the period asked for, as the server says.
        points: By local start as ISO text: value, and what it is compared with.
    """

    position: int
    values: tuple[str, ...]
    metrics: Metrics
    points: Points

    @property
    def key(self) -> str:
        """The same for the same series in each answer, and for no other."""
        return digest([str(self.position), *self.values])


@dataclass(frozen=True)
class Drawing:
    """An answer.

    Attributes:
        series: Those kept, the largest first.
        found: How many there were.
        phantoms: How many more the server had made up.
    """

    series: list[DrawnSeries] = field(default_factory=list)
    found: int = 0
    phantoms: int = 0

    @property
    def cut(self) -> int:
        """How many series were beyond ``max_series``."""
        return self.found - len(self.series)


def read_drawing(chart: Chart, body: bytes, request: str, *, early: bool = False) -> Drawing:
    """Decode an answer.

    Args:
        chart: What was asked for.
        body: The answer's bytes.
        request: Method and URL, for errors.
        early: Whether the server is from before 2025-04-16 and leaves the event out of names.

    Returns:
        The series, at most ``max_series``.

    Raises:
        UnexpectedAnswerError: The body is no chart, or holds a series that nobody asked for.
    """
    try:
        answer = _decoder.decode(body)
    except UNREADABLE as error:
        raise UnexpectedAnswerError(
            f"chart {chart.name!r}: the answer is no chart ({error}).", request
        ) from None
    real = []
    for item in answer.series:
        position = _position(chart, item, request)
        event = chart.parts[position].event
        names = tuple(map(_text, item.names))
        if early:
            values = names if chart.breakdowns else ()
            values = tuple("" if value == _NOT_SET else value for value in values)
        elif names and names[0] in (event, f"({ascii_uppercase[position]}) {event}"):
            values = names[1:]
        else:
            continue
        real.append((position, values, item))
    kept = heapq.nlargest(chart.max_series, real, key=lambda one: one[2].metrics.sum or 0)
    return Drawing(
        [_drawn(position, values, item) for position, values, item in kept],
        found=len(real),
        phantoms=len(answer.series) - len(real),
    )


def with_silent_series(chart: Chart, drawing: Drawing, dates: Iterable[str]) -> Drawing:
    """An answer with the series that the server leaves out because nothing happened in them.

    Args:
        chart: What was asked for; with breakdowns, nobody knows which series these are.
        drawing: The answer.
        dates: Local starts of all buckets asked for, as ISO text.
    """
    missing = set(range(len(chart.parts))) - {series.position for series in drawing.series}
    if chart.breakdowns or not missing:
        return drawing
    dates = list(dates)
    silent = [
        DrawnSeries(place, (), Metrics(), dict.fromkeys(dates, (gap_value(chart, place), None)))
        for place in sorted(missing)
    ]
    return replace(drawing, series=[*drawing.series, *silent], found=drawing.found + len(silent))


def gap_value(chart: Chart, position: int) -> float | None:
    """What a series has where nothing happened: 0, or null where there is nothing to compute."""
    name = chart.parts[position].property or ""
    return None if name.startswith("properties.") else 0.0


def _position(chart: Chart, item: _Series, request: str) -> int:
    letter = item.event.id or ""
    position = ascii_uppercase.find(letter) if len(letter) == 1 else -1
    if not 0 <= position < len(chart.parts):
        raise UnexpectedAnswerError(
            f"chart {chart.name!r}: the answer holds a series {letter!r} that was not asked for.",
            request,
        )
    return position


def _drawn(position: int, values: tuple[str, ...], item: _Series) -> DrawnSeries:
    points: Points = {}
    for point in item.data:
        previous = point.previous.value if point.previous else None
        # Where a date comes twice, the first is the one that the server counted.
        local = f"{point.date[:10]}T{point.date[11:19] or '00:00:00'}"
        points.setdefault(local, (point.count, previous))
    return DrawnSeries(position, values, item.metrics, points)


def _text(raw: msgspec.Raw) -> str:
    """A breakdown's value: numbers and lists stay the text that they are."""
    text = bytes(raw)
    try:
        return msgspec.json.decode(text, type=str) if text[:1] == b'"' else text.decode()
    except UNREADABLE:
        # Half a character, which no table can hold, stays escaped.
        return text.decode("utf-8", "replace")


def digest(parts: Iterable[str]) -> str:
    """16 hex digits that texts, in this order, have alone."""
    return hashlib.sha256(encode_json(list(parts)).encode()).hexdigest()[:16]
