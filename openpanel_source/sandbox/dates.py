"""Dates as JavaScript's ``new Date(text)`` reads them, in a process whose time zone is UTC."""

from __future__ import annotations

import re
from datetime import date

DAY_MS = 86_400_000

_EPOCH = date(1970, 1, 1).toordinal()
_LAST_MS = 8_640_000_000_000_000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONES = {"utc": 0, "gmt": 0, "z": 0, "ut": 0}
_ZONES |= {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}

_ISO = re.compile(
    r"(?P<year>\d{4}|[+-]\d{6})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?)?\Z",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"\d+|[A-Za-z]+|\s+|.", re.DOTALL)


def parse_js_date(text: str) -> int | None:
    """Return the milliseconds since 1970 that ``new Date(text)`` stands for, None if invalid."""
    iso = _ISO.match(text)
    instant = _iso_instant(iso) if iso and not text.startswith("-000000") else None
    if instant is None:
        instant = _Legacy(text).instant()
    return instant if instant is not None and abs(instant) <= _LAST_MS else None


def milliseconds(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> int | None:
    """Return the instant; days past the end of a month roll over, as in JavaScript.

    Returns:
        Milliseconds since 1970, None where a part is out of range.
    """
    if not (1 <= month <= 12 and 1 <= day <= 31 and abs(year) < 2**31):
        return None
    if not (hour <= 23 or (hour == 24 and minute == second == 0)):
        return None
    if minute > 59 or second > 59:
        return None
    # 400 years are a whole number of days: years that ``date`` cannot hold are moved into range.
    cycles, year = divmod(year, 400)
    days = date(year + 400, month, 1).toordinal() - _EPOCH + (cycles - 1) * 146_097 + day - 1
    return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000


def _iso_instant(iso: re.Match[str]) -> int | None:
    names = ("year", "month", "day", "hour", "minute", "second")
    parts = [int(iso[name] or (1 if name in ("month", "day") else 0)) for name in names]
    fraction = _thousandths(iso["fraction"] or "0")
    instant = milliseconds(*parts)
    if instant is None or (parts[3] == 24 and fraction):
        return None
    zone = iso["zone"]
    if zone and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 23 or minutes > 59:
            return None
        instant -= (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes) * 60_000
    return instant + fraction


def _thousandths(digits: str) -> int:
    return int(digits[:3].ljust(3, "0"))


class _Legacy:
    """V8's reader of what is not ISO: numbers, month names and zones in nearly any order."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._numbers: list[int] = []
        self._clock: list[int] = []
        self._month: int | None = None
        self._noon: str | None = None
        self._zone: int | None = None
        self._zone_hour: int | None = None
        self._sign = 1
        self._read_number = False

    def instant(self) -> int | None:
        """Return milliseconds since 1970, None for no date."""
        self._read_iso_start()
        while self._tokens:
            token = self._tokens.pop(0)
            if token.isdecimal():
                readable = self._read_digits(int(token))
            elif token.isalpha() and token.isascii():
                readable = self._read_word(token.lower())
            else:
                readable = self._read_symbol(token)
            if not readable:
                return None
        return self._result()

    def _read_iso_start(self) -> None:
        year = re.match(r"\d{4}(?!\d)|[+-]\d{6}(?!\d)", "".join(self._tokens[:2]))
        if year is None:
            return
        signed = self._tokens[0] in "+-"
        del self._tokens[: 2 if signed else 1]
        if year[0] == "-000000":
            return
        self._numbers.append(int(year[0]))
        self._read_number = True
        for largest in (12, 31):
            if not self._skip("-"):
                return
            part = self._next()
            if not (len(part) == 2 and part.isdecimal() and 1 <= int(part) <= largest):
                return
            self._numbers.append(int(self._tokens.pop(0)))

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _skip(self, symbol: str) -> bool:
        found = self._next() == symbol
        if found:
            self._tokens.pop(0)
        return found

    def _expects_clock(self, number: int) -> bool:
        limits = {1: 60, 2: 60, 3: 1000}
        return number < limits.get(len(self._clock), 0)

    def _read_digits(self, number: int) -> bool:
        self._read_number = True
        if self._skip(":"):
            return self._read_clock(number)
        if self._expects_clock(number) and self._skip("."):
            return self._read_fraction(number)
        self._skip(".")
        if self._zone_hour is not None and number < 60:
            self._end_zone(number)
            return True
        if self._expects_clock(number):
            self._end_clock([number])
            following = self._next()
            return not following or following.isspace() or following in "zZ+-"
        self._numbers.append(number)
        self._skip("-")
        return len(self._numbers) <= 3

    def _read_clock(self, number: int) -> bool:
        double = self._skip(":")
        if double and self._clock:
            return False
        self._clock += [number, 0] if double else [number]
        return len(self._clock) <= 4

    def _read_fraction(self, second: int) -> bool:
        digits = self._next()
        if not digits.isdecimal():
            return False
        self._end_clock([*(second, 0)[: 3 - len(self._clock)], _thousandths(digits)])
        self._tokens.pop(0)
        return True

    def _end_clock(self, numbers: list[int]) -> None:
        self._clock = [*self._clock, *numbers, 0, 0, 0][:4]

    def _end_zone(self, minutes: int) -> None:
        self._zone = self._sign * ((self._zone_hour or 0) * 60 + minutes)
        self._zone_hour = None

    def _read_word(self, word: str) -> bool:
        if word in ("am", "pm") and self._clock:
            self._noon = word
        elif word[:3] in _MONTHS:
            self._month = _MONTHS.index(word[:3]) + 1
            self._skip("-")
        elif word in _ZONES and self._read_number:
            self._zone = _ZONES[word] * 60
        else:
            return not self._read_number and not self._next().isdecimal()
        return True

    def _read_symbol(self, symbol: str) -> bool:
        if symbol in "+-" and (self._zone == 0 or self._clock):
            return self._read_zone(1 if symbol == "+" else -1)
        if symbol in "+-)":
            return not self._read_number
        if symbol == "(":
            self._skip_brackets()
        return True

    def _read_zone(self, sign: int) -> bool:
        self._sign = sign
        digits = self._tokens.pop(0) if self._next().isdecimal() else ""
        self._read_number = True
        if self._next() == ":":
            self._zone, self._zone_hour = None, int(digits or 0)
            self._tokens.pop(0)
        elif len(digits) in (1, 2):
            self._zone = sign * int(digits) * 60
        elif len(digits) in (3, 4):
            self._zone = sign * (int(digits[:-2]) * 60 + int(digits[-2:]))
        else:
            return False
        return True

    def _skip_brackets(self) -> None:
        depth = 1
        while self._tokens and depth:
            depth += {"(": 1, ")": -1}.get(self._tokens.pop(0), 0)

    def _result(self) -> int | None:
        if not self._numbers:
            return None
        hour, minute, second, fraction = (*self._clock, 0, 0, 0, 0)[:4]
        if self._noon:
            if hour > 12:
                return None
            hour = hour % 12 + (12 if self._noon == "pm" else 0)
        if self._zone_hour is not None:
            self._end_zone(0)
        instant = milliseconds(*self._day(), hour, minute, second)
        if instant is None or (hour == 24 and fraction):
            return None
        return instant + fraction - (self._zone or 0) * 60_000

    def _day(self) -> tuple[int, int, int]:
        first, second, third = (*self._numbers, 1, 1, 1)[:3]
        if self._month is None:
            if not 1 <= first <= 31:
                return _century(first), second, third
            return _century(third), first, second
        if not 1 <= first <= 31:
            return _century(first), self._month, second
        return _century(second), self._month, first


def _century(year: int) -> int:
    if 0 <= year <= 49:
        return year + 2000
    return year + 1900 if 50 <= year <= 99 else year
