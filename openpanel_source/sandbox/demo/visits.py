"""Visits to a site of the catalog, as rows in API form: who came when, from where, and did what."""

from __future__ import annotations

from operator import itemgetter
from random import Random

from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.demo import catalog, visitors
from openpanel_source.sandbox.demo.parts import Page, Site, Source, Step
from openpanel_source.sandbox.demo.sessions import Session, uuid
from openpanel_source.sandbox.demo.timeline import DAY, Window, iso, running_totals
from openpanel_source.sandbox.demo.visitors import Visitor, new_profile

# OpenPanel ends a session after half an hour of silence, or when the visitor comes back after that.
_SESSION_TIMEOUT = 1_800_000
_LONGEST_BREAK = 3_300_000
# Its start, one event, its end.
_SHORTEST_SESSION = 3

Plan = list[tuple[int, Step, Page]]


class Traffic:
    """All visits to one site; ``events`` is in the order of the server."""

    def __init__(self, rng: Random, site: Site, window: Window) -> None:
        self.site = site
        self.events: list[Row] = []
        self._rng = rng
        self._window = window
        self._visitors: list[Visitor] = []
        self._members: list[Visitor] = []
        self._import_end = window.start + int((window.now - window.start) * site.imported)

    def add(self, count: int) -> None:
        """Add exactly that many events, spread over the window."""
        rows: list[Row] = []
        weights = self._window.weights(self._rng, self.site.week)
        for day, end in zip(self._window.days, running_totals(count, weights), strict=True):
            while len(rows) < end:
                rows += self._visit(self._window.instant(self._rng, day), count - len(rows))
        # Two sorts by a string are far faster than one by a tuple; the second keeps ties in place.
        rows.sort(key=lambda row: row["id"][19:] + row["id"][:18])
        rows.sort(key=itemgetter("createdAt"), reverse=True)
        self.events = rows

    def profiles(self) -> list[Row]:
        """Return the profiles that events name, by id."""
        named = {row["profileId"] for row in self.events}
        rows = [
            {**member.profile, "lastSeenAt": iso(member.last_seen)}
            for member in self._members
            if member.profile and member.profile["id"] in named
        ]
        return sorted(rows, key=itemgetter("id"))

    def event_meta(self) -> list[Row]:
        """Return the definitions of the site's events, by name."""
        created = iso(self._window.start)
        return [
            {
                "id": uuid(self._rng),
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
        """Return the rows of a visit, of one session or several, and of what follows from it."""
        visitor = self._visitor(start)
        source = self.site.sources.pick(self._rng)
        if room < _SHORTEST_SESSION:
            return [self._session(visitor, source, start, []).by_server(start, "mail_sent", 0, {})]
        sessions: list[Session] = []
        for whole in self._plans(start, visitor, self._journey(visitor, source)):
            # Nothing in the future; the very last visit is cut short to make the count exact.
            plan = [entry for entry in whole if entry[0] <= self._window.now][: max(room - 2, 0)]
            if not plan:
                break
            room -= len(plan) + 2
            session = self._session(visitor, catalog.DIRECT if sessions else source, start, plan)
            for instant, step, page in plan:
                if step.event == "signup":
                    self._sign_up(visitor, instant)
                session.do(instant, step, page)
            if sessions:
                sessions[-1].end(session.rows[1])
            sessions.append(session)
        last = sessions[-1]
        if last.last + _SESSION_TIMEOUT <= self._window.now:
            last.end()
        rows = [row for session in sessions for row in session.rows]
        return rows + [*self._late(last, start), *self._billed(last)][: max(room, 0)]

    def _visitor(self, start: int) -> Visitor:
        rng = self._rng
        if self._visitors and rng.random() < 0.42:
            # Recent visitors are the likeliest to return.
            return self._visitors[-1 - int(len(self._visitors) * rng.random() ** 3)]
        fields = {**visitors.PLACES.pick(rng), **visitors.DEVICES.pick(rng)}
        visitor = Visitor(f"{rng.getrandbits(128):032x}", fields)
        self._visitors.append(visitor)
        if rng.random() < self.site.customers:
            self._sign_up(visitor, start - int(rng.uniform(1, 300) * DAY))
        return visitor

    def _sign_up(self, visitor: Visitor, instant: int) -> None:
        """Give a visitor a profile."""
        self._members.append(visitor)
        number = 1000 + len(self._members)
        visitor.since = instant
        visitor.profile = new_profile(self._rng, self.site.id, self.site.member, number, instant)

    def _journey(self, visitor: Visitor, source: Source) -> tuple[str, ...]:
        likelihood = visitors.DEVICE_CONVERSION[visitor.fields["device"]] * source.conversion
        goes_far = self._rng.random() < self.site.conversion * likelihood
        return (self.site.goals if goes_far else self.site.browsing).pick(self._rng)

    def _plans(self, start: int, visitor: Visitor, journey: tuple[str, ...]) -> list[Plan]:
        """Return what is done when, by session."""
        skipped = [] if visitor.profile_at(start) else [*catalog.MEMBERS_ONLY]
        skipped += catalog.MEMBERS_SKIP if visitor.profile else []
        instant, page = start, Page("", "")
        plans: list[Plan] = [[]]
        for name in journey:
            if name == catalog.LATER:
                instant += self._rng.randint(_SESSION_TIMEOUT, _LONGEST_BREAK)
                plans.append([])
            elif name not in skipped:
                step = catalog.STEPS[name]
                page = step.pages.pick(self._rng) if step.pages else page
                plans[-1].append((instant, step, page))
                instant += 2_000 + int(self._rng.expovariate(1 / 40_000))
        return plans

    def _session(self, visitor: Visitor, source: Source, start: int, plan: Plan) -> Session:
        imported = None
        if start < self._import_end:
            imported = iso(min(self._import_end + DAY, self._window.now) // 1000 * 1000)
        return Session(
            self._rng,
            self.site,
            visitor,
            source,
            known=all(step.event != "login" for _, step, _ in plan),
            earliest=self._window.start,
            imported=imported,
        )

    def _late(self, session: Session, start: int) -> list[Row]:
        """Return what the visitor's app recorded offline, dated up to ten days before the visit."""
        visitor, step, rng = session.visitor, self.site.late, self._rng
        if not (step and step.pages and visitor.fields["device"] == "mobile"):
            return []
        oldest = max(self._window.start, visitor.since, start - 10 * DAY)
        if rng.random() >= 0.25 or not visitor.profile or oldest >= start:
            return []
        return [
            session.offline(rng.randint(oldest, start - 1), step, step.pages.pick(rng))
            for _ in range(rng.randint(1, 3))
        ]

    def _billed(self, session: Session) -> list[Row]:
        """Return what the site's server sends when it bills a member, up to three days later."""
        profile, rng = session.profile, self._rng
        at = session.last + int(rng.uniform(0, 3 * DAY))
        if not profile or at > self._window.now or rng.random() >= 0.15:
            return []
        properties = {"plan": profile["properties"]["plan"]}
        cents = 100 * int(profile["properties"]["mrr"])
        event = "revenue" if cents else "mail_sent"
        return [session.by_server(at, event, cents, properties)]
