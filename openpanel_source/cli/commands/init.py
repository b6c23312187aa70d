"""The command ``init``."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from openpanel_source.cli.group import Command, progress_wanted
from openpanel_source.cli.options import (
    given_options,
    listed,
    named_target_options,
    setting_option,
)
from openpanel_source.cli.questions import asked, asked_secret, chosen
from openpanel_source.cli.to_paste import command_line
from openpanel_source.errors import InvalidSettingError, OpenPanelError
from openpanel_source.model.text import printable
from openpanel_source.source.settings.declared import COMMAND_SECTION, DEFAULTS

if TYPE_CHECKING:
    from openpanel_source.api.projects import Readable

SECRET_VARIABLE = "OPENPANEL_CLIENT_SECRET"  # noqa: S105 - the name of one
_KEPT = ("base_url", "allow_http", "clients")
"""What may be set already, if a client is added to others."""
_WRITTEN = (*_KEPT, "client_id", "client_secret", "project_id")


class _Client(NamedTuple):
    """An address that answers, and credentials that it accepts; never shown."""

    base_url: str
    client_id: str
    client_secret: str


@click.command(cls=Command)
@setting_option("base_url", help="Root of the API; self-hosted often https://HOST/api.")
@setting_option("client_id")
@click.option(
    "--client-secret-stdin",
    "is_on_stdin",
    is_flag=True,
    help=f"Read the secret from stdin; else it is ${SECRET_VARIABLE}, or asked for.",
)
@setting_option(
    "project_id",
    multiple=True,
    callback=listed,
    help="Project to read; repeat for several, or write a,b.",
)
@setting_option("allow_http")
@named_target_options
def command(
    base_url: str | None,
    client_id: str | None,
    is_on_stdin: bool,
    project_id: tuple[str, ...],
    allow_http: bool | None,
    **target: str | None,
) -> None:
    """Ask for address, client and projects, check them, and write .dlt/ in this folder.

    What options say is not asked for; without a terminal they have to say it. The secret is no
    option, as others could read it in the list of processes. Nothing that is set is overwritten; a
    client of another project is added to those that init has written before.
    """
    held = _held(target, base_url)
    try:
        paths = _written(
            held,
            base_url or held.get("base_url"),
            client_id,
            is_on_stdin,
            project_id,
            allow_http or held.get("allow_http"),
            target,
        )
    except click.Abort:
        raise KeyboardInterrupt from None
    except OpenPanelError as error:
        # The frames that it comes from hold the secret in local variables.
        raise error.with_traceback(None) from None
    for path in paths:
        click.echo(f"Wrote {printable(str(path), 1000)}.")
    click.echo("Keep secrets.toml out of version control; only you can read it.\n")
    sys.exit(_checked())


def _written(
    held: Mapping[str, Any],
    base_url: str | None,
    client_id: str | None,
    is_on_stdin: bool,
    project_id: tuple[str, ...],
    allow_http: bool | None,
    target: Mapping[str, str | None],
) -> list[Path]:
    """The files that were written, once all is answered and the server has confirmed it."""
    from openpanel_source.cli.written_settings import CONFIG, SECRETS, write_settings
    from openpanel_source.source.source import configured

    secret = _given_secret(is_on_stdin)
    is_asking = sys.stdin.isatty() and not is_on_stdin
    client, readable = _client(base_url, client_id, secret, bool(allow_http), is_asking)
    projects = project_id or chosen(readable, is_asking)
    given = given_options(**client._asdict(), project_id=list(projects), allow_http=allow_http)
    _check_projects(configured(**given), readable)
    own = {name: given.pop(name) for name in ("client_id", "client_secret")}
    if held or not readable.is_root:
        # By project, so that a client of another one can be added.
        _refuse_second_client(held, given.pop("project_id"))
        own = {"clients": dict.fromkeys(projects, own)}
    elif len(projects) == 1:
        [given["project_id"]] = projects
    given = {name: value for name, value in given.items() if name not in held}
    places = {name: value for name, value in target.items() if value is not None}
    return write_settings(
        {
            SECRETS: {"sources": {"openpanel": own}},
            CONFIG: ({"sources": {"openpanel": given}} if given else {})
            | ({COMMAND_SECTION: places} if places else {}),
        }
    )


def _held(target: Mapping[str, str | None], base_url: str | None) -> dict[str, Any]:
    """What is set already and stays: an address, and clients of projects to add another to.

    Raises:
        InvalidSettingError: Something would be overwritten, or win over what is written.
    """
    from openpanel_source.cli.target import configured_target, resolved_target
    from openpanel_source.cli.written_settings import SECRETS, settings_folder
    from openpanel_source.destinations.pipelines import check_target
    from openpanel_source.source.settings.configuration import found_settings

    found = {item.name: item for item in found_settings({}) if item.name in _WRITTEN}
    clients = found.get("clients")
    here = f"sources.openpanel.clients in {settings_folder() / SECRETS}"
    is_added = clients is not None and clients.origin == here and not found.keys() - {*_KEPT}
    for item in () if is_added else found.values():
        raise InvalidSettingError(
            f"{item.name} is set already ({item.origin}), and init overwrites nothing: edit it"
            " there, take it out first, or run init in another folder; clients of several projects"
            " stand in .dlt/secrets.toml under [sources.openpanel.clients.PROJECT]."
        )
    held = {name: item.value for name, item in found.items()}
    address = held.get("base_url", DEFAULTS["base_url"])
    if held and base_url not in (None, address):
        raise InvalidSettingError(
            f"all clients of a configuration are of one server, {printable(str(address))}; leave"
            " out --base-url, or run init in another folder."
        )
    for name in configured_target():
        if target[name] is not None:
            raise InvalidSettingError(
                f"{name} is set already under [{COMMAND_SECTION}]; leave out --{name}, or edit it"
                " there."
            )
    check_target(*resolved_target(**target)[:2])
    return {"base_url": address, **held} if held else {}


def _refuse_second_client(held: Mapping[str, Any], projects: list[str]) -> None:
    from openpanel_source.api.credentials import parse_clients

    for project in parse_clients(held["clients"]) if held else ():
        if project in projects:
            raise InvalidSettingError(
                f"the project {printable(project)} has a client already, under"
                f" [sources.openpanel.clients.{printable(project)}] in .dlt/secrets.toml; edit it"
                " there."
            )


def _given_secret(is_on_stdin: bool) -> str | None:
    if is_on_stdin:
        secret = sys.stdin.readline().strip("\r\n")
        if not secret:
            raise InvalidSettingError("there is no secret on stdin; write it there, in one line.")
        return secret
    return os.environ.get(SECRET_VARIABLE) or None


def _client(
    base_url: str | None, client_id: str | None, secret: str | None, allow_http: bool, asks: bool
) -> tuple[_Client, Readable]:
    """The client that options and answers name, once the server accepts it, and what it reads."""
    if not asks:
        _check_all_given({"--client-id": client_id, f"${SECRET_VARIABLE}": secret})
    address, identity = str(DEFAULTS["base_url"]), None
    while True:
        address = base_url or asked("Address of the API", address, asks)
        identity = client_id or asked("Client id", identity, asks)
        found = _Client(address, identity, secret or asked_secret())
        try:
            return found, _readable(found, allow_http)
        except OpenPanelError as error:
            if not asks or (base_url and client_id and secret):
                raise
            click.echo(f"{printable(str(error), 4000)}\n")


def _check_all_given(given: Mapping[str, str | None]) -> None:
    missing = [name for name, value in given.items() if not value]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise InvalidSettingError(
            f"{' and '.join(missing)} {verb} missing, and there is no terminal to ask at; give"
            " them, the secret as this variable or with --client-secret-stdin."
        )


def _readable(given: _Client, allow_http: bool) -> Readable:
    from openpanel_source.api.client import Client
    from openpanel_source.api.credentials import Credentials
    from openpanel_source.api.projects import readable_projects
    from openpanel_source.operations.progress.telling import telling_waits

    credentials = Credentials(given.client_id, given.client_secret)
    with (
        Client(given.base_url, credentials, allow_http=allow_http) as client,
        telling_waits(client, is_shown=bool(progress_wanted())),
    ):
        return readable_projects(client)


def _check_projects(asking: tuple[Any, Any], readable: Readable) -> None:
    """Have the server confirm the projects that it did not list."""
    from openpanel_source.api.recognise import probe
    from openpanel_source.operations.progress.telling import telling_waits

    client, settings = asking
    listed = {project.id for project in readable.projects}
    with client, telling_waits(client, is_shown=bool(progress_wanted())):
        for project in settings.project_ids:
            if project not in listed:
                probe(client, [project])


def _checked() -> int:
    """Check what was written as ``check`` does, from the files, and say what to do next."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs import PluggableRunContext

    from openpanel_source.cli.commands.check import checked
    from openpanel_source.cli.environment import of_sections

    # dlt reads its files once.
    Container()[PluggableRunContext].reload_providers()
    with of_sections():
        code = checked({})
    click.echo(
        f"\nCorrect what is said above in these files, and run {command_line('check')}."
        if code
        else f"\nNext, to load everything: {command_line('sync')}"
    )
    return code
