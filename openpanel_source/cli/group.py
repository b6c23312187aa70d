"""How a command ends that cannot go on: one sentence on stderr, and an exit code."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.logs import configure_logs
from openpanel_source.cli.stopping import INTERRUPTED
from openpanel_source.errors import OpenPanelError
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.operations.progress.display import OnProgress

BROKEN_PIPE = 141
"""128 + SIGPIPE, as shells know it."""


class Command(click.Command):
    """Runs with what the environment says to it, and not what it says to other programs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for names, wanted, meaning in (
            (("-v", "--verbose"), "verbose", "Log what happens, to stderr."),
            (("-q", "--quiet"), "quiet", "Show no progress; warnings and the result stay."),
        ):
            option = click.Option(
                [*names], is_flag=True, expose_value=False, callback=_logging(wanted), help=meaning
            )
            self.params.append(option)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from openpanel_source.cli.environment import of_sections

        with of_sections():
            return super().invoke(ctx)


def _logging(wanted: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    """Have an option of a command do what the same does before it."""

    def set_up(ctx: click.Context, _: click.Parameter, is_given: bool) -> None:
        if is_given:
            params = ctx.find_root().params
            params[wanted] = True
            configure_logs(
                verbose=bool(params.get("verbose")),
                as_json=params.get("log_format") == "json",
                quiet=bool(params.get("quiet")),
            )

    return set_up


def progress_wanted() -> bool | OnProgress:
    """What ``sync(progress=...)`` is told: nothing with ``--quiet``, lines where logs are JSON."""
    from openpanel_source.operations.progress.display import Lines

    params = click.get_current_context().find_root().params
    if params.get("quiet"):
        return False
    return Lines() if params.get("log_format") == "json" else True


class Group(click.Group):
    """Turns the project's errors into one sentence on stderr and an exit code."""

    command_class = Command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options before the command; ``--help`` is answered here."""
        with _output_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            with _output_errors():
                return super().invoke(ctx)
        except OpenPanelError as error:
            _say(ctx, str(error), kind=type(error).__name__)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            if ctx.params.get("log_format") != "json":
                raise
            _say(ctx, error.format_message(), kind=type(error).__name__)
            sys.exit(error.exit_code)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from openpanel_source.destinations.explain import explained

            known = explained(error)
            if known is not None:
                _say(ctx, str(known), kind=type(known).__name__)
                sys.exit(known.exit_code)
            if ctx.params.get("verbose"):
                raise
            text = printable(f"{type(error).__name__}: {error}", 500)
            _say(ctx, f"unexpected error ({text}); -v shows where, please report it.")
            sys.exit(1)
        except KeyboardInterrupt:
            _say(ctx, "interrupted; run again to continue.")
            sys.exit(INTERRUPTED)


@contextmanager
def _output_errors() -> Iterator[None]:
    """End the command where nobody can read what it says."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read has seen enough, as head does.
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if frame.f_code is not click.echo.__code__:
            raise
        sentence = f"output cannot be written ({error.strerror}); send it elsewhere, or make room."
        click.echo(f"openpanel-source: {printable(sentence)}", err=True)
        sys.exit(1)


def _say(ctx: click.Context, sentence: str, **facts: str) -> None:
    """Say why the command ends: on stderr, in the form of the logs."""
    if ctx.params.get("log_format") == "json":
        if not logging.getLogger("openpanel_source").handlers:
            # The command is not even begun.
            configure_logs(verbose=False, as_json=True)
        logging.getLogger("openpanel_source").error(sentence, extra=facts)
    else:
        click.echo(f"openpanel-source: {printable(sentence, 4000)}", err=True)
