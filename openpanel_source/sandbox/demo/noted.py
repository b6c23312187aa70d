"""What the demo's dashboard lists beside events: notes on charts, companies, names of the sites."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.demo.parts import Site
from openpanel_source.sandbox.demo.timeline import DAY, Window, iso
from openpanel_source.sandbox.demo.visitors import COMPANIES

_NOTES = (
    (0.8, "Newsletter", "To all who asked for it"),
    (0.5, "Winter collection", None),
    (0.2, "New checkout", "One page instead of three"),
)
"""How long ago, as a share of the days; title; description."""
_NAMES = {
    "acme-inc": "Acme Inc",
    "nordwind-gmbh": "Nordwind GmbH",
    "studio-karlsson": "Studio Karlsson",
}


def references(site: Site, window: Window) -> list[Row]:
    """Return the notes on the charts of a site."""
    found = []
    for share, title, description in _NOTES:
        day = window.days[-1] - int(share * (len(window.days) - 1))
        made = iso(min(day * DAY + DAY // 3, window.now))
        found.append(
            {
                "id": str(uuid5(NAMESPACE_URL, f"{site.origin}/{title}")),
                "title": title,
                "description": description,
                "date": iso(day * DAY),
                "projectId": site.id,
                "createdAt": made,
                "updatedAt": made,
            }
        )
    return found


def groups(site: Site, window: Window) -> list[Row]:
    """Return the companies that visitors of a site work for."""
    made = iso(window.start)
    return [
        {
            "id": company,
            "projectId": site.id,
            "type": "company",
            "name": _NAMES.get(company, company),
            "properties": {"plan": "business"},
            "createdAt": made,
            "updatedAt": "1970-01-01T00:00:00.001Z",
        }
        for company in COMPANIES
    ]


def project(site: Site) -> Row:
    """Return what there is to say of a site."""
    name = site.id.replace("-", " ").title()
    return {"name": name, "domain": site.origin, "types": ["website"]}
