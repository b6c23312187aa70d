"""Load OpenPanel events and charts through the Export API, losing nothing.

This module is the table of contents: the names in ``__all__`` are what the project promises.
They are imported when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpanel_source.api.filters import Filter
    from openpanel_source.api.paginator import EventsPaginator
    from openpanel_source.charts.definition import Chart
    from openpanel_source.charts.series import Series
    from openpanel_source.errors import (
        ConfigurationError,
        OpenPanelError,
        ServerFaultError,
        TransientError,
    )
    from openpanel_source.models.make import ModelsSummary, refresh_models
    from openpanel_source.operations.audit import AuditReport, audit
    from openpanel_source.operations.erase import ErasureReport, erase
    from openpanel_source.operations.partitions import Partition, partitions
    from openpanel_source.operations.runs.summary import SyncSummary
    from openpanel_source.operations.status import DayStatus, ProjectStatus, read_days, read_status
    from openpanel_source.operations.sync import sync
    from openpanel_source.operations.values.choose_days import ValueAudit
    from openpanel_source.report.create import Report, create_report
    from openpanel_source.source.orders import Progress
    from openpanel_source.source.source import openpanel

__all__ = [
    "AuditReport",
    "Chart",
    "ConfigurationError",
    "DayStatus",
    "ErasureReport",
    "EventsPaginator",
    "Filter",
    "ModelsSummary",
    "OpenPanelError",
    "Partition",
    "Progress",
    "ProjectStatus",
    "Report",
    "Series",
    "ServerFaultError",
    "SyncSummary",
    "TransientError",
    "ValueAudit",
    "audit",
    "create_report",
    "erase",
    "openpanel",
    "partitions",
    "read_days",
    "read_status",
    "refresh_models",
    "sync",
]

_MODULES = {
    "AuditReport": "operations.audit",
    "Chart": "charts.definition",
    "ConfigurationError": "errors",
    "DayStatus": "operations.status",
    "ErasureReport": "operations.erase",
    "EventsPaginator": "api.paginator",
    "Filter": "api.filters",
    "ModelsSummary": "models.make",
    "OpenPanelError": "errors",
    "Partition": "operations.partitions",
    "Progress": "source.orders",
    "ProjectStatus": "operations.status",
    "Report": "report.create",
    "Series": "charts.series",
    "ServerFaultError": "errors",
    "SyncSummary": "operations.runs.summary",
    "TransientError": "errors",
    "ValueAudit": "operations.values.choose_days",
    "audit": "operations.audit",
    "create_report": "report.create",
    "erase": "operations.erase",
    "openpanel": "source.source",
    "partitions": "operations.partitions",
    "read_days": "operations.status",
    "read_status": "operations.status",
    "refresh_models": "models.make",
    "sync": "operations.sync",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
