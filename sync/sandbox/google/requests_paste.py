"""Batch requests that copy and cut cells, with formats, validations, merges and conditional formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, box_range, need_box, need_sheet, range_box
from sync.sandbox.google.compute import compute
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.formulas import follow_cut, shift_formula
from sync.sandbox.google.grid import Extra, Look, make_look
from sync.sandbox.google.requests_merges import remove_merges
from sync.sandbox.google.requests_moves import Block, lift, lift_shown, need_inside, put_looks, put_values

WHOLE = {"PASTE_NORMAL", "PASTE_NO_BORDERS"}
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Paste:
    """What is pasted: the cells, which parts of them, the merges inside, and how far formulas were carried."""

    block: Block
    kind: str
    merges: list[Box]
    shift: Place


def copy_paste(desk: Desk, body: Json) -> Json:
    """Copy cells; a larger destination repeats them."""
    book = desk.book
    source, box = need_box(book, body.get("source", {}), clip=False)
    target = need_sheet(book, body.get("destination", {}).get("sheetId", 0))
    kind, turned = body.get("pasteType", "PASTE_NORMAL"), body.get("pasteOrientation") == "TRANSPOSE"
    block, merges = lift(source, box), _merges_in(source, box)
    if book.pivots and (kind == "PASTE_VALUES" or not block.has_pivot):
        block = lift_shown(source, box)
    if turned:
        block, merges = _transposed(block), [Box(part.left, part.right, part.top, part.bottom) for part in merges]
    wanted = range_box(target, body["destination"])
    height, width = _tiled(wanted.bottom - wanted.top, block.height), _tiled(wanted.right - wanted.left, block.width)
    whole = Box(wanted.top, wanted.top + height, wanted.left, wanted.left + width)
    need_inside(target, whole)
    check_cells(book, target, whole, desk.caller)
    if whole.overlaps(box) and target is source and (height, width) != (block.height, block.width):
        raise invalid("Overlapping repeated paste is not in the sandbox.")
    rules = [dict(rule) for rule in source.objects["conditionalFormats"]]
    for top in range(whole.top, whole.bottom, block.height):
        for left in range(whole.left, whole.right, block.width):
            paste = Paste(block, kind, merges, (top - box.top, left - box.left))
            _paste(desk, target, (top, left), paste)
            if kind in {"PASTE_NORMAL", "PASTE_NO_BORDERS", "PASTE_CONDITIONAL_FORMATTING"} and not turned:
                _paste_rules(source, target, rules, (box, top, left))
    return {}


def _merges_in(sheet: Sheet, box: Box) -> list[Box]:
    """Return the merges inside a rectangle, seen from its corner."""
    found = [range_box(sheet, merge) for merge in sheet.objects["merges"]]
    return [
        Box(part.top - box.top, part.bottom - box.top, part.left - box.left, part.right - box.left)
        for part in found
        if box.contains(part)
    ]


def _transposed(block: Block) -> Block:
    """Turn rows into columns. A formula reads as if each cell was copied on its own."""
    width, height = range(block.width), range(block.height)
    extras: list[dict[int, Extra]] = [{} for _ in width]
    for row, cells in enumerate(block.extras):
        for column, extra in cells.items():
            formula = extra.formula and shift_formula(extra.formula, column - row, row - column)
            extras[column][row] = replace(extra, formula=formula)
    return Block(
        [[block.values[row][column] for row in height] for column in width],
        [[block.looks[row][column] for row in height] for column in width],
        extras,
    )


def _tiled(wanted: int, size: int) -> int:
    return wanted if wanted > size and wanted % size == 0 else size


def _paste(desk: Desk, sheet: Sheet, place: Place, paste: Paste) -> None:
    """Put one copy of the cells, as far as the kind of paste goes."""
    block, kind = paste.block, paste.kind
    top, left = place
    if kind in WHOLE:
        _paste_merges(sheet, Box(top, top + block.height, left, left + block.width), paste.merges)
    if kind in WHOLE | {"PASTE_FORMULA"}:
        put_values(sheet, top, left, block, shift=paste.shift)
    elif kind == "PASTE_VALUES":
        put_values(sheet, top, left, _as_values(desk, sheet, block))
    keep = _KEPT.get(kind)
    if keep is not None:
        put_looks(sheet, place, block, keep)


def _mixed(format_of: Look | None, validation_of: Look | None) -> Look | None:
    return make_look(format_of.format if format_of else {}, validation_of.validation if validation_of else None)


def _without_borders(old: Look | None, new: Look | None) -> Look | None:
    """Return a pasted look with the borders of the cell that it is pasted on."""
    borders = old.format.get("borders") if old is not None else None
    kept = {name: value for name, value in (new.format if new else {}).items() if name != "borders"}
    return make_look(kept | ({"borders": borders} if borders else {}), new.validation if new else None)


Keep = Callable[[Look | None, Look | None], Look | None]
_KEPT: dict[str, Keep] = {
    "PASTE_NORMAL": lambda _, new: new,
    "PASTE_NO_BORDERS": _without_borders,
    "PASTE_FORMAT": lambda old, new: _mixed(new, old),
    "PASTE_DATA_VALIDATION": _mixed,
}
"""What stays of the old and comes of the new look of a cell, for kinds that paste any."""


def _paste_merges(sheet: Sheet, box: Box, merges: list[Box]) -> None:
    remove_merges(sheet, box)
    for part in merges:
        moved = Box(part.top + box.top, part.bottom + box.top, part.left + box.left, part.right + box.left)
        sheet.objects["merges"].append(box_range(sheet.sheet_id, moved))


def _paste_rules(source: Sheet, target: Sheet, rules: list[Json], move: tuple[Box, int, int]) -> None:
    """Let the conditional rules over the copied cells hold over the copies: in the rule itself on one tab, else new."""
    box, top, left = move
    for index, rule in enumerate(rules):
        parts = list(_overlaps(source, rule, box))
        moved = [
            box_range(
                target.sheet_id,
                Box(
                    part.top - box.top + top,
                    part.bottom - box.top + top,
                    part.left - box.left + left,
                    part.right - box.left + left,
                ),
            )
            for part in parts
        ]
        if not moved:
            continue
        if target is source:
            own = target.objects["conditionalFormats"][index]
            fresh = [part for part in moved if part not in own["ranges"]]
            target.objects["conditionalFormats"][index] = own | {"ranges": own["ranges"] + fresh}
        else:
            target.objects["conditionalFormats"].append(rule | {"ranges": moved})


def _overlaps(sheet: Sheet, rule: Json, box: Box) -> Iterator[Box]:
    for part in rule.get("ranges", ()):
        own = range_box(sheet, part)
        if own.overlaps(box):
            yield Box(
                max(own.top, box.top), min(own.bottom, box.bottom), max(own.left, box.left), min(own.right, box.right)
            )


def _as_values(desk: Desk, sheet: Sheet, block: Block) -> Block:
    values = [list(row) for row in block.values]
    for row, extras in enumerate(block.extras):
        for column, extra in extras.items():
            if extra.formula is not None:
                values[row][column] = compute(desk.book, sheet, extra.formula)
    return Block(values, block.looks, [{} for _ in values])


def cut_paste(desk: Desk, body: Json) -> Json:
    """Move cells; what was there is overwritten, the source is left empty, whatever part of it is pasted."""
    book = desk.book
    source, box = need_box(book, body.get("source", {}), clip=False)
    destination = body.get("destination", {})
    target = need_sheet(book, destination.get("sheetId", 0))
    top, left = destination.get("rowIndex", 0), destination.get("columnIndex", 0)
    block, merges = lift(source, box), _merges_in(source, box)
    whole = Box(top, top + block.height, left, left + block.width)
    need_inside(target, whole)
    check_cells(book, source, box, desk.caller)
    check_cells(book, target, whole, desk.caller)
    kind = body.get("pasteType", "PASTE_NORMAL")
    remove_merges(source, box)
    empty = Block(
        [[None] * block.width for _ in block.values], [[None] * block.width for _ in block.values], [{}] * block.height
    )
    put_values(source, box.top, box.left, empty)
    put_looks(source, (box.top, box.left), empty, lambda _, new: new)
    _paste(desk, target, (top, left), Paste(block, kind, merges, (0, 0)))
    follow_cut(book, (source, box), (target, whole))
    return {}
