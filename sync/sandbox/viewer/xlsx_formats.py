"""Looks of cells as formats of an XLSX file."""

from __future__ import annotations

import re
from typing import Any

import orjson
import xlsxwriter
from xlsxwriter.format import Format

from sync.sandbox.google.formats import DEFAULT_PATTERNS, number_format
from sync.sandbox.google.grid import Look
from sync.sandbox.viewer.paint import Style, look_style

MAX_PATTERN = 255
_LINES = {"1px solid": 1, "2px solid": 2, "3px solid": 5, "1px dotted": 4, "1px dashed": 3, "3px double": 6}
_SIDES = {"t": "top", "r": "right", "b": "bottom", "l": "left"}
_ALIGNMENTS = {"l": "left", "c": "center", "r": "right"}
_HEIGHTS = {"t": "top", "m": "vcenter", "b": "bottom"}


class Formats:
    """Makes each different format once."""

    def __init__(self, file: xlsxwriter.Workbook) -> None:
        self._file = file
        self._made: dict[bytes, Format] = {}
        self.plain: Format = file.add_format({})
        self._by_look: dict[tuple[Look | None, str | None], Format | None] = {}

    def of(self, look: Look | None, band: str | None = None) -> Format | None:
        """Return the format of a look over a band's colour; None when there is nothing to say."""
        key = (look, band)
        if key not in self._by_look:
            self._by_look[key] = self._find(look, band)
        return self._by_look[key]

    def of_style(self, style: Style) -> Format:
        """Return the format of a style alone, as rules use it."""
        return self._make(_properties(style))

    def _find(self, look: Look | None, band: str | None) -> Format | None:
        style = ({"bg": band} if band else {}) | look_style(look)
        properties = _properties(style)
        if pattern := excel_pattern(look):
            properties["num_format"] = pattern
        return self._make(properties) if properties else None

    def _make(self, properties: dict[str, Any]) -> Format:
        key = orjson.dumps(properties, option=orjson.OPT_SORT_KEYS)
        if key not in self._made:
            self._made[key] = self._file.add_format(properties)
        return self._made[key]


def _properties(style: Style) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bold": style.get("b"),
        "italic": style.get("i"),
        "underline": 1 if style.get("u") else None,
        "font_strikeout": style.get("s"),
        "font_color": style.get("fg"),
        "bg_color": style.get("bg"),
        "font_size": style.get("sz"),
        "font_name": style.get("ff"),
        "align": _ALIGNMENTS.get(style.get("ha", "")),
        "valign": _HEIGHTS.get(style.get("va", "")),
        "text_wrap": style.get("wr") == "w" or None,
    }
    angle = style.get("ro")
    if angle:
        found["rotation"] = 270 if angle == "v" else min(90, max(-90, angle))  # 270: letters below each other
    for side, (line, colour) in (style.get("bd") or {}).items():
        found[_SIDES[side]] = _LINES.get(line, 1)
        found[f"{_SIDES[side]}_color"] = colour
    return {name: worth for name, worth in found.items() if worth}


def excel_pattern(look: Look | None) -> str | None:
    """Return a look's number format in Excel's spelling; None for the general one."""
    chosen = number_format(look)
    if not chosen:
        return None
    pattern = chosen.get("pattern") or DEFAULT_PATTERNS.get(chosen.get("type", ""), "")
    if not pattern or pattern == "General" or len(pattern) > MAX_PATTERN or pattern.count('"') % 2:
        return None  # a broken one would make Excel refuse the file
    return re.sub(r"am/pm|a/p", lambda found: found.group(0).upper(), pattern, flags=re.IGNORECASE)
