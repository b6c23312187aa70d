"""Whoever reads the site gets every page from it, and nothing from anywhere else."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[2] / "build" / "site"
PAGES = sorted(SITE.rglob("*.html"))
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
LOADING_LINKS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest"}
IDS = {"preconnect", "dns-prefetch"}


class Page(HTMLParser):
    """What a page loads, where its links lead, and which places in it have a name."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        relations = set(given.get("rel", "").split())
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and relations & (LOADING_LINKS | IDS):
            self.loads.append(given.get("href", ""))
        self.loads += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]
        if "style" in given:
            self.loads += re.findall(r"url\(([^)]*)\)", given["style"])


@functools.cache
def read(path: Path) -> Page:
    return Page(path)


def test_the_site_has_pages() -> None:
    assert len(PAGES) > 20, "run: make site"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_a_page_loads_nothing_from_elsewhere(path: Path) -> None:
    elsewhere = [one for one in read(path).loads if urlsplit(one).netloc]
    assert elsewhere == []


def test_only_pages_with_a_diagram_load_what_draws_it() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert ("mermaid.min.js" in text) is ('class="mermaid"' in text), path


def test_styles_load_nothing_from_elsewhere() -> None:
    for path in SITE.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"url\(['\"]?([^)'\"]*)|@import ['\"]([^'\"]*)", text)
        assert [one for pair in loaded for one in pair if urlsplit(one).netloc] == [], path.name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_every_link_within_the_site_leads_to_a_place_in_a_page(path: Path) -> None:
    for link in read(path).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or path.name == "404.html":
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        assert target.is_file(), f"{path.name}: {link}"
        if parts.fragment and target.suffix == ".html":
            assert unquote(parts.fragment) in read(target).names, f"{path.name}: {link}"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("page", ["index.html", "architecture/index.html", "schema/index.html"])
def test_a_browser_draws_the_diagrams_and_asks_nobody_else(
    address: str, page: str, tmp_path: Path
) -> None:
    if CHROMIUM is None:
        if os.environ.get("CI_REQUIRES_ALL"):
            pytest.fail("there is no chromium; install it")
        pytest.skip("there is no chromium")
    log = tmp_path / "net.json"
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}"]
    command += ["--disable-component-update", "--disable-background-networking"]
    command += ["--no-first-run", "--virtual-time-budget=20000", f"{address}/{page}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "mermaid" in done.stdout
    # The theme draws into a closed shadow, which is not in the dump: what it leaves is its host.
    assert not re.search(r'<pre class="mermaid"><code>', done.stdout)
    assert asked(log, address) == {urlsplit(address).netloc}


def asked(log: Path, address: str) -> set[str]:
    """The hosts that pages of an address asked for something; what the browser does is its own."""
    entries = json.loads(log.read_text(encoding="utf-8"))["events"]
    requests = [entry.get("params", {}) for entry in entries]
    urls = {one["url"] for one in requests if one.get("initiator") == address and "url" in one}
    return {urlsplit(url).netloc for url in urls if urlsplit(url).scheme not in ("data", "blob")}
