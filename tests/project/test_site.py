"""The site has every page; ``make site`` builds it, and tests what is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from docs.website import OF_THE_PROJECT, REPOSITORY, places, relinked

ROOT = Path(__file__).parents[2]


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml, in which some values are functions of Python: they are left out."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
CONFIGURATION: Any = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)


def named(navigation: Any) -> list[str]:
    """The pages of a navigation, however deep."""
    if isinstance(navigation, str):
        return [navigation]
    parts = navigation.values() if isinstance(navigation, dict) else navigation
    return [page for part in parts for page in named(part)]


def test_every_page_stands_in_the_navigation_once() -> None:
    pages = {place for name, place in places().items() if name.endswith(".md")}
    listed = named(CONFIGURATION["nav"])
    for page in pages - {*listed}:
        raise AssertionError(f"mkdocs.yml lacks docs/{page} under nav: add it where it belongs")
    for page in {*listed} - pages:
        raise AssertionError(f"mkdocs.yml has {page} under nav, and there is no such page")
    assert len(listed) == len({*listed})


def test_pages_of_the_project_do_not_take_the_place_of_others() -> None:
    assert not {*OF_THE_PROJECT.values()} & {path.name for path in (ROOT / "docs").glob("*.md")}


def test_nothing_is_asked_for_elsewhere() -> None:
    assert CONFIGURATION["theme"]["font"] is False
    # Its address would be asked how many stars the repository has.
    assert "repo_url" not in CONFIGURATION
    for name in ("extra_javascript", "extra_css"):
        assert not [one for one in CONFIGURATION[name] if "://" in one]


def test_links_lead_to_pages_of_the_site_or_to_the_repository() -> None:
    where = {"README.md": "index.md", "docs/python.md": "python.md", "docs/p/x.svg": "p/x.svg"}
    text = (
        "[a](docs/python.md#b) ![c](docs/p/x.svg) [d](pipelines/cron) [e](#f)"
        " [g](https://example.com/h.md)\n\n```\n[i](docs/python.md)\n```\n"
    )
    assert relinked(text, "README.md", where) == (
        f"[a](python.md#b) ![c](p/x.svg) [d]({REPOSITORY}/pipelines/cron) [e](#f)"
        " [g](https://example.com/h.md)\n\n```\n[i](docs/python.md)\n```\n"
    )
    assert relinked("[a](../README.md) [b](x.sql)", "docs/python.md", where) == (
        f"[a](index.md) [b]({REPOSITORY}/docs/x.sql)"
    )
