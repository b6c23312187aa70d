"""Events and charts of OpenPanel, each day proven complete.

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
    """A project's id, or a list of ids; each becomes rows, not tables."""
    client_id: TSecretStrValue = None
    """Id of a client of type read or root."""
    client_secret: TSecretStrValue = None
    """The client's secret."""

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
