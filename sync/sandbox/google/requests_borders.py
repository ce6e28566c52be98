"""The batch request that draws borders."""

from __future__ import annotations

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.access import check_cells
from sync.sandbox.google.book import Sheet, need_box
from sync.sandbox.google.colours import full_border
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json
from sync.sandbox.google.grid import Look, change_looks, make_look


def update_borders(desk: Desk, body: Json) -> Json:
    """Draw or take away the borders around and inside a range; sides that are not named stay."""
    sheet, box = need_box(desk.book, body.get("range", {}))
    check_cells(desk.book, sheet, box, desk.caller)
    if box.empty:
        return {}
    edges = {
        "top": Box(box.top, box.top + 1, box.left, box.right),
        "bottom": Box(box.bottom - 1, box.bottom, box.left, box.right),
        "left": Box(box.top, box.bottom, box.left, box.left + 1),
        "right": Box(box.top, box.bottom, box.right - 1, box.right),
    }
    for side, edge in edges.items():
        if side in body:
            _draw(sheet, edge, side, body[side])
            _draw(sheet, *_facing(sheet, edge, side), {})
    if "innerHorizontal" in body:
        _draw(sheet, Box(box.top, box.bottom - 1, box.left, box.right), "bottom", body["innerHorizontal"])
        _draw(sheet, Box(box.top + 1, box.bottom, box.left, box.right), "top", body["innerHorizontal"])
    if "innerVertical" in body:
        _draw(sheet, Box(box.top, box.bottom, box.left, box.right - 1), "right", body["innerVertical"])
        _draw(sheet, Box(box.top, box.bottom, box.left + 1, box.right), "left", body["innerVertical"])
    return {}


def _facing(sheet: Sheet, edge: Box, side: str) -> tuple[Box, str]:
    """Return the cells beyond an edge, as far as there are any, and their side that faces it."""
    top, bottom, left, right = edge.top, edge.bottom, edge.left, edge.right
    if side == "top":
        return Box(max(0, top - 1), top, left, right), "bottom"
    if side == "bottom":
        return Box(bottom, min(bottom + 1, sheet.grid.n_rows), left, right), "top"
    if side == "left":
        return Box(top, bottom, max(0, left - 1), left), "right"
    return Box(top, bottom, right, min(right + 1, sheet.grid.n_columns)), "left"


def _draw(sheet: Sheet, box: Box, side: str, border: Json) -> None:
    drawn = full_border(border)

    def change(look: Look | None) -> Look | None:
        cell_format = dict(look.format) if look else {}
        borders = dict(cell_format.pop("borders", {}))
        borders.pop(side, None)
        if drawn:
            borders[side] = drawn
        if borders:
            cell_format["borders"] = borders
        return make_look(cell_format, look.validation if look else None)

    if not box.empty:
        change_looks(sheet.grid, box, change)
