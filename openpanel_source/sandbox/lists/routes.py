"""The routes: who may ask them what, and what they answer."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from urllib.parse import unquote

from openpanel_source.sandbox.access import Access
from openpanel_source.sandbox.answers import (
    Answer,
    denied,
    invalid,
    json_answer,
    server_error,
)
from openpanel_source.sandbox.dataset import Client, Row
from openpanel_source.sandbox.events.filters_query import check_filters
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.lists.listed import Listed, newest_first
from openpanel_source.sandbox.lists.profile_filters import meets
from openpanel_source.sandbox.query import Checker, Params, decode_values, js_string, parse_json

MANAGE, INSIGHTS = "/manage/", "/insights/"
_MOST = 100
_MOST_MEMBERS = 50
_SNAKE = {
    "id": "id",
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "avatar": "avatar",
    "properties": "properties",
    "projectId": "project_id",
    "isExternal": "is_external",
    "createdAt": "created_at",
    "lastSeenAt": "last_seen_at",
    "groups": "groups",
}

_PLACES = ("country", "city", "device", "browser")
"""Parameters that are compared with the property of the name."""

Reply = Callable[[Client], Answer]
"""What a client is answered whose query is sound."""
Route = Callable[[Params], Reply]
"""Checks a query, before it is asked whose it is."""
_Found = Callable[[str], Answer]
"""What is answered about a project."""


class Lists:
    """Answers what the dashboard lists.

    Args:
        listed: The rows.
        access: Knows clients and projects.
        generation: What the server can do.
    """

    def __init__(self, listed: Listed, access: Access, generation: Generation) -> None:
        self._listed = listed
        self._access = access
        self._generation = generation
        self._number = count()

    def route(self, path: str) -> Route | None:
        """What answers a path; None if the server has no such route."""
        parts = [unquote(part) for part in path.split("/")[1:]]
        if path.startswith(MANAGE) and self._generation.manage:
            return self._manage(parts[1:])
        if path.startswith(INSIGHTS) and self._generation.insights and len(parts) > 2:
            return self._insights(parts[1], parts[2:])
        return None

    def client(self, path: str, headers: Mapping[str, str]) -> Client:
        """The client that asks.

        Raises:
            Refusal: 401, its credentials are no good, or not for this.
        """
        if path.startswith(MANAGE):
            return self._access.client(headers, "Manage", ("root",))
        return self._access.client(headers)

    def _manage(self, parts: list[str]) -> Route | None:
        if parts == ["projects"]:
            return lambda _: lambda client: json_answer(200, {"data": self._projects(client)})
        if parts == ["references"]:
            return lambda params: lambda client: self._references(client, params)
        if len(parts) == 2 and parts[0] == "projects":
            return lambda _: lambda client: self._project(client, parts[1])
        return None

    def _insights(self, project: str, parts: list[str]) -> Route | None:
        routes: dict[tuple[str, ...], Callable[[Params], _Found]] = {
            ("profiles",): self._profiles,
            ("groups",): self._groups,
            ("groups", "types"): self._types,
        }
        if len(parts) == 2 and parts[0] == "groups":
            routes.setdefault(tuple(parts), lambda params: self._group(parts[1], params))
        checked = routes.get(tuple(parts))
        if checked is None:
            return None

        def route(params: Params) -> Reply:
            found = checked(params)
            return lambda client: found(self._own(client, project))

        return route

    def _own(self, client: Client, asked: str) -> str:
        """The project that is answered for: of a read client its own, whatever it asks for."""
        project = asked if client.type == "root" else client.project
        if project is None or not self._access.owns(client, project):
            raise server_error()
        return project

    def _projects(self, client: Client) -> list[Row]:
        rows = [
            row
            for project, row in self._listed.projects.items()
            if self._access.owns(client, project) and row["deleteAt"] is None
        ]
        return newest_first(rows)

    def _project(self, client: Client, project: str) -> Answer:
        if not self._access.owns(client, project):
            raise denied(self._generation, 404, "Project not found")
        return json_answer(200, {"data": self._listed.projects[project]})

    def _references(self, client: Client, params: Params) -> Answer:
        asked = params.get("projectId")
        if asked and not self._access.owns(client, asked):
            raise denied(self._generation, 404, "Project not found")
        rows = [
            row
            for project, rows in self._listed.references.items()
            for row in rows
            if self._access.owns(client, project) and asked in (None, "", project)
        ]
        return json_answer(200, {"data": newest_first(rows)})

    def _profiles(self, params: Params) -> _Found:
        params = decode_values(params)
        checker = Checker(params)
        limit = _limit(checker, "limit", 20, _MOST)
        name, email = checker.string("name"), checker.string("email")
        places = {key: checker.string(key) for key in _PLACES}
        order = params.get("sortOrder", "desc")
        checker.one_of(("sortOrder",), order, ("asc", "desc"))
        filters = []
        if self._generation.insights_filters and "filters" in params:
            given = params["filters"]
            filters = check_filters(checker, ("filters",), _parsed(given))
        if checker.issues:
            raise invalid(self._generation, checker.issues)

        def found(project: str) -> Answer:
            groups = self._listed.groups.get(project, ())
            rows = [
                row
                for row in self._listed.profiles.get(project, ())
                if _has(name, row, "firstName", "lastName")
                and _has(email, row, "email")
                and all(row["properties"].get(key) == text for key, text in places.items() if text)
                and meets(row, filters, groups)
            ]
            # Ties come in another order each time.
            number = next(self._number)
            rows.sort(key=lambda row: zlib.crc32(f"{number}{row['id']}".encode("utf-8", "replace")))
            rows.sort(key=lambda row: str(row["createdAt"]), reverse=order == "desc")
            return json_answer(200, [_snake(row, project) for row in rows[:limit]])

        return found

    def _groups(self, params: Params) -> _Found:
        params = decode_values(params)
        checker = Checker(params)
        limit = _limit(checker, "limit", 20, _MOST)
        type_, search = checker.string("type"), checker.string("search")
        if checker.issues:
            raise invalid(self._generation, checker.issues)

        def found(project: str) -> Answer:
            rows = [
                row
                for row in self._listed.groups.get(project, ())
                if (not type_ or row["type"] == type_) and _has(search, row, "id", "name")
            ]
            return json_answer(200, newest_first(rows)[:limit])

        return found

    def _types(self, _: Params) -> _Found:
        def found(project: str) -> Answer:
            types = {row["type"] for row in self._listed.groups.get(project, ())}
            return json_answer(200, {"types": sorted(types)})

        return found

    def _group(self, group_id: str, params: Params) -> _Found:
        checker = Checker(decode_values(params))
        limit = _limit(checker, "memberLimit", 10, _MOST_MEMBERS)
        if checker.issues:
            raise invalid(self._generation, checker.issues)

        def found(project: str) -> Answer:
            groups = [row for row in self._listed.groups.get(project, ()) if row["id"] == group_id]
            if not groups:
                raise server_error()
            members = [
                row for row in self._listed.profiles.get(project, ()) if group_id in row["groups"]
            ]
            shown = newest_first(members)[:limit]
            body = {"group": groups[0], "member_count": len(members), "members": shown}
            return json_answer(200, body)

        return found


def _limit(checker: Checker, name: str, default: int, most: int) -> int:
    value = checker.raw(name)
    if value is None:
        return default
    if not checker.expect((name,), value, "number"):
        return default
    checker.bounded((name,), value, 1, most)
    return int(value)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return Checker.MISSING


def _has(wanted: str | None, row: Row, *names: str) -> bool:
    texts = (js_string(row.get(name) or "").lower() for name in names)
    return not wanted or any(wanted.lower() in text for text in texts)


def _snake(row: Row, project: str) -> Row:
    """A profile as ``/insights`` has it: its times without a zone."""
    shown = {name: row.get(key) for key, name in _SNAKE.items()} | {"project_id": project}
    for name in ("created_at", "last_seen_at"):
        shown[name] = str(shown[name]).replace("T", " ").removesuffix("Z")
    return shown
