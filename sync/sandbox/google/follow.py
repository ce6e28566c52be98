"""Everything that follows when rows or columns of a tab are inserted, deleted or moved, cells apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.errors import Json
from sync.sandbox.google.formulas import follow_formulas, followed_formula
from sync.sandbox.google.grid import Grid, Look, Looks, has_formula_rules, make_look, note_all
from sync.sandbox.google.pivots import follow_pivots
from sync.sandbox.google.spans import Change, follow_all, follow_range, new_index
from sync.sandbox.google.tables import follow_tables


def follow_everything(book: Book, sheet: Sheet, dimension: str, change: Change) -> None:
    """Let ranges, filters, tables, charts, rules, validations and formulas of a spreadsheet follow."""
    follow_all(book, sheet, dimension, change)
    follow_tables(sheet, dimension, change)
    follow_formulas(book, sheet, dimension, change)
    follow_pivots(book, sheet, dimension, change)
    if dimension == "COLUMNS":
        for name in ("filterViews", "basicFilter"):
            found = sheet.objects[name]
            for item in found if isinstance(found, list) else [found] if found else []:
                _follow_criteria(item, change)
    for other in book.sheets:
        _follow_slicers(other, sheet, dimension, change)
        _follow_conditions(other, lambda owner, text: followed_formula(book, owner, text, (sheet, dimension, change)))


def _follow_criteria(item: Json, change: Change) -> None:
    """Let what a filter says of its columns go with them; what it says of one that is gone is forgotten."""
    if "criteria" in item:
        moved = {new_index(int(index), change): rule for index, rule in item["criteria"].items()}
        item["criteria"] = {str(index): rule for index, rule in moved.items() if index is not None}
    for name, key in (("filterSpecs", "columnIndex"), ("sortSpecs", "dimensionIndex")):
        if name in item:
            places = [(new_index(spec.get(key, 0), change), spec) for spec in item[name]]
            item[name] = [spec | {key: index} for index, spec in places if index is not None]


def _follow_slicers(owner: Sheet, changed: Sheet, dimension: str, change: Change) -> None:
    kept = []
    for old in owner.objects["slicers"]:
        slicer, spec = dict(old), old["spec"]
        if spec["dataRange"].get("sheetId", 0) == changed.sheet_id:
            place = follow_range(spec["dataRange"], dimension, change)
            if place is None:
                continue
            slicer["spec"] = spec | {"dataRange": place}
        if owner is changed:
            slicer["position"] = _follow_anchor(old["position"], dimension, change)
        kept.append(slicer)
    owner.objects["slicers"] = kept


def _follow_anchor(position: Json, dimension: str, change: Change) -> Json:
    overlay = position["overlayPosition"]
    name = "rowIndex" if dimension == "ROWS" else "columnIndex"
    moved = new_index(overlay["anchorCell"].get(name, 0), change)
    at = moved if moved is not None else getattr(change, "start", 0)
    return {"overlayPosition": overlay | {"anchorCell": overlay["anchorCell"] | {name: at}}}


Rewrite = Callable[[Sheet, str], str]


def _follow_conditions(owner: Sheet, rewrite: Rewrite) -> None:
    """Let the formulas in conditional formats and validations of one tab follow."""

    def change(node: Any) -> Any:
        return _rewritten(node, lambda text: rewrite(owner, text))

    if owner.objects["conditionalFormats"]:
        owner.objects["conditionalFormats"] = [change(rule) for rule in owner.objects["conditionalFormats"]]
    for filtered in [
        *owner.objects["filterViews"],
        *([owner.objects["basicFilter"]] if owner.objects["basicFilter"] else []),
    ]:
        for name in ("criteria", "filterSpecs"):
            if name in filtered:
                filtered[name] = change(filtered[name])
    _follow_validations(owner.grid, change)


def _rewritten(node: Any, rewrite: Callable[[str], str]) -> Any:
    if isinstance(node, list):
        return [_rewritten(item, rewrite) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: rewrite(item)
        if name in {"userEnteredValue", "value"} and isinstance(item, str) and item.startswith("=")
        else _rewritten(item, rewrite)
        for name, item in node.items()
    }


def _follow_validations(grid: Grid, change: Callable[[Any], Any]) -> None:
    if not has_formula_rules():
        return
    note_all(grid)
    known_rows: dict[int, tuple[Looks, Looks]] = {}
    known: dict[int, Look | None] = {}

    def followed(look: Look | None) -> Look | None:
        if look is None or look.validation is None:
            return look
        if id(look) not in known:
            known[id(look)] = make_look(look.format, change(look.validation))
        return known[id(look)]

    for row, looks in enumerate(grid.looks):
        if looks is not None:
            if id(looks) not in known_rows:
                known_rows[id(looks)] = (looks, tuple(followed(look) for look in looks))
            grid.looks[row] = known_rows[id(looks)][1]
