"""How a column shows its values: the formats that a config can name, and what each does to the cell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from sync.records import Column, FieldType

NAMES = ("duration", "percent", "money", "date", "time", "date and time", "number", "text", "link")
"""The formats by name; "money" also with a currency behind it."""

FORMATS = (
    "duration (seconds as h:mm:ss), percent (of numbers out of 100), money (of cents where the name ends so) or "
    '"money USD", date, time and "date and time" (as the spreadsheet\'s locale writes them), number, text, link, or a '
    'pattern of Google Sheets such as "0.00"'
)
"""What can be asked for, in a sentence."""

_DAY_S = 86_400
_UNITS: Mapping[str, int] = {"ms": 1000 * _DAY_S, "minutes": 1440, "mins": 1440, "hours": 24}
"""How many of what a name ends with make a day; any other duration is in seconds."""
_SIGNS: Mapping[str, str] = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_WITHOUT_CENTS = ("JPY", "KRW")
_MONEY = re.compile(r"money(?: ([A-Z]{3}))?")
_UNIT_IN_TITLE: Mapping[str, re.Pattern[str]] = {
    "duration": re.compile(r" \((s|ms|min|h)\)$"),
    "money": re.compile(r" \(cents\)$"),
}
_SAID = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')  # what a pattern shows as it is, and colours and the like
_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)
_TIMES = (FieldType.INSTANT, FieldType.DATE)
_LONGEST_PATTERN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a format does: Google's kind and pattern, and what becomes of the value."""

    type: str
    pattern: str = ""
    divisor: int = 1
    as_text: bool = False
    is_link: bool = False


def find_format(text: str, kind: FieldType | None, name: str, usual: str = "") -> Format:
    """Return what a format of the config means for a column.

    Args:
        text: as the config says it.
        kind: the type of the values; None where it is not known yet, and anything may fit.
        name: of the field or metric; it tells the unit: seconds or milliseconds, cents or whole.
        usual: the number format that the column has without one, which tells how many decimals are sensible.

    Raises:
        ValueError: no such format, or it does not fit the type; says what is allowed.

    """
    found = _find(text, kind, name, usual)
    if found is None:
        raise ValueError(_refusal(text, kind))
    return found


def _find(text: str, kind: FieldType | None, name: str, usual: str) -> Format | None:
    found = _of_time(text, kind) if kind in _TIMES else _of_number(text, kind, name, usual)
    if found is None and text == "text" and kind not in (*_TIMES, FieldType.BOOLEAN):
        found = Format(type="TEXT", pattern="@", as_text=True)
    if found is None and text == "link" and kind in (FieldType.TEXT, None):
        found = Format(type="", is_link=True)
    if found is None and _is_pattern(text, kind):
        found = Format(type="DATE_TIME" if kind in _TIMES else "NUMBER", pattern=text)
    return found


def _of_time(text: str, kind: FieldType | None) -> Format | None:
    fits = text == "date" or (text in ("time", "date and time") and kind is FieldType.INSTANT)
    return Format(type=text.replace(" and ", "_").upper()) if fits else None


def _of_number(text: str, kind: FieldType | None, name: str, usual: str) -> Format | None:
    if kind is None and text in ("date", "time", "date and time"):
        return _of_time(text, FieldType.INSTANT)
    if kind not in (*_NUMBERS, None):
        return None
    if money := _MONEY.fullmatch(text):
        return _money(money[1] or "", 100 if name.endswith("cents") else 1)
    named = {
        "duration": Format(type="TIME", pattern="[h]:mm:ss", divisor=_per_day(name)),
        "percent": Format(type="PERCENT", pattern="0.0%", divisor=100),
        "number": Format(type="NUMBER", pattern=_grouped(kind, usual)),
    }
    return named.get(text)


def _per_day(name: str) -> int:
    return next((n for unit, n in _UNITS.items() if name.endswith(f"_{unit}")), _DAY_S)


def _money(currency: str, divisor: int) -> Format:
    if not currency:
        return Format(type="CURRENCY", divisor=divisor)
    digits = "#,##0" if currency in _WITHOUT_CENTS else "#,##0.00"
    return Format(type="CURRENCY", pattern=f'"{_SIGNS.get(currency, f"{currency} ")}"{digits}', divisor=divisor)


def _grouped(kind: FieldType | None, usual: str) -> str:
    decimals = re.search(r"0(\.0+)", usual)
    if usual:
        return f"#,##0{decimals[1] if decimals else ''}"
    return "#,##0" if kind is FieldType.INTEGER else "#,##0.00"


def _is_pattern(text: str, kind: FieldType | None) -> bool:
    plain = _SAID.sub("", text)
    if len(text) > _LONGEST_PATTERN or not text.isprintable() or plain.count('"') or text in NAMES:
        return False
    if kind in _TIMES:
        return bool(re.search("[ymdhs]", plain, re.I)) and not re.search(r"[^ymdhsap0/\-.,: ;]", plain, re.I)
    is_number = bool(re.search("[0#?]", plain)) and not re.search(r"[A-DF-Za-df-z]", plain)
    return is_number and kind in (*_NUMBERS, None)


def _refusal(text: str, kind: FieldType | None) -> str:
    near = get_close_matches(text.lower(), [name for name in NAMES if _find(name, kind, "", "")], n=1)
    hint = f' Did you mean "{near[0]}"?' if near and near[0] != text else ""
    return f"allowed: {allowed_formats(kind)}.{hint}"


def allowed_formats(kind: FieldType | None) -> str:
    """Say in words which formats fit a type."""
    named = [f'"{name}"' for name in NAMES if _find(name, kind, "", "")]
    if '"money"' in named:
        named.insert(named.index('"money"') + 1, '"money USD" (or another currency)')
    if kind in _NUMBERS or kind is None:
        named.append('a pattern such as "0.00"')
    elif kind in _TIMES:
        named.append('a pattern such as "ddd d mmm"')
    return ", ".join(named)


def title_without_unit(title: str, format_: str) -> str:
    """Return a declared title without the unit that the format does away with: "Duration (s)" shows as 0:04:09."""
    unit = _UNIT_IN_TITLE.get(format_.partition(" ")[0])
    return unit.sub("", title) if unit else title


def dress(column: Column, *, format_: str, width: int, unit_of: str = "") -> Column:
    """Return a column with the look that the config asks for; a format that does not fit its values is left out.

    `unit_of` names what tells the unit, where that is not the column's own name.
    """
    dressed = replace(column, width=width, is_dressed=bool(format_ or width or column.mask))
    if not format_ or column.mask:
        return dressed
    try:
        found = find_format(format_, column.type, unit_of or column.name, column.number_format)
    except ValueError:  # a field that nobody declared turned out to hold something else
        return dressed
    return replace(
        dressed,
        number_format=found.pattern,
        format_type=found.type,
        divisor=found.divisor,
        as_text=found.as_text,
        is_link=found.is_link,
    )
