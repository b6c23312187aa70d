"""Filters: the condition they put on events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.events.columns import INSTANTS, NUMBERS, TEXT, canonical
from openpanel_source.sandbox.events.conditions import (
    Sql,
    id_condition,
    instant_condition,
    is_comparison,
    joined,
    number_condition,
    property_condition,
    text_condition,
    typed_condition,
)
from openpanel_source.sandbox.events.filters_query import Filter
from openpanel_source.sandbox.query import js_string

_PROFILE = frozenset(
    (
        "id",
        "is_external",
        "first_name",
        "last_name",
        "email",
        "avatar",
        "properties",
        "project_id",
        "created_at",
        "last_seen_at",
        "groups",
    )
)
_PROFILE_PROPERTIES = (
    "coalesce((SELECT p.properties[?] FROM profiles p"
    " WHERE p.project_id = events.project_id AND p.id = events.profile_id), '')"
)
_SOME_PROPERTY = (
    "EXISTS (SELECT 1 FROM (SELECT unnest(map_keys(properties)) AS key,"
    " trim(unnest(map_values(properties))) AS x)"
    r" WHERE key LIKE ? ESCAPE '\' AND {})"
)


@dataclass(frozen=True)
class Conditions:
    """What a list of filters comes to.

    Attributes:
        where: The condition on ``events``.
        by_group: Rows are taken once for each of their groups, which is ``group_id``.
    """

    where: Sql
    by_group: bool = False


def conditions(filters: list[Filter], dialect: Dialect) -> Conditions:
    """Return the condition that all filters put on events.

    Raises:
        Refusal: ClickHouse would fail on one of them.
    """
    pieces = [Sql("TRUE")]
    for given in filters:
        piece = _condition(given, dialect)
        if piece is not None:
            pieces.append(piece)
    by_group = any(given.name.startswith("group.") for given in filters)
    return Conditions(joined(pieces, "AND"), by_group)


def wildcard(key: str) -> str:
    """Return the pattern of the keys that a key with a star stands for."""
    key = key.replace(".*.", ".%.", 1)
    if key.endswith("[*]"):
        key = f"{key[:-3]}.%"
    before, star, after = key.partition("[*]")
    return f"{before}.%.{after[1:]}" if star else key


def _condition(given: Filter, dialect: Dialect) -> Sql | None:
    if given.operator in ("inCohort", "notInCohort"):
        # No dataset holds the members of cohorts: they have none.
        return Sql("FALSE" if given.operator == "inCohort" else "TRUE") if given.cohorts else None
    if not given.values and given.operator not in ("isNull", "isNotNull"):
        return None
    name = canonical(given.name)
    if name == "has_profile":
        return Sql(f"profile_id {'<>' if 'true' in given.values else '='} device_id")
    family, dot, rest = name.partition(".")
    of_family = _FAMILIES.get(family) if dot else _column
    return of_family(rest if dot else name, given, dialect) if of_family else None


def _column(name: str, given: Filter, _dialect: Dialect) -> Sql | None:
    if name in INSTANTS:
        column, unit = INSTANTS[name]
        if _is_typed(given):
            # As text an instant is neither a number nor true.
            return _typed(Sql("''"), given, Sql(f"{column} // {1000 // unit}"))
        return instant_condition(column, unit, given.operator, _texts(given))
    if name not in TEXT and name not in NUMBERS and name != "id":
        return None
    if _is_typed(given):
        return _typed(Sql(f"{name}::VARCHAR"), given)
    texts = _texts(given)
    if name in NUMBERS:
        condition = number_condition(name, NUMBERS[name], given.operator, texts)
    elif name == "id":
        condition = id_condition(given.operator, texts)
    else:
        if given.operator == "regex":
            texts = [text.strip("/").strip() for text in texts]
        condition = text_condition(Sql(name), given.operator, texts)
    return condition


def _property(key: str, given: Filter, dialect: Dialect) -> Sql:
    _refuse_quotes(key, dialect)
    pattern = wildcard(key) if "*" in key else key
    if "*" in key and "%" in pattern:
        inner = _any_or_typed(Sql("x"), given)
        return Sql(_SOME_PROPERTY.format(inner.text), (pattern, *inner.parameters))
    # Elsewhere a star gives an array, and a per cent sign is taken for a star.
    if "*" in key or "%" in key:
        raise server_error()
    return _text_or_typed(Sql("coalesce(properties[?], '')", (key,)), given)


def _profile(field: str, given: Filter, dialect: Dialect) -> Sql | None:
    key = field.removeprefix("properties.")
    if key != field:
        _refuse_quotes(key, dialect)
        if dialect.bound and "*" in key and "%" in wildcard(key):
            # It looks for keys that begin with the name of the profile's column: there are none.
            return Sql("FALSE")
        if "*" in key or "%" in key:
            raise server_error()
        return _text_or_typed(Sql(_PROFILE_PROPERTIES, (key,)), given)
    if field not in _PROFILE or (dialect.bound and field == "project_id"):
        raise server_error()
    return None


def _refuse_quotes(key: str, dialect: Dialect) -> None:
    # Older servers put the key between quotes as it is.
    if "'" in key and not dialect.bound:
        raise server_error()


def _group(field: str, given: Filter, _dialect: Dialect) -> Sql | None:
    # The dataset knows the ids of groups only: a name is taken for the id.
    left = Sql("''" if field == "type" or field.startswith("properties.") else "group_id")
    if _is_typed(given):
        return _typed(left, given)
    if given.operator in ("gt", "gte", "lt", "lte"):
        return None
    return text_condition(left, given.operator, _texts(given))


def _text_or_typed(left: Sql, given: Filter) -> Sql:
    if _is_typed(given):
        return _typed(left, given)
    return property_condition(left, given.operator, _texts(given))


def _any_or_typed(left: Sql, given: Filter) -> Sql:
    if _is_typed(given) or given.operator != "isNot":
        return _text_or_typed(left, given)
    # In the items of a list, isNot joins its values by OR.
    return joined((text_condition(left, "isNot", [text]) for text in _texts(given)), "OR")


def _texts(given: Filter) -> list[str]:
    return [js_string(value).strip() for value in given.values]


def _typed(left: Sql, given: Filter, seconds: Sql | None = None) -> Sql:
    return typed_condition(left, seconds, given.type or "", given.operator, given.values)


def _is_typed(given: Filter) -> bool:
    return given.type not in (None, "string") and is_comparison(given.operator)


_FAMILIES: dict[str, Callable[[str, Filter, Dialect], Sql | None]] = {
    "properties": _property,
    "profile": _profile,
    "group": _group,
}
