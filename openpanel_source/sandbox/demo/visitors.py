"""Who visits the demo's sites: places, devices, and people with an account."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.demo.parts import Fields, Weighted, fields
from openpanel_source.sandbox.demo.timeline import iso

PLACES = fields(
    "country city region longitude latitude",
    (16, "DE", "Berlin", "BE", 13.405, 52.52),
    (9, "DE", "München", "BY", 11.582, 48.1351),
    (9, "DE", "Hamburg", "HH", 9.9937, 53.5511),
    (10, "SE", "Stockholm", "AB", 18.0686, 59.3293),
    (4, "SE", "Göteborg", "O", 11.9746, 57.7089),
    (9, "GB", "London", "ENG", -0.1276, 51.5072),
    (7, "FR", "Paris", "IDF", 2.3522, 48.8566),
    (5, "NL", "Amsterdam", "NH", 4.9041, 52.3676),
    (4, "PL", "Kraków", "12", 19.945, 50.0647),
    (7, "US", "New York", "NY", -74.006, 40.7128),
    (3, "BR", "São Paulo", "SP", -46.6333, -23.5505),
    (2, "JP", "東京", "13", 139.6917, 35.6895),
    # A server that cannot locate an address leaves a fixed-width column of two NUL characters.
    (4, "\0\0", "", "", None, None),
)

DEVICES = fields(
    "os osVersion browser browserVersion device brand model",
    (22, "iOS", "18.1", "Mobile Safari", "18.1", "mobile", "Apple", "iPhone"),
    (8, "iOS", "17.6", "Mobile Safari", "17.6", "mobile", "Apple", "iPhone"),
    (14, "Android", "15", "Chrome", "141.0.0.0", "mobile", "Samsung", "SM-S921B"),
    (4, "iOS", "18.1", "Mobile Safari", "18.1", "tablet", "Apple", "iPad"),
    (19, "Windows", "10", "Chrome", "141.0.0.0", "desktop", "", ""),
    (7, "Windows", "10", "Edge", "141.0.0.0", "desktop", "", ""),
    (11, "Mac OS", "10.15.7", "Chrome", "141.0.0.0", "desktop", "Apple", "Macintosh"),
    (8, "Mac OS", "10.15.7", "Safari", "18.1", "desktop", "Apple", "Macintosh"),
)
DEVICE_CONVERSION = {"desktop": 1.35, "mobile": 0.65, "tablet": 1.0}

FIRST_NAMES = ("Anna", "Zoë", "Björn", "Chloé", "David", "Emil", "José", "Jürgen", "Maja", "Yuki")
LAST_NAMES = ("Svensson", "Müller", "Lefèvre", "O'Neil", "de Vries", "Nowak", "Silva", "Tanaka")
PLANS = Weighted([(62, ("free", "0")), (24, ("plus", "9")), (14, ("business", "49"))])
COMPANIES = ("acme-inc", "nordwind-gmbh", "studio-karlsson", "日本支社")


@dataclass(slots=True)
class Visitor:
    """A device, from the instant ``since`` on its owner's profile, and the order they made last.

    ``last_seen`` is when the server last knew who they were.
    """

    device_id: str
    fields: Fields
    profile: Row | None = None
    since: int = 0
    last_seen: int = 0
    order: tuple[str, int] = ("", 0)

    def profile_at(self, instant: int) -> Row | None:
        """Return the profile that the visitor had by then."""
        return self.profile if instant >= self.since else None


def new_profile(rng: Random, project: str, prefix: str, number: int, instant: int) -> Row:
    """Return the profile of somebody who signs up, in API form; its id may be an address."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    email = f"{_ascii(first)}.{_ascii(last)}.{number}@example.com"
    plan, mrr = PLANS.pick(rng)
    return {
        "firstName": first,
        "lastName": last,
        "isExternal": True,
        "properties": {"plan": plan, "mrr": mrr},
        "createdAt": iso(instant),
        "lastSeenAt": "",
        "projectId": project,
        "id": email if rng.random() < 0.3 else f"{prefix}_{number}",
        "email": email,
        "avatar": "",
        "groups": [rng.choice(COMPANIES)] if plan == "business" else [],
    }


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalnum, plain)).lower()
