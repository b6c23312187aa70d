"""What dlt, the destination and the file system raise, as errors that say what to do."""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import dlt
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
    InvalidNativeValue,
    LookupTraces,
)
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.common.destination.exceptions import DestinationException, UnknownDestinationModule
from dlt.common.exceptions import DltException
from dlt.common.typing import is_subclass
from dlt.pipeline.exceptions import PipelineConfigMissing, PipelineStepFailed

from openpanel_source.destinations.settings_files import broken_file, searched
from openpanel_source.errors import (
    ConfigurationError,
    DestinationBusyError,
    DestinationError,
    InvalidSettingError,
    OpenPanelError,
    ThreadLimitError,
    TransientError,
    UnexpectedError,
)
from openpanel_source.model.text import printable

logger = logging.getLogger(__name__)

_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}
_MAY_PASS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE)


def explained(error: BaseException, destination: str | None = None) -> OpenPanelError | None:
    """The error of this project for one of dlt, its configuration or a file; None for others.

    Args:
        error: What was raised.
        destination: What it is called in the configuration; what the error tells when left out.
    """
    chain = list(causes(error))
    named = destination or _destination(chain)
    for cause in chain:
        known = cause if isinstance(cause, OpenPanelError) else _of_configuration(cause, named)
        if known is not None:
            return known
    for cause in chain:
        if isinstance(cause, OSError) and (cause is error or cause.errno in _MAY_PASS):
            return _of_file(cause)
    if isinstance(error, ValueError) and "protocol not known" in str(error).lower():
        return DestinationError(
            f"the bucket_url of the destination is of no known kind ({_named(error)}); correct it."
        )
    return _of_dlt(error, chain) if isinstance(error, DltException) else None


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, the first cause last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _of_configuration(error: BaseException, destination: str) -> ConfigurationError | None:
    if isinstance(error, TomlProviderReadException):
        return broken_file(error)
    if isinstance(error, ConfigValueCannotBeCoercedException):
        return _of_another_type(error)
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return ThreadLimitError()
    return _of_destination(error, destination) or _of_driver(error)


def _of_destination(error: BaseException, destination: str) -> DestinationError | None:
    if isinstance(error, ConfigFieldMissingException):
        return DestinationError(
            f"the destination lacks {_lacking(error)}; set it in .dlt/secrets.toml under"
            f" [destination.{destination}], or in the environment ({searched()})."
        )
    if isinstance(error, InvalidNativeValue):
        return DestinationError(
            f"the {'.'.join(error.embedded_sections)} of the destination cannot be read, as they"
            f" are no {error.spec.__name__}; correct them in .dlt/secrets.toml under"
            f" [destination.{destination}], or in the environment."
        )
    if isinstance(error, UnknownDestinationModule):
        return _unknown_destination(error)
    if isinstance(error, PipelineConfigMissing):
        return DestinationError(
            f"the pipeline has no {error.config_elem}; name one in dlt.pipeline(...)."
        )
    return None


def _of_driver(error: BaseException) -> DestinationError | None:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return DestinationError(
            f"the destination needs the Python package {error.name}, which is missing; install it,"
            " or name another driver in its credentials."
        )
    if isinstance(error, _of_sqlalchemy()):
        return DestinationError(
            f"the credentials of the destination name no driver that is there ({_named(error)});"
            " correct them."
        )
    return None


def _of_sqlalchemy() -> tuple[type[Exception], ...]:
    """What it raises of an address that it cannot use; it is not imported for that."""
    loaded = sys.modules.get("sqlalchemy.exc")
    return (loaded.ArgumentError,) if loaded else ()


def _lacking(error: ConfigFieldMissingException) -> str:
    """The field that is missing; of credentials that are set, the one that they lack."""
    field, traces = next(iter(error.traces.items()))
    for trace in traces:
        # dlt calls the whole missing where one of its fields is.
        if isinstance(trace, LookupTraces) and trace.resolved_fields_set:
            return f"{field}.{next(iter(trace.traces))}"
    return str(field)


def _destination(chain: list[BaseException]) -> str:
    """What the destination is called in the configuration."""
    for cause in chain:
        destination = getattr(getattr(cause, "pipeline", None), "destination", None)
        if destination is not None:
            return str(destination.destination_name)
    return "NAME"


def _unknown_destination(error: UnknownDestinationModule) -> DestinationError:
    # The name is not repeated: it may be a password at the wrong place.
    names = [name for name in dlt.destinations.__all__ if name != "destination"]
    near = get_close_matches((error.destination_type or error.ref).lower(), names, n=1)
    advice = f"did you mean {near[0]}?" if near else "use a name that dlt knows, as duckdb."
    return DestinationError(f"there is no such destination; {advice}")


def _of_another_type(error: ConfigValueCannotBeCoercedException) -> ConfigurationError:
    kinds = [text for kind, text in _KINDS.items() if is_subclass(error.hint, kind)]
    kind = kinds[0] if kinds else "of its type"
    # Only of what is no text it is sure that it is no secret.
    value = f", not {error.field_value!r:.100}" if kinds else ""
    return InvalidSettingError(f"{error.field_name} must be {kind}{value}.")


def _of_file(error: OSError) -> OpenPanelError | None:
    if error.filename is None:
        if error.errno not in _MAY_PASS and "temporary directory" not in str(error):
            return None
        return TransientError(
            f"no file can be written ({printable(error.strerror or str(error))}); make room where"
            " temporary files (TMPDIR), dlt's working folder (DLT_DATA_DIR) and the destination"
            " are, and run again, the sync continues where it stopped."
        )
    text = f"{printable(os.fsdecode(error.filename), 300)} cannot be used ({error.strerror})"
    if error.errno in _MAY_PASS:
        return TransientError(
            f"{text}; make room and run again, the sync continues where it stopped."
        )
    return DestinationError(
        f"{text}; change its permissions, or name another place: with --database for the DuckDB"
        " file, in DLT_DATA_DIR for dlt's working folder."
    )


def _of_dlt(error: DltException, chain: list[BaseException]) -> OpenPanelError:
    text = _named(chain[-1])
    if any(isinstance(cause, ConfigurationException) for cause in chain):
        return InvalidSettingError(f"the configuration does not work ({text}); correct it.")
    for signs, make, advice in _SIGNS:
        if any(re.search(sign, text.lower()) for sign in signs):
            return make(f"{advice} ({text}).")
    if _is_ours(chain):
        return UnexpectedError(
            f"unexpected error ({_named(_raised(error))}); -v shows where, please report it."
        )
    return TransientError(
        f"the destination failed ({text}); mend it and run again, the sync continues where it"
        " stopped."
    )


def _is_ours(chain: list[BaseException]) -> bool:
    """Whether reading failed, not the destination that is asked meanwhile, nor a disk."""
    return any(
        isinstance(cause, PipelineStepFailed) and cause.step == "extract" for cause in chain
    ) and not any(isinstance(cause, (DestinationException, OSError)) for cause in chain)


def _raised(error: BaseException) -> BaseException:
    """What dlt met, and not what that had been handling."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _named(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    # Drivers repeat addresses with the password in them.
    text = re.sub(r"://\S*@", "://***@", lines[0])
    return f"{type(error).__name__}: {printable(text)}"


_SIGNS: tuple[tuple[tuple[str, ...], type[OpenPanelError], str], ...] = (
    (
        ("could not set lock", "unique file handle conflict", "database is locked"),
        DestinationBusyError,
        "another process holds the database open; close it, then run again",
    ),
    (
        ("permission denied", "read-only", "cannot open file", "not a valid duckdb database"),
        DestinationError,
        "the destination cannot be opened; check its path and permissions, or name another",
    ),
    (
        ("ambiguous reference to catalog or schema",),
        DestinationError,
        "DuckDB cannot tell a file from a dataset of the same name; name one of them otherwise",
    ),
    (
        (
            r'(database|role|user) ".*" does not exist',
            "(password|peer|ident) authentication failed",
            "access denied for user",
            "no password supplied",
            "pg_hba.conf",
        ),
        DestinationError,
        "the destination refuses its credentials; correct user, password and database under"
        " [destination.NAME.credentials], or make them there",
    ),
    (
        ("invalid dsn", "invalid connection option"),
        DestinationError,
        "the credentials of the destination are no address that its driver can read; correct them",
    ),
)


def _caught() -> tuple[type[Exception], ...]:
    return (DltException, OSError, ValueError, ModuleNotFoundError, *_of_sqlalchemy())


@contextmanager
def destination_errors(destination: str | None = None) -> Iterator[None]:
    """Raise what a pipeline raises as errors of this project, each with the next step.

    Args:
        destination: What it is called in the configuration, where there is no pipeline yet.

    Raises:
        OpenPanelError: What the pipeline met.
        KeyboardInterrupt: The user, however deep in the pipeline it was met.
    """
    try:
        yield
    except OpenPanelError:
        raise
    except _caught() as error:
        if any(isinstance(cause, KeyboardInterrupt) for cause in causes(error)):
            raise KeyboardInterrupt from None
        known = explained(error, destination)
        if known is None:
            raise
        if isinstance(known, UnexpectedError):
            logger.debug("unexpected error", exc_info=error)
        raise known from None
