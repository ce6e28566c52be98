"""Conditional formats of one tab: which formats its rules give to a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.colours import THEME_COLOURS, WHITE, normal_format
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.conditions import Subject, make_test
from sync.sandbox.google.errors import Json
from sync.sandbox.google.parse import read_typed

Rule = tuple[list[Box], Callable[[Subject], Json | None]]
Colour = tuple[float, float, float]


class Rules:
    """The rules in their order. Earlier rules win where several say something about the same property."""

    def __init__(self, book: Book, sheet: Sheet) -> None:
        self._rules = [
            _read_rule(book, sheet, rule)
            for rule in sheet.objects.get("conditionalFormats") or ()
            if rule.get("ranges")
        ]

    def within(self, box: Box) -> list[Rule]:
        """Return the rules that have a say in a rectangle."""
        return [rule for rule in self._rules if any(part.overlaps(box) for part in rule[0])]


def rule_format(rules: list[Rule], cell: Subject) -> Json:
    """Return what rules give to one cell, as a format."""
    found: Json = {}
    for boxes, format_of in rules:
        if any(box.top <= cell.row < box.bottom and box.left <= cell.column < box.right for box in boxes):
            given = format_of(cell) or {}
            letters = {**given.get("textFormat", {}), **found.get("textFormat", {})}
            found = {**given, **found, **({"textFormat": letters} if letters else {})}
    return found


def _read_rule(book: Book, sheet: Sheet, rule: Mapping[str, Any]) -> Rule:
    boxes = [range_box(sheet, part) for part in rule["ranges"]]
    if "gradientRule" in rule:
        return boxes, Gradient(book, sheet, boxes, rule["gradientRule"])
    boolean = rule.get("booleanRule") or {}
    test = make_test(book, sheet, boolean.get("condition") or {}, anchor=(boxes[0].top, boxes[0].left))
    given = normal_format(boolean.get("format") or {})
    return boxes, lambda cell: given if test(cell) else None


class Gradient:
    """A colour scale. Its ends are looked up in the cells when it is first asked."""

    def __init__(self, book: Book, sheet: Sheet, boxes: list[Box], rule: Mapping[str, Any]) -> None:
        self._place = (book, sheet, boxes)
        self._points = [rule[name] for name in ("minpoint", "midpoint", "maxpoint") if rule.get(name)]
        self._scale: list[tuple[float, Colour]] | None = None

    def __call__(self, cell: Subject) -> Json | None:
        """Return the background of a cell that holds a number."""
        if cell.number is None:
            return None
        if self._scale is None:
            self._scale = self._read_scale()
        if not self._scale:
            return None
        channels = zip(("red", "green", "blue"), mix_scale(self._scale, cell.number), strict=True)
        return normal_format({"backgroundColor": dict(channels)})

    def _read_scale(self) -> list[tuple[float, Colour]]:
        numbers = _numbers_in(*self._place)
        if not numbers:
            return []
        points = [(_point_at(point, numbers, self._place[0].locale), _colour_of(point)) for point in self._points]
        return [(at, colour) for at, colour in points if at is not None]


def _colour_of(point: Mapping[str, Any]) -> Colour:
    style = point.get("colorStyle") or {}
    theme = THEME_COLOURS.get(style.get("themeColor", ""))
    found = theme if theme is not None else style.get("rgbColor", point.get("color", WHITE))
    return found.get("red", 0), found.get("green", 0), found.get("blue", 0)


def _numbers_in(book: Book, sheet: Sheet, boxes: list[Box]) -> list[float]:
    found: list[float] = []
    for box in boxes:
        for row in range(box.top, min(box.bottom, sheet.grid.n_rows)):
            if sheet.grid.cells[row] is None and not sheet.grid.extras[row]:
                continue
            for column in range(box.left, box.right):
                value = cell_value(book, sheet, row, column)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    found.append(value)
    return found


def _point_at(point: Mapping[str, Any], numbers: list[float], locale: str) -> float | None:
    kind = point.get("type", "")
    if kind in {"MIN", "MAX"}:
        return min(numbers) if kind == "MIN" else max(numbers)
    wanted = read_typed(str(point.get("value", "")).lstrip("="), locale=locale, plain_text=False).value
    if not isinstance(wanted, int | float):
        return None
    if kind == "PERCENT":
        return min(numbers) + (max(numbers) - min(numbers)) * wanted / 100
    if kind == "PERCENTILE":
        return _percentile(sorted(numbers), wanted / 100)
    return wanted


def _percentile(ordered: list[float], share: float) -> float:
    at = min(max(share, 0.0), 1.0) * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def mix_scale(scale: list[tuple[float, Colour]], number: float) -> Colour:
    """Return the colour of a number on a scale of (number, colour) in rising order."""
    if number <= scale[0][0]:
        return scale[0][1]
    for (low, first), (high, second) in pairwise(scale):
        if number <= high and high > low:
            return _mix(first, second, (number - low) / (high - low))
    return scale[-1][1]


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (
        round(255 * (low + (high - low) * share)) / 255 for low, high in zip(first, second, strict=True)
    )
    return red, green, blue
