"""A rectangle of cells as the page draws it: shown texts, and each different style once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.conditional import Rule, Rules
from sync.sandbox.google.conditions import Subject
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Extra, Look
from sync.sandbox.google.shows import show
from sync.sandbox.viewer.paint import Bands, Style, letter_style, look_style, natural_alignment, pattern_colour
from sync.sandbox.viewer.rules import rule_style

MAX_SHOWN_CHARACTERS = 2_000  # of one cell in the grid; the cell that is looked into is asked for whole
_ADDRESS = re.compile(r"(https?://|mailto:)\S+\Z", re.IGNORECASE)
_HYPERLINK = re.compile(r'=\s*HYPERLINK\s*\(\s*"((?:[^"]|"")*)"', re.IGNORECASE)


class _Styles:
    """Numbers each different style; 0 is the plain one."""

    def __init__(self) -> None:
        self.all: list[Style] = [{}]
        self._numbers: dict[bytes, int] = {b"{}": 0}

    def number(self, style: Style) -> int:
        key = orjson.dumps(style, option=orjson.OPT_SORT_KEYS)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.all)
            self.all.append(style)
        return found


def show_block(book: Book, sheet: Sheet, box: Box, *, rules: Rules, bands: Bands) -> dict[str, Any]:
    """Return {top, left, styles, rows}. Rows end with their last cell that has anything to show.

    A cell is None, a text in the plain style, or [text, number of style] or [text, number of style, {n: note,
    f: formula, k: "box" of a checkbox or "list" of a choice, c: ticked, l: address, r: [[start, style]...] of stretches
    in letters of their own, counted in UTF-16 units, more: characters left out}].
    """
    grid = sheet.grid
    box = Box(box.top, min(box.bottom, grid.n_rows), box.left, min(box.right, grid.n_columns))
    styles, said = _Styles(), rules.within(box)
    banded = bands if bands.over(box) else None
    rows = []
    for row in range(box.top, box.bottom):
        end = box.right if banded or said else min(box.right, _width(sheet, row))
        cells = [_show_cell(book, sheet, (row, column), (styles, said, banded)) for column in range(box.left, end)]
        while cells and cells[-1] is None:
            cells.pop()
        rows.append(cells)
    return {"top": box.top, "left": box.left, "styles": styles.all, "rows": rows}


def _width(sheet: Sheet, row: int) -> int:
    grid = sheet.grid
    return max(len(grid.cells[row] or ()), len(grid.looks[row] or ()), max(grid.extras[row] or (-1,)) + 1)


def _show_cell(
    book: Book, sheet: Sheet, place: tuple[int, int], brushes: tuple[_Styles, list[Rule], Bands | None]
) -> str | list[Any] | None:
    row, column = place
    styles, rules, bands = brushes
    value = cell_value(book, sheet, row, column)
    look, extra = look_of(book, sheet, row, column), sheet.grid.extra(row, column)
    subject = Subject(row, column, value, look, book.locale)
    text = subject.text
    style = dict(look_style(look))
    if bands and (colour := bands.colour(row, column)):
        style.setdefault("bg", colour)
    if rules:
        style |= rule_style(rules, subject)
    if (aligned := natural_alignment(value)) and "ha" not in style:
        style["ha"] = aligned
    if colour := pattern_colour(value, look):
        style["fg"] = colour
    marks = _marks(value, look, extra) | _link(text, style, extra)
    style.pop("li", None)
    if len(text) > MAX_SHOWN_CHARACTERS:
        marks["more"] = len(text) - MAX_SHOWN_CHARACTERS
        text = text[:MAX_SHOWN_CHARACTERS]
    number = styles.number({name: worth for name, worth in style.items() if worth is not False})
    if marks:
        return [text, number, marks]
    return [text, number] if number else (text or None)


def _marks(value: object, look: Look | None, extra: Extra | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if extra and extra.note:
        found["n"] = extra.note
    if extra and extra.formula:
        found["f"] = extra.formula
    if extra and extra.runs and isinstance(value, str):
        found["r"] = [[run.get("startIndex", 0), _run_style(run)] for run in extra.runs]
    kind = (((look.validation if look else None) or {}).get("condition") or {}).get("type", "")
    if kind == "BOOLEAN" and (value is None or isinstance(value, bool)):
        found |= {"k": "box", "c": bool(value)}
    elif kind in {"ONE_OF_LIST", "ONE_OF_RANGE"}:
        found["k"] = "list"
    return found


def _run_style(run: Mapping[str, Any]) -> Style:
    style = letter_style(run.get("format") or {})
    if not _ADDRESS.match(style.get("li", "")):
        style.pop("li", None)
    return style


def _link(text: str, style: Style, extra: Extra | None) -> dict[str, Any]:
    """Return where a cell leads. Only addresses of the web and of mail are ever made to lead anywhere."""
    address = style.get("li")
    formula = extra.formula if extra else None
    if not address and formula and (found := _HYPERLINK.match(formula)):
        address = found.group(1).replace('""', '"')
    if not address and not formula and text[:8].lower().startswith(("http://", "https://")):
        address = text
    return {"l": address} if address and _ADDRESS.match(address) else {}


def show_whole(book: Book, sheet: Sheet, row: int, column: int) -> dict[str, Any] | None:
    """Return everything that one cell holds, however long; None beyond the grid."""
    grid = sheet.grid
    if not (0 <= row < grid.n_rows and 0 <= column < grid.n_columns):
        return None
    value, look, extra = (
        cell_value(book, sheet, row, column),
        look_of(book, sheet, row, column),
        grid.extra(row, column),
    )
    return {
        "text": "" if value is None else show(value, look, book.locale),
        "formula": extra.formula if extra else None,
        "note": extra.note if extra else None,
    }
