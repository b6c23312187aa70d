"""Misbehaviour on demand: which requests it hits, and what goes wrong with them.

A fault is a JSON object that says which requests it hits and what it does to them.

========================  ======================================================================
key                       meaning
========================  ======================================================================
``path``                  only requests whose URL contains this text
``skip``                  let the first n of these pass
``times``                 hit only n of them; without it all, ``add_between`` and
                          ``remove_between`` one
``status``                answer with this status, and with ``body`` (text), ``content_type``
                          and ``headers`` (object of texts)
``redirect``              answer 302, or ``status``, to this location
``html``                  answer 200 with a web page
``delay``                 wait seconds before the answer
``hang``                  never answer
``reset``                 reset the connection ``before_headers``, ``in_headers``, ``in_body`` or
                          at the ``last_byte``
``truncate_body``         close the connection after n bytes of the body
``wrong_content_length``  send a content-length that is n too large, or too small
``drip``                  send the answer in 20 parts, waiting seconds between them
``drip_headers``          send the headers in 20 parts, waiting seconds between them
``interim``               send one 100 Continue after the other, waiting seconds between them
``framing``               say where the body ends in ``chunked`` form, or not at all: ``close``
``gzip``                  compress the body
``bomb``                  answer 200 with so many MiB of spaces, compressed
``stall``                 stop in the middle of the body for seconds
``malformed_json``        cut the last characters off the JSON, with a fitting content-length
``retry_after``           send this retry-after header
``drop_rows``             leave n rows out of ``data`` that are counted in ``meta``
``empty_pages``           send no rows
``repeat_page``           send the rows of page 1
``lie_total``             report this ``totalCount``; a text such as ``"+3"`` is added to it
``stale_pages``           report this number of ``pages``
``meta_missing``          leave ``meta`` out
``data_object``           send ``data`` as an object
``add_between``           add these events before the request is served
``remove_between``        remove the events with these ids before the request is served
========================  ======================================================================

Keys combine. ``{"faults": [...]}`` sets several faults, ``{}`` none.
"""

from __future__ import annotations

import gzip
import re
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from openpanel_source.sandbox.answers import HTML, JSON, Answer
from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.events.events import Page

RESETS = ("before_headers", "in_headers", "in_body", "last_byte")
FRAMINGS = ("chunked", "close")

_NUMBER, _FLAG, _TEXT = (int, float), (bool,), (str,)
KEYS: dict[str, tuple[type, ...]] = {
    "path": _TEXT,
    "skip": (int,),
    "times": (int,),
    "status": (int,),
    "body": _TEXT,
    "content_type": _TEXT,
    "headers": (dict,),
    "redirect": _TEXT,
    "html": _FLAG,
    "delay": _NUMBER,
    "hang": _FLAG,
    "reset": _TEXT,
    "truncate_body": (int,),
    "wrong_content_length": (int,),
    "drip": _NUMBER,
    "drip_headers": _NUMBER,
    "interim": _NUMBER,
    "framing": _TEXT,
    "gzip": _FLAG,
    "bomb": (int,),
    "stall": _NUMBER,
    "malformed_json": _FLAG,
    "retry_after": (int, str),
    "drop_rows": (int,),
    "empty_pages": _FLAG,
    "repeat_page": _FLAG,
    "lie_total": (int, str),
    "stale_pages": (int,),
    "meta_missing": _FLAG,
    "data_object": _FLAG,
    "add_between": (list,),
    "remove_between": (list,),
}
_MATCH = ("path", "skip", "times")
_ONCE = ("add_between", "remove_between")
_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>"


@dataclass(frozen=True)
class Misbehaviour:
    """All that goes wrong with one request."""

    actions: dict[str, Any] = field(default_factory=dict)

    @property
    def repeats_page_1(self) -> bool:
        """Whether every page shows the rows of page 1."""
        return bool(self.actions.get("repeat_page"))

    @property
    def canned(self) -> Answer | None:
        """The answer that stands in for the server's own."""
        actions = self.actions
        headers = {str(name): str(value) for name, value in actions.get("headers", {}).items()}
        if "redirect" in actions:
            headers["location"] = actions["redirect"]
            return Answer(actions.get("status", 302), b"", JSON, headers)
        if "bomb" in actions:
            headers["content-encoding"] = "gzip"
            return Answer(200, gzip.compress(b" " * actions["bomb"] * 2**20), JSON, headers)
        if actions.get("html"):
            return Answer(200, _PAGE, HTML, headers)
        if "status" in actions:
            body = actions.get("body", "").encode()
            return Answer(actions["status"], body, actions.get("content_type", JSON), headers)
        return None

    def edited(self, page: Page) -> Page:
        """Return a page with what is wrong with its rows and counts."""
        actions = self.actions
        rows, meta = page.rows, dict(page.meta or {})
        if "drop_rows" in actions:
            rows = rows[: max(0, len(rows) - actions["drop_rows"])]
        if actions.get("empty_pages"):
            rows, meta["count"] = [], 0
        if "lie_total" in actions:
            lie = actions["lie_total"]
            meta["totalCount"] = meta["totalCount"] + int(lie) if isinstance(lie, str) else lie
        if "stale_pages" in actions:
            meta["pages"] = actions["stale_pages"]
        return replace(
            page,
            rows=rows,
            meta=None if actions.get("meta_missing") else meta,
            as_object=bool(actions.get("data_object")),
        )

    def spoiled(self, answer: Answer) -> Answer:
        """Return an answer with what is wrong with its text and headers."""
        if self.actions.get("malformed_json"):
            answer = replace(answer, body=answer.body[:-3])
        if self.actions.get("gzip"):
            header = {"content-encoding": "gzip"}
            body = gzip.compress(answer.body, 1)
            answer = replace(answer, body=body, headers=answer.headers | header)
        if "retry_after" in self.actions:
            header = {"retry-after": str(self.actions["retry_after"])}
            answer = replace(answer, headers=answer.headers | header)
        return answer


@dataclass
class _Fault:
    path: str
    skip: int
    times: int | None
    actions: dict[str, Any]

    def hits(self, url: str) -> bool:
        if self.path not in url:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Behaviour:
    """The faults set at the moment."""

    def __init__(self) -> None:
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def set(self, behaviour: Row) -> None:
        """Replace all faults.

        Raises:
            ValueError: There is no such fault, or a value does not fit it.
        """
        faults = behaviour.get("faults", [behaviour] if behaviour else [])
        if not isinstance(faults, list) or (len(behaviour) > 1 and "faults" in behaviour):
            raise ValueError("faults must be an array, and the only key")
        checked = [_fault(fault) for fault in faults]
        with self._lock:
            self._faults = checked

    def of(self, url: str) -> Misbehaviour:
        """Return what goes wrong with the next request, and count it."""
        with self._lock:
            hits = [fault.actions for fault in self._faults if fault.hits(url)]
        return Misbehaviour({name: value for actions in hits for name, value in actions.items()})


def _fault(given: Any) -> _Fault:
    if not isinstance(given, dict):
        raise ValueError("a fault must be an object")
    for name, value in given.items():
        if name not in KEYS:
            raise ValueError(f"unknown behaviour {name!r}: use {', '.join(KEYS)}")
        # A bool is an int to Python, but no number to those who write JSON.
        fits = isinstance(value, KEYS[name]) and isinstance(value, bool) == (KEYS[name] == _FLAG)
        if not fits:
            kinds = " or ".join(kind.__name__ for kind in KEYS[name])
            raise ValueError(f"{name} must be {kinds}, not {value!r}")
    if "reset" in given and given["reset"] not in RESETS:
        raise ValueError(f"reset must be one of {', '.join(RESETS)}")
    if "framing" in given and given["framing"] not in FRAMINGS:
        raise ValueError(f"framing must be one of {', '.join(FRAMINGS)}")
    lie = given.get("lie_total", 0)
    if isinstance(lie, str) and not re.fullmatch(r"[+-]\d+", lie):
        raise ValueError("lie_total must be a number, or a text such as +3")
    actions = {name: value for name, value in given.items() if name not in _MATCH}
    times = given.get("times", 1 if any(name in given for name in _ONCE) else None)
    return _Fault(given.get("path", ""), given.get("skip", 0), times, actions)
