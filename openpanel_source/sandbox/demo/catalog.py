"""The words and weights of the demo: who visits the shop and the blog, from where, to do what."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Fields = dict[str, Any]


class Weighted(Generic[T]):
    """A choice among items that are not equally likely."""

    def __init__(self, table: Iterable[tuple[float, T]]) -> None:
        pairs = list(table)
        self.items = [item for _, item in pairs]
        self._sums = list(accumulate(weight for weight, _ in pairs))

    def pick(self, rng: Random) -> T:
        """Return one item, drawn by weight."""
        return self.items[bisect(self._sums, rng.random() * self._sums[-1], hi=len(self.items) - 1)]


@dataclass(frozen=True)
class Page:
    """A page of a site; a product page has an article number and a price in cents."""

    path: str
    title: str
    sku: str = ""
    cents: int = 0


@dataclass(frozen=True)
class Step:
    """One thing a visitor does: the event, where (None: the page they are on), and with what."""

    event: str
    pages: Weighted[Page] | None = None
    properties: Weighted[dict[str, str]] | None = None


@dataclass(frozen=True)
class Source:
    """Where a visit comes from, and how many more of its visitors convert than of others."""

    conversion: float
    referrer: tuple[str, str, str] = ("", "", "")
    queries: tuple[dict[str, str], ...] = ({},)


@dataclass(frozen=True)
class Site:
    """A project: its share of the events, its week from Monday to Sunday, its visits.

    Profile ids begin with ``member``; ``customers`` of all new visitors had an account before.
    ``conversion`` of all visits take a journey of ``goals``, the others one of ``browsing`` (names
    of STEPS). The first ``imported`` part of the time came from another tool; ``late`` is what an
    offline app delivers afterwards.
    """

    id: str
    member: str
    origin: str
    share: float
    week: tuple[float, ...]
    customers: float
    conversion: float
    sources: Weighted[Source]
    browsing: Weighted[tuple[str, ...]]
    goals: Weighted[tuple[str, ...]]
    imported: float = 0.0
    late: Step | None = None
    meta: dict[str, tuple[bool | None, str | None, str | None]] = field(default_factory=dict)


def _fields(names: str, *rows: tuple[Any, ...]) -> Weighted[Fields]:
    keys = names.split()
    return Weighted((row[0], dict(zip(keys, row[1:], strict=True))) for row in rows)


def _pages(*pages: Page) -> Weighted[Page]:
    # Zipf-like: the first pages are the popular ones.
    return Weighted((1 / rank, page) for rank, page in enumerate(pages, start=2))


def _utm(source: str, medium: str, campaign: str, **more: str) -> dict[str, str]:
    query = {"source": source, "medium": medium, "campaign": campaign, **more}
    return {f"__query.utm_{key}": value for key, value in query.items()}


def _sources(*rows: tuple[float, Source]) -> Weighted[Source]:
    return Weighted(rows)


def _journeys(*rows: tuple[float, str]) -> Weighted[tuple[str, ...]]:
    return Weighted((weight, tuple(steps.split())) for weight, steps in rows)


PLACES = _fields(
    "country city region longitude latitude",
    (16, "DE", "Berlin", "BE", 13.405, 52.52),
    (9, "DE", "München", "BY", 11.582, 48.1351),
    (9, "DE", "Hamburg", "HH", 9.9937, 53.5511),
    (10, "SE", "Stockholm", "AB", 18.0686, 59.3293),
    (4, "SE", "Göteborg", "O", 11.9746, 57.7089),
    (9, "GB", "London", "ENG", -0.1276, 51.5072),
    (7, "FR", "Paris", "IDF", 2.3522, 48.8566),
    (5, "NL", "Amsterdam", "NH", 4.9041, 52.3676),
    (4, "PL", "Kraków", "12", 19.945, 50.0647),
    (7, "US", "New York", "NY", -74.006, 40.7128),
    (3, "BR", "São Paulo", "SP", -46.6333, -23.5505),
    (2, "JP", "東京", "13", 139.6917, 35.6895),
    # A server that cannot locate an address leaves a fixed-width column of two NUL characters.
    (4, "\0\0", "", "", None, None),
)

DEVICES = _fields(
    "os osVersion browser browserVersion device brand model",
    (22, "iOS", "18.1", "Mobile Safari", "18.1", "mobile", "Apple", "iPhone"),
    (8, "iOS", "17.6", "Mobile Safari", "17.6", "mobile", "Apple", "iPhone"),
    (14, "Android", "15", "Chrome", "141.0.0.0", "mobile", "Samsung", "SM-S921B"),
    (4, "iOS", "18.1", "Mobile Safari", "18.1", "tablet", "Apple", "iPad"),
    (19, "Windows", "10", "Chrome", "141.0.0.0", "desktop", "", ""),
    (7, "Windows", "10", "Edge", "141.0.0.0", "desktop", "", ""),
    (11, "Mac OS", "10.15.7", "Chrome", "141.0.0.0", "desktop", "Apple", "Macintosh"),
    (8, "Mac OS", "10.15.7", "Safari", "18.1", "desktop", "Apple", "Macintosh"),
)
DEVICE_CONVERSION = {"desktop": 1.35, "mobile": 0.65, "tablet": 1.0}

HOURS = (
    *(1.2, 0.8, 0.5, 0.4, 0.5, 0.9, 1.8, 3.2, 4.6, 5.4, 5.7, 5.8),
    *(6.0, 5.6, 5.3, 5.2, 5.3, 5.6, 6.2, 7.0, 7.4, 6.6, 4.6, 2.6),
)
"""How busy each hour of a UTC day is, compared with the others."""

FIRST_NAMES = ("Anna", "Zoë", "Björn", "Chloé", "David", "Emil", "José", "Jürgen", "Maja", "Yuki")
LAST_NAMES = ("Svensson", "Müller", "Lefèvre", "O'Neil", "de Vries", "Nowak", "Silva", "Tanaka")
PLANS = Weighted([(62, ("free", "0")), (24, ("plus", "9")), (14, ("business", "49"))])
COMPANIES = ("acme-inc", "nordwind-gmbh", "studio-karlsson", "日本支社")

_HOME = _pages(Page("/", "Acme Outdoor"))
_PRODUCTS = _pages(
    Page("/product/trail-runner", "Trail Runner | Acme Outdoor", "SKU-010", 12900),
    Page("/product/rain-jacket", "Rain Jacket | Acme Outdoor", "SKU-020", 17900),
    Page("/product/day-pack-22", "Day Pack 22 L | Acme Outdoor", "SKU-030", 8900),
    Page("/product/merino-shirt", "Merino Shirt | Acme Outdoor", "SKU-040", 6500),
    Page("/product/wool-socks", "Wool Socks | Acme Outdoor", "SKU-050", 1690),
    Page("/product/head-torch", "Head Torch | Acme Outdoor", "SKU-060", 4450),
    Page("/product/steel-bottle", "Steel Bottle | Acme Outdoor", "SKU-070", 2490),
    Page("/product/two-person-tent", "Two-Person Tent | Acme Outdoor", "SKU-080", 34900),
    Page("/product/camp-stove", "Camp Stove | Acme Outdoor", "SKU-100", 5990),
)
_CATEGORIES = _pages(
    Page("/c/shoes", "Shoes | Acme Outdoor"),
    Page("/c/jackets", "Jackets | Acme Outdoor"),
    Page("/c/sale", "Sale – up to 40 % off | Acme Outdoor"),
)
_POSTS = _pages(
    Page("/how-to-choose-trail-shoes", "How to choose trail shoes"),
    Page("/packing-list-three-days", "A packing list for three days"),
    Page("/layering-explained", 'The "three layers", explained'),
    Page("/kungsleden-in-autumn", "Kungsleden in autumn – a diary"),
    Page("/åre-vinterguide", "Åre: vinterguide"),
    Page("/repair-cafe", "Repair café: what we mended in 2025"),
    Page("/富士山-登山", "富士山 登山ガイド"),
)
_QUERIES = _fields(
    "query results",
    (6, "rain jacket", "14"),
    (5, "trail shoes", "22"),
    (4, "tent", "9"),
    (3, "gift card", "0"),
    (2, "waschmittel merino", "1"),
)

STEPS = {
    "home": Step("screen_view", _HOME),
    "category": Step("screen_view", _CATEGORIES),
    "product": Step("screen_view", _PRODUCTS),
    "search": Step("search", _pages(Page("/search", "Search | Acme Outdoor")), _QUERIES),
    "size_guide": Step(
        "Button Clicked", None, _fields("label", (2, "Size guide"), (1, "Show reviews"))
    ),
    "add_to_cart": Step("add_to_cart"),
    "cart": Step("screen_view", _pages(Page("/cart", "Your cart | Acme Outdoor"))),
    "checkout": Step("screen_view", _pages(Page("/checkout", "Checkout | Acme Outdoor"))),
    "purchase": Step("purchase", _pages(Page("/thank-you", "Thank you | Acme Outdoor"))),
    "account": Step("screen_view", _pages(Page("/account/new", "Create an account"))),
    "signup": Step("signup", None, _fields("method", (7, "email"), (3, "google"))),
    "newsletter": Step("newsletter_subscribed", None, _fields("placement", (1, "footer"))),
    "wishlist": Step("wishlist_add", _PRODUCTS),
    "blog_home": Step("screen_view", _pages(Page("/", "The Acme Journal"))),
    "post": Step("screen_view", _POSTS),
    "to_shop": Step("link_out", None, _fields("href", (1, "https://acme-shop.example/"))),
    "blog_share": Step("Button Clicked", None, _fields("label", (2, "Share"), (1, "Copy link"))),
}

MEMBERS_SKIP = ("account", "signup")
"""Steps that make no sense to somebody who has an account."""

_GOOGLE = ("https://www.google.com/", "Google", "search")
_INSTAGRAM = ("https://l.instagram.com/", "Instagram", "social")
_FACEBOOK = ("https://m.facebook.com/", "Facebook", "social")
_TWITTER = ("https://t.co/abc", "Twitter", "social")
_HACKER_NEWS = ("https://news.ycombinator.com/item?id=1", "Hacker News", "tech")

_BRAND = _utm("google", "cpc", "brand", term="acme outdoor")
_TRAIL_SHOES = (
    _utm("google", "cpc", "trail-shoes", term="trail running shoes"),
    _utm("google", "cpc", "trail-shoes", term="best hiking shoes"),
)
_RETARGETING = tuple(
    _utm("facebook", "paid-social", "retargeting", content=content)
    for content in ("carousel", "video", "single-image")
)
_CREATORS = _utm("instagram", "paid-social", "creator-collab")
_DIGEST = _utm("newsletter", "email", "weekly-digest")

SHOP = Site(
    id="acme-shop",
    member="customer",
    origin="https://acme-shop.example",
    share=0.78,
    week=(1.0, 0.97, 0.95, 0.98, 0.92, 1.12, 1.3),
    customers=0.16,
    sources=_sources(
        (26, Source(1.0, _GOOGLE)),
        (24, Source(1.25)),
        (9, Source(1.9, _GOOGLE, (_BRAND,))),
        (11, Source(0.7, _GOOGLE, _TRAIL_SHOES)),
        (6, Source(2.6, queries=(_DIGEST,))),
        (5, Source(2.1, _FACEBOOK, _RETARGETING)),
        (13, Source(0.2, _INSTAGRAM, (_CREATORS,))),
        (6, Source(1.4, ("https://blog.acme-shop.example/", "", ""))),
    ),
    conversion=0.05,
    browsing=_journeys(
        (30, "product"),
        (10, "home"),
        (17, "home category product"),
        (13, "product size_guide product category product"),
        (9, "home search product product"),
        (5, "product add_to_cart cart"),
        (3, "product size_guide add_to_cart cart checkout"),
        (3, "home category newsletter"),
    ),
    goals=_journeys(
        (2, "home account signup category product"),
        (4, "product add_to_cart cart checkout purchase"),
        (2, "home category product add_to_cart product add_to_cart cart checkout purchase"),
        (2, "product add_to_cart cart account signup checkout purchase"),
    ),
    late=STEPS["wishlist"],
    meta={
        "Button Clicked": (None, "#123456", "MousePointer"),
        "purchase": (True, "#00aa55", "CreditCard"),
        "screen_view": (False, None, "Eye"),
        "search": (False, "#8844cc", None),
        "signup": (True, "#2266ee", "UserPlus"),
    },
)

BLOG = Site(
    id="acme-blog",
    member="reader",
    origin="https://blog.acme-shop.example",
    share=0.22,
    week=(1.15, 1.18, 1.14, 1.08, 0.95, 0.66, 0.72),
    customers=0.02,
    sources=_sources(
        (46, Source(1.0, _GOOGLE)),
        (18, Source(1.1)),
        (12, Source(0.6, _TWITTER)),
        (9, Source(0.3, _HACKER_NEWS)),
        (15, Source(1.8, queries=(_DIGEST,))),
    ),
    conversion=0.12,
    browsing=_journeys(
        (48, "post"),
        (16, "post post"),
        (9, "blog_home post post"),
        (7, "post blog_share post"),
    ),
    goals=_journeys(
        (6, "post to_shop"),
        (4, "post newsletter"),
        (2, "blog_home post newsletter signup post"),
    ),
    imported=0.15,
    meta={"screen_view": (False, None, "Eye"), "signup": (True, "#2266ee", "UserPlus")},
)

SITES = (SHOP, BLOG)
