"""Looks that agree on all but the order of ties make the listing, whole groups or none."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.days.old_servers.listing import (
    Gathered,
    Grid,
    Group,
    Listing,
    Row,
    Spot,
    grid_of,
    varied_spots,
)

sizes = st.lists(st.integers(1, 12) | st.integers(1, 90), max_size=25)
page_sizes = st.sampled_from([50, 1000])


def listing_of(groups: list[int], duplicates: int = 0) -> list[Row]:
    """Groups of so many rows each; some rows are delivered twice."""
    raw = msgspec.Raw(b"")
    return [
        Row(
            f"{number}-{index // 2 if index < 2 * duplicates else index}", (f"{number}",), None, raw
        )
        for number, size in enumerate(groups)
        for index in range(size)
    ]


def look(rows: list[Row], spot: Spot, seed: int) -> list[Row]:
    """What a server answers that orders ties anew for each limit and offset."""
    shuffled = list(rows)
    Random(f"{seed} {spot}").shuffle(shuffled)
    shuffled.sort(key=lambda row: int(row.key[0]))
    return shuffled[spot.offset : spot.offset + spot.limit]


def as_counted(rows: list[Row]) -> Counter[object]:
    return Counter(row.id for row in rows)


@given(sizes, page_sizes, st.integers(), st.integers(0, 3))
def test_groups_that_fit_between_two_looks_come_out_exactly(
    groups: list[int], page_size: int, seed: int, duplicates: int
) -> None:
    rows, grid = listing_of(groups, duplicates), grid_of(page_size)
    listing = Listing(len(rows))
    listing.add(0, look(rows, Spot(grid.limit, 0), seed))
    for start, end in list(listing.gaps()):
        for spot in grid.spots(max(start - grid.overlap, 1), end):
            listing.add(spot.offset, look(rows, spot, seed))
    assert listing.unknown == 0
    assert [group.size for group in listing.groups()] == groups
    for group in listing.groups():
        whole = listing.whole(group)
        if whole is None and group.size <= grid.limit - grid.step:
            spot = grid.spot(max(group.start, 1))
            listing.add(spot.offset, look(rows, spot, seed))
            whole = listing.whole(group)
        if whole is not None:
            assert as_counted(list(whole)) == as_counted(rows[group.start : group.end])


@settings(max_examples=30)
@given(st.integers(2, 400), st.integers(0, 60), st.integers(), st.integers(0, 4))
def test_what_is_gathered_of_a_large_group_is_never_more_than_there_is(
    size: int, before: int, seed: int, duplicates: int
) -> None:
    rows = listing_of([before, size, 30] if before else [size, 30], min(duplicates, size // 2))
    group = Group(before, before + size, rows[before].key)
    there = as_counted(rows[group.start : group.end])
    gathered = Gathered()
    for spots in varied_spots(group, 50, 24):
        for spot in spots:
            shown = look(rows, spot, seed)
            first = max(group.start - spot.offset, 0)
            gathered.add(shown[first : max(group.end - spot.offset, 0)])
    assert as_counted(gathered.rows()) <= there
    if gathered.size == size:
        assert as_counted(gathered.rows()) == there


@given(page_sizes, st.integers(1, 10_000_000))
def test_every_look_is_at_a_whole_row_by_the_arithmetic_of_the_server(
    page_size: int, position: int
) -> None:
    spot = grid_of(page_size).spot(position)
    assert (float(spot.page) - 1) * spot.limit == spot.offset > 0
    assert spot.offset <= position < spot.offset + spot.limit <= spot.offset + page_size


@given(page_sizes, st.integers(1, 5000), st.integers(1, 5000))
def test_looks_at_a_range_leave_nothing_out_and_share_rows(
    page_size: int, start: int, length: int
) -> None:
    grid = grid_of(page_size)
    spots = list(grid.spots(start, start + length))
    assert spots[0].offset <= start
    assert spots[-1].offset + spots[-1].limit >= start + length
    for one, following in pairwise(spots):
        assert following.offset <= one.offset + one.limit - grid.overlap


@given(st.integers(1, 3000), st.integers(1, 3000), page_sizes)
def test_varied_looks_are_at_whole_rows_and_all_differ(
    start: int, size: int, page_size: int
) -> None:
    group = Group(start, start + size, ("",))
    spots = [spot for spots in varied_spots(group, page_size, 24) for spot in spots]
    assert len(set(spots)) == len(spots)
    for spot in spots:
        assert (float(spot.page) - 1) * spot.limit == spot.offset >= 1


def test_a_page_of_1_000_reaches_every_31st_row_with_992() -> None:
    assert grid_of(1000) == Grid(limit=992, step=31, exact=512)
    assert grid_of(50) == Grid(limit=48, step=3, exact=32)


def test_looks_that_do_not_agree_leave_a_hole() -> None:
    rows = listing_of([1, 1, 1, 1])
    listing = Listing(4)
    listing.add(0, rows)
    assert listing.agrees(1, rows[1:])
    assert not listing.agrees(0, rows[1:])
    listing.add(0, rows[1:3])
    assert [group.start for group in listing.groups()] == [2, 3]
    assert listing.unknown == 0


def test_rows_outside_a_listing_do_not_matter() -> None:
    rows = listing_of([1] * 6)
    listing = Listing(3)
    listing.add(-2, rows)
    assert [group.key for group in listing.groups()] == [("2",), ("3",), ("4",)]
