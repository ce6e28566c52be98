"""Values of JSON to typed values, in every spelling that can be told for sure. Sends nothing.

A ValueError says what a value is not, and never repeats it: it may belong to a person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sync import clock
from sync.records import FieldType, Value

Read = Callable[[Any, ZoneInfo], Value]
"""Reads a value that is not null; the zone is that of times without one."""

LARGEST = 2**63 - 1  # what a database column takes
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,12})?")
_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d)")
_TIME = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)
_NAMES = ("name", "title", "tag", "label", "value", "number", "email", "url", "media_url")


def read_text(value: Any, _: ZoneInfo) -> Value:
    """Read text; ids and phone numbers may come as numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not text")
    return str(value)


def read_any_text(value: Any, zone: ZoneInfo) -> Value:
    """Read text; a list or an object, whose form nobody documents, is kept as compact JSON."""
    return orjson.dumps(value).decode() if isinstance(value, list | dict | bool) else read_text(value, zone)


def read_number(value: Any, _: ZoneInfo) -> Value:
    """Read a number, also one in quotes or with a percent sign."""
    if isinstance(value, str):
        text = value.strip().removesuffix("%").rstrip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    if abs(value) > LARGEST:
        raise ValueError("larger than any number that can be kept")
    return value


def read_integer(value: Any, zone: ZoneInfo) -> Value:
    """Read a whole number."""
    number = read_number(value, zone)
    if isinstance(number, float):
        if not number.is_integer():
            raise ValueError("not a whole number")
        return int(number)
    return number


def read_seconds(value: Any, zone: ZoneInfo) -> Value:
    """Read a length of time in seconds, as a number or as hh:mm:ss."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
    return read_number(value, zone)


def read_whole_seconds(value: Any, zone: ZoneInfo) -> Value:
    """Read a length of time, rounded to whole seconds."""
    seconds = read_seconds(value, zone)
    return round(seconds) if isinstance(seconds, float) else seconds


def read_boolean(value: Any, _: ZoneInfo) -> Value:
    """Read yes and no."""
    word = str(value).strip().lower() if isinstance(value, bool | int | str) else ""
    if word in ("true", "yes", "1"):
        return True
    if word in ("false", "no", "0"):
        return False
    raise ValueError("neither true nor false")


def read_instant(value: Any, zone: ZoneInfo) -> Value:
    """Read an instant: ISO 8601, a date and a time, or seconds or milliseconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value))
    if not isinstance(value, str):
        raise ValueError("not an instant")
    text = value.strip()
    if re.fullmatch(r"\d{9,10}|\d{13}", text):
        return _since_1970(float(text))
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError("not an instant")
    parts = [int(part or 0) for part in match.groups()[:6]]
    micros = int((match[7] or "0").ljust(6, "0")[:6])
    try:
        local = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], micros)
        return _with_zone(local, match[8], zone)
    except (ValueError, OverflowError):
        raise ValueError("not an instant of the calendar") from None


def has_zone(value: Any) -> bool:
    """Tell whether an instant says in which zone it is meant."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    return match is None or match[8] is not None


def _since_1970(number: float) -> datetime:
    seconds = number / 1000 if number >= 1e11 else number
    if not 1e8 <= seconds < 1e11:
        raise ValueError("not an instant")
    return datetime.fromtimestamp(seconds, UTC)


def _with_zone(local: datetime, offset: str | None, zone: ZoneInfo) -> datetime:
    if offset is None:
        return clock.to_instant(local, zone)
    if offset in ("Z", "UTC"):
        return local.replace(tzinfo=UTC)
    return datetime.strptime(f"{local.isoformat()}{offset}", _format_of(local)).astimezone(UTC)


def _format_of(local: datetime) -> str:
    return "%Y-%m-%dT%H:%M:%S.%f%z" if local.microsecond else "%Y-%m-%dT%H:%M:%S%z"


def read_date(value: Any, _: ZoneInfo) -> Value:
    """Read a day, alone or with a time behind it."""
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("not a day")
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError("not a day of the calendar") from None


def read_list(value: Any, _: ZoneInfo) -> Value:
    """Read a list of texts; of objects their names, and text with commas as several."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise ValueError("not a list")
    return [_item(item) for item in value if item is not None]


def _item(item: Any) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, Mapping):
        name = next((item[name] for name in _NAMES if isinstance(item.get(name), str | int)), None)
        if name is not None:
            return str(name)
    return orjson.dumps(item).decode()


def read_object(value: Any, _: ZoneInfo) -> Value:
    """Read an object; an empty one comes as an empty list from some servers."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


READERS: Mapping[FieldType, Read] = {
    FieldType.TEXT: read_text,
    FieldType.INTEGER: read_integer,
    FieldType.NUMBER: read_number,
    FieldType.BOOLEAN: read_boolean,
    FieldType.INSTANT: read_instant,
    FieldType.DATE: read_date,
    FieldType.LIST: read_list,
    FieldType.OBJECT: read_object,
}
