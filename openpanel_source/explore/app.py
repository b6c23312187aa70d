"""What ``openpanel-source explore`` opens; ``marimo edit`` changes a copy of it.

Each choice asks the warehouse once, and nothing is open in between. What events hold is shown in
tables and charts, as the text that it is, never as Markdown.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="OpenPanel")


@app.cell
def _():
    from dataclasses import replace
    from datetime import timedelta

    import marimo as mo

    from openpanel_source.errors import OpenPanelError
    from openpanel_source.explore import charts, questions
    from openpanel_source.explore.labels import labelled
    from openpanel_source.explore.warehouse import ExploredWarehouse

    warehouse = ExploredWarehouse.configured()
    return OpenPanelError, charts, labelled, mo, questions, replace, timedelta, warehouse


@app.cell
def _(OpenPanelError, mo, warehouse):
    def said(error):
        return mo.callout(mo.plain_text(str(error)), kind="danger")

    def asked(sql):
        """The answer; or else why there is none, in place of what would show it."""
        try:
            return warehouse.ask(sql)
        except OpenPanelError as error:
            mo.stop(True, said(error))

    def table(answer):
        rows = mo.ui.table(
            answer.table(), selection=None, page_size=20, show_column_summaries=False
        )
        cut = f"These are the first {len(answer.rows):,} rows; there are more."
        return rows if answer.are_all else mo.vstack([rows, mo.plain_text(cut)])

    def query(sql):
        return mo.accordion({"The query": mo.plain_text(sql)})

    try:
        known = warehouse.look()
    except OpenPanelError as _error:
        mo.stop(True, said(_error))
    mo.stop(not known.projects, mo.callout("There are no events yet."))
    mo.md(f"# OpenPanel\n\nDays begin in the time zone {known.zone}.")
    return asked, known, query, table


@app.cell
def _(known, labelled, mo):
    _projects = {each.id: each for each in known.projects}
    _labels = {label: _projects[name] for label, name in labelled(_projects).items()}
    project = mo.ui.dropdown(
        _labels, value=next(iter(_labels)), allow_select_none=False, label="Project"
    )
    return (project,)


@app.cell
def _(asked, known, mo, project, questions, timedelta):
    _day = timedelta(days=1)
    _first, _last = project.value.first - _day, project.value.last + _day
    days = mo.ui.date_range(
        start=_first,
        stop=_last,
        value=(max(project.value.first, _last - 28 * _day), project.value.last),
        label="Days",
    )
    ever = questions.Choice(known.dialect, known.zone, project.value.id, _first, _last)
    names = [_name for _name, _ in asked(questions.event_names(ever)).rows]
    return days, ever, names


@app.cell
def _(labelled, mo, names, questions):
    event = mo.ui.dropdown(labelled(names), label="Event (none: all of them)")
    interval = mo.ui.dropdown(questions.INTERVALS, value="day", allow_select_none=False, label="By")
    measure = mo.ui.dropdown(
        list(questions.MEASURES), value="events", allow_select_none=False, label="Measure"
    )
    return event, interval, measure


@app.cell
def _(days, event, interval, measure, mo, project):
    mo.hstack([project, days, event, measure, interval], justify="start", wrap=True)


@app.cell
def _(days, event, ever, replace):
    _first, _last = days.value
    choice = replace(ever, first=_first, last=_last, event=event.value)
    return (choice,)


@app.cell
def _(asked, charts, choice, interval, measure, mo, query, questions, table):
    _sql = questions.over_time(choice, interval.value)
    over_time = asked(_sql)
    mo.vstack(
        [
            mo.md("## Over time"),
            charts.over_time(over_time, interval.value, measure.value),
            table(over_time),
            query(_sql),
        ]
    )
    return (over_time,)


@app.cell
def _(asked, event, ever, known, labelled, mo, questions, replace):
    # A column, or a key of the properties of the newest such events.
    _columns = questions.dimensions(known.columns["events"])
    _keys = [
        _key for _key, _ in asked(questions.property_keys(replace(ever, event=event.value))).rows
    ]
    _values = {f"column {_name}": questions.column(_name) for _name in _columns} | {
        f"property {_label}": questions.property_value(_key, known.dialect)
        for _label, _key in labelled(_keys).items()
    }
    value = mo.ui.dropdown(
        _values, value="column country", allow_select_none=False, searchable=True, label="By"
    )
    mo.vstack([mo.md("## Breakdown"), value])
    return (value,)


@app.cell
def _(asked, charts, choice, measure, mo, query, questions, table, value):
    _sql = questions.by_value(choice, value.value)
    by_value = asked(_sql).first(questions.MOST_VALUES)
    mo.vstack([charts.by_value(by_value, measure.value), table(by_value), query(_sql)])
    return (by_value,)


@app.cell
def _(labelled, mo, names):
    _labels = labelled(names)
    steps = mo.ui.array(
        [
            mo.ui.dropdown(_labels, value=_first, label=f"Step {_number}")
            for _number, _first in enumerate([next(iter(_labels), None), None, None, None], start=2)
        ]
    )
    mo.vstack(
        [
            mo.md(
                "## Funnel\n\nSessions that began on these days; each step comes after the one"
                " before, in the same session. Step 1 is the visit."
            ),
            mo.hstack(steps.elements, justify="start", wrap=True),
        ]
    )
    return (steps,)


@app.cell
def _(asked, charts, choice, known, mo, query, questions, steps, table):
    _names = [_name for _name in steps.value if _name is not None]
    _sql = questions.funnel(choice, _names, has_sessions=known.has_sessions)
    funnel = asked(_sql)
    mo.vstack([charts.funnel(funnel), table(funnel), query(_sql)])
    return (funnel,)


@app.cell
def _(known, mo):
    sql = mo.ui.text_area(
        value="SELECT name, count(*) AS events FROM events GROUP BY name ORDER BY 2 DESC",
        full_width=True,
        rows=6,
    ).form(submit_button_label="Run")
    _tables = [
        {"table": _name, "columns": ", ".join(_columns)}
        for _name, _columns in known.columns.items()
    ]
    mo.vstack(
        [
            mo.md("## SQL\n\nOne query; nothing can be changed, and times are UTC."),
            sql,
            mo.accordion({"Tables": mo.ui.table(_tables, selection=None, page_size=20)}),
        ]
    )
    return (sql,)


@app.cell
def _(asked, mo, sql, table):
    mo.stop(not (sql.value or "").strip(" \t\r\n;"))
    answer = asked(sql.value)
    mo.stop(not answer.columns)
    table(answer)
    return (answer,)


if __name__ == "__main__":
    app.run()
