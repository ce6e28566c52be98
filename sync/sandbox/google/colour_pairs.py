"""Colours in both spellings, wherever the schema has both: `backgroundColor` and `backgroundColorStyle`, and so on."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.colours import THEME_COLOURS, eight_bits
from sync.sandbox.google.errors import Json
from sync.sandbox.google.masks import Mask
from sync.sandbox.google.schema import fields_of


def kept_colours(value: Json, type_name: str) -> Json:
    """Return a message as the service keeps it: colours in 8 bits, in both spellings; styles count when both came."""
    kept: Json = _paired(eight_bits(value), f"@{type_name}")
    return kept


def _paired(value: Any, code: str) -> Any:
    if isinstance(value, list):
        return [_paired(item, code.removeprefix("[")) for item in value]
    if not isinstance(value, dict) or code[0] not in "@{":
        return value
    if code[0] == "{":
        return {name: _paired(item, code[1:]) for name, item in value.items()}
    fields = fields_of(code[1:])
    kept = {name: _paired(item, fields.get(name, "a")) for name, item in value.items()}
    for plain, own in fields.items():
        style = f"{plain}Style"
        if own != "@Color" or fields.get(style) != "@ColorStyle":
            continue
        if style in kept:
            rgb = kept[style].get("rgbColor", THEME_COLOURS.get(kept[style].get("themeColor", "")))
            kept |= {plain: rgb} if rgb is not None else {}
        elif plain in kept:
            kept[style] = {"rgbColor": kept[plain]}
    return kept


def with_pairs(mask: Mask) -> Mask:
    """Let a mask that names a colour name its other spelling too, as both are one thing."""
    wider = {name: with_pairs(inner) for name, inner in mask.items()}
    for name in mask:
        if name.lower().endswith("color"):
            wider.setdefault(f"{name}Style", {})
        elif name.lower().endswith("colorstyle"):
            wider.setdefault(name.removesuffix("Style"), {})
    return wider
