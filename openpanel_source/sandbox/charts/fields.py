"""What a chart can be broken down by, and what its property segments compute with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.charts.query import SeriesQuery
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.events.columns import NUMBERS, TEXT, canonical
from openpanel_source.sandbox.events.conditions import Sql, number_sql
from openpanel_source.sandbox.events.filters import wildcard

Label = Any
"""A breakdown's value in an answer: text, a number, a list of texts, or null."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NO_ID = "00000000-0000-0000-0000-000000000000"
_OF_PROFILE = (
    "coalesce((SELECT p.{} FROM profiles p"
    " WHERE p.project_id = events.project_id AND p.id = events.profile_id), {})"
)
_PROFILE_TEXT = frozenset(("id", "email", "first_name", "last_name"))
_PROFILE_INSTANTS = {"created_at": "created_ms", "last_seen_at": "last_seen_ms"}
_PROFILE_PROPERTY = "profile.properties."
_HAS_PROFILE = Sql("CASE WHEN profile_id <> device_id THEN 'true' ELSE 'false' END")
_VALUES_LIKE = (
    "list_transform(list_filter(map_entries(properties), lambda e: e.key LIKE ?),"
    " lambda e: trim(e.value))"
)


def _as_is(value: Any, _zone: tzinfo) -> Label:
    return value


@dataclass(frozen=True)
class Field:
    """Something to break down by.

    Attributes:
        sql: Its value in the store.
        label: Turns that value into the one in the answer.
        default: The value of rows that only fill a gap.
        is_property: Whether it is one of an event's properties.
        of_profile: Whether it is from the event's profile.
        by_group: Whether rows are taken once for each of their groups.
    """

    sql: Sql
    label: Callable[[Any, tzinfo], Label] = _as_is
    default: Any = ""
    is_property: bool = False
    of_profile: bool = False
    by_group: bool = False


@dataclass(frozen=True)
class Amount:
    """What a property segment computes with, and the rows that have it."""

    sql: Sql
    where: Sql
    nullable: bool


def breakdown_field(name: str, dialect: Dialect) -> Field | None:
    """Return what a breakdown stands for, None for one that the server drops.

    Raises:
        Refusal: 500, ClickHouse would fail on it.
    """
    if dialect.known_fields:
        name = canonical(name)
        if name == "cohort":
            # No dataset knows cohorts, and without any the server drops this breakdown.
            return None
        if name.startswith("cohort:"):
            return Field(Sql("'Not In Cohort'"))
    if name == "has_profile":
        return Field(_HAS_PROFILE)
    family, dot, rest = name.partition(".")
    of_family = _FAMILIES.get(family) if dot else None
    field = of_family(rest, dialect) if of_family else _column(name, dialect)
    if field is None and not dialect.known_fields:
        raise server_error()
    return field


def property_amount(series: SeriesQuery, dialect: Dialect, *, with_profile: bool) -> Amount:
    """Return what a property segment computes with.

    Args:
        series: Names the property.
        dialect: What the server can do.
        with_profile: Whether the query reads profiles anyway.

    Raises:
        Refusal: 500, ClickHouse would fail on it.
    """
    name = series.property or ""
    if name in NUMBERS and not dialect.early:
        if dialect.strict_numbers:
            raise server_error()
        return Amount(Sql(name), Sql(f"{name} IS NOT NULL"), nullable=False)
    text = _amount_text(canonical(name) if dialect.known_fields else name, with_profile, dialect)
    where = Sql(f"{text.text} <> ''", text.parameters)
    if dialect.strict_numbers:
        return Amount(Sql(f"({text.text})::DOUBLE", text.parameters), where, nullable=False)
    return Amount(Sql(number_sql(text.text), text.parameters * 2), where, nullable=True)


def _amount_text(name: str, with_profile: bool, dialect: Dialect) -> Sql:
    if name == "has_profile":
        return _HAS_PROFILE
    if name in TEXT:
        return Sql(name)
    family, _, rest = name.partition(".")
    if rest and "*" not in rest:
        if family == "properties":
            return _property_text(rest, dialect)
        if family == "profile" and with_profile:
            return _profile_text(rest, dialect)
    raise server_error()


def _property_text(key: str, dialect: Dialect) -> Sql:
    # Older servers put the key between quotes as it is.
    if "'" in key and not dialect.bound:
        raise server_error()
    return Sql("coalesce(properties[?], '')", (key,))


def _profile_text(field: str, dialect: Dialect) -> Sql:
    key = field.removeprefix("properties.")
    if key != field and ("'" not in key or dialect.bound):
        return Sql(_OF_PROFILE.format("properties[?]", "''"), (key,))
    if field not in _PROFILE_TEXT:
        raise server_error()
    return Sql(_OF_PROFILE.format(field, "''"))


def _column(name: str, dialect: Dialect) -> Field | None:
    return None if name == "revenue" and not dialect.revenue else _COLUMNS.get(name)


def _property(key: str, dialect: Dialect) -> Field:
    if "*" in key:
        return Field(Sql(_VALUES_LIKE, (wildcard(key),)), default=[], is_property=True)
    return Field(_property_text(key, dialect), is_property=True)


def _profile(field: str, dialect: Dialect) -> Field:
    if dialect.early:
        raise server_error()
    if field in _PROFILE_INSTANTS and dialect.known_fields:
        instant = _OF_PROFILE.format(_PROFILE_INSTANTS[field], "0")
        return Field(Sql(instant), _millisecond, default=0, of_profile=True)
    return Field(_profile_text(field, dialect), of_profile=True)


def _group(field: str, dialect: Dialect) -> Field | None:
    if "group" not in dialect.segments:
        return None
    # The dataset knows the ids of groups only: a name is taken for the id.
    known = field != "type" and not field.startswith("properties.")
    return Field(Sql("group_id" if known else "''"), by_group=True)


def _country(value: str, _zone: tzinfo) -> str:
    return value.ljust(2, "\0")


def _number(value: str | None, _zone: tzinfo) -> float | None:
    return None if value is None else float(value)


def _millisecond(value: int, zone: tzinfo) -> str:
    local = (_EPOCH + timedelta(milliseconds=value)).astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def _second(value: int | None, zone: tzinfo) -> str | None:
    return None if value is None else _millisecond(value * 1000, zone)[:-4]


_COLUMNS = {
    **{name: Field(Sql(name)) for name in TEXT},
    **{name: Field(Sql(name), default=0) for name in NUMBERS},
    "id": Field(Sql("id"), default=_NO_ID),
    "country": Field(Sql("country"), _country),
    "created_at": Field(Sql("created_ms"), _millisecond, default=0),
    "imported_at": Field(Sql("imported_s"), _second, default=None),
    # As text these have the few digits that ClickHouse writes of a single-precision number.
    "longitude": Field(Sql("longitude::VARCHAR"), _number, default=None),
    "latitude": Field(Sql("latitude::VARCHAR"), _number, default=None),
}
_FAMILIES: dict[str, Callable[[str, Dialect], Field | None]] = {
    "properties": _property,
    "profile": _profile,
    "group": _group,
}
