"""What ``dlt init openpanel DESTINATION --location <repository>`` copies into a project.

Thin files that pass on to the package: dlt finds in them which secrets and settings it
needs, and writes them into ``.dlt/``.
"""

from __future__ import annotations

from pathlib import Path

import tomlkit

from openpanel_source.source.settings.declared import meanings

ROOT = Path(__file__).parents[1]

_SOURCE = '''"""Events and charts of OpenPanel, each day proven complete.

Made by `make docs` in the repository of openpanel-source, which does the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

import openpanel_source


@configspec
class OpenPanelConfiguration(BaseConfiguration):
    """What `dlt init` asks for.

    Clients of several projects take the place of client_id and client_secret, one in each
    `[sources.openpanel.clients.PROJECT]`.
    """

    project_id: Any = None
    """{project_id}"""
    client_id: TSecretStrValue = None
    """{client_id}"""
    client_secret: TSecretStrValue = None
    """{client_secret}"""

    def on_partial(self) -> None:
        """Leave it to openpanel_source to say what is missing."""
        self.resolve()


@dlt.source(name="openpanel", section="openpanel", max_table_nesting=0, spec=OpenPanelConfiguration)
def openpanel(**settings: Any) -> Sequence[DltResource]:
    """The resource events, which also loads the tables beside it, and one for each chart.

    Args:
        settings: All that `openpanel_source.openpanel()` takes; what is left out is taken from
            `[sources.openpanel]`.
    """
    return list(openpanel_source.openpanel(**settings).resources.values())
'''

_PIPELINE = '''"""Load what is new in OpenPanel, and prove that nothing was lost."""

import sys

import dlt
from openpanel import openpanel

from openpanel_source import SyncSummary, sync


def load_everything() -> SyncSummary:
    """Sync until nothing is left: what to run each night, and for the first load."""
    pipeline = dlt.pipeline(
        "openpanel_pipeline", destination="duckdb", dataset_name="openpanel", progress="log"
    )
    return sync(pipeline)


def load_one_run() -> None:
    """One bounded run as any dlt source has it; the next one goes on."""
    pipeline = dlt.pipeline("openpanel_pipeline", destination="duckdb", dataset_name="openpanel")
    print(pipeline.run(openpanel()))


if __name__ == "__main__":
    summary = load_everything()
    print(summary)
    sys.exit(summary.exit_code)
'''


def dlt_source_files() -> dict[Path, str]:
    """The files in ``sources/``, and what they should hold."""
    pyproject = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
    project = pyproject["project"]
    [dlt_requirement] = [name for name in project["dependencies"] if name.startswith("dlt[")]
    address = project["urls"]["Source"]
    texts = {name: " ".join(meaning.split()) for name, meaning in meanings().items()}
    return {
        ROOT / "sources" / "openpanel" / "__init__.py": _SOURCE.format(**texts),
        ROOT / "sources" / "openpanel" / "requirements.txt": (
            f"{dlt_requirement.replace('[duckdb]', '')}\n"
            f"{project['name']} @ git+{address}@v{project['version']}\n"
        ),
        ROOT / "sources" / "openpanel_pipeline.py": _PIPELINE,
    }
