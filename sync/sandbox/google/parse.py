"""Typed input: what a person's typing (USER_ENTERED) turns into, in the locale of the spreadsheet."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sync.sandbox.google.errors import Json
from sync.sandbox.google.formats import EPOCH
from sync.sandbox.google.grid import Scalar, tidy_number
from sync.sandbox.google.languages import Writing, month_names, truth_words, writing_of

FIRST_YEAR, LAST_YEAR = 1, 9999
TWO_DIGITS_TURN = 30  # 00 to 29 are of this century
ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z", re.ASCII)
SHORT_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2}))?\Z", re.ASCII)
DAY_FIRST = re.compile(r"(\d{1,2})\.?([ -])([^\W\d]{3,12})\.?(?:[ ,-]\s*(\d{4}))?\Z")
MONTH_FIRST = re.compile(r"([^\W\d]{3,12})\.? (\d{1,2})(?:,? (\d{4}))?\Z")
MONTH_ONLY = re.compile(r"([^\W\d]{3,12})\.? (\d{4})\Z")
TIME = re.compile(r"(\d{1,4}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?(?:\s*([AaPp])[Mm])?\Z", re.ASCII)
HOUR = re.compile(r"(\d{1,2})\s*([AaPp])[Mm]\Z", re.ASCII)
LINK = re.compile(r"https?://\S+\Z")
OPERAND = re.compile(r"[\s+-]*[\w.($\"']")
WORD = re.compile(r"[^\W\d_]+")
MAYBE_TYPED = re.compile(r"[\s\d+\-=.,'$€£¥₹₩₽₺₴R]")
SHORT_MONTH = 4  # letters; longer names are written out again
SIGNS = "$€£¥₹₩₽₺₴"


@dataclass(frozen=True, slots=True)
class Entered:
    """What typing gave: a value, perhaps a format that comes with it, or a formula."""

    value: Scalar | None
    format: Json | None = None
    formula: str | None = None


def read_typed(value: Scalar, *, locale: str, plain_text: bool) -> Entered:
    """Read one cell as if a person had typed it. `plain_text` is a cell whose format keeps everything as text."""
    if value.__class__ is not str:
        return Entered(tidy_number(value))
    return read_text(value, locale, plain_text)


@lru_cache(maxsize=4096)
def read_text(value: str, locale: str, plain_text: bool) -> Entered:
    """Read a text as if a person had typed it."""
    if plain_text:
        return Entered(value)
    if value.startswith("=") and len(value) > 1:
        return Entered(None, formula=value)
    if value.startswith("'"):
        return Entered(value[1:])
    text = value.strip()
    return _read_text(text, locale) or _read_sign(value, text) or Entered(value)


@cache
def _letters(locale: str) -> frozenset[str]:
    """Return the first three letters of every word that means something in a locale, in small letters."""
    words = [*truth_words(locale), "TRUE", "FALSE", *month_names(locale.partition("_")[0]), *month_names("en"), "http"]
    return frozenset(word[:3].casefold() for word in words) | {"chf", "k\u010d", "z\u0142"}


@cache
def _words(locale: str) -> frozenset[str]:
    """Return every word that may stand behind a digit in what is not plain text."""
    months = _months(locale.partition("_")[0])
    return frozenset({*months, "a", "p", "am", "pm", "e", "chf", "k\u010d", "z\u0142"})


def is_plain(text: str, locale: str) -> bool:
    """Tell, quickly, that a text means nothing but itself."""
    if MAYBE_TYPED.match(text):
        found = WORD.search(text) if text[0].isdigit() else None
        return found is not None and found[0].casefold() not in _words(locale)
    if text[:3].casefold() in _letters(locale) or (text[:1] == "(" and text[-1:] == ")"):
        return False
    return not text[-1:].isdigit() or text[:1].isalpha()


def _read_sign(value: str, text: str) -> Entered | None:
    """A leading plus starts a formula, as does a minus before anything that may be an operand (a guess)."""
    if len(text) > 1 and (text[0] == "+" or (text[0] == "-" and OPERAND.match(text, 1))):
        return Entered(None, formula="=" + text)
    return Entered(value, {"textFormat": _link_look(text)}) if LINK.match(text) else None


def _link_look(text: str) -> Json:
    return {"underline": True, "link": {"uri": text}}


def _read_text(text: str, locale: str) -> Entered | None:
    if not text:
        return None
    upper = text.upper()
    true, false = truth_words(locale)
    if upper in {"TRUE", "FALSE", true, false}:
        return Entered(upper in {"TRUE", true})
    return _read_number(text, writing_of(locale)) or _read_moment(text, locale)


@cache
def _number_form(writing: Writing) -> re.Pattern[str]:
    point, group = re.escape(writing.point), re.escape(writing.group)
    if writing.group == "\u00a0":
        group = "[\u00a0\u202f ]"
    whole = rf"(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)?"
    return re.compile(rf"[+-]?{whole}(?:{point}\d*)?(?:E[+-]?\d+)?\Z", re.IGNORECASE | re.ASCII)


def _read_number(text: str, writing: Writing) -> Entered | None:
    bare, kind = text, ""
    if text[0] == "(" and text[-1] == ")" and text[1:2] not in {"+", "-", "("}:
        inner = _read_number(text[1:-1], writing)
        negative = inner is not None and isinstance(inner.value, int | float) and not isinstance(inner.value, bool)
        return replace(inner, value=-inner.value) if inner is not None and negative else None  # type: ignore[operator]
    if text.endswith("%"):
        bare, kind = text[:-1].strip(), "%"
    elif found := re.match(rf"([+-]?)\s*([{SIGNS}]|R\$|CHF|zł|Kč)\s*(-?[^\s+-].*)\Z", text):
        bare, kind = found.group(1) + found.group(3), found.group(2)
    elif found := re.match(rf"(.*\d)\s*([{SIGNS}]|zł|Kč|CHF)\Z", text):
        bare, kind = found.group(1), found.group(2)
    if not _number_form(writing).match(bare) or not re.search(r"\d", bare):
        return None
    digits = re.sub(r"[\s\u00a0\u202f]", "", bare).replace(writing.group, "").replace(writing.point, ".")
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        return None
    shown = _format_of(bare, kind, writing)
    return Entered(tidy_number(_hundredth(digits) if kind == "%" else number), shown)


def _hundredth(digits: str) -> float:
    """Return a percentage as a number, without the error of a division."""
    mantissa, _, exponent = digits.upper().partition("E")
    return float(f"{mantissa}E{int(exponent or 0) - 2}")


def _format_of(bare: str, kind: str, writing: Writing) -> Json | None:
    decimals, grouped = writing.point in bare, any(mark in bare for mark in (writing.group, " ", "\u202f"))
    if kind == "%":
        return _number("PERCENT", "0.00%" if decimals else "0%")
    if kind:
        digits = "#,##0.00" if decimals else "#,##0"
        return _number("CURRENCY", f'"{kind}"{digits}' if writing.point == "." else f'{digits}" {kind}"')
    if grouped:
        return _number("NUMBER", "#,##0.00" if decimals else "#,##0")
    return _number("SCIENTIFIC", "0.00E+00") if "e" in bare.lower() else None


def _number(kind: str, pattern: str) -> Json:
    return {"numberFormat": {"type": kind, "pattern": pattern}}


def _read_moment(text: str, locale: str) -> Entered | None:
    day = read_date(text, locale)
    if day is not None:
        return Entered(day[0], _number("DATE", day[1]))
    time = read_time(text)
    if time is not None:
        return Entered(time[0], _number("TIME", time[1]))
    for found in re.finditer(r"\s+", text):
        day, time = read_date(text[: found.start()].rstrip(","), locale), read_time(text[found.end() :])
        if day is not None and time is not None:
            return Entered(tidy_number(day[0] + time[0]), _number("DATE_TIME", f"{day[1]} {time[1]}"))
    return None


@cache
def _months(language: str) -> dict[str, int]:
    months: dict[str, int] = {}
    for names in (month_names("en"), month_names(language)):
        for number, name in enumerate(names, start=1):
            months |= {name.casefold(): number, name[:3].casefold(): number, name[:4].casefold(): number}
    return months


def read_date(text: str, locale: str) -> tuple[int, str] | None:
    """Return serial day and pattern of a written date. A date without a year is of this year."""
    if found := ISO_DATE.match(text):
        year, month, day = map(int, found.groups())
        return _serial(year, month, day, "yyyy-mm-dd")
    if found := SHORT_DATE.match(text):
        return _short_date(found, locale)
    months = _months(locale.partition("_")[0])
    if (found := DAY_FIRST.match(text)) and (number := months.get(found.group(3).casefold())):
        first, mark, name, written = found.groups()
        name_form = "mmm" if len(name) <= SHORT_MONTH else "mmmm"
        shown = mark.join(("d", name_form, "yyyy")[: 3 if written else 2])
        return _serial(int(written or this_year()), number, int(first), shown)
    if (found := MONTH_FIRST.match(text)) and (number := months.get(found.group(1).casefold())):
        name, second, written = found.groups()
        name_form = "mmm" if len(name) <= SHORT_MONTH else "mmmm"
        shown = f"{name_form} d, yyyy" if written else f"{name_form} d"
        return _serial(int(written or this_year()), number, int(second), shown)
    if (found := MONTH_ONLY.match(text)) and (number := months.get(found.group(1).casefold())):
        name_form = "mmm" if len(found.group(1)) <= SHORT_MONTH else "mmmm"
        return _serial(int(found.group(2)), number, 1, f"{name_form} yyyy")
    return None


def _short_date(found: re.Match[str], locale: str) -> tuple[int, str] | None:
    first, mark, second, year = found.groups()
    writing = writing_of(locale)
    if mark == "." and (writing.point == "." or not year):
        return None
    order = writing.date_order if writing.date_order != "ymd" else "mdy"
    month, day = (int(first), int(second)) if order == "mdy" else (int(second), int(first))
    if year is None:
        return _serial(this_year(), month, day, f"m{mark}d" if order == "mdy" else f"d{mark}m")
    full = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < TWO_DIGITS_TURN else 1900)
    shown = writing.date_pattern if writing.date_order != "ymd" else "yyyy/MM/dd"
    return _serial(full, month, day, shown if mark != "-" else f"m-d-{'y' * len(year)}" if order == "mdy" else shown)


def this_year(zone: str = "UTC") -> int:
    """Return the year it is."""
    try:
        return datetime.now(ZoneInfo(zone)).year
    except ZoneInfoNotFoundError:
        return datetime.now(UTC).year


def _serial(year: int, month: int, day: int, shown: str) -> tuple[int, str] | None:
    try:
        return (datetime(year, month, day) - EPOCH).days, shown
    except ValueError:
        return None


def read_time(text: str) -> tuple[float, str] | None:
    """Return fraction of a day and pattern of a written time or duration."""
    if whole := HOUR.match(text):
        return (int(whole.group(1)) % 12 + (12 if whole.group(2) in "pP" else 0)) / 24, "h:mm am/pm"
    found = TIME.match(text)
    if not found:
        return None
    hours, minutes, half = int(found.group(1)), int(found.group(2)), found.group(5)
    if minutes > 59 or int(found.group(3) or 0) > 59 or (half and not 1 <= hours <= 12):
        return None
    if half:
        hours = hours % 12 + (12 if half.lower() == "p" else 0)
    seconds = hours * 3600 + minutes * 60 + float((found.group(3) or "0") + (found.group(4) or ""))
    return seconds / 86_400, _time_pattern(found, hours)


def _time_pattern(found: re.Match[str], hours: int) -> str:
    pattern = "[h]:mm" if hours > 23 else "h:mm"
    if found.group(3):
        pattern += ":ss" + (".000" if found.group(4) else "")
    return pattern + (" am/pm" if found.group(5) else "")
