"""What is used of dlt's inside is on docs/dlt-internals.md, and in the dlt that is installed."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import dlt
import pytest

from tests.support.inside_dlt import resolved, used

PAGE = Path(__file__).parents[2] / "docs" / "dlt-internals.md"
SECTION = re.compile(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
USES = re.compile(r"^Uses: (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)


def listed() -> dict[str, set[str]]:
    """By module, the names after ``Uses:`` on the page."""
    sections = SECTION.findall(PAGE.read_text(encoding="utf-8"))
    return {
        module: set(re.findall(r"`([^`]+)`", " ".join(USES.findall(text))))
        for module, text in sections
    }


@pytest.mark.long
def test_the_page_lists_what_the_code_uses_and_nothing_else() -> None:
    found, told = used(), listed()
    for module in found.keys() | told.keys():
        missing = found.get(module, set()) - told.get(module, set())
        gone = told.get(module, set()) - found.get(module, set())
        place = f"the section `{module}` of docs/dlt-internals.md"
        assert not missing, f"{module} uses {sorted(missing)} of dlt's inside: add it to {place}"
        assert not gone, f"{module} no longer uses {sorted(gone)}: take it out of {place}"


@pytest.mark.long
def test_what_is_used_is_found_in_imports_subclasses_private_names_and_hints() -> None:
    found = used()
    assert "compress_state" in found["source/ledger_storage.py"]
    assert {"FilesystemClient", "sql_client", "_conn"} <= found["destinations/files/destination.py"]
    assert "_get_destination_clients" in found["destinations/warehouse.py"]
    assert "x-stage-data-deduplicated" in found["source/hints.py"]
    # Offered, in one of dlt's ``__all__`` or as exceptions.
    assert "DltResource" not in found.get("source/source.py", set())
    assert "destinations/settings_files.py" not in found


_FILES = "dlt.destinations.impl.filesystem.filesystem"
_FILES_SQL = "dlt.destinations.impl.filesystem.sql_client.FilesystemSqlClient"
_POSTGRES = "dlt.destinations.impl.postgres.postgres"
_CREDENTIALS = "dlt.destinations.impl.postgres.configuration.PostgresCredentials"

# What a module of this package overrides: as many arguments, of these names, or it is never
# called as it expects.
OVERRIDDEN = {
    "dlt.common.destination.Destination.adjust_capabilities": "caps config naming",
    "dlt.common.destination.Destination.capabilities": "self config naming",
    f"{_FILES}.FilesystemClient.get_reference_followup_job_class": "table",
    f"{_FILES}.ReferenceFollowupJob.run": "self",
    f"{_FILES}.DeltaLoadFilesystemJob.run": "self",
    f"{_FILES}.IcebergLoadFilesystemJob.run": "self",
    f"{_FILES_SQL}.create_secret": "self scope credentials secret_name persist_secrets",
    f"{_FILES_SQL}.create_view_select": "self table_schema schema",
    f"{_POSTGRES}.PostgresCsvCopyJob.run": "self",
    f"{_POSTGRES}.PostgresClient.create_load_job": "self table file_path load_id restore",
    f"{_POSTGRES}.PostgresClient._create_merge_followup_jobs": "self table_chain",
    "dlt.destinations.sql_jobs.SqlMergeFollowupJob._gen_table_setup_clauses": (
        "table_chain sql_client"
    ),
    f"{_CREDENTIALS}.get_query": "self",
    f"{_CREDENTIALS}.to_url": "self",
    "dlt.destinations.impl.postgres.configuration.PostgresClientConfiguration.data_location": (
        "self"
    ),
    "dlt.common.configuration.providers.EnvironProvider.get_value": (
        "self key hint pipeline_name sections"
    ),
}

# What is called: with these arguments, by position, or by name after a colon.
CALLED = {
    "dlt.Pipeline._make_dataset_name": "self new_dataset_name destination",
    "dlt.Pipeline._get_destination_clients": "self schema",
    "dlt.Pipeline.abort_packages": "self",
    "dlt.Pipeline.get_load_package_info": "self load_id",
    "dlt.common.configuration.inject.create_resolved_partial": "f config",
    "dlt.common.configuration.utils.deserialize_value": "key value hint",
    "dlt.common.configuration.utils.log_traces": "config key hint value default_value traces",
    "dlt.common.configuration.exceptions.LookupTrace": "provider_name sections key value location",
    "dlt.common.configuration.providers.ConfigProvider.get_value_location": (
        "self key pipeline_name section"
    ),
    "dlt.common.libs.pyarrow.get_local_dataset_reader": "file_paths",
    "dlt.common.pipeline.current_pipeline": "",
    "dlt.common.pipeline.get_dlt_pipelines_dir": "",
    "dlt.common.versioned_state.compress_state": "state",
    "dlt.common.schema.utils.new_table": "name : write_disposition columns references",
    "dlt.current.pipe": "",
    "dlt.current.resource": "",
    "dlt.current.load_package_state": "",
    "dlt.destinations.path_utils.normalize_path_sep": "pathlib path",
    f"{_FILES}.FilesystemClient.load_open_table": "self table_format table_name : schema",
    f"{_FILES}.FilesystemClient.get_open_table_location": "self table_format table_name",
    f"{_FILES}.FilesystemClient.list_table_files": "self table_name",
    f"{_FILES}.ReferenceFollowupJob.make_remote_file_path": "self file_name",
    f"{_FILES_SQL}._build_secret_statements": (
        "scope credentials secret_name persistent_stmt persist_secrets"
    ),
    f"{_FILES_SQL}._register_filesystem": "self fs scheme",
    f"{_FILES_SQL}.create_secret_name": "self scope",
    "dlt.destinations.sql_jobs.SqlMergeFollowupJob.from_table_chain": "table_chain sql_client",
}


def parameters(path: str) -> inspect.Signature:
    try:
        return inspect.signature(resolved(path))
    except LookupError:
        pytest.fail(f"dlt {dlt.__version__} has no {path}; {_ADVICE}")


_ADVICE = "see docs/dlt-internals.md for what it is used for, and go another way there"


@pytest.mark.parametrize("path", OVERRIDDEN)
def test_what_is_overridden_takes_what_it_took(path: str) -> None:
    names = " ".join(parameters(path).parameters)
    sentence = f"{path} of dlt {dlt.__version__} takes ({names}), not ({OVERRIDDEN[path]})"
    assert names == OVERRIDDEN[path], f"{sentence}; {_ADVICE}"


@pytest.mark.parametrize("path", CALLED)
def test_what_is_called_takes_what_it_is_given(path: str) -> None:
    by_place, _, by_name = CALLED[path].partition(":")
    try:
        parameters(path).bind(*by_place.split(), **dict.fromkeys(by_name.split()))
    except TypeError as error:
        pytest.fail(f"{path} of dlt {dlt.__version__} refuses ({CALLED[path]}): {error}; {_ADVICE}")


@pytest.mark.parametrize(
    "path",
    [
        "dlt.common.configuration.container.Container",
        "dlt.common.configuration.specs.ConfigSectionContext.sections",
        "dlt.common.configuration.specs.PluggableRunContext.reload_providers",
        "dlt.common.destination.DestinationCapabilitiesContext.get_type_mapper",
        "dlt.common.destination.DestinationCapabilitiesContext.max_text_data_type_length",
        "dlt.common.destination.client.WithStateSync.get_stored_schema",
        "dlt.common.typing.ConfigValueSentinel",
        "dlt.destinations.impl.filesystem.filesystem.FilesystemClient.sql_client_class",
        "dlt.destinations.impl.filesystem.filesystem.FilesystemClient.sql_client",
        "dlt.destinations.impl.filesystem.filesystem.DeltaLoadFilesystemJob._partition_columns",
        "dlt.destinations.impl.filesystem.filesystem.IcebergLoadFilesystemJob.arrow_dataset",
        "dlt.extract.items_transform.MetricsItem",
        "dlt.pipeline.configuration.PipelineConfiguration.dev_mode",
    ],
)
def test_what_is_looked_at_is_there(path: str) -> None:
    try:
        resolved(path)
    except LookupError:
        pytest.fail(f"dlt {dlt.__version__} has no {path}; {_ADVICE}")
