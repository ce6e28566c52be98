"""The colours that a config can name: soft ones behind letters, stronger ones at the ends of a scale. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SOFT: Mapping[str, str] = {
    "red": "#f4c7c3",
    "orange": "#fce0c2",
    "yellow": "#fff2b8",
    "green": "#c8e6d0",
    "blue": "#cfe0f8",
    "purple": "#e0d6f0",
    "grey": "#e8eaed",
    "white": "#ffffff",
}
_STRONG: Mapping[str, str] = {
    "red": "#e67c73",
    "orange": "#f6b26b",
    "yellow": "#ffd666",
    "green": "#57bb8a",
    "blue": "#6fa8dc",
    "purple": "#a48fd0",
    "grey": "#b7b7b7",
    "white": "#ffffff",
}
COLOURS = f'{", ".join(_SOFT)}, or "#rrggbb"'
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def read_colour(text: str, *, strong: bool = False) -> str:
    """Return a colour as "#rrggbb".

    Raises:
        ValueError: it is none; says what is allowed.

    """
    name = text.strip().lower()
    found = (_STRONG if strong else _SOFT).get(name) or (name if _HEX.fullmatch(name) else None)
    if found is None:
        raise ValueError(f"allowed: {COLOURS}")
    return found


def read_scale(text: str) -> tuple[str, ...]:
    """Return the colours of "white to green" or "green to yellow to red".

    Raises:
        ValueError: it is no scale; says what is allowed.

    """
    parts = re.split(r"\s+to\s+", text.strip())
    if len(parts) not in (2, 3):
        raise ValueError('allowed: two or three colours, such as "white to green"')
    return tuple(read_colour(part, strong=True) for part in parts)
