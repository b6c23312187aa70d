"""Visits to a site of the catalog, as rows in API form: who came when, from where, and did what."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.demo import catalog
from openpanel_source.sandbox.demo.catalog import Fields, Page, Site, Source, Step
from openpanel_source.sandbox.demo.timeline import DAY, Window, iso, running_totals

# OpenPanel ends a session after half an hour of silence, dated just after its last event.
_SESSION_TIMEOUT = 1_800_000
_SESSION_END_LAG = 1_000
_UUID4_MASK = (1 << 128) - 1 ^ (0xF << 76 | 0x3 << 62)
_UUID4_BITS = 0x4 << 76 | 0x2 << 62
_OFFLINE_APP = {
    "sessionId": "",
    "origin": "",
    "referrer": "",
    "referrerName": "",
    "referrerType": "",
    "sdkName": "react-native",
}

Plan = list[tuple[int, Step, Page]]


@dataclass(slots=True)
class _Visitor:
    """A device, and from the instant its owner signed up their profile."""

    device_id: str
    fields: Fields
    profile: Row | None = None
    since: int = 0
    last_seen: int = 0

    def profile_at(self, instant: int) -> Row | None:
        return self.profile if instant >= self.since else None


class Traffic:
    """All visits to one site; ``events`` is in the order of the server."""

    def __init__(self, rng: Random, site: Site, window: Window) -> None:
        self.site = site
        self.events: list[Row] = []
        self.rng = rng
        self._window = window
        self._visitors: list[_Visitor] = []
        self._members: list[_Visitor] = []
        self._import_end = window.start + int((window.now - window.start) * site.imported)

    def add(self, count: int) -> None:
        """Add exactly that many events, spread over the window."""
        rows: list[Row] = []
        weights = self._window.weights(self.rng, self.site.week)
        for day, end in zip(self._window.days, running_totals(count, weights), strict=True):
            while len(rows) < end:
                rows += self._visit(self._window.instant(self.rng, day), count - len(rows))
        # Two sorts by a string are far faster than one by a tuple; the second keeps ties in place.
        rows.sort(key=lambda row: row["id"][19:] + row["id"][:18])
        rows.sort(key=itemgetter("createdAt"), reverse=True)
        self.events = rows

    def profiles(self) -> list[Row]:
        """Return the profiles of all who signed up, by id."""
        rows = [
            {**member.profile, "lastSeenAt": iso(member.last_seen)}
            for member in self._members
            if member.profile
        ]
        return sorted(rows, key=itemgetter("id"))

    def event_meta(self) -> list[Row]:
        """Return the definitions of the site's events, by name."""
        created = iso(self._window.start)
        return [
            {
                "id": _uuid(self.rng),
                "name": name,
                "conversion": conversion,
                "color": color,
                "icon": icon,
                "projectId": self.site.id,
                "createdAt": created,
                "updatedAt": created,
            }
            for name, (conversion, color, icon) in sorted(self.site.meta.items())
        ]

    def _visit(self, start: int, room: int) -> list[Row]:
        visitor = self._visitor(start)
        source = self.site.sources.pick(self.rng)
        plan = self._plan(start, self._journey(visitor, source), member=bool(visitor.profile))
        visit = _Visit(self, visitor, source, plan[0][2], start)
        # Nothing in the future; the very last visit is cut short to make the count exact.
        plan = [entry for entry in plan if entry[0] <= self._window.now][: max(room - 2, 0)]
        for instant, step, page in plan:
            visit.do(instant, step, page)
        if room > 1 and visit.last + _SESSION_TIMEOUT <= self._window.now:
            visit.end(bounced=sum(step.event == "screen_view" for _, step, _ in plan) < 2)
        visitor.last_seen = max(visitor.last_seen, visit.last)
        if self.site.late and visitor.fields["device"] == "mobile" and self.rng.random() < 0.25:
            self._deliver_late(visit, self.site.late, room)
        return visit.rows

    def _visitor(self, start: int) -> _Visitor:
        rng = self.rng
        if self._visitors and rng.random() < 0.42:
            # Recent visitors are the likeliest to return.
            return self._visitors[-1 - int(len(self._visitors) * rng.random() ** 3)]
        fields = {**catalog.PLACES.pick(rng), **catalog.DEVICES.pick(rng)}
        visitor = _Visitor(f"{rng.getrandbits(128):032x}", fields)
        self._visitors.append(visitor)
        if rng.random() < self.site.customers:
            self.sign_up(visitor, start - int(rng.uniform(1, 300) * DAY))
        return visitor

    def _journey(self, visitor: _Visitor, source: Source) -> tuple[str, ...]:
        likelihood = catalog.DEVICE_CONVERSION[visitor.fields["device"]] * source.conversion
        goes_far = self.rng.random() < self.site.conversion * likelihood
        return (self.site.goals if goes_far else self.site.browsing).pick(self.rng)

    def _plan(self, start: int, journey: Sequence[str], *, member: bool) -> Plan:
        instant, page = start + 100, Page("", "")
        plan: Plan = []
        for name in journey:
            if member and name in catalog.MEMBERS_SKIP:
                continue
            step = catalog.STEPS[name]
            page = step.pages.pick(self.rng) if step.pages else page
            plan.append((instant, step, page))
            instant += 2_000 + int(self.rng.expovariate(1 / 40_000))
        return plan

    def _deliver_late(self, visit: _Visit, step: Step, room: int) -> None:
        """Add what the visitor's app recorded offline, dated up to ten days before the visit."""
        oldest = max(self._window.start, visit.visitor.since, visit.start - 10 * DAY)
        if visit.visitor.profile and oldest < visit.start and step.pages:
            for _ in range(min(self.rng.randint(1, 3), room - len(visit.rows))):
                instant = self.rng.randint(oldest, visit.start - 1)
                visit.do_offline(instant, step, step.pages.pick(self.rng))

    def imported(self, start: int) -> dict[str, str]:
        """Return the field that marks a visit as imported, or nothing."""
        if start >= self._import_end:
            return {}
        at = min(self._import_end + DAY, self._window.now)
        return {"importedAt": iso(at // 1000 * 1000)}

    def sign_up(self, visitor: _Visitor, instant: int) -> None:
        """Give a visitor a profile."""
        rng = self.rng
        visitor.since = instant
        self._members.append(visitor)
        number = 1000 + len(self._members)
        first, last = rng.choice(catalog.FIRST_NAMES), rng.choice(catalog.LAST_NAMES)
        email = f"{_ascii(first)}.{_ascii(last)}.{number}@example.com"
        plan, mrr = catalog.PLANS.pick(rng)
        visitor.profile = {
            "firstName": first,
            "lastName": last,
            "isExternal": True,
            "properties": {"plan": plan, "mrr": mrr},
            "createdAt": iso(instant),
            "lastSeenAt": "",
            "projectId": self.site.id,
            "id": email if rng.random() < 0.3 else f"{self.site.member}_{number}",
            "email": email,
            "avatar": "",
            "groups": [rng.choice(catalog.COMPANIES)] if plan == "business" else [],
        }


class _Visit:
    """A session while it happens: what its rows share, the page it is on, the cart."""

    def __init__(
        self, traffic: Traffic, visitor: _Visitor, source: Source, landing: Page, start: int
    ) -> None:
        self.visitor = visitor
        self.start = self.last = start
        self.rows: list[Row] = []
        self._traffic = traffic
        self._page = landing
        self._cart: list[Page] = []
        self._query = traffic.rng.choice(source.queries)
        name, kind = source.referrer[1:]
        self._shared = {
            "id": "",
            "name": "",
            "deviceId": visitor.device_id,
            "profileId": "",
            "projectId": traffic.site.id,
            "sessionId": _uuid(traffic.rng),
            "properties": {},
            "createdAt": "",
            **visitor.fields,
            "path": "",
            "origin": traffic.site.origin,
            "referrer": source.referrer[0],
            "referrerName": name,
            "referrerType": kind,
            **traffic.imported(start),
            "sdkName": "web",
            "sdkVersion": "1.0.7",
            "revenue": 0,
            "groups": [],
        }
        self._add("session_start", start, landing, {"__title": landing.title, **self._query})

    def do(self, instant: int, step: Step, page: Page) -> None:
        """Add the event of a step, with what it changes: the cart, the visitor's profile."""
        properties = dict(step.properties.pick(self._traffic.rng)) if step.properties else {}
        revenue = 0
        if step.event == "screen_view":
            properties = {"__title": page.title, **(self._query if len(self.rows) == 1 else {})}
        elif step.event == "add_to_cart":
            self._cart.append(page)
            properties = {"sku": page.sku, "price": f"{page.cents / 100:.2f}"}
        elif step.event == "purchase":
            properties, revenue = self._order()
        elif step.event == "signup":
            self._traffic.sign_up(self.visitor, instant)
        self._add(step.event, instant, page, properties, revenue)
        self._page, self.last = page, instant

    def do_offline(self, instant: int, step: Step, page: Page) -> None:
        """Add what an app recorded without a connection: it belongs to no session."""
        self._add(step.event, instant, page, {"sku": page.sku})
        self.rows[-1].update(_OFFLINE_APP)

    def end(self, *, bounced: bool) -> None:
        """Add the end of the session."""
        properties = {"__bounce": "1" if bounced else "0"}
        self.last += _SESSION_END_LAG
        self._add("session_end", self.last, self._page, properties)

    def _order(self) -> tuple[dict[str, str], int]:
        rng = self._traffic.rng
        properties = {"order_id": f"A-{rng.randrange(10**6, 10**7)}", "currency": "EUR"}
        total = 0
        for position, page in enumerate(self._cart):
            quantity = 1 if rng.random() < 0.8 else 2
            total += page.cents * quantity
            properties[f"items.{position}.sku"] = page.sku
            properties[f"items.{position}.qty"] = str(quantity)
        return {**properties, "total": f"{total / 100:.2f}"}, total

    def _add(
        self, event: str, instant: int, page: Page, properties: dict[str, str], revenue: int = 0
    ) -> None:
        profile = self.visitor.profile_at(instant)
        row = self._shared.copy()
        row["id"] = _uuid(self._traffic.rng)
        row["name"] = event
        row["profileId"] = profile["id"] if profile else self.visitor.device_id
        row["properties"] = properties
        row["createdAt"] = iso(instant)
        row["path"] = page.path
        row["revenue"] = revenue
        row["groups"] = list(profile["groups"]) if profile else []
        self.rows.append(row)


def _uuid(rng: Random) -> str:
    text = f"{rng.getrandbits(128) & _UUID4_MASK | _UUID4_BITS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalnum, plain)).lower()
