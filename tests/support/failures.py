"""How a request of the recorded dataset fails: its error, which holds no secret."""

from __future__ import annotations

import pickle
import traceback

import pytest

from openpanel_source.api.client import Client
from openpanel_source.api.query import Params
from openpanel_source.errors import OpenPanelError
from tests.support.recorded import EVENTS, NO_SECRET, READ, ROOT, WRITE

SECRET = "sec_very_secret_0123456789"
DAYS: Params = [
    ("start", "2026-11-09T00:00:00.000Z"),
    ("end", "2026-11-11T00:00:00.000Z"),
    ("limit", "5"),
]
WEB: Params = [("projectId", "acme-web"), *DAYS]


def failure(client: Client, params: Params = WEB, path: str = EVENTS) -> OpenPanelError:
    with pytest.raises(OpenPanelError) as caught:
        client.get(path, params)
    assert_harmless(caught.value)
    client.close()
    return caught.value


def assert_harmless(error: BaseException) -> None:
    """No secret can be reached from the error, and it survives being sent to another process."""
    secrets = [SECRET, *(item.client_secret for item in (READ, ROOT, WRITE, NO_SECRET))]
    shown = "".join(traceback.format_exception(error))
    current: BaseException | None = error
    while current is not None:
        shown += f"{current} {current!r} {current.args!r} {vars(current)!r}"
        for holder in vars(current).values():
            shown += repr(getattr(holder, "headers", ""))
        current = current.__cause__ or current.__context__
    for secret in secrets:
        assert secret not in shown
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
