"""Tell whoever waits for a sync how far it is, while it goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from openpanel_source.api.client import Client
from openpanel_source.operations.progress.display import OnProgress, Waits, shown
from openpanel_source.source.orders import Progress

_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0
"""For whoever is told the last time: a terminal may be held."""
logger = logging.getLogger(__name__)


@contextmanager
def telling(progress: bool | OnProgress, now: Callable[[], Progress]) -> Iterator[None]:
    """Tell it twice a second meanwhile, and in the end, in a thread of its own.

    What fails there ends the telling alone.

    Args:
        progress: Whether it is shown, or who is told instead.
        now: Says how far the sync is at this moment.
    """
    if progress is False:
        yield
        return
    done = threading.Event()

    def tell() -> None:
        try:
            with shown() if progress is True else nullcontext(progress) as told:
                while not done.wait(_SECONDS):
                    told(now())
                told(now())
        except Exception:
            logger.warning("progress cannot be shown; the sync goes on", exc_info=True)

    teller = threading.Thread(target=tell, name="openpanel-progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join(_PATIENCE_SECONDS)


@contextmanager
def telling_waits(client: Client, *, is_shown: bool) -> Iterator[None]:
    """Say meanwhile what requests wait for and how long, a line for each wait of some seconds.

    Args:
        client: Makes the requests.
        is_shown: Whether anything is said.
    """
    progress = Waits() if is_shown else False
    with telling(progress, lambda: Progress(None, None, 0, None, 0, None, None, client.awaited)):
        yield
