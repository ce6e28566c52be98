"""Colours as the service keeps them: 8 bits a channel, written with 32-bit floats, in both spellings."""

from __future__ import annotations

import struct
from typing import Any

from sync.sandbox.google.errors import Json

CHANNELS = {"red", "green", "blue", "alpha"}
NEXT_COLOUR_STYLES = {
    "backgroundColor": "backgroundColorStyle",
    "foregroundColor": "foregroundColorStyle",
    "tabColor": "tabColorStyle",
    "color": "colorStyle",
}
WHITE: Json = {"red": 1, "green": 1, "blue": 1}
THEME_COLOURS: dict[str, Json] = {
    "TEXT": {},
    "BACKGROUND": WHITE,
    "ACCENT1": {"red": 0.25882354, "green": 0.52156866, "blue": 0.95686275},
    "ACCENT2": {"red": 0.91764706, "green": 0.2627451, "blue": 0.20784314},
    "ACCENT3": {"red": 0.9843137, "green": 0.7372549, "blue": 0.015686275},
    "ACCENT4": {"red": 0.20392157, "green": 0.65882355, "blue": 0.3254902},
    "ACCENT5": {"red": 1, "green": 0.42745098, "blue": 0.003921569},
    "ACCENT6": {"red": 0.27450982, "green": 0.7411765, "blue": 0.7764706},
    "LINK": {"red": 0.06666667, "green": 0.33333334, "blue": 0.8},
}


def _single(value: float) -> float:
    """Return the 32-bit float next to a number."""
    found: float = struct.unpack("f", struct.pack("f", value))[0]
    return found


def _written(level: int) -> float:
    """Return a channel with as few digits as its 32-bit float needs."""
    exact = _single(level / 255)
    texts = (f"{exact:.{digits}g}" for digits in range(6, 10))
    return next(float(text) for text in texts if _single(float(text)) == exact)


_LEVELS: list[float] = [0, *(_written(level) for level in range(1, 255)), 1]


def _channel(value: float) -> float:
    return _LEVELS[min(255, max(0, int(_single(_single(min(value, 2.0)) * 255))))]


def eight_bits(value: Any) -> Any:
    """Round every colour channel to 8 bits, drop channels that are zero."""
    if isinstance(value, list):
        return [eight_bits(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value and set(value) <= CHANNELS:
        channels = {name: _channel(float(channel)) for name, channel in value.items()}
        return {name: channel for name, channel in channels.items() if channel}
    return {name: eight_bits(item) for name, item in value.items()}


def normal_format(cell_format: Json) -> Json:
    """Return a format as the service keeps it: 8-bit colours, and both spellings of a colour."""
    kept: Json = eight_bits(cell_format)
    _add_styles(kept)
    return kept


def _add_styles(node: Json) -> None:
    for plain, style in NEXT_COLOUR_STYLES.items():
        if style not in node and plain in node:
            node[style] = {"rgbColor": node[plain]}
        elif style in node and plain not in node:
            rgb = node[style].get("rgbColor", THEME_COLOURS.get(node[style].get("themeColor", "")))
            node.update({plain: rgb} if rgb is not None else {})
    for value in node.values():
        if isinstance(value, dict) and not set(value) <= CHANNELS:
            _add_styles(value)


WIDTHS = {"DOTTED": 1, "DASHED": 1, "SOLID": 1, "SOLID_MEDIUM": 2, "SOLID_THICK": 3, "DOUBLE": 3}


def full_border(border: Json) -> Json | None:
    """Return a border as the service keeps it; None when it is none."""
    style = border.get("style", "NONE")
    if style in {"NONE", "STYLE_UNSPECIFIED"}:
        return None
    colours: Json = {name: border[name] for name in ("color", "colorStyle") if name in border} or {"color": {}}
    kept: Json = {"style": style, "width": WIDTHS[style]} | normal_format(colours)
    return kept
