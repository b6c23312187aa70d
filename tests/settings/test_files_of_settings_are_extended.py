"""Files of settings get new values and keep what they hold, comments too; or nothing happens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from openpanel_source.cli.written_settings import CONFIG, SECRETS, extended, write_settings
from openpanel_source.errors import InvalidSettingError

OWN = {"sources": {"openpanel": {"client_id": "x", "client_secret": 'a"\\b'}}}

names = some.sampled_from(["sources", "openpanel", "other", "a b"])
values = some.one_of(
    some.integers(), some.booleans(), some.text(max_size=4), some.lists(some.booleans(), max_size=2)
)
inner = some.dictionaries(names, values, max_size=2)
middle = some.dictionaries(names, values | inner, max_size=3)
tables = some.dictionaries(names, values | middle, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(tables, some.sampled_from(["", "# ours\n", "\n\n# ours\n"]))
def test_any_file_holds_what_it_held_and_what_is_new_or_is_refused(
    held: dict[str, Any], comment: str
) -> None:
    text = comment + tomlkit.dumps(held)
    try:
        result = extended(text, OWN)
    except ValueError:
        sources = held.get("sources")
        own = sources.get("openpanel") if isinstance(sources, dict) else None
        assert not all(isinstance(table, dict | None) for table in (sources, own))
        return
    found = tomlkit.parse(result).unwrap()
    own = found["sources"]["openpanel"]
    for name, value in OWN["sources"]["openpanel"].items():
        assert own.pop(name) == value
    held.setdefault("sources", {}).setdefault("openpanel", {})
    assert found == held
    assert result.count("# ours") == comment.count("# ours")


@pytest.mark.parametrize(
    "text",
    [
        "# of the team\n[destination.postgres]\ncredentials = 'x' # theirs",
        "[sources.a]\nx = 1\n[d]\ny = 2\n[sources.b]\nz = 1\n",
        "[sources.openpanel]\nlookback_days = 4\n\n[sources.openpanel.timezone]\nweb = 'UTC'\n",
        "sources.openpanel.lookback_days = 4\n",
        "[[sources.list]]\na = 1\n",
        "[a]\r\nb = 1\r\n",
    ],
)
def test_every_line_stays(text: str) -> None:
    result = extended(text, OWN)
    assert [line for line in result.splitlines() if line in text.splitlines() and line] == [
        line for line in text.splitlines() if line
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sources.openpanel]\nclient_id = 'mine'\n", "sources.openpanel.client_id is set already"),
        ("sources = 1\n", "sources is set already"),
        ("sources = {other = {x = 1}}\n", "Inline tables"),
    ],
)
def test_what_is_set_or_of_another_form_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        extended(text, OWN)


def test_of_two_files_none_is_written_where_one_cannot_be() -> None:
    Path(".dlt", CONFIG).mkdir(parents=True)
    with pytest.raises(InvalidSettingError, match=r"config\.toml cannot be written"):
        write_settings({SECRETS: OWN, CONFIG: {"sources": {"openpanel": {"project_id": "web"}}}})
    assert os.listdir(".dlt") == [CONFIG]


def test_a_link_stays_one() -> None:
    Path("vault").mkdir()
    Path(".dlt").mkdir()
    Path("vault/secrets.toml").write_text("[a]\nb = 1\n")
    Path(".dlt/secrets.toml").symlink_to("../vault/secrets.toml")
    [path] = write_settings({SECRETS: OWN, CONFIG: {}})
    assert path == Path("vault/secrets.toml").resolve()
    assert Path(".dlt/secrets.toml").is_symlink()
    assert "client_secret" in Path("vault/secrets.toml").read_text()
    assert not Path(".dlt", CONFIG).exists()
