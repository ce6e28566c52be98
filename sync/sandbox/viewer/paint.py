"""How a cell looks, as small plain values: formats, and the alternating colours that lie under them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Sheet, range_box
from sync.sandbox.google.colours import THEME_COLOURS
from sync.sandbox.google.compute import ERRORS
from sync.sandbox.google.grid import Look, Value
from sync.sandbox.google.tables import band_of

Style = dict[str, Any]
"""b, i, u, s: bold, italic, underlined, struck; fg, bg: #rrggbb; sz: points; ff: font; ha: l, c or r; va: t or m;
wr: w (wrapped) or c (clipped); bd: lines by side; ro: angle, or "v" for letters below each other; li: address."""

_THEME: Mapping[str, Mapping[str, float]] = THEME_COLOURS
_ALIGNMENTS = {"LEFT": "l", "CENTER": "c", "RIGHT": "r"}
_HEIGHTS = {"TOP": "t", "MIDDLE": "m", "BOTTOM": "b"}
_WRAPS = {"WRAP": "w", "LEGACY_WRAP": "w", "CLIP": "c", "OVERFLOW_CELL": "o"}
_LINES = {
    "SOLID": "1px solid",
    "SOLID_MEDIUM": "2px solid",
    "SOLID_THICK": "3px solid",
    "DOTTED": "1px dotted",
    "DASHED": "1px dashed",
    "DOUBLE": "3px double",
}
_NAMED_COLOURS = {
    "black": "#000000",
    "blue": "#0000ff",
    "cyan": "#00ffff",
    "green": "#00ff00",
    "magenta": "#ff00ff",
    "red": "#ff0000",
    "white": "#ffffff",
    "yellow": "#ffff00",
}
_PATTERN_COLOUR = re.compile(r"\[(" + "|".join(_NAMED_COLOURS) + r")\]", re.IGNORECASE)


def hex_colour(colour: Mapping[str, float] | None) -> str | None:
    """Write a Color as #rrggbb."""
    if colour is None:
        return None
    parts = (min(255, max(0, round(255 * float(colour.get(name, 0))))) for name in ("red", "green", "blue"))
    return "#" + "".join(f"{part:02x}" for part in parts)


def read_colour(owner: Mapping[str, Any], name: str) -> str | None:
    """Return the colour that an object has under `name` or, which counts more, under its style."""
    style = owner.get(f"{name}Style") or {}
    if "themeColor" in style:
        return hex_colour(_THEME.get(style["themeColor"]))
    return hex_colour(style.get("rgbColor", owner.get(name)))


def format_style(chosen: Mapping[str, Any]) -> Style:
    """Return what a CellFormat says; what it does not mention is not there."""
    letters = chosen.get("textFormat") or {}
    found = letter_style(letters) | {
        "bg": read_colour(chosen, "backgroundColor"),
        "ha": _ALIGNMENTS.get(chosen.get("horizontalAlignment", "")),
        "va": _HEIGHTS.get(chosen.get("verticalAlignment", "")),
        "wr": _WRAPS.get(chosen.get("wrapStrategy", "")),
        "ro": _rotation(chosen.get("textRotation") or {}),
        "bd": _borders(chosen.get("borders") or {}),
    }
    return {name: worth for name, worth in found.items() if worth is not None}


def letter_style(letters: Mapping[str, Any]) -> Style:
    """Return what a TextFormat says, of a cell or of a stretch of its text."""
    marks = {"b": "bold", "i": "italic", "u": "underline", "s": "strikethrough"}
    found: Style = {short: bool(letters[name]) for short, name in marks.items() if name in letters}
    found |= {
        "fg": read_colour(letters, "foregroundColor"),
        "sz": letters.get("fontSize"),
        "ff": letters.get("fontFamily"),
        "li": (letters.get("link") or {}).get("uri"),
    }
    return {name: worth for name, worth in found.items() if worth is not None}


def _rotation(chosen: Mapping[str, Any]) -> int | str | None:
    return "v" if chosen.get("vertical") else chosen.get("angle") or None


def _borders(borders: Mapping[str, Any]) -> dict[str, list[str]] | None:
    found = {}
    for side in ("top", "right", "bottom", "left"):
        line = borders.get(side) or {}
        if line.get("style") in _LINES:
            found[side[0]] = [_LINES[line["style"]], read_colour(line, "color") or "#000000"]
    return found or None


_look_styles: dict[Look, Style] = {}


def look_style(look: Look | None) -> Style:
    """Return the style of a stored look; looks are shared, so each is read once."""
    if look is None:
        return {}
    found = _look_styles.get(look)
    if found is None:
        found = _look_styles[look] = format_style(look.format)
    return found


def natural_alignment(value: Value) -> str | None:
    """Return where a value stands when nobody aligned it."""
    if isinstance(value, bool) or (isinstance(value, str) and value in ERRORS):
        return "c"
    return "r" if isinstance(value, int | float) else None


@lru_cache(maxsize=256)
def _section_colours(pattern: str) -> tuple[str | None, ...]:
    found = (_PATTERN_COLOUR.search(section) for section in pattern.split(";"))
    return tuple(match and _NAMED_COLOURS[match.group(1).lower()] for match in found)


def pattern_colour(value: Value, look: Look | None) -> str | None:
    """Return the colour that a number format such as `0;[Red]-0` gives to a value."""
    pattern = ((look.format.get("numberFormat") if look else None) or {}).get("pattern")
    if not pattern or "[" not in pattern or isinstance(value, str | bool) or value is None:
        return None
    colours = _section_colours(pattern)
    if value < 0 and len(colours) > 1:
        return colours[1]
    return colours[2] if value == 0 and len(colours) > 2 else colours[0]


class Bands:
    """The alternating colours of one tab, those of its tables included."""

    def __init__(self, sheet: Sheet) -> None:
        tables = [band_of(table) for table in sheet.objects.get("tables") or ()]
        self._bands = [
            (
                range_box(sheet, band["range"]),
                _band_colours(band, "rowProperties"),
                _band_colours(band, "columnProperties"),
            )
            for band in (*(sheet.objects.get("bandedRanges") or ()), *tables)
            if "range" in band
        ]

    def over(self, box: Box) -> bool:
        """Tell whether any cell of a rectangle is banded."""
        return any(band.overlaps(box) for band, _, _ in self._bands)

    def colour(self, row: int, column: int) -> str | None:
        """Return the background that banding gives to one cell."""
        for box, rows, columns in self._bands:
            if box.top <= row < box.bottom and box.left <= column < box.right:
                return _band(rows, row - box.top, box.bottom - box.top) or _band(
                    columns, column - box.left, box.right - box.left
                )
        return None


_BAND_NAMES = ("headerColor", "firstBandColor", "secondBandColor", "footerColor")
BandColours = tuple[str | None, ...]


def _band_colours(band: Mapping[str, Any], name: str) -> BandColours:
    return tuple(read_colour(band.get(name) or {}, colour) for colour in _BAND_NAMES)


def _band(colours: BandColours, index: int, count: int) -> str | None:
    header, first, second, footer = colours
    if footer and index == count - 1:
        return footer
    if header:
        if index == 0:
            return header
        index -= 1
    return second if index % 2 else first
