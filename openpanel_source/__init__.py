"""Load OpenPanel events and charts through the Export API, losing nothing.

This module is the table of contents: the names in ``__all__`` are what the project promises.
They are imported when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpanel_source.auditing import AuditReport, audit
    from openpanel_source.chart import Chart
    from openpanel_source.erasing import ErasureReport, erase
    from openpanel_source.errors import (
        ConfigurationError,
        OpenPanelError,
        ServerFaultError,
        TransientError,
    )
    from openpanel_source.filters import Filter
    from openpanel_source.paginator import EventsPaginator
    from openpanel_source.partition import Partition, partitions
    from openpanel_source.pipeline import SyncSummary, sync
    from openpanel_source.series import Series
    from openpanel_source.source import openpanel
    from openpanel_source.status import DayStatus, ProjectStatus, read_days, read_status
    from openpanel_source.view_create import create_views

__all__ = [
    "AuditReport",
    "Chart",
    "ConfigurationError",
    "DayStatus",
    "ErasureReport",
    "EventsPaginator",
    "Filter",
    "OpenPanelError",
    "Partition",
    "ProjectStatus",
    "Series",
    "ServerFaultError",
    "SyncSummary",
    "TransientError",
    "audit",
    "create_views",
    "erase",
    "openpanel",
    "partitions",
    "read_days",
    "read_status",
    "sync",
]

_MODULES = {
    "AuditReport": "auditing",
    "Chart": "chart",
    "ConfigurationError": "errors",
    "DayStatus": "status",
    "ErasureReport": "erasing",
    "EventsPaginator": "paginator",
    "Filter": "filters",
    "OpenPanelError": "errors",
    "Partition": "partition",
    "ProjectStatus": "status",
    "Series": "series",
    "ServerFaultError": "errors",
    "SyncSummary": "pipeline",
    "TransientError": "errors",
    "audit": "auditing",
    "create_views": "view_create",
    "erase": "erasing",
    "openpanel": "source",
    "partitions": "partition",
    "read_days": "status",
    "read_status": "status",
    "sync": "pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
