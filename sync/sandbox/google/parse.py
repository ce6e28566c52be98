"""Typed input: what a person's typing (USER_ENTERED) turns into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sync.sandbox.google.errors import Json
from sync.sandbox.google.formats import EPOCH
from sync.sandbox.google.grid import Scalar, tidy_number

NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?(E[+-]?\d+)?\Z", re.I | re.ASCII)
MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
ISO_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})\Z", re.ASCII)
SLASHED_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\Z", re.ASCII)
DAY_FIRST = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})[ -,]\s*(\d{4})\Z", re.ASCII)
MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})\Z", re.ASCII)
TIME = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?(?:\s*([AaPp])[Mm])?\Z", re.ASCII)
LINK = re.compile(r"https?://\S+\Z")


@dataclass(frozen=True, slots=True)
class Entered:
    """What typing gave: a value, perhaps a format that comes with it, or a formula."""

    value: Scalar | None
    format: Json | None = None
    formula: str | None = None


def read_typed(value: Scalar, *, locale: str, plain_text: bool) -> Entered:
    """Read one cell as if a person had typed it. `plain_text` is a cell whose format keeps everything as text."""
    if not isinstance(value, str):
        return Entered(tidy_number(value))
    if value.startswith("=") and len(value) > 1:
        return Entered(None, formula=value)
    if plain_text:
        return Entered(value)
    if value.startswith("'"):
        return Entered(value[1:])
    text = value.strip()
    return _read_text(text, locale) or _read_sign(value, text) or Entered(value)


def _read_sign(value: str, text: str) -> Entered | None:
    """A leading plus starts a formula, as does a minus before something that is no word (a guess)."""
    if len(text) > 1 and (
        text[0] == "+" or (text[0] == "-" and re.match(r"-[\d.(A-Z$]", text) and not NUMBER.match(text))
    ):
        return Entered(None, formula="=" + text)
    return Entered(value, {"textFormat": _link_look(text)}) if LINK.match(text) else None


def _link_look(text: str) -> Json:
    return {"underline": True, "link": {"uri": text}}


def _read_text(text: str, locale: str) -> Entered | None:
    if not text:
        return None
    if text.upper() in {"TRUE", "FALSE"}:
        return Entered(text.upper() == "TRUE")
    return _read_number(text) or _read_moment(text, locale)


def _read_number(text: str) -> Entered | None:
    bare, kind = text, ""
    if text.endswith("%"):
        bare, kind = text[:-1].strip(), "%"
    else:
        found = re.match(r"([+-]?)\$\s*(.+)\Z", text)
        if found:
            bare, kind = found.group(1) + found.group(2), "$"
    if not NUMBER.match(bare) or not re.search(r"\d", bare):
        return None
    number = float(bare.replace(",", ""))
    if number in (float("inf"), float("-inf")):
        return None
    return Entered(tidy_number(number / 100 if kind == "%" else number), _format_of(bare, kind))


def _format_of(bare: str, kind: str) -> Json | None:
    decimals = "." in bare
    if kind == "%":
        return _number("PERCENT", "0.00%" if decimals else "0%")
    if kind == "$":
        return _number("CURRENCY", '"$"#,##0.00' if decimals else '"$"#,##0')
    if "," in bare:
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
    date_text, _, time_text = text.replace("T", " ", 1).partition(" ")
    day, time = read_date(date_text, locale), read_time(time_text.strip())
    if day is None or time is None:
        return None
    return Entered(tidy_number(day[0] + time[0]), _number("DATE_TIME", f"{day[1]} {time[1]}"))


def read_date(text: str, locale: str) -> tuple[int, str] | None:
    """Return serial day and pattern of a written date."""
    for pattern, shown, order in _date_forms(locale):
        found = pattern.match(text)
        if found:
            return _serial({name: found.group(n) for n, name in enumerate(order, start=1)}, shown)
    return None


def _date_forms(locale: str) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    slashed = (SLASHED_DATE, "M/d/yyyy", "mdy") if locale == "en_US" else (SLASHED_DATE, "dd/MM/yyyy", "dmy")
    return (
        (ISO_DATE, "yyyy-mm-dd", "ymd"),
        slashed,
        (DAY_FIRST, "d mmm yyyy", "dmy"),
        (MONTH_FIRST, "mmm d, yyyy", "mdy"),
    )


def _serial(parts: dict[str, str], shown: str) -> tuple[int, str] | None:
    month = MONTH_NAMES.get(parts["m"].lower()) or (int(parts["m"]) if parts["m"].isdigit() else 0)
    year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
    try:
        return (datetime(year, month, int(parts["d"])) - EPOCH).days, shown
    except ValueError:
        return None


def read_time(text: str) -> tuple[float, str] | None:
    """Return fraction of a day and pattern of a written time or duration."""
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
