"""How a stored value shows: number formats for dates, times, durations, percentages, currency and plain numbers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sync.sandbox.google.errors import Json
from sync.sandbox.google.grid import Look
from sync.sandbox.google.languages import day_names, month_names

EPOCH = datetime(1899, 12, 30)
MS_PER_DAY = 86_400_000
DEFAULT_PATTERNS = {
    "NUMBER": "#,##0.00",
    "PERCENT": "0.00%",
    "CURRENCY": "$#,##0.00",
    "DATE": "M/d/yyyy",
    "TIME": "h:mm:ss am/pm",
    "DATE_TIME": "M/d/yyyy h:mm:ss",
    "SCIENTIFIC": "0.00E+00",
    "TEXT": "@",
}
TIME_TYPES = {"DATE", "TIME", "DATE_TIME"}
TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|\[(h+|m+|s+)\]|\[[^\]]*\]|(am/pm|a/p)|(y+|m+|d+|h+|s+)|(\.0+)|(.)', re.IGNORECASE | re.DOTALL
)


def number_format(look: Look | None) -> Json | None:
    """Return the number format of a look, if it has one."""
    found: Json | None = look.format.get("numberFormat") if look is not None else None
    return found


def is_time(look: Look | None) -> bool:
    """Tell whether numbers with this look show as dates, times or durations."""
    found = number_format(look)
    if not found:
        return False
    return found.get("type") in TIME_TYPES or (
        "type" not in found and bool(re.search(r"[ydhs]", re.sub(r'"[^"]*"', "", found.get("pattern", "")), re.I))
    )


def show_plain(number: float) -> str:
    """Write a number without a format: ten significant digits, but all digits before the point."""
    if isinstance(number, int) and abs(number) < 10**15:
        return str(number)
    if number == 0:
        return "0"
    size = abs(number)
    if size >= 1e15 or size < 1e-5:
        mantissa, exponent = f"{number:.5E}".split("E")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}E{exponent[0]}{exponent[1:].zfill(2)}"
    if size < 1:
        return format(Decimal(f"{number:.10g}").normalize(), "f")
    text = f"{number:.{max(0, 10 - len(str(int(size))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=512)
def time_tokens(pattern: str) -> tuple[tuple[str, str], ...]:
    """Split a pattern into (kind, text); m after hours or before seconds means minutes."""
    tokens: list[tuple[str, str]] = []
    for quoted, escaped, elapsed, half, unit, fraction, other in TOKEN.findall(pattern):
        if unit.startswith("M"):  # months, even where m would be minutes
            tokens.append(("month", unit.lower()))
            continue
        for kind, text in (("elapsed", elapsed), ("half", half), ("unit", unit), ("fraction", fraction)):
            if text:
                tokens.append((kind, text.lower()))
                break
        else:
            tokens.append(("text", quoted or escaped or other))
    return tuple(_with_minutes(tokens))


def _with_minutes(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    timed = [n for n, (kind, _) in enumerate(tokens) if kind in {"unit", "elapsed", "month"}]
    fixed = [("unit", text) if kind == "month" else (kind, text) for kind, text in tokens]
    for place, n in enumerate(timed):
        kind, text = tokens[n]
        if kind == "unit" and text in {"m", "mm"}:
            before = tokens[timed[place - 1]][1][0] if place else ""
            after = tokens[timed[place + 1]][1][0] if place + 1 < len(timed) else ""
            if before == "h" or after == "s":
                fixed[n] = ("minute", text)
    return fixed


def show_time(serial: float, pattern: str, language: str = "en") -> str:
    """Write a serial number as date, time or duration."""
    tokens = time_tokens(pattern)
    total_ms = round(serial * MS_PER_DAY)
    if not any(kind == "fraction" for kind, _ in tokens):
        total_ms = (total_ms + 500) // 1000 * 1000
    if any(kind == "elapsed" for kind, _ in tokens):
        sign, total_ms = ("-", -total_ms) if total_ms < 0 else ("", total_ms)
        return sign + "".join(_duration_part(kind, text, total_ms) for kind, text in tokens)
    try:
        moment = EPOCH + timedelta(milliseconds=total_ms)
    except OverflowError:
        return show_plain(serial)
    twelve = any(kind == "half" for kind, _ in tokens)
    return "".join(moment_part(kind, text, moment, (twelve, language)) for kind, text in tokens)


def _duration_part(kind: str, text: str, total_ms: int) -> str:
    seconds = total_ms // 1000
    if kind == "elapsed":
        unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
        return str(seconds // unit).zfill(len(text))
    if kind in {"unit", "minute"}:
        value = {"h": seconds // 3600, "m": seconds // 60 % 60, "s": seconds % 60}.get(text[0], 0)
        return str(value).zfill(len(text))
    if kind == "fraction":
        return _fraction(total_ms % 1000, text)
    return text


def _fraction(milliseconds: int, text: str) -> str:
    return "." + f"{milliseconds:03d}".ljust(len(text) - 1, "0")[: len(text) - 1]


def moment_part(kind: str, text: str, moment: datetime, how: tuple[bool, str]) -> str:
    """Write one token of a pattern; `how` is whether hours go to twelve, and the language of names."""
    if kind == "minute":
        return str(moment.minute).zfill(len(text))
    if kind == "half":
        name = "PM" if moment.hour >= 12 else "AM"
        return name if len(text) > 3 else name[0]
    if kind == "fraction":
        return _fraction(moment.microsecond // 1000, text)
    return _UNITS[text[0]](moment, len(text), how) if kind == "unit" else text


How = tuple[bool, str]


def _month(moment: datetime, width: int, how: How) -> str:
    name = month_names(how[1])[moment.month - 1]
    if width >= 3:
        return {3: name[:3], 5: name[0]}.get(width, name)
    return str(moment.month).zfill(width)


def _day(moment: datetime, width: int, how: How) -> str:
    name = day_names(how[1])[moment.weekday()]
    if width >= 3:
        return name[:3] if width == 3 else name
    return str(moment.day).zfill(width)


def _hour(moment: datetime, width: int, how: How) -> str:
    return str((moment.hour % 12 or 12) if how[0] else moment.hour).zfill(width)


_UNITS: dict[str, Any] = {
    "y": lambda moment, width, _: f"{moment.year % 100:02d}" if width <= 2 else f"{moment.year:04d}",
    "m": _month,
    "d": _day,
    "h": _hour,
    "s": lambda moment, width, _: str(moment.second).zfill(width),
}
