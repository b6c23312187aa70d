"""Everything a server can do wrong, where and how often, and what a sync has to make of it.

A combination is a fault, a stage of the sync that it hits, and how many of the requests of that
stage it hits.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

from openpanel_source.api.query import EventQuery, query_string
from openpanel_source.errors import (
    ConnectionFailedError,
    CredentialsError,
    EndpointNotFoundError,
    IncompleteBodyError,
    InternalServerError,
    InvalidQueryError,
    LongRefusalError,
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
    QueryTooLongError,
    RateLimitedError,
    RedirectedError,
    RequestTimeoutError,
    ServerUnavailableError,
    UnexpectedAnswerError,
    WrongSecretError,
)
from openpanel_source.model.schema import INCLUDES

TRANSIENT, DOUBTFUL, LIMITED, FINAL = 6, 3, 20, 1
"""Tries of a request, by what is wrong with it."""


def _page(number: int) -> str:
    day = date(2026, 11, 10)
    params = EventQuery().params("web", day, day, includes=INCLUDES)
    return query_string([*params[2:], ("page", str(number))])


STAGES = {
    "count": "start=2026-11-09T00%3A00%3A00.000Z&end=2026-11-11T00%3A00%3A00.000Z&limit=1",
    "page-1": _page(1),
    "page-k": _page(2),
    "last-page": _page(3),
    "chart": "/export/charts",
}
"""Texts in the URLs of the requests of a stage."""

TIMES = {"once": 1, "thrice": 3, "always": None}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request.

    Attributes:
        name: For the test's id.
        behaviour: The sandbox's.
        error: What is raised once the tries are used; None for lies, which verdicts tell.
        tries: How many there are.
    """

    name: str
    behaviour: dict[str, Any]
    error: type[OpenPanelError] | None = None
    tries: int = 0

    @property
    def takes_long(self) -> bool:
        """Whether it is a timeout that it meets."""
        return self.error is RequestTimeoutError


@dataclass(frozen=True)
class Combination:
    """A fault, its stage, and how often it strikes."""

    fault: Fault
    stage: str
    times: str

    def __str__(self) -> str:
        return f"{self.fault.name}-{self.stage}-{self.times}"

    @property
    def behaviour(self) -> dict[str, Any]:
        """What to tell the sandbox."""
        count = TIMES[self.times]
        times = {} if count is None else {"times": count}
        return {**self.fault.behaviour, "path": STAGES[self.stage], **times}

    @property
    def is_fatal(self) -> bool:
        """Whether the tries of one request are used before the fault is."""
        return self.fault.tries <= (TIMES[self.times] or self.fault.tries)


def _status(status: int, error: type[OpenPanelError], tries: int, message: str = "") -> Fault:
    body = {"body": f'{{"message":"{message}"}}'} if message else {}
    return Fault(f"status {status}", {"status": status, **body}, error, tries)


def _refusal(value: int | str) -> Fault:
    behaviour = {"status": 429, "retry_after": value}
    return Fault(f"429 retry-after {value}", behaviour, RateLimitedError, LIMITED)


FAULTS = (
    Fault("reset before headers", {"reset": "before_headers"}, ConnectionFailedError, TRANSIENT),
    Fault("reset in headers", {"reset": "in_headers"}, ConnectionFailedError, TRANSIENT),
    Fault("reset in body", {"reset": "in_body"}, IncompleteBodyError, TRANSIENT),
    Fault("reset at last byte", {"reset": "last_byte"}, IncompleteBodyError, TRANSIENT),
    Fault(
        "reset in chunk",
        {"reset": "in_body", "framing": "chunked"},
        IncompleteBodyError,
        TRANSIENT,
    ),
    Fault(
        "reset in compressed body",
        {"reset": "last_byte", "gzip": True},
        IncompleteBodyError,
        TRANSIENT,
    ),
    Fault("closed after headers", {"truncate_body": 0}, IncompleteBodyError, TRANSIENT),
    Fault("closed in body", {"truncate_body": 20}, IncompleteBodyError, TRANSIENT),
    Fault(
        "closed in body of no length",
        {"truncate_body": 20, "framing": "close"},
        UnexpectedAnswerError,
        DOUBTFUL,
    ),
    Fault("length too large", {"wrong_content_length": 7}, IncompleteBodyError, TRANSIENT),
    Fault("length too small", {"wrong_content_length": -7}, UnexpectedAnswerError, DOUBTFUL),
    Fault("hang", {"hang": True}, RequestTimeoutError, TRANSIENT),
    Fault("stall", {"stall": 120}, RequestTimeoutError, TRANSIENT),
    Fault("drip", {"drip": 0.5}, RequestTimeoutError, TRANSIENT),
    Fault("drip of headers", {"drip_headers": 0.5}, RequestTimeoutError, TRANSIENT),
    Fault("interim for ever", {"interim": 0.05}, RequestTimeoutError, TRANSIENT),
    Fault("malformed JSON", {"malformed_json": True}, UnexpectedAnswerError, DOUBTFUL),
    Fault("web page", {"html": True}, UnexpectedAnswerError, DOUBTFUL),
    Fault(
        "no meta, data an object",
        {"status": 200, "body": '{"data":{}}'},
        UnexpectedAnswerError,
        DOUBTFUL,
    ),
    Fault(
        "deep nesting",
        {"status": 200, "body": '{"a":' + "[" * 9_000 + "}"},
        UnexpectedAnswerError,
        DOUBTFUL,
    ),
    Fault("empty body", {"status": 200}, UnexpectedAnswerError, DOUBTFUL),
    Fault("no content", {"status": 204}, UnexpectedAnswerError, DOUBTFUL),
    Fault("teapot", {"status": 418}, UnexpectedAnswerError, DOUBTFUL),
    _status(400, InvalidQueryError, FINAL),
    _status(401, CredentialsError, DOUBTFUL),
    Fault(
        "status 401 with a reason",
        {"status": 401, "body": '{"message":"Export: Invalid client secret"}'},
        WrongSecretError,
        DOUBTFUL,
    ),
    _status(403, ProjectAccessError, FINAL),
    _status(404, EndpointNotFoundError, FINAL),
    Fault(
        "project not found",
        {"status": 404, "body": '{"message":"Project not found"}'},
        ProjectNotFoundError,
        FINAL,
    ),
    _status(408, ServerUnavailableError, TRANSIENT),
    _status(431, QueryTooLongError, FINAL),
    _status(500, InternalServerError, DOUBTFUL),
    _status(502, ServerUnavailableError, TRANSIENT),
    _status(503, ServerUnavailableError, TRANSIENT),
    _status(504, ServerUnavailableError, TRANSIENT),
    Fault(
        "status 503 for a year",
        {"status": 503, "retry_after": 31_536_000},
        ServerUnavailableError,
        TRANSIENT,
    ),
    _refusal(0),
    _refusal(-5),
    _refusal("0.01"),
    _refusal("Thu, 01 Jan 1970 00:00:00 GMT"),
    Fault("429 without retry-after", {"status": 429}, RateLimitedError, LIMITED),
    Fault("429 for a year", {"status": 429, "retry_after": 31_536_000}, LongRefusalError, FINAL),
    Fault(
        "429 until a far date",
        {"status": 429, "retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"},
        LongRefusalError,
        FINAL,
    ),
    Fault("redirect on this host", {"redirect": "/elsewhere"}, RedirectedError, FINAL),
    Fault(
        "redirect to another host",
        {"redirect": "https://elsewhere.invalid/", "status": 308},
        RedirectedError,
        FINAL,
    ),
    Fault(
        "redirect to plain http",
        {"redirect": "http://elsewhere.invalid/", "status": 307},
        RedirectedError,
        FINAL,
    ),
    Fault("bomb", {"bomb": 8}),
    Fault("rows dropped", {"drop_rows": 3}),
    Fault("pages empty", {"empty_pages": True}),
    Fault("page 1 repeated", {"repeat_page": True}),
    Fault("total negative", {"lie_total": -1}, UnexpectedAnswerError, DOUBTFUL),
    Fault("total beyond 64 bits", {"lie_total": 10**19}, UnexpectedAnswerError, DOUBTFUL),
    Fault("total huge", {"lie_total": 10**15}),
    Fault("total zero", {"lie_total": 0}),
    Fault("total one more", {"lie_total": "+1"}),
    Fault("pages endless", {"stale_pages": 10**9, "repeat_page": True, "lie_total": 10**15}),
    Fault("pages too few", {"stale_pages": 1}),
    Fault("meta missing", {"meta_missing": True}, UnexpectedAnswerError, DOUBTFUL),
    Fault("data an object", {"data_object": True}, UnexpectedAnswerError, DOUBTFUL),
)

ONLY_PAGES = frozenset(
    fault.name
    for fault in FAULTS
    if fault.behaviour.keys()
    & {
        "drop_rows",
        "empty_pages",
        "repeat_page",
        "lie_total",
        "stale_pages",
        "meta_missing",
        "data_object",
    }
)
"""Faults that charts, having no pages, cannot meet."""

ALL = tuple(
    Combination(fault, stage, times)
    for fault, stage, times in product(FAULTS, STAGES, TIMES)
    if not (stage == "chart" and fault.name in ONLY_PAGES)
)


def chosen() -> tuple[Combination, ...]:
    """All combinations if OPENPANEL_SOURCE_FAULTS=all, else one of each fault, in turns."""
    if os.environ.get("OPENPANEL_SOURCE_FAULTS") == "all":
        return ALL
    sample = []
    for number, fault in enumerate(FAULTS):
        own = [item for item in ALL if item.fault is fault]
        # Stages and counts have no common divisor: their pairs come all in turn.
        stages = list(dict.fromkeys(item.stage for item in own))
        stage, times = stages[number % len(stages)], list(TIMES)[number % len(TIMES)]
        sample.append(Combination(fault, stage, times))
    return tuple(sample)
