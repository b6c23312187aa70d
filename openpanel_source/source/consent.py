"""What is loaded with one query is replaced by another only if that is meant."""

from __future__ import annotations

from datetime import date

from openpanel_source.api.query import EventQuery
from openpanel_source.days.ledger import Ledger
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings import Settings


def check_consent(settings: Settings, ledger: Ledger) -> None:
    """Refuse to replace what another query has loaded, unless that is meant.

    A query without conditions finds all that another has found: it takes nothing away.

    Raises:
        InvalidSettingError: Days hold rows of another query.
    """
    if settings.deletions.allow_deletions or settings.query == EventQuery():
        return
    first, last = settings.start or date.min, settings.end or date.max
    for project in settings.project_ids:
        days = [day for day in sorted(ledger.of_another_query(project)) if first <= day <= last]
        if days:
            raise InvalidSettingError(
                f"{len(days):,} days of {project} ({min(days)} to {max(days)}) hold rows that"
                " another query (events, filters, profile_id) has loaded, and this one would"
                " replace them; to keep both, load into another dataset; to replace them, say"
                " --allow-deletions (allow_deletions)."
            )
