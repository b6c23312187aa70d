"""Ids of series: names made fit for URLs, which makes many names one."""

from __future__ import annotations

import re
import unicodedata

_SYMBOLS = {"$": "dollar", "%": "percent", "&": "and", "<": "less", ">": "greater", "|": "or"}
_SYMBOLS |= {"€": "euro", "£": "pound", "¥": "yen", "₽": "russian ruble", "¢": "cent"}
_SYMBOLS |= {"©": "(c)", "®": "(r)", "™": "tm", "∞": "infinity", "♥": "love", "…": "..."}
_SYMBOLS |= {"-": " "}
_LATIN = dict(
    zip(
        "ßÆæŒœØøĐđŁłÐðÞþıƒ",
        [
            "ss",
            "AE",
            "ae",
            "OE",
            "oe",
            "O",
            "o",
            "DJ",
            "dj",
            "L",
            "l",
            "D",
            "d",
            "TH",
            "th",
            "i",
            "f",
        ],
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        [
            "a",
            "b",
            "g",
            "d",
            "e",
            "z",
            "h",
            "8",
            "i",
            "k",
            "l",
            "m",
            "n",
            "3",
            "o",
            "p",
            "r",
            "s",
            "s",
            "t",
            "y",
            "f",
            "x",
            "ps",
            "w",
        ],
        strict=True,
    )
)
_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяєіїґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "yo",
            "zh",
            "z",
            "i",
            "j",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "c",
            "ch",
            "sh",
            "sh",
            "u",
            "y",
            "",
            "e",
            "yu",
            "ya",
            "ye",
            "i",
            "yi",
            "g",
        ],
        strict=True,
    )
)
_LETTERS = _SYMBOLS | _LATIN | _GREEK | _CYRILLIC
_LETTERS |= {lower.upper(): text.title() for lower, text in (_GREEK | _CYRILLIC).items()}


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
