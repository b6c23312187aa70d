"""The blocks of a report: titles, and the names, labels and units of their columns."""

from __future__ import annotations

from typing import Any

_TEXT, _COUNT, _SHARE = "text", "count", "share"

COLUMNS: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "tiles": (
        "Key figures",
        [
            ("key", "Key", _TEXT),
            ("label", "Label", _TEXT),
            ("unit", "Unit", _TEXT),
            ("value", "Value", "number"),
            ("before", "Before", "number"),
        ],
    ),
    "days": (
        "Visitors and views by day",
        [
            ("day", "Day", "day"),
            ("visitors", "Visitors", _COUNT),
            ("sessions", "Sessions", _COUNT),
            ("views", "Views", _COUNT),
            ("revenue", "Revenue", "money"),
            ("bounce_rate", "Bounce rate", _SHARE),
            ("before_visitors", "Visitors before", _COUNT),
            ("before_sessions", "Sessions before", _COUNT),
            ("before_views", "Views before", _COUNT),
        ],
    ),
    "sources": (
        "Sources",
        [
            ("source", "Source", _TEXT),
            ("medium", "Medium", _TEXT),
            ("sessions", "Sessions", _COUNT),
            ("conversions", "Conversions", _COUNT),
            ("revenue", "Revenue", "money"),
        ],
    ),
    "campaigns": (
        "Campaigns",
        [
            ("campaign", "Campaign", _TEXT),
            ("sessions", "Sessions", _COUNT),
            ("conversions", "Conversions", _COUNT),
            ("revenue", "Revenue", "money"),
        ],
    ),
    "landing_pages": (
        "Landing pages",
        [
            ("path", "Path", _TEXT),
            ("entries", "Entries", _COUNT),
            ("bounces", "Bounces", _COUNT),
            ("bounce_rate", "Bounce rate", _SHARE),
        ],
    ),
    "pages": (
        "Pages",
        [
            ("path", "Path", _TEXT),
            ("title", "Title", _TEXT),
            ("views", "Views", _COUNT),
            ("sessions", "Sessions", _COUNT),
            ("exits", "Exits", _COUNT),
        ],
    ),
    "events": (
        "Events",
        [("name", "Event", _TEXT), ("events", "Events", _COUNT), ("visitors", "Visitors", _COUNT)],
    ),
    "devices": (
        "Devices",
        [("device", "Device", _TEXT), ("sessions", "Sessions", _COUNT), ("views", "Views", _COUNT)],
    ),
    "browsers": (
        "Browsers",
        [
            ("browser", "Browser", _TEXT),
            ("sessions", "Sessions", _COUNT),
            ("views", "Views", _COUNT),
        ],
    ),
    "countries": (
        "Countries",
        [
            ("country", "Country", _TEXT),
            ("sessions", "Sessions", _COUNT),
            ("visitors", "Visitors", _COUNT),
            ("views", "Views", _COUNT),
        ],
    ),
    "hours": (
        "Hours of the week",
        [
            ("weekday", "Weekday", "number"),
            ("hour", "Hour", "number"),
            ("sessions", "Sessions", _COUNT),
        ],
    ),
    "funnel": (
        "From visit to purchase",
        [
            ("step", "Step", "number"),
            ("name", "Event", _TEXT),
            ("sessions", "Sessions", _COUNT),
            ("share", "Of all", _SHARE),
        ],
    ),
    "retention": (
        "Retention by week",
        [
            ("cohort_week", "First week", "day"),
            ("week", "Weeks later", "number"),
            ("visitors", "Visitors", _COUNT),
            ("share", "Share", _SHARE),
        ],
    ),
    "visitor_flow": (
        "New, returning and churned",
        [
            ("week", "Week", "day"),
            ("new", "New", _COUNT),
            ("returning", "Returning", _COUNT),
            ("churned", "Churned", _COUNT),
        ],
    ),
    "paths": (
        "From landing page to purchase",
        [
            ("source_stage", "Stage", "number"),
            ("source", "From", _TEXT),
            ("target_stage", "Next stage", "number"),
            ("target", "To", _TEXT),
            ("sessions", "Sessions", _COUNT),
        ],
    ),
    "charts": (
        "Charts",
        [
            ("chart", "Chart", _TEXT),
            ("series", "Series", _TEXT),
            ("at", "At", "instant"),
            ("value", "Value", "number"),
        ],
    ),
    "proof": (
        "Calendar of proof",
        [
            ("project_id", "Project", _TEXT),
            ("day", "Day", "day"),
            ("verdict", "Verdict", _TEXT),
            ("counted", "Counted", _COUNT),
            ("received", "Received", _COUNT),
            ("loaded", "Loaded", _COUNT),
            ("read_at", "Read", "instant"),
            ("readings", "Readings", _COUNT),
            ("reason", "Reason", _TEXT),
            ("last_proven_at", "Last proven", "instant"),
        ],
    ),
    "proof_summary": (
        "Proof by project",
        [
            ("project_id", "Project", _TEXT),
            ("from", "From", "day"),
            ("until", "Until", "day"),
            ("days", "Days", _COUNT),
            ("complete", "Complete", _COUNT),
            ("doubtful", "In doubt", _COUNT),
            ("missing", "Missing", _COUNT),
            ("rows", "Rows", _COUNT),
            ("oldest_proof_at", "Oldest proof", "instant"),
        ],
    ),
}


def block(key: str) -> dict[str, Any]:
    """A block as a document has it."""
    title, columns = COLUMNS[key]
    names = [{"key": name, "label": label, "unit": unit} for name, label, unit in columns]
    listed = ", ".join(name for name, _, _ in columns)
    return {"title": title, "columns": names, "sql": f"SELECT {listed}\nFROM openpanel.{key}"}
