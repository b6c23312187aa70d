"""How often and how patiently a failed request is tried again."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass

import tenacity

from openpanel_source.clock import check_seconds
from openpanel_source.errors import (
    CredentialsError,
    LongRefusalError,
    RateLimitedError,
    RequestAbortedError,
    ServerFaultError,
    TransientError,
)

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 30.0
"""Seconds; only a server may ask for more."""


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
    """

    attempts: int = 6
    doubtful_attempts: int = 3
    limited_attempts: int = 20
    limited_seconds: float = 900.0
    backoff_seconds: float = 0.5

    def __post_init__(self) -> None:
        check_seconds("backoff_seconds", self.backoff_seconds, most=_LONGEST_WAIT)

    def tries(self, error: BaseException) -> int:
        """How many tries a request has that failed with this error."""
        if isinstance(error, (LongRefusalError, RequestAbortedError)):
            return 1
        if isinstance(error, RateLimitedError):
            return self.limited_attempts
        if isinstance(error, (ServerFaultError, CredentialsError)):
            return self.doubtful_attempts
        return self.attempts if isinstance(error, TransientError) else 1

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        longest: float = min(self.backoff_seconds * 2.0 ** (attempt - 1), _LONGEST_WAIT)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret


def log_retry(state: tenacity.RetryCallState) -> None:
    """Say which attempt failed, and why."""
    error = state.outcome.exception() if state.outcome else None
    logger.info("attempt %d failed, trying again: %s", state.attempt_number, error)
