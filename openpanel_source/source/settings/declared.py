"""What can be set: the one declaration of names, types, defaults and meanings.

From it come the signature of ``openpanel()``, the keys of dlt's configuration and what they are
read as, the checks of types, options of the command and the table in docs/python.md. It imports
nothing heavy, as ``--help`` reads it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from openpanel_source.errors import InvalidSettingError

if TYPE_CHECKING:
    from openpanel_source.api.filters import Filter
    from openpanel_source.charts.definition import Chart

REQUIRED = ("project_id", "client_id", "client_secret")
SECRET = ("client_secret", "clients", "hash_key")
COMMAND_SECTION = "openpanel_source"
OF_COMMAND = ("destination", "database", "dataset")
"""What the command alone takes from the configuration, and from a section of its own: where the
rows go is no matter of the source, which runs in pipelines of others as well."""
_MAY_BE_ZERO = ("lookback_days", "max_deleted_rows", "scrub_requests")


@dataclass(frozen=True, repr=False, eq=False)
class Arguments:
    """Settings as a call and dlt's configuration give them.

    A switch or a number is one, as its default says. What takes several forms, where lists and
    mappings may be JSON, is checked where it is read.

    Args:
        project_id: A project's id, or a list of ids; each becomes rows, not tables.
        client_id: Id of a client of type read or root.
        client_secret: The client's secret.
        clients: Instead of these two, clients by project: ``{"shop": {"client_id": …,
            "client_secret": …}}``; all of these projects unless ``project_id`` names some.
        base_url: Root of the API; self-hosted often ``https://HOST/api``.
        start_date: First UTC day, ``YYYY-MM-DD``, or ``7d`` for the last seven; the first day with
            events when left out.
        end_date: Last UTC day, inclusive; everything there is when left out.
        events: Names of events to load; all when left out.
        filters: Conditions that all must hold, ``Filter(property, operator, value, type)`` or
            mappings; servers since 2026-05.
        profile_id: Load only this profile's events and those of its devices.
        charts: ``Chart`` objects, mappings, or the path of a TOML or YAML file of charts.
        timezone: IANA name of the organisation's time zone, in which charts have their buckets, or
            names by project; UTC when left out. The API does not tell it.
        max_events_per_run: Commit after the day that reaches this many events.
        max_days_per_run: Commit after this many days.
        commit_seconds: Commit after the day being read so many seconds after the last commit, the
            first time after a few; ``sync`` only, as nothing follows a plain run; ``inf`` for no
            such bound.
        pages_in_flight: Pages of 1,000 events asked for at a time; memory grows with it.
        lookback_days: The newest settled days that are counted one by one on each run; older
            ones are counted together.
        scrub_requests: Requests that each sync may spend, after its own work, on listing the ids of
            the settled days that were proven longest ago; days that differ are read again; 0 for
            none; ``sync`` only.
        reload: Read days again that are recorded as complete.
        allow_deletions: Let everything vanish here that vanished upstream, however much; also what
            another query (events, filters, profile_id) had loaded of the days read.
        max_deleted_rows: So many rows of a project may vanish in one run without
            ``allow_deletions``; the rows of days that would lose more are kept, and the days are
            recorded as ``shrunk``.
        max_deleted_share: More than ``max_deleted_rows`` may, up to this share of the project's
            rows.
        max_emptied_days: So many days that lose all of their rows are kept in any case, unless
            ``allow_deletions`` is set.
        web_columns: Fill the columns of UTM parameters, page title and hash; else they are null.
        properties: Keys of the properties that become columns, with their types:
            ``{"total": "double"}``.
        exclude_columns: Columns of ``events`` that stay null.
        hash_columns: Columns, and keys as ``properties.KEY``, that hold a hash of the value.
        drop_properties: Keys of ``properties`` that are left out; ``*`` stands for any text.
        erased_profiles: Ids of profiles and devices, or their hashes, whose events are left out.
        hash_key: The secret of the hash, HMAC-SHA256; at least 16 characters.
        include_profiles: Load the profiles of the events read, into ``profiles``.
        include_event_meta: Load what the dashboard says of names of events, into ``event_meta``.
        lists: What else the dashboard knows, each into a table of its name: ``references``,
            ``projects``, ``profiles`` (all that are stored), ``groups``.
        table_format: ``delta`` or ``iceberg``, of tables in the destination ``filesystem``; plain
            Parquet when left out.
        allow_http: Permit plain http to other hosts than this one.
        connect_timeout: Seconds to connect; a day at most.
        read_timeout: Seconds to wait for the next byte; a day at most.
        request_timeout: Seconds that one request may take in all; slow answers are cut off then.
        max_page_bytes: Answers that are larger, after decompression, are refused; a page of events
            is then read in parts.
        backoff_seconds: First wait before a failed request is tried again; it doubles, up to 30
            seconds.
        max_outage: Seconds that a server is waited for that is down or being restarted: no
            connection, or 502 to 504; 30 at most until it has answered once, and not for a host
            that no name server knows; 0: only six tries.
        now: Act as if this were the current time (ISO, with zone), for replays and tests.

    Raises:
        InvalidSettingError: A switch or a whole number is none.
    """

    project_id: str | Sequence[str] | None = None
    client_id: str = ""
    client_secret: str = ""
    clients: str | Mapping[str, Mapping[str, str]] | None = None
    base_url: str = "https://api.openpanel.dev"
    start_date: str | date | None = None
    end_date: str | date | None = None
    events: str | Sequence[str] | None = None
    filters: str | Sequence[Filter | Mapping[str, Any]] | None = None
    profile_id: str | None = None
    charts: str | Sequence[Chart | Mapping[str, Any]] | None = None
    timezone: str | Mapping[str, str] | None = None
    max_events_per_run: int = 1_000_000
    max_days_per_run: int = 366
    commit_seconds: float = 30.0
    pages_in_flight: int = 8
    lookback_days: int = 3
    scrub_requests: int = 10
    reload: bool = False
    allow_deletions: bool = False
    max_deleted_rows: int = 1000
    max_deleted_share: float = 0.05
    max_emptied_days: int = 10
    web_columns: bool = True
    properties: str | Mapping[str, str] | None = None
    exclude_columns: str | Sequence[str] | None = None
    hash_columns: str | Sequence[str] | None = None
    drop_properties: str | Sequence[str] | None = None
    erased_profiles: str | Sequence[str] | None = None
    hash_key: str | None = None
    include_profiles: bool = False
    include_event_meta: bool = False
    lists: str | Sequence[str] | None = None
    table_format: str | None = None
    allow_http: bool = False
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    request_timeout: float = 300.0
    max_page_bytes: int = 64 * 1024 * 1024
    backoff_seconds: float = 0.5
    max_outage: float = 90.0
    now: str | datetime | None = None

    def __post_init__(self) -> None:
        for name, default in DEFAULTS.items():
            value = getattr(self, name)
            if isinstance(default, bool):
                if not isinstance(value, bool):
                    raise InvalidSettingError(f"{name} must be true or false, not {value!r}.")
            elif isinstance(default, int):
                least, bound = (0, "of 0 or more") if name in _MAY_BE_ZERO else (1, "above 0")
                if isinstance(value, bool) or not isinstance(value, int) or value < least:
                    raise InvalidSettingError(
                        f"{name} must be a whole number {bound}, not {value!r}."
                    )


DEFAULTS = {field.name: field.default for field in fields(Arguments)}
"""Of all settings, in the order of their declaration."""


def meanings() -> dict[str, str]:
    """What each setting means, as the docstring of ``Arguments`` says it."""
    documentation = inspect.getdoc(Arguments) or ""
    entries = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", documentation, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries if name in DEFAULTS}
