"""A server to which anything may happen, in a history that Hypothesis draws."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, Row, event, world

_NAMES = ("purchase", "signup")
_AGES = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4, 6, 9, 30, 100, 400, -1, -2, -40))
"""Days before today; negative ones are in the future."""
_UPGRADES = ("2026-08", "2026-09s", "2026-09", "3")
"""Whole days, then instants without and with milliseconds, then OpenPanel 3."""


class ServerHistory(RuleBasedStateMachine):
    """A server with a past, and the rules by which its rows and its clock go on."""

    def __init__(self) -> None:
        super().__init__()
        self.cleanup = ExitStack()
        self.now = NOW
        self.rows: list[Row] = []
        self.made = 0
        self.server_dates = list(_UPGRADES)
        self._server = self.cleanup.enter_context(ExitStack())
        self.sandbox = self._serve()

    def teardown(self) -> None:
        self.cleanup.close()

    def _serve(self) -> Sandbox:
        """A server of the next generation that holds what the one before held."""
        settings = {"now": lambda: self.now, "server_date": self.server_dates.pop(0)}
        self._server.close()
        return self._server.enter_context(world(*self.rows, **settings))

    @precondition(lambda self: self.server_dates)
    @rule()
    def the_server_is_upgraded(self) -> None:
        self.sandbox = self._serve()

    @initialize(ages=st.lists(_AGES, min_size=1, max_size=8))
    def begins(self, ages: list[int]) -> None:
        self._arrive(ages)

    @rule(ages=st.lists(_AGES, min_size=1, max_size=4))
    def rows_arrive(self, ages: list[int]) -> None:
        self._arrive(ages)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def rows_vanish(self, data: st.DataObject) -> None:
        gone = data.draw(st.lists(st.sampled_from(self._ids()), min_size=1, max_size=3))
        self.sandbox.remove(gone)
        self.rows = [row for row in self.rows if row["id"] not in gone]

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def a_row_is_delivered_again(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self._ids()))
        again = next(row for row in self.rows if row["id"] == chosen)
        self.sandbox.add([again])
        self.rows.append(again)

    @rule(hours=st.sampled_from((1, 6, 13, 24, 50, 200)))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def _ids(self) -> list[str]:
        return sorted({row["id"] for row in self.rows})

    def _arrive(self, ages: list[int]) -> None:
        added = [self._row(age) for age in ages]
        self.sandbox.add(added)
        self.rows += added

    def _row(self, age: int) -> Row:
        self.made += 1
        # Times of a day jump about, so that rows come below known ones and above them.
        second = self.made * 7919 % 86_400
        at = datetime.combine(self.now.date() - timedelta(days=age), datetime.min.time())
        at += timedelta(seconds=second, milliseconds=self.made % 1000)
        return event(
            self.made,
            name=_NAMES[self.made % 3 == 0],
            createdAt=at.isoformat(timespec="milliseconds") + "Z",
            groups=["a", "b"][: self.made % 3],
        )
