"""The text that a person sees in a cell. What a format says is worked out once and kept, as reading must be fast."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sync.sandbox.google.formats import (
    DEFAULT_PATTERNS,
    EPOCH,
    MS_PER_DAY,
    is_time,
    moment_part,
    number_format,
    show_plain,
    show_time,
    time_tokens,
)
from sync.sandbox.google.grid import Look, Scalar
from sync.sandbox.google.languages import Writing, truth_words, writing_of
from sync.sandbox.google.number_patterns import localized, read_sections, show_number

Shower = Callable[[Any], str]
EXACT = 10**15
QUICK = re.compile(r'((?:"[^"]*"|[$€£¥])*)(#,##)?0(?:\.(0{1,9}))?(%)?((?:"[^"]*"|[ €])*)\Z')
TIE = 1e-6
DAY_UNITS = {"y", "d", "m"}
_known: dict[tuple[Look | None, str], Shower] = {}


def show(value: Scalar, look: Look | None, locale: str = "en_US") -> str:
    """Return the text that a person sees in a cell with this value."""
    return shower(look, locale)(value)


def shower(look: Look | None, locale: str) -> Shower:
    """Return how a look writes values in a locale."""
    found = _known.get((look, locale))
    if found is None:
        found = _known[(look, locale)] = _make(look, locale)
    return found


def _make(look: Look | None, locale: str) -> Shower:
    number = _number_shower(look, locale)
    true, false = truth_words(locale)
    written = _text_shower(look)

    def shown(value: Any) -> str:
        kind = value.__class__
        if kind is str:
            return written(value) if written else value
        if kind is bool:
            return true if value else false
        return number(value)

    return shown


def writes_texts(look: Look | None) -> bool:
    """Tell whether texts with this look show as anything but themselves."""
    return _text_shower(look) is not None


def _text_shower(look: Look | None) -> Shower | None:
    """Return how a pattern writes texts, if it has a say: by its fourth section, or by `@` in its only one."""
    pattern = (number_format(look) or {}).get("pattern", "")
    if "@" not in pattern or pattern == "@":
        return None
    sections = read_sections(pattern)
    if len(sections) not in {1, 4} or "@" not in sections[-1].text:
        return None
    before, _, after = sections[-1].text.partition("@")
    return lambda text: sections[-1].literal(before) + text + sections[-1].literal(after)


def _number_shower(look: Look | None, locale: str) -> Shower:
    writing = writing_of(locale)
    chosen = number_format(look)
    if not chosen or chosen.get("type") == "TEXT":
        return _plain(writing)
    pattern = chosen.get("pattern") or _usual_pattern(chosen.get("type", ""), writing)
    if not pattern or pattern == "General" or ("@" in pattern and len(read_sections(pattern)) == 1):
        return _plain(writing)
    if is_time(look):
        return _times(pattern, locale.partition("_")[0])
    return _numbers(pattern, writing)


def _usual_pattern(kind: str, writing: Writing) -> str:
    if kind in {"DATE", "DATE_TIME"}:
        return DEFAULT_PATTERNS[kind].replace("M/d/yyyy", writing.date_pattern)
    if kind == "CURRENCY":
        sign = f'"{writing.currency}"'
        return f"{sign}#,##0.00" if writing.point == "." else f'#,##0.00" "{sign}'
    return DEFAULT_PATTERNS.get(kind, "")


def _plain(writing: Writing) -> Shower:
    def shown(number: Any) -> str:
        if number.__class__ is int and -EXACT < number < EXACT:
            return str(number)
        if 1 <= number < 1e9 or -1e9 < number <= -1:
            return f"{number:.10g}"
        return show_plain(number)

    if writing.point == ".":
        return shown
    return lambda number: shown(number).replace(".", writing.point)


def _numbers(pattern: str, writing: Writing) -> Shower:
    """Write numbers by a pattern; the usual ones by Python's own means, unless a digit hangs in the balance."""
    found = QUICK.match(pattern)
    if not found:
        return lambda number: show_number(number, pattern, writing)
    before, grouped, places, percent, after = found.groups()
    spec = f"{',' if grouped else ''}.{len(places or '')}f"
    ten, scale = 10 ** len(places or ""), 100 if percent else 1
    before, after = before.replace('"', ""), (percent or "") + after.replace('"', "")

    def shown(number: Any) -> str:
        size = abs(number) * scale
        near = size * ten
        if near >= EXACT or (number.__class__ is float and abs(near % 1 - 0.5) < TIE):
            return show_number(number, pattern, writing)
        text = localized(format(size, spec), writing)
        sign = "-" if number < 0 and near >= 0.5 else ""
        return sign + before + text + after

    return shown


def _times(pattern: str, language: str) -> Shower:
    """Write serial numbers by a pattern: each day and each second of a day is worked out once."""
    tokens = time_tokens(pattern)
    if any(kind in {"elapsed", "fraction"} for kind, _ in tokens):
        return lambda serial: show_time(serial, pattern, language)
    how = (any(kind == "half" for kind, _ in tokens), language)
    pieces = [_piece(run, by_day, how) for by_day, run in _runs(tokens)]

    def shown(serial: Any) -> str:
        try:
            day, second = divmod((round(serial * MS_PER_DAY) + 500) // 1000, 86_400)
            return "".join([known(day if by_day else second) for by_day, known in pieces])
        except OverflowError:
            return show_plain(serial)

    return shown


def _runs(tokens: tuple[tuple[str, str], ...]) -> list[tuple[bool, list[tuple[str, str]]]]:
    """Split tokens into stretches that speak of the day, and stretches that speak of the time."""
    runs: list[tuple[bool, list[tuple[str, str]]]] = []
    for kind, text in tokens:
        by_day = kind == "unit" and text[0] in DAY_UNITS
        if runs and (kind == "text" or runs[-1][0] == by_day):
            runs[-1][1].append((kind, text))
        else:
            runs.append((by_day, [(kind, text)]))
    return runs


def _piece(run: list[tuple[str, str]], by_day: bool, how: tuple[bool, str]) -> tuple[bool, Callable[[int], str]]:
    known: dict[int, str] = {}

    def text_of(number: int) -> str:
        text = known.get(number)
        if text is None:
            moment = EPOCH + (timedelta(days=number) if by_day else timedelta(seconds=number))
            text = known[number] = "".join(moment_part(kind, part, moment, how) for kind, part in run)
        return text

    return by_day, text_of
