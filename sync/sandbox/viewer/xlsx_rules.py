"""Conditional formats and formulas in Excel's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.formulas import Corner, read_corner, rewrite, title_of
from sync.sandbox.google.parse import read_typed
from sync.sandbox.viewer.paint import format_style, read_colour
from sync.sandbox.viewer.xlsx_formats import Formats

LAST_ROW, LAST_COLUMN = 1_048_575, 16_383
COMPARED = {
    "NUMBER_GREATER": ">",
    "NUMBER_GREATER_THAN_EQ": ">=",
    "NUMBER_LESS": "<",
    "NUMBER_LESS_THAN_EQ": "<=",
    "NUMBER_EQ": "==",
    "NUMBER_NOT_EQ": "!=",
    "TEXT_EQ": "==",
    "DATE_EQ": "==",
    "DATE_BEFORE": "<",
    "DATE_AFTER": ">",
}
RANGES = {"NUMBER_BETWEEN": "between", "NUMBER_NOT_BETWEEN": "not between"}
_TEXTS = {
    "TEXT_CONTAINS": "containing",
    "TEXT_NOT_CONTAINS": "not containing",
    "TEXT_STARTS_WITH": "begins with",
    "TEXT_ENDS_WITH": "ends with",
}
_BLANKS = {"BLANK": "blanks", "NOT_BLANK": "no_blanks"}
_ENDS = {"MIN": "min", "MAX": "max", "NUMBER": "num", "PERCENT": "percent", "PERCENTILE": "percentile"}


def add_rules(book: Book, sheet: Sheet, page: Worksheet, *, formats: Formats, names: Mapping[int, str]) -> None:
    """Give a page the conditional formats of a tab that Excel has too."""
    for rule in sheet.objects.get("conditionalFormats") or ():
        boxes = [_within(range_box(sheet, part)) for part in rule.get("ranges") or ()]
        boxes = [box for box in boxes if not box.empty]
        options = (
            _gradient(rule["gradientRule"], book) if "gradientRule" in rule else _boolean(rule, book, formats, names)
        )
        if boxes and options:
            ranges = [xl_range(box.top, box.left, box.bottom - 1, box.right - 1) for box in boxes]
            box = boxes[0]
            options["multi_range"] = " ".join(ranges)
            page.conditional_format(box.top, box.left, box.bottom - 1, box.right - 1, options)


def _within(box: Box) -> Box:
    return Box(box.top, min(box.bottom, LAST_ROW + 1), box.left, min(box.right, LAST_COLUMN + 1))


def _boolean(rule: Mapping[str, Any], book: Book, formats: Formats, names: Mapping[int, str]) -> dict[str, Any] | None:
    boolean = rule.get("booleanRule") or {}
    condition = boolean.get("condition") or {}
    kind = condition.get("type", "")
    values = [operand(value, book, names) for value in condition.get("values") or () if "userEnteredValue" in value]
    found: dict[str, Any] | None = None
    if kind in COMPARED and values:
        found = {"type": "cell", "criteria": COMPARED[kind], "value": values[0]}
    elif kind in RANGES and len(values) > 1:
        found = {"type": "cell", "criteria": RANGES[kind], "minimum": values[0], "maximum": values[1]}
    elif kind in _TEXTS and values:
        found = {"type": "text", "criteria": _TEXTS[kind], "value": str(condition["values"][0]["userEnteredValue"])}
    elif kind in _BLANKS:
        found = {"type": _BLANKS[kind]}
    elif kind == "CUSTOM_FORMULA" and values:
        found = {"type": "formula", "criteria": values[0]}
    return found and found | {"format": formats.of_style(format_style(boolean.get("format") or {}))}


def operand(value: Mapping[str, Any], book: Book, names: Mapping[int, str]) -> str | float:
    """Return what a condition compares with: a number, a formula, or a text in quotes."""
    text = str(value["userEnteredValue"])
    if text.startswith("="):
        return excel_formula(book, text, names)
    entered = read_typed(text, locale=book.locale, plain_text=False).value
    if isinstance(entered, int | float):
        return entered
    quoted = text.replace('"', '""')
    return f'"{quoted}"'


def _gradient(rule: Mapping[str, Any], book: Book) -> dict[str, Any] | None:
    ends = [(name, rule[f"{name}point"]) for name in ("min", "mid", "max") if rule.get(f"{name}point")]
    if len(ends) < 2:
        return None
    found: dict[str, Any] = {"type": f"{len(ends)}_color_scale"}
    for name, point in ends:
        found[f"{name}_type"] = _ENDS.get(point.get("type", ""), name)
        found[f"{name}_color"] = read_colour(point, "color") or "#ffffff"
        if "value" in point:
            found[f"{name}_value"] = read_typed(str(point["value"]), locale=book.locale, plain_text=False).value
    return found


def excel_formula(book: Book, formula: str, names: Mapping[int, str]) -> str:
    """Return a formula with tabs under their names in the file, and open ranges closed, which Excel asks for."""

    def reference(title: str | None, cells: str) -> str:
        if title:
            sheet = book.find_title(title_of(title))
            if sheet is not None:
                quoted = names[sheet.sheet_id].replace("'", "''")
                title = f"'{quoted}'!"
        return (title or "") + _closed(cells)

    return rewrite(formula, reference)


def _closed(cells: str) -> str:
    first_text, colon, last_text = cells.partition(":")
    if not colon:
        return cells
    first, last = read_corner(first_text), read_corner(last_text)
    return f"{_filled(first, last, end=False).text()}:{_filled(last, first, end=True).text()}"


def _filled(corner: Corner, other: Corner, *, end: bool) -> Corner:
    """Give a corner the row or column that it lacks when the other corner has one."""
    if corner.row is None and other.row is not None:
        corner = replace(corner, row=LAST_ROW if end else 0)
    if corner.column is None and other.column is not None:
        corner = replace(corner, column=LAST_COLUMN if end else 0)
    return corner
