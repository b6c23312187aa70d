"""A backfill by workers, one of which is killed in the middle, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openpanel_source import Partition, audit, partitions, sync
from tests.orchestrators.conftest import DAYS, Installation
from tests.orchestrators.programs import PATIENCE, Programs
from tests.support.destinations import made
from tests.support.equality import SELECT_EVENTS, difference, keyed
from tests.support.sandbox_world import pages_of

SERVERS = {"postgresql": "postgres", "delta": "filesystem"}
"""Destinations that take several writers, by what tests call them: what dlt calls them."""
COMMITS = {"SOURCES__OPENPANEL__MAX_DAYS_PER_RUN": "5"}
"""Commits on the way, for the partition that is killed to have some days behind it."""


@dataclass
class Backfill:
    """A history to load, where to, and what its workers are told.

    Args:
        installation: The engine, and the server to read.
        warehouse: Where to, as of ``tests.support.destinations``.
        target: Which of ``SERVERS`` it is.
        size: Events of a partition.
    """

    installation: Installation
    warehouse: Any
    target: str
    size: int

    @property
    def environment(self) -> dict[str, str]:
        """What the workers need to know of the destination; the source is in the environment."""
        if self.target == "delta":
            return {
                "DESTINATION__FILESYSTEM__BUCKET_URL": str(self.warehouse.lake),
                "SOURCES__OPENPANEL__TABLE_FORMAT": "delta",
            }
        return {"DESTINATION__POSTGRES__CREDENTIALS": self.warehouse.url}

    @property
    def settings(self) -> dict[str, Any]:
        """What a sync or an audit of the destination is given."""
        more = {"table_format": "delta"} if self.target == "delta" else {}
        return self.installation.settings | more

    def planned(self) -> list[Partition]:
        """The partitions that the example makes as well."""
        return partitions(events_per_partition=self.size, **self.settings)

    def holding_up(self, programs: Programs, seconds: float = PATIENCE) -> Callable[[], Partition]:
        """Never answer the first request for pages of a day in the middle of the history.

        Args:
            programs: What loads it.
            seconds: How long it may take to come there.

        Returns:
            Waits for that request, and gives the partition that then stands in the middle.
        """
        sandbox = self.installation.sandbox
        day = self.installation.first_day + timedelta(days=35)
        sandbox.behave(path=pages_of(str(day)), hang=True, times=1)

        def held_up() -> str:
            unanswered = [request.url for request in sandbox.requests if request.status == 0]
            return unanswered[0] if unanswered else ""

        def wait() -> Partition:
            url = programs.wait_for(f"a request for {day}", held_up, seconds)
            (project,) = parse_qs(urlsplit(url).query)["projectId"]
            (partition,) = (one for one in self.planned() if _holds(one, project, day))
            return partition

        return wait

    def check(self) -> None:
        """Fail unless a nightly sync adopts all, and destination and server are then the same."""
        loaded = {(one.project_id, one.start, one.end) for one in self.planned()}
        days = sum((end - start).days + 1 for _, start, end in loaded)
        nightly = sync(self.warehouse.pipeline(), **self.settings)
        assert (nightly.days_adopted, nightly.exit_code) == (days, 0), nightly.as_dict()
        assert nightly.days_read == len(self.settings["project_id"])  # today
        self.check_values()

    def check_values(self) -> None:
        """Fail unless the audit finds nothing, and neither does a comparison without our code."""
        report = audit(self.warehouse.pipeline(), **self.settings)
        assert (report.differences, report.exit_code) == ([], 0)
        ((events,),) = self.warehouse.query("SELECT count(*) FROM events")
        compared = 0
        for first, last in self._parts(events):
            days = f"WHERE event_date BETWEEN '{first}' AND '{last}'"
            wanted = self.installation.source(first, last)
            held = keyed(self.warehouse.query(f"{SELECT_EVENTS} {days}"))
            assert difference(wanted, held) == ""
            compared += len(wanted)
        assert compared == events

    def _parts(self, events: int) -> Iterator[tuple[date, date]]:
        """Days of so many events together as can be compared at once."""
        first, today = self.installation.first_day, self.installation.today
        step = timedelta(days=max(DAYS * 50_000 // events, 1))
        while first <= today:
            yield first, first + step - timedelta(days=1)
            first += step


def _holds(partition: Partition, project: str, day: date) -> bool:
    return partition.project_id == project and partition.start <= day <= partition.end


def is_at_work(folder: Path, partition: Partition) -> bool:
    """Whether a partition is, or was, loaded on the machine that has a folder for its scratch."""
    return any(folder.rglob(f"{partition.name}*"))


def backfill_into(
    target: str, installation: Installation, postgres_url: Callable[[], str], size: int
) -> Backfill:
    """A backfill into a destination, with its settings in the environment of all programs."""
    warehouse = made(target, installation.folder, postgres_url)
    backfill = Backfill(installation, warehouse, target, size)
    installation.use_environment()
    installation.environment |= backfill.environment | COMMITS
    return backfill
