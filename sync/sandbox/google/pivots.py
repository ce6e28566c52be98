"""Pivot tables as part of a spreadsheet: kept at the cell of their first corner, shown in the cells around it.

What a pivot table shows lies in the grid as `Extra.shown`. A change of the spreadsheet makes it stale; whoever reads
calls `settle` before.
"""

from __future__ import annotations

from dataclasses import replace

from sync.sandbox.google.book import Book, Sheet, need_box
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.grid import Extra, set_cell, set_extra
from sync.sandbox.google.pivot_groups import entered
from sync.sandbox.google.pivot_tables import Cell, render
from sync.sandbox.google.spans import Change, follow_range, new_index

GROUPS = ("rows", "columns")
Place = tuple[int, int]


def checked_pivot(book: Book, sent: Json) -> Json:
    """Return the pivot table of a request as it is kept; refuse what cannot be one."""
    if "dataSourceId" in sent:
        raise invalid("PivotTable.dataSourceId is not in the sandbox.")
    if "source" not in sent:
        raise invalid("A pivot table must have a source.")
    sheet, box = need_box(book, sent["source"])
    if box.empty:
        raise invalid("The source of a pivot table must not be empty.")
    kept = {name: value for name, value in sent.items() if name != "dataExecutionStatus"}
    ends = {"startRowIndex": box.top, "endRowIndex": box.bottom}
    ends |= {"startColumnIndex": box.left, "endColumnIndex": box.right}
    kept["source"] = {"sheetId": sheet.sheet_id} | ends
    specs = sent.get("filterSpecs") or [
        {"columnOffsetIndex": _offset(index), "filterCriteria": criteria}
        for index, criteria in sent.get("criteria", {}).items()
    ]
    kept.pop("criteria", None)
    kept.pop("filterSpecs", None)
    if specs:
        kept["filterSpecs"] = specs
    for name in GROUPS:
        _check_groups(kept.get(name, []), box.right - box.left)
    _check_values(kept.get("values", []), box.right - box.left)
    book.pivots = "stale"
    for spec in specs:
        _check_offset(spec, "columnOffsetIndex", box.right - box.left)
    return kept


def _offset(text: str) -> int:
    if not text.isdigit():
        raise invalid(f"Invalid column offset: {text}")
    return int(text)


def _check_offset(item: Json, name: str, width: int) -> None:
    if "dataSourceColumnReference" in item:
        raise invalid("dataSourceColumnReference is not in the sandbox.")
    if not 0 <= item.get(name, 0) < width:
        raise invalid(f"{name}[{item.get(name, 0)}] must be within the source range, which has {width} columns.")


def _check_groups(groups: list[Json], width: int) -> None:
    ruled: set[int] = set()
    for group in groups:
        _check_offset(group, "sourceColumnOffset", width)
        rule, column = group.get("groupRule", {}), group.get("sourceColumnOffset", 0)
        if not rule:
            continue
        if column in ruled:
            raise invalid("Only one pivot group with a group rule may be added for each column in the source data.")
        ruled.add(column)
        _check_rule(rule)


def _check_rule(rule: Json) -> None:
    size = rule.get("histogramRule")
    if size is not None:
        if size.get("interval", 0) <= 0:
            raise invalid("histogramRule.interval must be positive.")
        if "start" in size and "end" in size and size["start"] >= size["end"]:
            raise invalid("histogramRule.start must be less than histogramRule.end.")
    names: set[object] = set()
    items: set[object] = set()
    for group in rule.get("manualRule", {}).get("groups", ()):
        name = entered(group.get("groupName", {}))
        if not isinstance(name, str) or name in names:
            raise invalid("Each group of a manualRule must have a unique groupName, which is a string.")
        names.add(name)
        for item in map(entered, group.get("items", ())):
            if (type(item), item) in items:
                raise invalid("Items may appear in at most one group of a manualRule.")
            items.add((type(item), item))


def _check_values(values: list[Json], width: int) -> None:
    for value in values:
        function = value.get("summarizeFunction")
        if "formula" in value:
            if not value["formula"].startswith("="):
                raise invalid(f"Invalid formula: {value['formula']}")
            if function not in {None, "SUM", "CUSTOM"}:
                raise invalid("If formula is set, the only supported values of summarizeFunction are SUM and CUSTOM.")
            continue
        _check_offset(value, "sourceColumnOffset", width)
        if function == "CUSTOM":
            raise invalid("If sourceColumnOffset is set, summarizeFunction CUSTOM is not supported.")


def put_pivot(sheet: Sheet, place: Place, pivot: Json | None) -> None:
    """Anchor a checked pivot table at a cell, whose value goes; None takes away the one that is there."""
    row, column = place
    if pivot is not None:
        set_cell(sheet.grid, place, None)
    old = sheet.grid.extra(row, column)
    if pivot is not None or (old is not None and old.pivot is not None):
        set_extra(sheet.grid, row, column, replace(old or Extra(), pivot=pivot))


def show_pivot(pivot: Json) -> Json:
    """Write a pivot table as answers do: filters in both spellings, the tab with id 0 left out."""
    shown = dict(pivot)
    if "source" in shown:
        shown["source"] = {name: value for name, value in shown["source"].items() if name != "sheetId" or value}
    if "filterSpecs" in shown:
        shown["criteria"] = {
            str(spec.get("columnOffsetIndex", 0)): spec.get("filterCriteria", {}) for spec in shown["filterSpecs"]
        }
    for name in GROUPS:
        if name in shown:
            shown[name] = [{key: value for key, value in group.items() if value is not False} for group in shown[name]]
    return shown


def _anchors(sheet: Sheet) -> list[tuple[Place, Json]]:
    return [
        ((row, column), extra.pivot)
        for row, extras in enumerate(sheet.grid.extras)
        if extras
        for column, extra in sorted(extras.items())
        if extra.pivot is not None
    ]


def has_pivots(sheet: Sheet) -> bool:
    """Tell whether a pivot table is anchored on a tab."""
    return bool(_anchors(sheet))


def settle(book: Book) -> None:
    """Let every pivot table of a spreadsheet show what its source says now."""
    if book.pivots != "stale":
        return
    for sheet in book.sheets:
        _forget_shown(sheet)
    found = [(sheet, place, pivot) for sheet in book.sheets for place, pivot in _anchors(sheet)]
    for sheet, place, pivot in found:
        _spread(sheet, place, render(book, sheet, pivot))
    book.computed.clear()
    book.pivots = "settled" if found else ""


def _forget_shown(sheet: Sheet) -> None:
    for row, extras in enumerate(sheet.grid.extras):
        for column, extra in list((extras or {}).items()):
            if extra.shown is not None:
                set_extra(sheet.grid, row, column, replace(extra, shown=None))


def _spread(sheet: Sheet, place: Place, cells: list[list[Cell]] | None) -> None:
    """Put what a pivot table shows into the grid; where there is no room for it, its corner shows an error."""
    grid, (top, left) = sheet.grid, place
    if not cells or not _has_room(sheet, place, cells):
        cells = [[("#REF!" if cells is None or cells else None, None)]]
    for row, line in enumerate(cells, start=top):
        for column, cell in enumerate(line, start=left):
            if cell[0] is not None:
                set_extra(grid, row, column, replace(grid.extra(row, column) or Extra(), shown=cell))


def _has_room(sheet: Sheet, place: Place, cells: list[list[Cell]]) -> bool:
    grid, (top, left) = sheet.grid, place
    bottom, right = top + len(cells), left + len(cells[0])
    if bottom > grid.n_rows or right > grid.n_columns:
        return False
    for row in range(top, bottom):
        for column in range(left, right):
            extra = grid.extra(row, column)
            taken = extra is not None and (extra.formula or extra.pivot or extra.shown)
            if (row, column) != place and (taken or grid.value(row, column) is not None):
                return False
    return True


def follow_pivots(book: Book, changed: Sheet, dimension: str, change: Change) -> None:
    """Let the sources of pivot tables follow rows and columns of a tab, and groups and values their columns."""
    for sheet in book.sheets if book.pivots else ():
        for (row, column), pivot in _anchors(sheet):
            source = pivot.get("source")
            if source is None or source["sheetId"] != changed.sheet_id:
                continue
            place = follow_range(source, dimension, change)
            moved = {name: value for name, value in pivot.items() if name != "source"}
            if place is not None:
                moved["source"] = place
                if dimension == "COLUMNS":
                    moved = _follow_columns(moved, source["startColumnIndex"], change)
            extra = sheet.grid.extra(row, column) or Extra()
            set_extra(sheet.grid, row, column, replace(extra, pivot=moved))


def _follow_columns(pivot: Json, left: int, change: Change) -> Json:
    """Return a pivot table whose groups, values and filters go on reading the columns that they read; others go."""
    source = pivot["source"]
    names = dict.fromkeys((*GROUPS, "values"), "sourceColumnOffset") | {"filterSpecs": "columnOffsetIndex"}
    moved = dict(pivot)
    for name, key in names.items():
        if name not in pivot:
            continue
        kept = []
        for item in pivot[name]:
            at = item if "formula" in item else _moved_item(item, key, left, (source, change))
            if at is not None:
                kept.append(at)
        moved[name] = kept
    return moved


def _moved_item(item: Json, key: str, left: int, what: tuple[Json, Change]) -> Json | None:
    source, change = what
    at = new_index(left + item.get(key, 0), change)
    if at is None or not source["startColumnIndex"] <= at < source["endColumnIndex"]:
        return None
    return item | {key: at - source["startColumnIndex"]}


def point_pivots(book: Book, copied: Sheet, old_id: int, *, same_book: bool) -> None:
    """Let the pivot tables of a copied tab read the copy where they read the original; other tabs only at home."""
    for (row, column), pivot in _anchors(copied):
        book.pivots = "stale"
        source, extra = pivot.get("source"), copied.grid.extra(row, column) or Extra()
        if source is None:
            continue
        if source["sheetId"] == old_id:
            changed = pivot | {"source": source | {"sheetId": copied.sheet_id}}
        elif same_book:
            continue
        else:
            changed = {name: value for name, value in pivot.items() if name != "source"}
        set_extra(copied.grid, row, column, replace(extra, pivot=changed))
