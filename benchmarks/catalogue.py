"""What the benchmark's events hold: seeded, and about as long as recorded ones (970 bytes)."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

_ALWAYS = ["id", "name", "deviceId", "profileId", "projectId", "sessionId", "createdAt", "path"]
_ALWAYS += ["city", "country", "os", "browser", "groups"]
ALWAYS = frozenset(_ALWAYS)
"""Fields that an answer holds whatever ``includes`` says."""

INCLUDES = (
    "properties,region,longitude,latitude,osVersion,browserVersion,device,brand,model,origin,"
    "referrer,referrerName,referrerType,importedAt,sdkName,sdkVersion,revenue,groups"
)
"""Every field that an answer leaves out unless it is named, in the comma form."""

_NAMES = ["screen_view"] * 70 + ["session_start"] * 10 + ["session_end"] * 10 + ["click"] * 8
_NAMES += ["add_to_cart", "purchase"]
_PLACES = [
    ("US", "New York", "New York", -74.006, 40.7128),
    ("US", "San Francisco", "California", -122.4194, 37.7749),
    ("GB", "London", "England", -0.1276, 51.5072),
    ("SE", "Stockholm", "Stockholm County", 18.0686, 59.3293),
    ("FR", "Paris", "Île-de-France", 2.3522, 48.8566),
    ("BR", "São Paulo", "São Paulo", -46.6333, -23.5505),
    ("JP", "東京", "13", 139.6917, 35.6895),
]
_DEVICES = [
    ("Mac OS", "10.15.7", "Chrome", "126.0.0.0", "desktop", "Apple", "Macintosh"),
    ("Windows", "11", "Edge", "125.0.2535.92", "desktop", "", ""),
    ("iOS", "17.5.1", "Mobile Safari", "17.5", "mobile", "Apple", "iPhone"),
    ("Android", "14", "Mobile Chrome", "126.0.6478.71", "mobile", "Samsung", "SM-S918B"),
    ("Linux", "", "Firefox", "127.0", "desktop", "", ""),
]
_REFERRERS = [
    ("", "", ""),
    ("https://www.google.com/", "Google", "search"),
    ("https://news.ycombinator.com/item?id=40718321", "Hacker News", "tech"),
]
_PATHS = [
    "/",
    "/pricing",
    "/docs/getting-started/installation",
    "/blog/how-we-built-our-event-pipeline",
    "/products/wireless-noise-cancelling-headphones",
    "/checkout/confirmation",
]
_KEYS = ["experiment", "variant", "theme", "locale", "appVersion", "featureFlag", "tenant", "plan"]
_KEYS += ["accountAge", "viewport", "connection", "scrollDepth", "section", "buttonText"]
_WORDS = ["alpha", "control", "dark", "enterprise", "premium", "north-west", "checkout-v2"]
_WORDS += ["hero-banner", "sv-SE", "4g"]
_VISITORS = 20_000


def make_event(random: Random, project: str, event_id: str, created_at: str) -> dict[str, Any]:
    """An event with every field, in the order in which the server writes them."""
    name, path = random.choice(_NAMES), random.choice(_PATHS)
    country, city, region, longitude, latitude = random.choice(_PLACES)
    os, os_version, browser, browser_version, device, brand, model = random.choice(_DEVICES)
    referrer, referrer_name, referrer_type = random.choice(_REFERRERS)
    visitor = random.randrange(_VISITORS)
    device_id = f"{visitor * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"
    session = UUID(int=visitor * 0x517CC1B727220A94FE13ABE8FA9A6EED % 2**128, version=4)
    has_place = random.random() < 0.95
    return {
        "id": event_id,
        "name": name,
        "deviceId": device_id,
        "profileId": device_id if visitor % 3 else f"user_{visitor}",
        "projectId": project,
        "sessionId": str(session),
        "properties": _properties(random, path),
        "createdAt": created_at,
        "country": country,
        "city": city,
        "region": region,
        "longitude": round(longitude + random.random() / 10, 4) if has_place else None,
        "latitude": round(latitude + random.random() / 10, 4) if has_place else None,
        "os": os,
        "osVersion": os_version,
        "browser": browser,
        "browserVersion": browser_version,
        "device": device,
        "brand": brand,
        "model": model,
        "path": path,
        "origin": "https://www.example.com",
        "referrer": referrer,
        "referrerName": referrer_name,
        "referrerType": referrer_type,
        "sdkName": "web",
        "sdkVersion": "1.0.8",
        "revenue": random.randrange(50_000) if name == "purchase" else 0,
        "groups": [f"org_{visitor % 97}"] if random.random() < 0.03 else [],
    }


def _properties(random: Random, path: str) -> dict[str, str]:
    properties = {
        "__path": path,
        "__title": path.rsplit("/", 1)[-1].replace("-", " ").title() or "Home",
        "__screen": "1440x900",
        "__language": "en-US",
        "__hash": "",
    }
    if random.random() < 0.3:
        properties["__query.utm_source"] = random.choice(("google", "newsletter", "partner"))
        properties["__query.utm_campaign"] = "spring-launch-2026"
    for key in random.sample(_KEYS, random.randint(3, 8)):
        properties[key] = random.choice(_WORDS)
    return properties
