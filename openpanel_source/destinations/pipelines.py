"""Where rows go: the pipeline of the command, and destination errors in one sentence."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
from dlt.common.configuration import inject_section
from dlt.common.configuration.specs import ConfigSectionContext
from dlt.common.pipeline import get_dlt_pipelines_dir
from dlt.common.schema.exceptions import SchemaEngineNoUpgradePathException
from dlt.common.storages import FileStorage
from dlt.common.storages.exceptions import StorageException
from dlt.pipeline.exceptions import PipelineStateEngineNoUpgradePathException

from openpanel_source.destinations.duckdb_file import (
    duckdb_file,
    holds_ledger,
    is_stillborn,
    remove_stillborn,
)
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.files.table_format import require
from openpanel_source.destinations.pipeline_lock import alone_in
from openpanel_source.destinations.prepare import explicit_pipeline, named_destination
from openpanel_source.destinations.warehouse import bare_client
from openpanel_source.errors import (
    DestinationError,
    InvalidSettingError,
)
from openpanel_source.model.clock import check_seconds

_OF_ANOTHER_DLT = (
    PipelineStateEngineNoUpgradePathException,
    SchemaEngineNoUpgradePathException,
    StorageException,
)
"""What dlt raises of files whose format it does not know."""

PIPELINE_NAME = "openpanel"
WORKING_FOLDERS = "openpanel-source"
DEFAULT_DATABASE = "warehouse.duckdb"
_EARLIER_DEFAULT = "openpanel.duckdb"
DEFAULT_DATASET = "openpanel"
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_NO_FILES = {
    ":memory:": "--database :memory: would be gone when the command ends; name a file.",
    "md:": "--database names a file; MotherDuck is reached with --destination motherduck.",
    "motherduck:": "--database names a file; MotherDuck is reached with --destination motherduck.",
}
"""What DuckDB would take for something else, and what to do instead."""


def open_pipeline(
    destination: str = "duckdb",
    database: str | None = None,
    dataset: str = DEFAULT_DATASET,
    *,
    must_exist: bool = False,
    to_write: bool = True,
    name: str = PIPELINE_NAME,
    busy_timeout: float = 0.0,
) -> dlt.Pipeline:
    """The pipeline of the command for a destination.

    Each destination, database and dataset has a working directory of its own: state of one must
    never be taken for state of another.

    Args:
        destination: A dlt destination's name.
        database: Path of the DuckDB file; only with ``duckdb``.
        dataset: Schema of the tables.
        must_exist: Refuse a DuckDB file that is not there instead of making it.
        to_write: Refuse a DuckDB file that cannot be written.
        name: The pipeline's.
        busy_timeout: Seconds to wait for another sync.

    Returns:
        A pipeline.

    Raises:
        ConfigurationError: The file cannot be opened, or the destination is unknown.
        PipelineBusyError: Another sync is at work in the directory.
    """
    _check_names({"--partition": name, "--dataset": dataset, "--database": database})
    _check_pipeline_name(name)
    check_seconds("busy_timeout", busy_timeout)
    _check_destination(destination)
    path = _duckdb_path(destination, database, must_exist=must_exist, to_write=to_write)
    with destination_errors(destination):
        place = str(path) if path else _configured_place(destination, name)
    digest = hashlib.sha256("\0".join([destination, dataset, place]).encode()).hexdigest()[:12]
    # Not among the pipelines that dlt lists: it would take the folder of all for one of them.
    pipelines = Path(get_dlt_pipelines_dir()).with_name(WORKING_FOLDERS) / digest

    def opened() -> dlt.Pipeline:
        return explicit_pipeline(
            name, _target(destination, path), dataset, str(pipelines), is_staged=True
        )

    with destination_errors(), alone_in(pipelines, name, busy_timeout):
        if path is not None:
            remove_stillborn(path)
        try:
            return opened()
        except (ValueError, OSError, *_OF_ANOTHER_DLT):
            # Cut short by a power loss, or left by a newer dlt: nothing in it is worth more than
            # a run.
            shutil.rmtree(pipelines / name, ignore_errors=True)
            return opened()


def place_of(pipeline: dlt.Pipeline) -> str:
    """A text that tells the destination of a pipeline from others; it holds no secrets."""
    return _place(bare_client(pipeline).config)


def _configured_place(destination: str, pipeline_name: str) -> str:
    with inject_section(ConfigSectionContext(pipeline_name=pipeline_name)):
        target = named_destination(destination)
        return _place(target.configuration(target.spec(), accept_partial=True))


def _place(config: Any) -> str:
    credentials = getattr(config, "credentials", None)
    # dlt's fingerprints tell hosts and buckets, not what a host has several of. Names and keys of
    # users are left out: they change, and the place does not.
    further = ("host", "port", "database", "query")
    texts = [str(getattr(credentials, name, "")) for name in further]
    return "\0".join([config.destination_type, config.fingerprint() or "", *texts])


def _check_names(names: dict[str, str | None]) -> None:
    for option, name in names.items():
        if name is not None and not name.strip():
            raise InvalidSettingError(f"{option} must not be empty; leave it out for the default.")


def check_target(destination: str, database: str | None) -> None:
    """Refuse what names no destination, or no DuckDB file; neither has to be there.

    Raises:
        InvalidSettingError: The name may hold a secret, or DuckDB would take it for something else.
    """
    _check_destination(destination)
    if database is not None:
        check_database(database)


def _check_destination(destination: str) -> None:
    if not _NAME.fullmatch(destination):
        # It is not repeated: an address may hold a password.
        raise InvalidSettingError(
            "--destination takes the name of a destination, as duckdb or postgres; what else it"
            " needs, as its address and password, goes into .dlt/secrets.toml, under"
            " [destination.NAME]."
        )


def _check_pipeline_name(name: str) -> None:
    try:
        FileStorage.validate_file_name_component(name)
    except ValueError:
        raise InvalidSettingError(
            f"--partition {name!r:.100} cannot be the name of a pipeline; use letters, digits,"
            " - and _."
        ) from None


@contextmanager
def open_to_look(
    destination: str, database: str | None, dataset: str, *, to_write: bool = False
) -> Iterator[dlt.Pipeline]:
    """The same to ask what was loaded, also while a sync is at work; it leaves nothing behind.

    Args:
        destination: As for ``open_pipeline``.
        database: The same.
        dataset: The same.
        to_write: Refuse a DuckDB file that can only be read.

    Yields:
        A pipeline in a folder of its own.

    Raises:
        ConfigurationError: There is no such file or destination.
    """
    _check_names({"--dataset": dataset, "--database": database})
    _check_destination(destination)
    path = _duckdb_path(destination, database, must_exist=True, to_write=to_write)
    with TemporaryDirectory(prefix="openpanel-source-", ignore_cleanup_errors=True) as folder:
        with destination_errors():
            pipeline = explicit_pipeline(
                PIPELINE_NAME, _target(destination, path), dataset, folder, is_staged=True
            )
        yield pipeline


def _target(destination: str, path: Path | None) -> Any:
    if path is not None:
        return duckdb_file(str(path), destination_name="duckdb")
    if destination == "sqlalchemy":
        # Without it, dlt fails with a riddle.
        require(destination)
    return named_destination(destination)


def _duckdb_path(
    destination: str, database: str | None, *, must_exist: bool, to_write: bool
) -> Path | None:
    """The DuckDB file, checked; None for other destinations."""
    if destination == "duckdb":
        path = _absolute(database or DEFAULT_DATABASE)
        if database is None and not path.exists():
            _check_earlier_default()
        _check_duckdb_path(path, must_exist=must_exist, to_write=to_write)
        return path
    if database is not None:
        raise InvalidSettingError(
            f"--database names a DuckDB file; configure {destination} through dlt, under"
            f" [destination.{destination}]."
        )
    return None


def _check_earlier_default() -> None:
    """Refuse to start anew where an earlier version has loaded into its own default file."""
    earlier = _absolute(_EARLIER_DEFAULT)
    if holds_ledger(earlier):
        raise DestinationError(
            f"{earlier} holds what was loaded before {DEFAULT_DATABASE} became the default; rename"
            f" it (mv {_EARLIER_DEFAULT} {DEFAULT_DATABASE}) to go on with it, or start anew with"
            f" --database {DEFAULT_DATABASE}."
        )


def check_database(database: str) -> None:
    """Refuse what DuckDB would take for something else than a file.

    Raises:
        InvalidSettingError: It is such a name.
    """
    for start, sentence in _NO_FILES.items():
        if database.lower().startswith(start):
            raise InvalidSettingError(sentence)
    if "://" in database:
        raise InvalidSettingError(
            "--database names a DuckDB file, not an address; for a server, see --destination."
        )


def _absolute(database: str) -> Path:
    check_database(database)
    try:
        return Path(database).expanduser().resolve()
    except (RuntimeError, ValueError) as error:
        raise DestinationError(
            f"--database {database!r:.100} is no path ({error}); name another file."
        ) from None


def _check_duckdb_path(path: Path, *, must_exist: bool, to_write: bool) -> None:
    if path.is_dir():
        raise DestinationError(f"{path} is a folder; name a file with --database.")
    if path.exists():
        if not os.access(path, os.R_OK):
            raise DestinationError(f"{path} cannot be read; change its permissions.")
        if to_write and not os.access(path, os.W_OK):
            raise DestinationError(f"{path} cannot be written; change its permissions.")
        if must_exist and is_stillborn(path):
            raise DestinationError(
                f"{path} holds nothing: another process is making it, or was stopped while it did;"
                " run openpanel-source sync first."
            )
        return
    if must_exist:
        raise DestinationError(
            f"there is no database {path}; run openpanel-source sync first, or name another file"
            " with --database."
        )
    if not path.parent.is_dir():
        raise DestinationError(f"the folder {path.parent} does not exist; make it first.")
    if not os.access(path.parent, os.W_OK):
        raise DestinationError(f"the folder {path.parent} cannot be written.")
