"""Every block of code in README and docs is what it seems to be, and what can be run runs.

SQL is run by ``test_sql_of_the_docs_runs.py``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import click
import dlt
import duckdb
import pytest
import tomlkit
import yaml

from openpanel_source.charts.definition import parse_charts
from openpanel_source.cli.main import main
from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Dataset, Organization, Project
from openpanel_source.source.settings.declared import COMMAND_SECTION, DEFAULTS, OF_COMMAND
from tests.support.pages import PAGES, Block, blocks, prose
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event

BLOCKS = [block for page in PAGES for block in blocks(page)]
LANGUAGES = {"", "dockerfile", "json", "mermaid", "python", "sh", "toml", "yaml"}


def of(*languages: str) -> list[Any]:
    """The blocks in a language, each as a case of a test."""
    return [
        pytest.param(block, id=f"{block.page}:{block.line}")
        for block in BLOCKS
        if block.language in languages
    ]


def test_every_block_says_what_it_is() -> None:
    for block in BLOCKS:
        is_known = block.language in LANGUAGES or block.language.split()[0] == "sql"
        assert is_known, f"{block.page}:{block.line}: {block.language} is a language unknown here"


@pytest.mark.parametrize("block", of("toml"))
def test_toml_is_valid_and_sets_what_there_is_to_set(block: Block) -> None:
    # Two files in one block: their tables may have the same names.
    for text in re.split(r"(?m)^(?=# \.dlt/)", block.text):
        content = tomlkit.parse(text).unwrap()
        source = content.get("sources", {}).get("openpanel", {})
        assert source.keys() <= DEFAULTS.keys(), f"{block.page}:{block.line}"
        assert content.get(COMMAND_SECTION, {}).keys() <= {*OF_COMMAND}
        if "charts" in content:
            assert parse_charts(content["charts"])


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml_is_valid(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", of("json"))
def test_json_is_valid(block: Block) -> None:
    for line in block.text.splitlines():
        json.loads(line)


@pytest.mark.parametrize("block", of("python"))
def test_python_compiles_and_calls_what_there_is_as_it_can_be_called(block: Block) -> None:
    tree = ast.parse(block.text)
    compile(tree, f"{block.page}:{block.line}", "exec")
    names = dict(imported(tree))
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            function = names.get(call.func.id)
            spread = any(word.arg is None for word in call.keywords)
            if function is not None and not spread:
                given = {str(word.arg): None for word in call.keywords}
                inspect.signature(function).bind(*call.args, **given)


def imported(tree: ast.AST) -> Iterator[tuple[str, Any]]:
    """What a program imports from modules, by the names that it has there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                yield alias.asname or alias.name, getattr(module, alias.name)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A server with the projects of the examples, which the environment leads to."""
    projects = ["shop", "blog"]
    accounts = Accounts(
        organizations=[Organization("acme", "UTC")],
        projects=[Project(name, "acme") for name in projects],
        clients=[Client(CLIENT, "root", "acme", None, SECRET)],
    )
    rows = [
        event(day, projectId="shop", createdAt=f"2026-11-{day}T10:00:00.000Z", name="signup")
        for day in range(10, 21)
    ]
    data = Dataset(accounts, {"shop": rows, "blog": []}, {})
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
        settings = {
            "project_id": '["shop", "blog"]',
            "client_id": CLIENT,
            "client_secret": SECRET,
            "base_url": sandbox.url,
            "now": NOW.isoformat(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield sandbox


EVENTS = "SELECT count(*) FROM openpanel.events"


@pytest.mark.sampled(4)
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("page", "words", "asked"),
    [
        ("README.md", "summary = sync(", EVENTS),
        ("python.md", "max_days_per_run=30", EVENTS),
        ("deploy.md", "in partitions(", EVENTS),
        ("charts.md", "openpanel(charts=[chart]", "SELECT 11 FROM openpanel.charts LIMIT 1"),
    ],
)
def test_an_example_runs(page: str, words: str, asked: str) -> None:
    (program,) = [
        block.text
        for block in BLOCKS
        if (block.page, block.language) == (page, "python") and words in block.text
    ]
    # There is no PostgreSQL here; and days before the server's first have no events.
    program = program.replace('destination="postgres"', 'destination=to("warehouse.duckdb")')
    to = dlt.destinations.duckdb
    line = dlt.pipeline("mine", destination=to("warehouse.duckdb"), dataset_name="openpanel")
    names: dict[str, Any] = {"pipeline": line, "to": to}
    exec(program, names)
    with duckdb.connect("warehouse.duckdb", read_only=True) as connection:
        assert connection.execute(asked).fetchall() == [(11,)]


def test_every_command_in_the_pages_is_there_with_its_options() -> None:
    found = list(commands())
    assert len(found) > 40
    wrong = [f"{place}: {text}: {why}" for place, text in found for why in mistakes(text)]
    assert wrong == []


def test_a_command_that_is_wrong_is_found() -> None:
    assert list(mistakes("openpanel-source synk --json")) == ["there is no command synk"]
    assert list(mistakes("openpanel-source sync --jsn")) == ["sync has no option --jsn"]
    assert list(mistakes("openpanel-source --log-format json sync --json")) == []
    assert list(mistakes("openpanel-source charts validate charts.toml --csv")) == [
        "charts validate has no option --csv"
    ]


def commands() -> Iterator[tuple[str, str]]:
    """Where each command stands that the pages show, in blocks and in sentences; and it."""
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("", "sh") and not block.text.startswith("Usage:"):
                for line in block.text.splitlines():
                    found = re.search(r"(?:^|[\s/])(openpanel-source [a-z-].*)", line)
                    if found and "pip install" not in line:
                        yield f"{block.page}:{block.line}", found[1]
        for text in re.findall(r"`(openpanel-source [a-z-][^`]*)`", prose(page)):
            yield page.name, text.replace("\n", " ")


def mistakes(text: str) -> Iterator[str]:
    """What is wrong with a command line, up to where the shell goes on with something else."""
    command: click.Command = main
    path: list[str] = []
    takes_value = False
    alone = re.split(r"\s(?:[|;<]|\d?>|&&)", text)[0]
    for token in shlex.split(alone, comments=True)[1:]:
        if takes_value:
            takes_value = False
        elif token.startswith("-") and token != "-":
            name, _, value = token.partition("=")
            option = next((one for one in command.params if name in options_of(one)), None)
            if option is None and name not in ("--help", "--version"):
                yield f"{' '.join(path) or 'the command'} has no option {name}"
            is_flag = isinstance(option, click.Option) and (option.is_flag or option.count)
            takes_value = option is not None and not is_flag and not value
        elif isinstance(command, click.Group):
            inner = command.commands.get(token)
            if inner is None:
                yield f"there is no command {' '.join([*path, token])}"
                return
            command = inner
            path.append(token)


def options_of(parameter: click.Parameter) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]
