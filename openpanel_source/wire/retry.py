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

    def tries(self, error: BaseException) -> int:
        """How many tries a request has that failed with this error."""
        if isinstance(error, (LongRefusalError, RequestAbortedError)):
            return 1
        if isinstance(error, RateLimitedError):
            return self.limited_attempts
        if isinstance(error, (ServerFaultError, CredentialsError)):
            return self.doubtful_attempts
        return self.attempts if isinstance(error, TransientError) else 1

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


def log_retry(state: tenacity.RetryCallState, outage: float) -> None:
    """Say which attempt failed, why, and for how long the server is waited for if it is down."""
    error = state.outcome.exception() if state.outcome else None
    if outage and state.attempt_number == _WORTH_TELLING:
        logger.warning("waiting up to %g s for the server to come back: %s", outage, error)
        return
    logger.info("attempt %d failed, trying again: %s", state.attempt_number, error)
