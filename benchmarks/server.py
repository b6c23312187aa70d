"""A server that answers like an OpenPanel of 2026-04, faster than anybody reads.

One event loop, HTTP/1.1 by hand with connections kept alive: ``python -m benchmarks.server``.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone

from benchmarks.api import PROJECT, Api
from benchmarks.pages import Listing

_SEND_BUFFER = 4 << 20


async def _converse(connection: socket.socket, api: Api, latency: float) -> None:
    """Answer the requests of a connection until it is closed."""
    loop = asyncio.get_running_loop()
    buffer = b""
    with connection, suppress(ConnectionError):
        while True:
            request, separator, rest = buffer.partition(b"\r\n\r\n")
            if not separator:
                received = await loop.sock_recv(connection, 65536)
                if not received:
                    return
                buffer += received
                continue
            buffer = rest
            line, _, headers = request.partition(b"\r\n")
            target = line.split(b" ")[1].decode("latin-1")
            answer = api.answer(target, headers)
            if latency and target.startswith("/export"):
                await asyncio.sleep(latency)
            await _send(connection, [answer.head, *answer.body])


async def _send(connection: socket.socket, parts: list[bytes]) -> None:
    """Send the parts one after the other, without putting a megabyte together first."""
    try:
        sent = connection.sendmsg(parts)
    except BlockingIOError:
        sent = 0
    loop = asyncio.get_running_loop()
    for part in parts:
        if sent < len(part):
            await loop.sock_sendall(connection, memoryview(part)[sent:])
        sent = max(sent - len(part), 0)


async def serve(api: Api, port: int, latency: float) -> None:
    """Accept connections until cancelled; says ``listening URL`` when ready."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    with socket.create_server(("127.0.0.1", port), backlog=512) as listener:
        listener.setblocking(False)
        print(f"listening http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            task = loop.create_task(_converse(connection, api, latency))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def _rate(text: str) -> tuple[int, float]:
    requests, _, seconds = text.partition("/")
    return int(requests), float(seconds.removesuffix("s") or 10)


def main() -> None:
    """Serve as the options say."""
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=30, help="UTC days that they spread over")
    parser.add_argument("--last-day", type=date.fromisoformat, default=yesterday)
    parser.add_argument("--rate-limit", type=_rate, metavar="REQUESTS/SECONDSs")
    parser.add_argument("--silent", action="store_true", help="tell nothing of the rate limit")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait before each answer")
    options = parser.parse_args()
    size, more = divmod(options.events, options.days)
    sizes = [size + (index < more) for index in range(options.days)]
    first = options.last_day - timedelta(days=options.days - 1)
    listing = Listing(PROJECT, first, sizes)
    listing.prepare()
    gc.freeze()
    gc.disable()
    api = Api(listing, options.rate_limit, is_silent=options.silent)
    asyncio.run(serve(api, options.port, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
