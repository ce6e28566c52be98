"""Single cells as CellData: what requests put into them and what answers show."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.colours import NEXT_COLOUR_STYLES, full_border, normal_format
from sync.sandbox.google.compute import ERRORS, cell_value
from sync.sandbox.google.conditional import Rule, rule_format
from sync.sandbox.google.conditions import Subject
from sync.sandbox.google.errors import MAX_CELL_CHARACTERS, TOO_LONG, Json, invalid
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Extra, Grid, Look, Value, change_looks, make_look, set_cell, set_extra, tidy_number
from sync.sandbox.google.masks import Mask, merge_update, wants
from sync.sandbox.google.pivots import put_pivot, show_pivot
from sync.sandbox.google.shows import show
from sync.sandbox.google.values import utf16_length

CELL_FIELDS = {"userEnteredValue", "userEnteredFormat", "note", "dataValidation", "textFormatRuns", "pivotTable"}
READ_ONLY = {"effectiveValue", "effectiveFormat", "formattedValue", "hyperlink"}
HYPERLINK = re.compile(r'=\s*HYPERLINK\(\s*"((?:[^"]|"")*)"', re.IGNORECASE)


def read_entered(entered: Json) -> tuple[Value, str | None]:
    """Read an ExtendedValue as value and formula."""
    if not entered:
        return None, None
    if len(entered) > 1:
        raise invalid("Only one type of value may be set.")
    kind, value = next(iter(entered.items()))
    if kind == "errorValue":
        raise invalid("Cannot set an error value.")
    if kind == "formulaValue":
        if not value.startswith("="):
            raise invalid(f"Invalid formula: {value}")
        return None, value
    if kind == "stringValue":
        if utf16_length(value) > MAX_CELL_CHARACTERS:
            raise invalid(TOO_LONG)
        return value or None, None
    return tidy_number(value), None


def check_cell(cell: Json, mask: Mask) -> None:
    """Refuse a cell with fields that the sandbox does not keep, as far as the mask names them."""
    for name in cell:
        if name not in CELL_FIELDS and name not in READ_ONLY and wants(mask, name):
            raise invalid(f"CellData.{name} is not in the sandbox.")


def write_cell(sheet: Sheet, place: tuple[int, int], cell: Json, mask: Mask) -> None:
    """Put the masked fields of a CellData into one cell; masked fields that it lacks are cleared."""
    grid, (row, column) = sheet.grid, place
    check_cell(cell, mask)
    if wants(mask, "userEnteredValue"):
        value, formula = read_entered(cell.get("userEnteredValue", {}))
        set_cell(grid, place, value, formula)
    if wants(mask, "pivotTable"):
        put_pivot(sheet, place, cell.get("pivotTable"))
    if wants(mask, "note"):
        old = grid.extra(row, column)
        if old or cell.get("note"):
            set_extra(grid, row, column, replace(old or Extra(), note=cell.get("note") or None))
    if wants(mask, "textFormatRuns"):
        runs, old = tuple(map(_kept_run, cell.get("textFormatRuns", ()))), grid.extra(row, column)
        if runs or (old and old.runs):
            set_extra(grid, row, column, replace(old or Extra(), runs=runs))
    if wants(mask, "userEnteredFormat") or wants(mask, "dataValidation"):
        write_look(grid, Box(row, row + 1, column, column + 1), cell, mask)


def _kept_run(run: Json) -> Json:
    """Return a stretch of formatted text as it is kept: one from the first letter on does not say where it starts."""
    kept = {name: value for name, value in run.items() if name != "startIndex" or value}
    return kept | {"format": normal_format(run.get("format", {}))}


def _kept_format(sent: Json) -> Json:
    """Return a format as it is kept: colours in both spellings, borders with their width, or none."""
    kept = normal_format(sent)
    if "borders" in kept:
        sides = {side: full_border(border) for side, border in kept["borders"].items()}
        drawn = {side: border for side, border in sides.items() if border}
        kept = {name: value for name, value in kept.items() if name != "borders"} | (
            {"borders": drawn} if drawn else {}
        )
    return kept


def write_look(grid: Grid, box: Box, cell: Json, mask: Mask) -> None:
    """Put format and validation of a CellData on a rectangle, as far as the mask names them."""
    picked = mask if mask and "*" not in mask else {"userEnteredFormat": {}, "dataValidation": {}}
    picked = {name: inner for name, inner in picked.items() if name in {"userEnteredFormat", "dataValidation"}}
    if not picked:
        return
    source: Json = {name: cell[name] for name in picked if name in cell}
    if "userEnteredFormat" in source:
        source["userEnteredFormat"] = _kept_format(source["userEnteredFormat"])
    if source.get("dataValidation"):
        source["dataValidation"] = {k: v for k, v in source["dataValidation"].items() if v not in (False, "")}
    both = _with_styles(picked)

    def change(look: Look | None) -> Look | None:
        old: Json = {"userEnteredFormat": look.format, "dataValidation": look.validation} if look else {}
        new = merge_update(old, source, both)
        return make_look(new.get("userEnteredFormat") or {}, new.get("dataValidation"))

    change_looks(grid, box, change)


def _with_styles(mask: Mask) -> Mask:
    """Let a mask that names a colour name its style too, as both are one thing."""
    wider = {name: _with_styles(inner) for name, inner in mask.items()}
    for plain, style in NEXT_COLOUR_STYLES.items():
        if plain in wider and style not in wider:
            wider[style] = {}
        elif style in wider and plain not in wider:
            wider[plain] = {}
    return wider


def effective(value: Value) -> Json:
    """Write a computed value as an ExtendedValue."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        if value in ERRORS:
            kind = {"#DIV/0!": "DIVIDE_BY_ZERO", "#N/A": "N_A"}.get(value, value.strip("#!?").upper())
            return {"errorValue": {"type": kind, "message": value}}
        return {"stringValue": value}
    return {"numberValue": value}


@dataclass(frozen=True, slots=True)
class Usual:
    """What every cell is shown in: the format of the spreadsheet, and the conditional rules that may have a say."""

    format: Json
    rules: list[Rule]

    def over(self, book: Book, place: tuple[int, int], value: Value, look: Look | None) -> Json:
        """Return the format that a cell has in effect."""
        shown = _over(self.format, look.format) if look is not None and look.format else self.format
        given = rule_format(self.rules, Subject(*place, value, look, book.locale)) if self.rules else {}
        return _over(shown, given) if given else shown


def show_cell(book: Book, sheet: Sheet, place: tuple[int, int], usual: Usual) -> Json:
    """Return the CellData of one cell; empty when there is nothing to say."""
    grid, (row, column) = sheet.grid, place
    extra, look = grid.extra(row, column), grid.look(row, column)
    value, brought = cell_value(book, sheet, row, column), look_of(book, sheet, row, column)
    formula = extra.formula if extra else None
    cell: Json = {}
    if formula is not None or value is not None:
        literal = formula is None and (extra is None or extra.shown is None)
        worth = {"stringValue": value} if literal and isinstance(value, str) else effective(value)
        if extra is None or extra.shown is None:
            cell["userEnteredValue"] = {"formulaValue": formula} if formula is not None else worth
        cell["effectiveValue"] = worth
        cell["formattedValue"] = "" if value is None else show(value, brought, book.locale)
    if look is not None and look.format:
        cell["userEnteredFormat"] = look.format
    effective_format = usual.over(book, place, value, brought)
    if cell or effective_format is not usual.format:
        cell["effectiveFormat"] = effective_format
    link = _link(look, value, formula)
    if link:
        cell["hyperlink"] = link
    if extra and extra.note:
        cell["note"] = extra.note
    if extra and extra.pivot:
        cell["pivotTable"] = show_pivot(extra.pivot)
    if extra and extra.runs:
        cell["textFormatRuns"] = list(extra.runs)
    if look is not None and look.validation:
        cell["dataValidation"] = look.validation
    return cell


def _over(usual: Json, own: Json) -> Json:
    """Lay a cell's own format over the usual one; letters and padding are made of parts."""
    parts = {name: usual[name] | own[name] for name in ("textFormat", "padding") if name in own and name in usual}
    return usual | own | parts


def _link(look: Look | None, value: Value, formula: str | None) -> str | None:
    """Return where a cell leads: by its format, or by a HYPERLINK formula with a written address."""
    if value is None:
        return None
    if formula is not None:
        found = HYPERLINK.match(formula)
        return found.group(1).replace('""', '"') if found else None
    link = look.format.get("textFormat", {}).get("link", {}) if look is not None else {}
    address: str | None = link.get("uri")
    return address
