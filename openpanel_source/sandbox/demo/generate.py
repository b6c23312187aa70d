"""The demo's data: a web shop and its blog, as an OpenPanel server would hold them."""

from __future__ import annotations

from datetime import datetime, timezone
from random import Random

from openpanel_source.sandbox.dataset import Accounts, Client, Dataset, Organization, Project
from openpanel_source.sandbox.demo.catalog import SITES
from openpanel_source.sandbox.demo.noted import groups, project, references
from openpanel_source.sandbox.demo.timeline import Window, running_totals
from openpanel_source.sandbox.demo.visits import Traffic

DEMO_CLIENT_ID = "de300000-0000-4000-8000-000000000001"
"""The root client of the demo's organisation."""

DEMO_CLIENT_SECRET = "sec_demo_root_not_a_secret"  # noqa: S105 - a published demo value
"""What the root client's header must carry."""

MAX_DAYS = 3650


def generate(
    events: int = 50_000, days: int = 60, seed: int = 1, now: datetime | None = None
) -> Dataset:
    """Make a believable web shop and blog, the same for the same arguments.

    Args:
        events: How many events all projects hold together.
        days: How many UTC days they cover, the one of ``now`` included; at most ``MAX_DAYS``.
        seed: Another seed gives other visitors.
        now: The newest instant an event may have, with a time zone; the current time if absent.

    Returns:
        The dataset, events in the order of the server (openpanel-api.md, section 3).

    Raises:
        ValueError: An argument is out of its range.
    """
    if events < 0:
        raise ValueError(f"events must be 0 or more, not {events}.")
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"days must be between 1 and {MAX_DAYS}, not {days}.")
    if now is not None and now.utcoffset() is None:
        raise ValueError("now must carry a time zone, such as datetime.timezone.utc.")
    rng = Random(seed)  # noqa: S311 - demo data, reproducible on purpose
    window = Window(now or datetime.now(timezone.utc), days)
    traffic = [Traffic(rng, site, window) for site in SITES]
    begin = 0
    for site_traffic, end in zip(
        traffic, running_totals(events, [site.share for site in SITES]), strict=True
    ):
        site_traffic.add(end - begin)
        begin = end
    return Dataset(
        accounts=_accounts(),
        events={part.site.id: part.events for part in traffic},
        profiles={part.site.id: part.profiles() for part in traffic},
        event_meta={part.site.id: part.event_meta() for part in traffic},
        references={site.id: references(site, window) for site in SITES},
        groups={site.id: groups(site, window) for site in SITES},
        projects={site.id: project(site) for site in SITES},
    )


def _accounts() -> Accounts:
    organization = "acme"
    scoped = [*(("read", site.id) for site in SITES), ("write", SITES[0].id)]
    return Accounts(
        organizations=[Organization(organization)],
        projects=[Project(site.id, organization) for site in SITES],
        clients=[
            Client(DEMO_CLIENT_ID, "root", organization, secret=DEMO_CLIENT_SECRET),
            *(
                Client(
                    id=f"de300000-0000-4000-8000-{number:012x}",
                    type=kind,
                    organization=organization,
                    project=project,
                    secret=f"sec_demo_{kind}_{project}_not_a_secret",
                )
                for number, (kind, project) in enumerate(scoped, start=2)
            ),
        ],
    )
