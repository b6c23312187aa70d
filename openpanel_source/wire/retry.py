"""How often and how patiently a failed request is tried again."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass

import tenacity

from openpanel_source.errors import (
    ConnectionFailedError,
    CredentialsError,
    LongRefusalError,
    RateLimitedError,
    RequestAbortedError,
    ServerFaultError,
    ServerUnavailableError,
    TransientError,
    UnknownHostError,
)
from openpanel_source.model.clock import check_seconds

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 30.0
"""Seconds; only a server may ask for more."""
LONGEST_OUTAGE = 86_400.0
_WORTH_TELLING = 3
"""Attempts after which a wait is told to everybody."""
_FIRST_OUTAGE = 30.0
"""Seconds that an outage is waited out at most before the server has answered once."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how patiently a failed request is tried again.

    Args:
        attempts: Tries of a request that met a broken connection, a timeout or 502 to 504.
        doubtful_attempts: Tries of one answered 500 or 401, which may be the server's outage or
            the client's mistake (openpanel-api.md, section 5).
        limited_attempts: Tries of one answered 429; each waits as long as the server says.
        limited_seconds: No further try of one answered 429 begins after that time.
        backoff_seconds: First wait; it doubles up to 30 seconds, with jitter.
        max_outage: Seconds that a server is waited for that is down: no connection, or 502 to 504.
    """

    attempts: int = 6
    doubtful_attempts: int = 3
    limited_attempts: int = 20
    limited_seconds: float = 900.0
    backoff_seconds: float = 0.5
    max_outage: float = 90.0

    def __post_init__(self) -> None:
        check_seconds("backoff_seconds", self.backoff_seconds, most=_LONGEST_WAIT)
        check_seconds("max_outage", self.max_outage, most=LONGEST_OUTAGE)

    def is_exhausted(self, state: tenacity.RetryCallState, *, is_known: bool) -> bool:
        """Whether a request that failed has had all of its tries.

        Args:
            state: Its tries so far.
            is_known: Whether the server has answered before.
        """
        error, seconds = error_in(state), state.seconds_since_start or 0.0
        if isinstance(error, RateLimitedError) and seconds >= self.limited_seconds:
            return True
        if error is None or seconds < self.outage(error, is_known=is_known):
            return False
        return state.attempt_number >= self._tries(error)

    def _tries(self, error: BaseException) -> int:
        if isinstance(error, (LongRefusalError, RequestAbortedError)):
            return 1
        if isinstance(error, RateLimitedError):
            return self.limited_attempts
        if isinstance(error, (ServerFaultError, CredentialsError)):
            return self.doubtful_attempts
        return self.attempts if isinstance(error, TransientError) else 1

    def pause(self, state: tenacity.RetryCallState, *, is_known: bool, is_timed: bool) -> float:
        """Seconds to wait before the next try of a request that failed.

        Args:
            state: Its tries so far.
            is_known: Whether the server has answered before.
            is_timed: Whether the limiter waits for the window that a 429 names; one of a proxy
                names none.
        """
        error = error_in(state)
        if isinstance(error, RateLimitedError) and is_timed:
            return 0.0
        seconds = self.wait(state.attempt_number)
        left = self.outage(error, is_known=is_known) - (state.seconds_since_start or 0.0)
        # The last try of an outage is at its end.
        return min(seconds, left) if left > 0 else seconds

    def outage(self, error: BaseException | None, *, is_known: bool) -> float:
        """Seconds that a request is tried again which failed with this error, however often.

        Args:
            error: The error.
            is_known: Whether the server has answered before: else its address may be wrong.
        """
        if not isinstance(error, (ConnectionFailedError, ServerUnavailableError)):
            return 0.0
        if is_known:
            return self.max_outage
        if isinstance(error, UnknownHostError):
            return 0.0
        return min(self.max_outage, _FIRST_OUTAGE)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        longest: float = min(self.backoff_seconds * 2.0 ** (attempt - 1), _LONGEST_WAIT)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def error_in(state: tenacity.RetryCallState) -> BaseException | None:
    """What the last try ended with, if it failed."""
    return state.outcome.exception() if state.outcome else None


def log_retry(state: tenacity.RetryCallState, outage: float) -> None:
    """Say which attempt failed, why, and for how long the server is waited for if it is down."""
    error = error_in(state)
    if outage and state.attempt_number == _WORTH_TELLING:
        logger.warning("waiting up to %g s for the server to come back: %s", outage, error)
        return
    logger.info("attempt %d failed, trying again: %s", state.attempt_number, error)
