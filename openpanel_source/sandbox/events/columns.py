"""The columns of events: what they hold, and the other names that the server knows for them."""

from __future__ import annotations

TEXT = frozenset(
    (
        "name",
        "sdk_name",
        "sdk_version",
        "device_id",
        "profile_id",
        "project_id",
        "session_id",
        "path",
        "origin",
        "referrer",
        "referrer_name",
        "referrer_type",
        "country",
        "city",
        "region",
        "os",
        "os_version",
        "browser",
        "browser_version",
        "device",
        "brand",
        "model",
    )
)
NUMBERS = {
    "duration": "UBIGINT",
    "revenue": "UBIGINT",
    "longitude": "FLOAT",
    "latitude": "FLOAT",
}
INSTANTS = {"created_at": ("created_ms", 1), "imported_at": ("imported_s", 1000)}
"""Where the instants are, and the milliseconds in their unit."""

ALIASES = {
    "referrerName": "referrer_name",
    "referrerType": "referrer_type",
    "sessionId": "session_id",
    "deviceId": "device_id",
    "profileId": "profile_id",
    "projectId": "project_id",
    "osVersion": "os_version",
    "browserVersion": "browser_version",
    "sdkName": "sdk_name",
    "sdkVersion": "sdk_version",
    "createdAt": "created_at",
    "importedAt": "imported_at",
}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def canonical(name: str) -> str:
    """Return the column or property that a name stands for; unknown names stay as they are."""
    name = ALIASES.get(name, name)
    return f"properties.__query.{name}" if name in UTM else name
