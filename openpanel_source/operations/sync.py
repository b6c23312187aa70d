"""Run a pipeline until nothing is left to read, one bounded run after another."""

from __future__ import annotations

import threading
import time
from functools import partial
from math import inf
from typing import Any

import dlt

from openpanel_source.days.backlog import Backlog
from openpanel_source.destinations.comments import descriptions, write_comments
from openpanel_source.destinations.holdings import Holdings
from openpanel_source.destinations.pipeline_lock import running_alone
from openpanel_source.destinations.prepare import drop_staging
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.models.dataset import models_dialect
from openpanel_source.models.day_status import make_day_status
from openpanel_source.models.make import refresh_models, refresh_tables
from openpanel_source.operations.preamble import BUSY_TIMEOUT, operation
from openpanel_source.operations.progress.display import OnProgress
from openpanel_source.operations.progress.telling import telling
from openpanel_source.operations.properties.unfilled import Unfilled
from openpanel_source.operations.restore import mark_clean, restored
from openpanel_source.operations.runs.pace import Pace
from openpanel_source.operations.runs.package_steps import load_lists
from openpanel_source.operations.runs.runs import Runs
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.scrub.scrub import Scrub
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.tuning import tuned_process
from openpanel_source.operations.users_pipeline import loadable
from openpanel_source.source.orders import Orders, progress_of
from openpanel_source.source.source import resources_of


def sync(
    pipeline: dlt.Pipeline,
    *,
    max_runtime: float | None = None,
    progress: bool | OnProgress = False,
    on_day: OnProgress | None = None,
    models: bool | None = None,
    reread: frozenset[ProjectDay] = frozenset(),
    busy_timeout: float = BUSY_TIMEOUT,
    stop: threading.Event | None = None,
    **settings: Any,
) -> SyncSummary:
    """Load everything that is new, committing run by run, until nothing is left.

    Each run is one load package of bounded size. Killed at any moment, the next call continues.

    Args:
        pipeline: A dlt pipeline with its destination.
        max_runtime: Seconds after which no further day is begun; None for no bound.
        progress: True shows how far the sync is and what it waits for: a bar on a terminal, a line
            in a notebook, lines on stderr or in the log elsewhere. Or what is called with it
            instead, twice a second, in a thread of its own. What fails there stops no sync.
        on_day: Called after each day with how far the sync is.
        models: Whether to make the tables of docs/models.md, or bring them up to date; when left
            out, they are brought up to date where somebody has made them. A sync that is asked to
            stop leaves that to the next.
        reread: Projects and UTC days to read again, whatever the ledger says.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        stop: Once set, no further day is begun, the one being read is abandoned after 2 seconds,
            and what was read is committed. Whoever gives one heeds signals: dlt is kept from
            leaving a load that is under way when one comes.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        What was done.

    Raises:
        OpenPanelError: Something stopped the sync, or all projects failed; what was read before is
            committed.
    """
    started = time.monotonic()
    halt = Halt(max_runtime, stop)
    if models:
        # Refuses a destination that holds none, before anything is loaded.
        models_dialect(pipeline)
    # No pace is known before the settings are.
    backlog, pace = Backlog(), Pace(inf)
    runs: Runs | None = None
    with (
        halt.ending(),
        tuned_process(),
        operation(settings, halt, busy_timeout) as (client, checked),
        telling(progress, lambda: progress_of(backlog, awaited=client.awaited or pace.awaited)),
        running_alone(pipeline, busy_timeout),
        loadable(pipeline, commits_when_asked_to_stop=stop is not None),
    ):
        differing, adoptable = restored(pipeline, checked, busy_timeout)
        described = descriptions(pipeline)
        unfilled = Unfilled(pipeline, checked)
        pace = Pace(checked.limits.commit_seconds)
        orders = Orders(
            Holdings(pipeline, busy_timeout),
            reread | differing,
            tuple(adoptable),
            with_lists=False,
            begins_early=pace.is_bounded,
            should_stop=halt.is_due,
            should_commit=pace.is_due,
        )
        resources = partial(resources_of, client, checked)
        runs = Runs(pipeline, resources, orders, backlog, pace, busy_timeout)
        if runs.until_nothing_is_left(on_day):
            # The last of them may have failed while a run was committed.
            runs.failed.left_of(checked.project_ids)
            if checked.lists:
                runs.summary.lists = load_lists(
                    pipeline, client, checked, orders, runs.failed, busy_timeout
                )
        if checked.scrub_requests and not reread and not halt.is_due():
            scrub = Scrub(pipeline, checked, halt, busy_timeout)
            runs.summary.scrub = scrub.run(runs, on_day)
        runs.note_unfilled(unfilled)
        if runs.is_clean:
            mark_clean(pipeline)
        if descriptions(pipeline) != described:
            write_comments(pipeline, busy_timeout)
        make_day_status(pipeline, busy_timeout)
        if runs.summary.runs or runs.summary.lists:
            # This may be the last sync of its pipeline, and there are copies of rows in it.
            drop_staging(pipeline)
        if models is not False and not halt.is_asked:
            refresh = refresh_models if models else refresh_tables
            runs.summary.models = refresh(pipeline, busy_timeout=busy_timeout)
    summary = runs.finished() if runs else SyncSummary()
    summary.start_date, summary.end_date = checked.start, checked.end
    summary.requests = client.requests_sent
    summary.stopped = halt.is_asked
    summary.seconds = time.monotonic() - started
    return summary
