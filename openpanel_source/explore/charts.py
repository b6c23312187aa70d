"""Charts of answers, as Altair writes them down; the page draws them itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt

from openpanel_source.explore.labels import labelled
from openpanel_source.explore.warehouse import Rows

_WIDTHS = {
    "hour": "yearmonthdatehours",
    "day": "yearmonthdate",
    "week": "yearmonthdate",
    "month": "yearmonth",
}
"""What Vega calls the time that a bar takes."""
_BAR = 22
"""Height of a horizontal bar, in pixels."""


def over_time(answer: Rows, interval: str, measure: str) -> alt.Chart:
    """A bar for each piece of time that has events; the first column says when it begins."""
    place = answer.columns.index(measure)
    # With a time and without an offset, it is drawn as it stands, wherever the browser is.
    starts = [datetime.fromisoformat(row[0].isoformat()).isoformat() for row in answer.rows]
    amounts = [_number(row[place]) for row in answer.rows]
    values = [{"x": start, "y": amount} for start, amount in zip(starts, amounts, strict=True)]
    return _chart(values, (f"{_WIDTHS[interval]}(x):T", interval), ("y:Q", measure), height=260)


def by_value(answer: Rows, measure: str) -> alt.Chart:
    """A horizontal bar for each row; the first column says of what."""
    place = answer.columns.index(measure)
    values = [row[0] for row in answer.rows]
    return _bars(answer.columns[0], values, measure, [row[place] for row in answer.rows])


def funnel(answer: Rows) -> alt.Chart:
    """A horizontal bar for each step."""
    steps = [f"{step} {name}" for step, name, *_ in answer.rows]
    return _bars("step", steps, "sessions", [row[2] for row in answer.rows])


def _bars(title: str, texts: Sequence[str | None], measure: str, amounts: list[Any]) -> alt.Chart:
    values = [
        {"x": _number(amount), "y": label}
        for label, amount in zip(labelled(texts), amounts, strict=True)
    ]
    height = _BAR * max(len(values), 1)
    return _chart(values, ("x:Q", measure), ("y:N", title), height=height)


def _chart(
    values: list[dict[str, Any]], x: tuple[str, str], y: tuple[str, str], *, height: int
) -> alt.Chart:
    # Of what a chart's menu offers, the editor of Vega would send it to another host.
    actions = {"export": True, "source": False, "compiled": False, "editor": False}
    # The rows stand in the chart, so that nothing guesses types of texts anew.
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values), usermeta={"embedOptions": {"actions": actions}})
        .mark_bar()
        .encode(
            x=alt.X(x[0], title=x[1]),
            y=alt.Y(y[0], title=y[1], sort=None, axis=alt.Axis(labelLimit=320)),
            tooltip=[alt.Tooltip(field, title=title) for field, title in (x, y)],
        )
        .properties(width="container", height=height)
    )
    return chart


def _number(value: Any) -> float | int | None:
    """Sums are decimals in PostgreSQL."""
    return value if value is None or isinstance(value, (int, float)) else float(value)
