"""The number formats that formulas bring along: of dates that functions make, and of cells that they refer to."""

from __future__ import annotations

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.compute import split_formula, target_of
from sync.sandbox.google.errors import GoogleError, Json
from sync.sandbox.google.grid import Look, make_look
from sync.sandbox.google.languages import writing_of
from sync.sandbox.google.operands import FormulaError

OF_TIME = {"TODAY": "DATE", "DATE": "DATE", "NOW": "DATE_TIME"}
OF_FIRST_CELL = {"SUM", "MIN", "MAX", "AVERAGE", "MEDIAN"}
TIME_TYPES = {"DATE", "TIME", "DATE_TIME"}
Token = tuple[str, str]


def look_of(book: Book, sheet: Sheet, row: int, column: int) -> Look | None:
    """Return the look by which a cell shows: its own, and without a number format there what its formula brings."""
    look, extra = sheet.grid.shown_look(row, column), sheet.grid.extra(row, column)
    if extra is None or extra.formula is None or (look is not None and "numberFormat" in look.format):
        return look
    key = ("look", sheet.sheet_id, row, column)
    if key not in book.computed:
        book.computed[key] = None  # a formula that depends on itself finds this
        book.computed[key] = _brought(book, sheet, extra.formula)
    brought: Json | None = book.computed[key]
    if brought is None:
        return look
    own = look.format if look is not None else {}
    return make_look(own | {"numberFormat": brought}, look.validation if look is not None else None)


def _brought(book: Book, sheet: Sheet, formula: str) -> Json | None:
    try:
        tokens = split_formula(formula)
    except FormulaError:
        return None
    name = _whole_call(tokens)
    if name in OF_TIME:
        pattern = writing_of(book.locale).date_pattern + (" h:mm:ss" if name == "NOW" else "")
        return {"type": OF_TIME[name], "pattern": pattern}
    references = [text for kind, text in tokens if kind == "reference"]
    if name in OF_FIRST_CELL:
        return _format_at(book, sheet, references[0]) if references else None
    plain = all(kind in {"reference", "number"} or text in {"+", "-"} for kind, text in tokens)
    return _of_sum(book, sheet, tokens) if plain and references else None


def _whole_call(tokens: list[Token]) -> str:
    """Return the name of the function that is the whole formula, if one is."""
    if len(tokens) < 3 or tokens[0][0] != "name" or tokens[1][1] != "(":
        return ""
    depth = 0
    for at, (kind, text) in enumerate(tokens[1:], start=1):
        depth += {"(": 1, ")": -1}.get(text, 0) if kind == "sign" else 0
        if depth == 0:
            return tokens[0][1].upper() if at == len(tokens) - 1 else ""
    return ""


def _of_sum(book: Book, sheet: Sheet, tokens: list[Token]) -> Json | None:
    """Return the format of sums and differences: a difference of two times is a plain number."""
    found = [_format_at(book, sheet, text) for kind, text in tokens if kind == "reference"]
    formats = [each for each in found if each is not None]
    if not formats or (formats[0].get("type") in TIME_TYPES and len(formats) > 1):
        return None
    return formats[0]


def _format_at(book: Book, sheet: Sheet, reference: str) -> Json | None:
    try:
        owner, box = target_of(book, sheet, reference)
    except (FormulaError, GoogleError):
        return None
    look = look_of(book, owner, box.top, box.left)
    found: Json | None = look.format.get("numberFormat") if look is not None else None
    return found
