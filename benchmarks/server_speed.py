"""Time the benchmark's own server: it must not be what the others wait for."""

from __future__ import annotations

import socket
import time
from threading import Thread
from urllib.parse import urlencode, urlsplit

from benchmarks import harness, report
from benchmarks.api import CLIENT_ID, CLIENT_SECRET, PROJECT
from benchmarks.catalogue import INCLUDES
from benchmarks.pages import BLOCK

_CONNECTIONS = 4
_HEADERS = f"openpanel-client-id: {CLIENT_ID}\r\nopenpanel-client-secret: {CLIENT_SECRET}\r\n"


def fetch(url: str, pages: range, received: list[int]) -> None:
    """Read pages over one connection without looking at them; adds up their bytes."""
    host = urlsplit(url)
    buffer = memoryview(bytearray(1 << 20))
    query = {"projectId": PROJECT, "limit": BLOCK, "includes": INCLUDES}
    with socket.create_connection((host.hostname or "", host.port or 0)) as connection:
        for page in pages:
            target = f"/export/events?{urlencode({**query, 'page': page})}"
            connection.sendall(f"GET {target} HTTP/1.1\r\n{_HEADERS}\r\n".encode())
            size = connection.recv_into(buffer)
            head, _, _ = bytes(buffer[:1000]).partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split()[0])
            missing = len(head) + 4 + length - size
            while missing:
                missing -= connection.recv_into(buffer)
            received.append(length)


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--pages", type=int, default=4_000)
    options = report.parse(parser, {"pages": 40})
    received: list[int] = []
    share = options.pages // _CONNECTIONS
    with harness.serving(share * BLOCK, 10) as server:
        threads = [
            Thread(target=fetch, args=(server.url, range(1, share + 1), received))
            for _ in range(_CONNECTIONS)
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        cpu = server.ask("/stats")["cpu"]
    figures = {
        "pages_a_second": len(received) / seconds,
        "cpu_ms_a_page": cpu / len(received) * 1000,
        "bytes_an_event": sum(received) / len(received) / BLOCK,
    }
    text = (
        f"{figures['pages_a_second']:,.0f} pages a second of {BLOCK:,} events of"
        f" {figures['bytes_an_event']:,.0f} bytes; {figures['cpu_ms_a_page']:.2f} ms of CPU a page."
    )
    report.publish(options, "server", figures, text)


if __name__ == "__main__":
    main()
