"""Sessions as rows in API form, made up as OpenPanel's own worker makes them.

Of what a site sends, only events named ``revenue`` have revenue. The worker adds a
``session_start``, a copy of the session's first event, and a ``session_end``. If the visitor's next
session ends this one, that too is a copy: of the event that came then. So revenue is there twice
or three times.
"""

from __future__ import annotations

from random import Random

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.demo import catalog
from openpanel_source.sandbox.demo.parts import Page, Site, Source, Step
from openpanel_source.sandbox.demo.timeline import iso
from openpanel_source.sandbox.demo.visitors import Visitor

# OpenPanel dates what it adds just before the first event and just after the last one.
_START_LEAD = 100
_END_LAG = 1_000
_UUID4_MASK = (1 << 128) - 1 ^ (0xF << 76 | 0x3 << 62)
_UUID4_BITS = 0x4 << 76 | 0x2 << 62
_NO_SESSION: Row = {
    "sessionId": "",
    "origin": "",
    "referrer": "",
    "referrerName": "",
    "referrerType": "",
}
_OFFLINE_APP: Row = {**_NO_SESSION, "sdkName": "react-native"}
_SITES_SERVER: Row = {
    **_NO_SESSION,
    "deviceId": "",
    **dict.fromkeys(("os", "osVersion", "browser", "browserVersion", "brand", "model"), ""),
    "device": "server",
    "country": "\0\0",
    "city": "",
    "region": "",
    "longitude": None,
    "latitude": None,
    "path": "",
    "sdkName": "node",
}


class Session:
    """A session while it happens.

    Args:
        rng: Where chance comes from.
        site: The site.
        visitor: Who visits it; the server does not know them before they ``login``, if they do.
        source: Where they come from.
        earliest: No row is older.
        imported: When the session was imported from another tool, as the API writes it.
    """

    def __init__(
        self,
        rng: Random,
        site: Site,
        visitor: Visitor,
        source: Source,
        *,
        known: bool,
        earliest: int,
        imported: str | None,
    ) -> None:
        self.visitor = visitor
        self.rows: list[Row] = []
        self.first = self.last = 0
        self.profile: Row | None = None
        self._rng = rng
        self._known = known
        self._earliest = earliest
        self._views = 0
        self._cart: list[Page] = []
        self._query = rng.choice(source.queries)
        self._shared = {
            "id": "",
            "name": "",
            "deviceId": visitor.device_id,
            "profileId": "",
            "projectId": site.id,
            "sessionId": uuid(rng),
            "properties": {},
            "createdAt": "",
            **visitor.fields,
            "path": "",
            "origin": site.origin,
            "referrer": source.referrer[0],
            "referrerName": source.referrer[1],
            "referrerType": source.referrer[2],
            **({"importedAt": imported} if imported else {}),
            "sdkName": "web",
            "sdkVersion": "1.0.7",
            "revenue": 0,
            "groups": [],
        }

    def do(self, instant: int, step: Step, page: Page) -> None:
        """Add the event of a step; before the first one, the session's start."""
        properties, revenue = self._said(step, page)
        self._known = self._known or step.event == "login"
        profile = self.visitor.profile_at(instant) if self._known else None
        self._known = self._known and step.event != "logout"
        self.profile = profile or self.profile
        values: Row = {"properties": properties, "path": page.path, "revenue": revenue}
        if not self.rows:
            properties |= self._query
            self.first = instant
            at = max(instant - _START_LEAD, self._earliest)
            self.rows.append(self._row("session_start", at, profile, values))
        self.rows.append(self._row(step.event, instant, profile, values))
        self._views += step.event == "screen_view"
        self.last = instant

    def end(self, closing: Row | None = None) -> None:
        """Add the end of the session.

        Args:
            closing: The first event of the visitor's next session, if it was that which ended this
                one; else half an hour of silence did.
        """
        copied = closing or self._shared
        values: Row = {
            **copied,
            "sessionId": self._shared["sessionId"],
            "path": self.rows[-1]["path"],
            "properties": {**copied["properties"], "__bounce": "1" if self._views < 2 else "0"},
            "duration": self.last - self.first,
        }
        self.last += _END_LAG
        self.rows.append(self._row("session_end", self.last, self.profile, values))

    def offline(self, instant: int, step: Step, page: Page) -> Row:
        """Return what the visitor's app recorded without a connection."""
        values: Row = {**_OFFLINE_APP, "path": page.path, "properties": {"sku": page.sku}}
        return self._row(step.event, instant, self.visitor.profile_at(instant), values)

    def by_server(self, instant: int, event: str, revenue: int, properties: dict[str, str]) -> Row:
        """Return what the site's own server sends of whom it knows; of others without an id."""
        values: Row = {**_SITES_SERVER, "revenue": revenue, "properties": properties}
        row = self._row(event, instant, self.profile, values)
        return row if self.profile else {**row, "profileId": ""}

    def _said(self, step: Step, page: Page) -> tuple[dict[str, str], int]:
        """Return the properties of the event of a step, and its revenue."""
        if step.event == "screen_view":
            return {"__title": page.title}, 0
        if step.event == "add_to_cart":
            self._cart.append(page)
            return {"sku": page.sku, "price": f"{page.cents / 100:.2f}"}, 0
        if step.event == "purchase":
            return self._order(), 0
        if step.event == "revenue":
            order, total = self.visitor.order
            return {"order_id": order, "currency": "EUR"}, total
        return dict(step.properties.pick(self._rng)) if step.properties else {}, 0

    def _order(self) -> dict[str, str]:
        rng = self._rng
        order, total = f"A-{rng.randrange(10**6, 10**7)}", 0
        properties = {"order_id": order, "currency": "EUR"}
        for position, page in enumerate(self._cart or [catalog.PRODUCTS.pick(rng)]):
            quantity = 1 if rng.random() < 0.8 else 2
            total += page.cents * quantity
            properties[f"items.{position}.sku"] = page.sku
            properties[f"items.{position}.qty"] = str(quantity)
        self.visitor.order = order, total
        return {**properties, "total": f"{total / 100:.2f}"}

    def _row(self, event: str, instant: int, profile: Row | None, values: Row) -> Row:
        if profile:
            self.visitor.last_seen = max(self.visitor.last_seen, instant)
        return {
            **self._shared,
            **values,
            "id": uuid(self._rng),
            "name": event,
            "profileId": profile["id"] if profile else self.visitor.device_id,
            "createdAt": iso(instant),
            "groups": list(profile["groups"]) if profile else [],
        }


def uuid(rng: Random) -> str:
    """Return an id as the server gives, of version 4."""
    text = f"{rng.getrandbits(128) & _UUID4_MASK | _UUID4_BITS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
