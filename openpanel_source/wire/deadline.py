"""End requests that take too long as a whole, whatever the server does meanwhile.

A socket's timeout is about the next byte: a server that sends one byte a minute keeps it waiting
for ever, in the headers as well as in the body. So a thread looks on and cuts the connection.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import requests.adapters

from openpanel_source.errors import ThreadLimitError
from openpanel_source.wire.socks_proxy import ThroughSocks

_Socket = Callable[[], "socket.socket | None"]


class Watch:
    """One request that is looked after.

    Attributes:
        ends_at: When it is cut off, on the monotonic clock.
        is_over: Whether it was cut off.
    """

    def __init__(self, ends_at: float) -> None:
        self.ends_at = ends_at
        self.is_over = False
        self._lock = threading.Lock()
        self._socket: _Socket = lambda: None

    def use(self, find: _Socket) -> None:
        """Say where the request's socket is found.

        Raises:
            TimeoutError: The request is over already.
        """
        with self._lock:
            self._socket = find
            if self.is_over:
                raise TimeoutError("the request took too long")

    def end(self) -> None:
        """Cut the connection: who reads from it meets its end."""
        with self._lock:
            self.is_over = True
            found = self._socket()
            if found is not None:
                with suppress(OSError):
                    # The method of an SSLSocket would drop the encryption that a reader uses.
                    socket.socket.shutdown(found, socket.SHUT_RDWR)


class Watchdog:
    """Looks after the requests of a client, from one thread that exists while there are any.

    Args:
        seconds: What a request may take from the beginning of its connection to its last byte.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = threading.Condition()
        # All may take equally long: the oldest is the first to end.
        self._watches: dict[Watch, None] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """Look after the request that this thread makes."""
        watch = Watch(time.monotonic() + self._seconds)
        with self._changed:
            self._watches[watch] = None
            if self._thread is None or not self._thread.is_alive():
                self._start(watch)
        _here.watch = watch
        try:
            yield watch
        finally:
            _here.watch = None
            with self._changed:
                del self._watches[watch]

    @property
    def longest(self) -> float:
        """Seconds that the oldest request under way has taken; 0 if there is none."""
        with self._changed:
            oldest = next(iter(self._watches), None)
        if oldest is None:
            return 0.0
        return max(self._seconds - (oldest.ends_at - time.monotonic()), 0.0)

    def _start(self, watch: Watch) -> None:
        self._thread = threading.Thread(target=self._run, name="openpanel-watchdog", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            del self._watches[watch]
            self._thread = None
            raise ThreadLimitError from None

    def end_all(self) -> None:
        """Cut off all requests under way."""
        with self._changed:
            for watch in self._watches:
                watch.end()

    def rest(self) -> None:
        """Let the thread end if there is nothing to look after."""
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        with self._changed:
            while self._watches:
                # What begins while this waits ends later than what is there.
                self._changed.wait(self._end_old())
            self._thread = None

    def _end_old(self) -> float:
        """End what has taken too long; returns the seconds until there may be more."""
        now = time.monotonic()
        for watch in self._watches:
            if watch.ends_at > now:
                return min(watch.ends_at - now, self._seconds, threading.TIMEOUT_MAX)
            watch.end()
        # A connection that was not there yet may come.
        return min(self._seconds, 1.0)


class _Here(threading.local):
    watch: Watch | None = None


_here = _Here()


def _use(find: _Socket) -> None:
    if _here.watch is not None:
        _here.watch.use(find)


class _Watched:
    """Goes before a connection class of urllib3."""

    sock: socket.socket | None

    def connect(self) -> None:
        # A proxy may be slow to let the connection through.
        _use(lambda: self.sock)
        super().connect()  # type: ignore[misc]

    def getresponse(self) -> Any:
        # The connection forgets its socket when the server will close it.
        current = self.sock
        _use(lambda: current)
        return super().getresponse()  # type: ignore[misc]

    def watch(self, find: _Socket) -> None:
        """Say where the socket is found while a proxy is asked to let through."""
        _use(lambda: self.sock or find())


class _WatchedThroughSocks(_Watched, ThroughSocks):
    pass


class WatchedAdapter(requests.adapters.HTTPAdapter):
    """Makes connections that a watchdog can cut."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Prepare direct connections."""
        super().init_poolmanager(*args, **options)
        _look_after(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Prepare connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        _look_after(manager)
        return manager


def _look_after(manager: Any) -> None:
    pools: Mapping[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pools[scheme]) for scheme in pools}


@lru_cache
def _watched(pool: Any) -> Any:
    """The class of pools of connections that can be cut, for one of those that cannot."""
    connection = pool.ConnectionCls
    if issubclass(connection, _Watched):
        return pool
    is_socks = connection.__module__ == "urllib3.contrib.socks"
    mixin = _WatchedThroughSocks if is_socks else _Watched
    connections = type(connection.__name__, (mixin, connection), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connections})
