"""Texts of an export to typed values, in every spelling that can be told for sure; what is ambiguous is refused.

No page says how an export writes numbers, lengths of time and instants. A ValueError says what a text is not, and which
option of the connection decides, but never repeats the text: it may belong to a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson

from sync import clock
from sync.records import FieldType

DateOrder = Literal["day first", "month first"]
ShortTimes = Literal["mm:ss", "hh:mm"]

NOTHING = frozenset({"", "-", "--", "—", "n/a", "na", "null", "none", "nan", "undefined"})
_YES = frozenset({"yes", "y", "true", "t", "1"})
_NO = frozenset({"no", "n", "false", "f", "0"})
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the texts of one column are meant: the zone of times without one, what the connection decides, the unit."""

    zone: ZoneInfo
    date_order: DateOrder | None = None
    short_times: ShortTimes | None = None
    unit_s: float = 1.0


Read = Callable[[str, Reading], Any]


def read_text(text: str, _: Reading) -> str | None:
    """Take a text as it stands; blanks around it are none of the value."""
    return text.strip() or None


def read_words(text: str, _: Reading) -> str | None:
    """Take what people wrote as it stands, with the blanks around it."""
    return text if text.strip() else None


def read_person(text: str, _: Reading) -> str | None:
    """Take a name as it stands; "[No associated user]" is nobody."""
    name = text.strip()
    return None if name.startswith("[No ") and name.endswith("]") else name or None


def read_boolean(text: str, _: Reading) -> bool | None:
    """Read yes and no."""
    word = text.strip().lower()
    if word in NOTHING:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("is neither yes nor no")


_PLAIN = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?|[+-]?\.\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}([,' \u00a0\u202f’])\d{3}(\1\d{3})*(\.\d+)?")
_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
_AMBIGUOUS = re.compile(r"[+-]?\d{1,3},\d{3}")


def read_number(text: str, _: Reading) -> int | float | None:
    """Read a number; 12.5 % is 0.125. "1,234" could be two numbers, and is refused where fractions are possible."""
    plain = text.strip()
    if plain.lower() in NOTHING:
        return None
    if plain.endswith("%"):
        return round(_number(plain[:-1].rstrip(), whole=False) / 100, 12)
    return _number(plain, whole=False)


def read_integer(text: str, _: Reading) -> int | None:
    """Read a whole number, with or without a sign between thousands."""
    plain = text.strip()
    if plain.lower() in NOTHING:
        return None
    number = _number(plain, whole=True)
    if number != int(number):
        raise ValueError("is not a whole number")
    return int(number)


def _number(plain: str, *, whole: bool) -> int | float:
    if _AMBIGUOUS.fullmatch(plain) and not whole:
        raise ValueError("could be a number with thousands or one with a comma before its fraction")
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[,' \u00a0\u202f’]", "", plain)
    elif _COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    if not _PLAIN.fullmatch(plain):
        raise ValueError("is not a number")
    number = int(plain) if re.fullmatch(r"[+-]?\d+", plain) else float(plain)
    if abs(number) > _LARGEST:
        raise ValueError("is larger than any number that can be kept")
    return int(number) if isinstance(number, float) and number.is_integer() else number


_CLOCK = re.compile(r"(?:(\d+)\s*(?:d|days?)[ ,]*)?(\d{1,6}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.IGNORECASE)
_SHORT_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d)")
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_WORDS = re.compile(
    r"(\d+(?:\.\d+)?)\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m|milliseconds?|msecs?|ms|seconds?|secs?|s)",
    re.IGNORECASE,
)
_UNIT_S = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def unit_of(word: str) -> float:
    """Return the seconds of a unit of time, by any of its names."""
    lower = word.lower()
    return 0.001 if lower.startswith(("ms", "milli")) else _UNIT_S[lower[0]]


def read_duration(text: str, reading: Reading) -> int | float | None:
    """Read a length of time in seconds: 125, 00:02:05, 2m 5s, PT2M5S; a bare number has the unit of its column."""
    plain = text.strip()
    if plain.lower() in NOTHING:
        return None
    if match := _CLOCK.fullmatch(plain):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
        fraction = float(f"0.{match[5]}") if match[5] else 0
        return _seconds(days * 86_400 + hours * 3600 + minutes * 60 + seconds + fraction)
    if match := _SHORT_CLOCK.fullmatch(plain):
        return _short_time(int(match[1]), int(match[2]), reading)
    if (match := _ISO.fullmatch(plain)) and any(match.groups()):
        days, hours, minutes = (int(part or 0) for part in match.groups()[:3])
        return _seconds(days * 86_400 + hours * 3600 + minutes * 60 + float(match[4] or 0))
    parts = list(_WORDS.finditer(plain))
    if parts and not _WORDS.sub("", plain).strip(" ,"):
        return _seconds(sum(float(part[1]) * unit_of(part[2]) for part in parts))
    try:
        return _seconds(_number(plain, whole=False) * reading.unit_s)
    except ValueError:
        raise ValueError("is not a length of time") from None


def _seconds(number: float) -> int | float:
    rounded = round(number, 6)
    return int(rounded) if float(rounded).is_integer() else rounded


def _short_time(first: int, second: int, reading: Reading) -> int:
    if reading.short_times is None:
        raise ValueError(
            'could be minutes and seconds or hours and minutes; export_short_times = "mm:ss" or "hh:mm" decides'
        )
    return first * 60 + second if reading.short_times == "mm:ss" else first * 3600 + second * 60


def read_whole_seconds(text: str, reading: Reading) -> int | None:
    """Read a length of time, rounded to whole seconds."""
    seconds = read_duration(text, reading)
    return None if seconds is None else int(seconds + 0.5)


_ISO_TIME = re.compile(
    r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?)?\s*"
    r"(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?(?:\[[\w/+-]+\])?"
)
_PEOPLE_TIME = re.compile(
    r"(\d\d?)[-/.](\d\d?)[-/.](\d{4})(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?)?\s*"
    r"(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?"
)
_NAMED_MONTH = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(?:(?P<d>\d\d?) (?P<m>[A-Za-z]{3,9})|(?P<m2>[A-Za-z]{3,9}) (?P<d2>\d\d?)),? "
    r"(?P<y>\d{4})(?P<rest>.*)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = re.compile(r"\d{9,10}(\.\d+)?|\d{13}")


def _with_numbers(plain: str) -> str:
    """Return a time whose month has a name, as in "31 Mar 2026 10:05", with numbers; others as they are."""
    match = _NAMED_MONTH.fullmatch(plain)
    month = (match["m"] or match["m2"]).lower()[:3] if match else ""
    if match is None or month not in _MONTHS:
        return plain
    return f"{match['y']}-{_MONTHS.index(month) + 1}-{match['d'] or match['d2']}{match['rest']}"


def read_instant(text: str, reading: Reading) -> datetime | None:
    """Read an instant; one without a zone is meant in the zone of the column."""
    plain = _with_numbers(text.strip())
    if plain.lower() in NOTHING:
        return None
    if _EPOCH.fullmatch(plain):
        number = float(plain)
        return datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)
    if match := _ISO_TIME.fullmatch(plain):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := _PEOPLE_TIME.fullmatch(plain):
        year, (month, day) = int(match[3]), _in_order(int(match[1]), int(match[2]), reading)
    else:
        raise ValueError("is not an instant")
    if match[4] is None:
        raise ValueError("is a day without a time")
    return _instant((year, month, day), match.groups()[3:], reading)


def read_day(text: str, reading: Reading) -> date | None:
    """Read a day, with or without the time at which it begins."""
    plain = _with_numbers(text.strip())
    if plain.lower() in NOTHING:
        return None
    if match := _ISO_TIME.fullmatch(plain):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _PEOPLE_TIME.fullmatch(plain):
        month, day = _in_order(int(match[1]), int(match[2]), reading)
        return _day(int(match[3]), month, day)
    raise ValueError("is not a day")


def _in_order(first: int, second: int, reading: Reading) -> tuple[int, int]:
    """Return month and day; a number over 12 can only be a day."""
    if first > 12 or (second <= 12 and reading.date_order == "day first"):
        return second, first
    if second > 12 or reading.date_order == "month first" or first == second:
        return first, second
    raise ValueError(
        'could be two days of the year; export_date_order = "day first" or "month first" decides which it is'
    )


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def _instant(day: tuple[int, int, int], parts: tuple[str | None, ...], reading: Reading) -> datetime:
    hour, minute, second, fraction, half, offset = parts
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("is not a time of the day")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        local = datetime(*day, hours, int(minute or 0), int(second or 0), micros)
        if offset is None:
            return clock.to_instant(local, reading.zone)
        return (local - _offset(offset)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not an instant of the calendar") from None


def _offset(text: str) -> timedelta:
    if text in ("Z", "UTC", "GMT"):
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    length = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -length if text[0] == "-" else length


def read_list(text: str, _: Reading) -> list[str] | None:
    """Read several words in one cell: a JSON list, or words between commas, semicolons or bars."""
    plain = text.strip()
    if not plain:
        return None
    if plain.startswith("[") and plain.endswith("]"):
        try:
            return [str(item) for item in orjson.loads(plain)]
        except orjson.JSONDecodeError:
            plain = plain[1:-1]
    inner = plain
    sign = next((sign for sign in ("|", ";", ",") if sign in inner), ",")
    return [word for part in inner.split(sign) if (word := part.strip().strip('"').strip())]


READERS: dict[FieldType, Read] = {
    FieldType.TEXT: read_text,
    FieldType.INTEGER: read_integer,
    FieldType.NUMBER: read_number,
    FieldType.BOOLEAN: read_boolean,
    FieldType.INSTANT: read_instant,
    FieldType.DATE: read_day,
    FieldType.LIST: read_list,
}

_ORDINARY_INTEGER = re.compile(r"-?(0|[1-9]\d{0,14})")
_ORDINARY_FRACTION = re.compile(r"-?(0|[1-9]\d{0,11})\.\d{1,9}")


def read_unknown(text: str, *, fractions: bool) -> str | int | float | None:
    """Read a cell of a column that we do not know: a number only where nothing of its spelling gets lost.

    With `fractions`, also those that end in zeros: in sums and averages they are numbers, in a version they are not.
    """
    if not text:
        return None
    if _ORDINARY_INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _ORDINARY_FRACTION.fullmatch(text) and (fractions or not text.endswith("0")):
        return float(text)
    return text
