"""The table of days that were proven again without being read."""

from __future__ import annotations

from openpanel_source.model.table import Reference, Table, bigint, date, text, timestamp

DAY_PROOFS = Table(
    "day_proofs",
    "One row is a UTC day of a project that was found to hold what the server lists, not read.",
    (
        text("project_id", "The project.", "setting project_id", key=True),
        text(
            "query_fingerprint",
            "Which events were asked for, as in sync_days.",
            "settings events, filters, profile_id",
            key=True,
        ),
        date("day", "The UTC day.", "the ledger", key=True),
        timestamp("proven_at", "When that was, UTC.", "the clock", key=True),
        text(
            "proof",
            "listed: the ids that the server lists are held, by a scrub; part: as far down as they"
            " were listed; values: every value is equal, by audit --values.",
            "what was compared",
            required=True,
        ),
        bigint("rows", "Rows listed or compared.", "rows of the answers", required=True),
        timestamp(
            "listed_from",
            "Of a part: listed are the rows from here on, UTC; the next sync lists those before.",
            "createdAt of the last row",
        ),
        bigint("listed_rows", "Of a part: rows listed, earlier parts included.", "rows of answers"),
        bigint("strangers", "Of a part: those of them that events does not hold.", "ids of rows"),
    ),
    references=(
        Reference("sync_days", ("project_id", "day"), ("project_id", "day"), is_unique=False),
    ),
)
