"""Events and charts of OpenPanel, each day proven complete.

Made by `make docs` in the repository of openpanel-source, which does the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dlt
from dlt.extract import DltResource

import openpanel_source


@dlt.source(name="openpanel", section="openpanel", max_table_nesting=0)
def openpanel(
    project_id: Any = dlt.config.value,
    client_id: str = dlt.secrets.value,
    client_secret: str = dlt.secrets.value,
    base_url: str = "https://api.openpanel.dev",
    **settings: Any,
) -> Sequence[DltResource]:
    """The resource events, which also loads the tables beside it, and one for each chart.

    Args:
        project_id: A project's id, or a list of ids; each becomes rows, not tables.
        client_id: Id of a client of type read or root.
        client_secret: The client's secret.
        base_url: Root of the API; self-hosted often ``https://HOST/api``.
        settings: All others that `openpanel_source.openpanel()` takes; they may stand in
            `[sources.openpanel]` as well.
    """
    source = openpanel_source.openpanel(
        project_id=project_id,
        client_id=client_id,
        client_secret=client_secret,
        base_url=base_url,
        **settings,
    )
    return list(source.resources.values())
