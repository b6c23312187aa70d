"""The command ``sandbox``."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.options import COUNT
from openpanel_source.cli.to_paste import command_line
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.sandbox import Dataset
    from openpanel_source.sandbox.dataset import Accounts, Client, Project


@click.command()
@click.option("--port", default=0, help="Port on 127.0.0.1; 0 picks a free one.")
@click.option("--dataset", type=click.Path(), help="Folder with accounts.json and rows.")
@click.option("--events", default=50_000, show_default=True, help="Events to generate.")
@click.option("--days", default=60, show_default=True, help="Days they spread over.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same data.")
@click.option("--server-date", metavar="DATE", help="Play the server of a month, or OpenPanel 3.")
@click.option("--rate-limit", type=COUNT, help="Requests per 10 s.  [default: as the server]")
def command(
    port: int,
    dataset: str | None,
    events: int,
    days: int,
    seed: int,
    server_date: str | None,
    rate_limit: int | None,
) -> None:
    """Serve an Export API like OpenPanel's on this machine, for trying things and for tests."""
    from openpanel_source.sandbox import Sandbox

    data = _loaded(Path(dataset)) if dataset else generated(events, days, seed)
    try:
        server = Sandbox(
            data, port=port, server_date=server_date, rate_limit=rate_limit or "default"
        )
        server.start()
    except (ValueError, OSError, OverflowError) as error:
        raise InvalidSettingError(f"the sandbox cannot start: {error}") from None
    click.echo(f"listening on {server.url}")
    click.echo(_settings_of(server.url, data.accounts, dataset), err=True)
    try:
        server.serve_forever()
    finally:
        server.stop()


def _settings_of(url: str, accounts: Accounts, folder: str | None) -> str:
    """What to paste into a shell, for the command to read the sandbox; no secret of a dataset."""
    clients = [client for client in accounts.clients if client.secret and client.type != "write"]
    # A root client that is bound to no project reads all of its organisation.
    client = max(clients, key=lambda one: (one.type == "root", one.project is None), default=None)
    settings: dict[str, Any] = {"BASE_URL": url}
    if client is not None:
        settings["CLIENT_ID"] = client.id
        settings["CLIENT_SECRET"] = client.secret if folder is None else "..."
        settings["PROJECT_ID"] = json.dumps(
            [project.id for project in accounts.projects if _reads(client, project)]
        )
    secrets = f"; secrets are in {folder}/accounts.json" if folder else ""
    lines = [f"# for another terminal, then {command_line('sync --database FILE')}{secrets}"]
    for name, value in settings.items():
        lines.append(f"export SOURCES__OPENPANEL__{name}={shlex.quote(value)}")
    return "\n".join(printable(line, 4000) for line in lines)


def _reads(client: Client, project: Project) -> bool:
    if client.type == "root":
        return project.organization == client.organization
    return project.id == client.project


def _loaded(folder: Path) -> Dataset:
    from openpanel_source.sandbox import load_dataset

    try:
        return load_dataset(folder)
    except (OSError, ValueError) as error:
        raise InvalidSettingError(
            f"{folder} is no dataset folder ({error}); it holds accounts.json and"
            " PROJECT.events.jsonl.gz files."
        ) from None


def generated(events: int, days: int, seed: int) -> Dataset:
    """The data of a shop and a blog.

    Raises:
        InvalidSettingError: An option is not allowed.
    """
    from openpanel_source.sandbox import generate

    try:
        return generate(events=events, days=days, seed=seed)
    except ValueError as error:
        raise InvalidSettingError(str(error)) from None
