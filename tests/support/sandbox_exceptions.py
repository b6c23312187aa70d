"""Which recordings a sandbox is not held to, and how others are made comparable."""

from __future__ import annotations

from datetime import datetime

EXCEPTIONS = {
    "charts_breakdown_cohort": "the dataset does not hold the cohorts and their members",
    "charts_breakdown_group": "the dataset holds the ids of groups, but not their names",
    "rate_limit_last_success": "only its headers were kept",
    "2025-03/count_cache_2_other_day_same_total": "compared in its sequence by another test",
    "2026-02/count_cache_2_other_day_same_total": "compared in its sequence by another test",
    "2026-02/count_cache_5_then_full_day_total_0": "compared in its sequence by another test",
    "2026-02/count_cache_7_big_day_pages_1": "compared in its sequence by another test",
    "2026-02/count_time_2_after_insert_cached": "compared in its sequence by another test",
    "2026-02/count_time_4_after_insert_other_limit": "compared in its sequence by another test",
    "2026-02/count_time_5_cached_with_row": "compared in its sequence by another test",
    "2026-02/count_time_6_row_deleted_cached": "compared in its sequence by another test",
}
"""Recordings left out of the comparison, by name, and why."""

_SERVER_TIMES = {
    "drift_page2_after_insert_repeats_a_row": "2026-11-23T02:50:00.000+00:00",
    "events_includes_all": "2026-11-23T02:47:08.382+00:00",
    "events_includes_profile": "2026-11-23T02:47:08.213+00:00",
    "events_profile_anonymous_is_fabricated": "2026-11-23T02:47:08.869+00:00",
    "2026-02/far_day_inside_365_d_page1": "2027-11-08T03:23:28.113+00:00",
    "2026-02/far_day_inside_365_d_page2": "2027-11-08T03:23:28.113+00:00",
    "2026-02/far_old_day_3016_page1": "2027-11-08T03:23:28.113+00:00",
    "2026-02/far_old_day_3016_page2": "2027-11-08T03:23:28.113+00:00",
}
_GENERATION_TIMES = {
    "2026-02": "2026-11-23T03:23:28.113+00:00",
    "2026-09": "2026-11-27T02:10:00.000+00:00",
    "2026-09s": "2026-11-27T02:10:00.000+00:00",
    "3": "2026-11-27T02:10:00.000+00:00",
}
_RECORDED = "2026-11-23T02:47:08.000+00:00"

EVENTS_BEFORE = {
    "drift_page2_after_insert_repeats_a_row": {
        "id": "deadbeef-0000-4000-8000-000000000001",
        "name": "late",
        "projectId": "acme-app",
        "createdAt": "2026-11-23T02:40:00.000Z",
    },
    "events_window_one_future_event_hides_the_rest": {
        "id": "deadbeef-0000-4000-8000-000000000002",
        "name": "future",
        "deviceId": "d",
        "profileId": "p",
        "sessionId": "s",
        "projectId": "acme-old",
        "createdAt": "2026-12-24T00:00:00.000Z",
    },
}
"""Events that had been added when the request was recorded."""


def server_time(name: str, generation: str | None) -> datetime:
    """Return when the real server answered."""
    key = f"{generation}/{name}" if generation else name
    return datetime.fromisoformat(
        _SERVER_TIMES.get(key, _GENERATION_TIMES.get(generation or "", _RECORDED))
    )
