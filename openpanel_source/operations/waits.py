"""Tell whoever waits for a sync what its requests wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from openpanel_source.api.client import Client
from openpanel_source.wire.awaited import Awaited

OnWait = Callable[[Awaited | None], None]
_SECONDS = 0.5


@contextmanager
def telling_waits(client: Client, on_wait: OnWait | None) -> Iterator[None]:
    """Tell it twice a second meanwhile.

    Args:
        client: Makes the requests.
        on_wait: Told, in a thread of its own, what they wait for; None while none waits.
    """
    if on_wait is None:
        yield
        return
    done = threading.Event()

    def tell() -> None:
        while not done.wait(_SECONDS):
            on_wait(client.awaited)

    teller = threading.Thread(target=tell, name="openpanel-waits", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
