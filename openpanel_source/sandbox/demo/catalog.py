"""The demo's sites: a web shop and its blog, their pages, and what visitors do there."""

from __future__ import annotations

from openpanel_source.sandbox.demo.parts import Page, Site, Source, Step, Weighted, fields


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


_HOME = _pages(Page("/", "Acme Outdoor"))
PRODUCTS = _pages(
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
_QUERIES = fields(
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
    "product": Step("screen_view", PRODUCTS),
    "search": Step("search", _pages(Page("/search", "Search | Acme Outdoor")), _QUERIES),
    "size_guide": Step(
        "Button Clicked", None, fields("label", (2, "Size guide"), (1, "Show reviews"))
    ),
    "add_to_cart": Step("add_to_cart"),
    "cart": Step("screen_view", _pages(Page("/cart", "Your cart | Acme Outdoor"))),
    "checkout": Step("screen_view", _pages(Page("/checkout", "Checkout | Acme Outdoor"))),
    "purchase": Step("purchase", _pages(Page("/thank-you", "Thank you | Acme Outdoor"))),
    "revenue": Step("revenue"),
    "login": Step("login", _pages(Page("/login", "Welcome back | Acme Outdoor"))),
    "logout": Step("logout"),
    "account": Step("screen_view", _pages(Page("/account/new", "Create an account"))),
    "signup": Step("signup", None, fields("method", (7, "email"), (3, "google"))),
    "newsletter": Step("newsletter_subscribed", None, fields("placement", (1, "footer"))),
    "wishlist": Step("wishlist_add", PRODUCTS),
    "blog_home": Step("screen_view", _pages(Page("/", "The Acme Journal"))),
    "post": Step("screen_view", _POSTS),
    "to_shop": Step("link_out", None, fields("href", (1, "https://acme-shop.example/"))),
    "blog_share": Step("Button Clicked", None, fields("label", (2, "Share"), (1, "Copy link"))),
}

MEMBERS_SKIP = ("account", "signup")
"""Steps that make no sense to somebody who has an account."""
MEMBERS_ONLY = ("login", "logout")
"""Steps for those who have one. Until they have logged in, the server cannot tell who they are."""
LATER = "later"
"""What stands between two steps if the visitor comes back in between, too late for the session."""
DIRECT = Source(1.0)
"""Where those come from who come back."""

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
        (4, "product login category product"),
        (1, "home login product logout home"),
        (2, "home product later home product"),
    ),
    goals=_journeys(
        (2, "home account signup category product"),
        (3, "product add_to_cart cart checkout purchase revenue"),
        (2, "home category product add_to_cart product add_to_cart cart checkout purchase revenue"),
        (2, "product add_to_cart cart account signup checkout purchase revenue"),
        (1, "product add_to_cart cart login checkout purchase revenue"),
        # Paid later: the session begins with the payment. And bought before it was looked at.
        (1, "product add_to_cart cart checkout purchase later revenue home"),
        (1, "cart checkout purchase revenue product"),
    ),
    late=STEPS["wishlist"],
    meta={
        "Button Clicked": (None, "#123456", "MousePointer"),
        "purchase": (True, "#00aa55", "CreditCard"),
        "revenue": (False, "#00aa55", "Coins"),
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
        (2, "post later post"),
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
