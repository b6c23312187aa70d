"""Who is alone knows the server's windows: all of each is used, and none ever overflows."""

from __future__ import annotations

from itertools import cycle
from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.wire.own_windows import WINDOW_SECONDS, Entry, OwnWindows
from tests.support.rate_windows import SilentWindow, Simulation
from tests.wire.test_a_limit_that_is_not_told import share_used

pytestmark = pytest.mark.sampled(2)

MOST = 4

delays = st.floats(0, 8)
attempts = st.tuples(
    st.floats(0, 6), delays, delays, st.sampled_from(["answered", "lost", "never came"])
)


@settings(max_examples=400)
@given(st.lists(attempts, min_size=5, max_size=60), st.sampled_from([1.0, 0.1, 0.0]))
def test_no_window_of_the_server_counts_more_than_were_let_through(
    tries: list[tuple[float, float, float, str]], pace: float
) -> None:
    """Requests reach the server, and are answered, when they like, in any order, or not at all."""
    windows = OwnWindows()
    answers: list[tuple[float, Entry, bool]] = []
    counted: list[float] = []
    now = 0.0
    for gap, there, back, end in tries:
        now += gap * pace
        count, over_at = windows.present(now)
        while count >= MOST:
            pending = [at for at, entry, _ in answers if entry.counted_by > at]
            if not pending and over_at == inf:
                # All were lost: nobody knows whether a window is open.
                return
            now = min([over_at, *pending])
            for at, entry, is_lost in answers:
                if at <= now:
                    entry.counted_by, entry.is_lost = at, is_lost
            count, over_at = windows.present(now)
        entry = Entry(now)
        windows.add(entry)
        if end != "never came":
            counted.append(now + there)
        answers.append((now + there + back, entry, end != "answered"))
    held, opened = 0, -WINDOW_SECONDS
    for at in sorted(counted):
        if at >= opened + WINDOW_SECONDS:
            held, opened = 0, at
        held += 1
        assert held <= MOST


@settings(max_examples=40)
@given(
    threads=st.integers(1, 64),
    latencies=st.lists(st.floats(0.001, 4.0), min_size=1, max_size=7),
)
def test_alone_nothing_is_refused_however_slow_and_uneven_answers_are(
    threads: int, latencies: list[float]
) -> None:
    latency = cycle(latencies)
    server = SilentWindow(100, 10)
    simulation = Simulation(server, threads, lambda: next(latency))
    simulation.run(60)
    assert server.refused == 0


@pytest.mark.parametrize(("period", "stall"), [(inf, 0.0), (3.1, 0.4), (1.3, 0.3), (29.0, 3.0)])
def test_delays_of_requests_do_not_add_up(period: float, stall: float) -> None:
    """As they do where ten seconds are kept between each request and the hundredth after it."""
    drawn = Random(1)
    server = SilentWindow(100, 10)
    simulation = Simulation(server, 8, lambda: drawn.uniform(0.05, 1.0))

    def busy() -> None:
        had, simulation.idle = simulation.idle, 0

        def done() -> None:
            simulation.idle += had

        simulation.at(simulation.now + stall, done)
        simulation.at(simulation.now + period, busy)

    simulation.at(simulation.now + min(period, 1.0), busy)
    simulation.run(300)
    assert server.refused == 0
    assert share_used(server) >= 0.95
