"""Ids of series: names made fit for URLs, which makes many names one."""

from __future__ import annotations

import re
import unicodedata

_SYMBOLS = {"$": "dollar", "%": "percent", "&": "and", "<": "less", ">": "greater", "|": "or"}
_SYMBOLS |= {"€": "euro", "£": "pound", "¥": "yen", "₽": "russian ruble", "¢": "cent"}
_SYMBOLS |= {"©": "(c)", "®": "(r)", "™": "tm", "∞": "infinity", "♥": "love", "…": "..."}
_SYMBOLS |= {"-": " "}
_LATIN = "ß ss Æ AE æ ae Œ OE œ oe Ø O ø o Đ DJ đ dj Ł L ł l Ð D ð d Þ TH þ th ı i ƒ f"
_GREEK = (
    "α a β b γ g δ d ε e ζ z η h θ 8 ι i κ k λ l μ m ν n ξ 3 ο o π p ρ r σ s ς s τ t υ y φ f"
    " χ x ψ ps ω w"
)
_CYRILLIC = (
    "а a б b в v г g д d е e ё yo ж zh з z и i й j к k л l м m н n о o п p р r с s т t у u ф f"
    " х h ц c ч ch ш sh щ sh ъ u ы y э e ю yu я ya є ye і i ї yi ґ g"
)


def _pairs(table: str) -> dict[str, str]:
    letters, texts = table.split()[::2], table.split()[1::2]
    return dict(zip(letters, texts, strict=True))


_BOTH_CASES = _pairs(_GREEK) | _pairs(_CYRILLIC)
_LETTERS = _SYMBOLS | _pairs(_LATIN) | _BOTH_CASES | {"ь": "", "Ь": ""}
_LETTERS |= {lower.upper(): text.title() for lower, text in _BOTH_CASES.items()}


def slug(text: str) -> str:
    """Return a text in lower case, without all but Latin letters and digits, joined by dashes."""
    spelled = "".join(map(_spelled, unicodedata.normalize("NFC", text)))
    kept = re.sub(r"[^A-Za-z0-9\s]", "", spelled)
    return re.sub(r"\s+", "-", kept.strip()).lower()


def _spelled(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    base = unicodedata.normalize("NFD", letter)[0]
    return _LETTERS.get(base, base)
