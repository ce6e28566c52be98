"""Who asks, and which cells are closed to them."""

from __future__ import annotations

from dataclasses import dataclass

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.errors import PROTECTED, Json, invalid


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a request. A person at the screen owns the spreadsheet and passes every protection."""

    email: str
    is_person: bool = False


def protected_range(book: Book, protection: Json) -> Json | None:
    """Return the GridRange that a protection covers."""
    if "namedRangeId" in protection:
        wanted = protection["namedRangeId"]
        return next((named["range"] for named in book.named_ranges if named["namedRangeId"] == wanted), None)
    found: Json | None = protection.get("range")
    return found


def can_edit(protection: Json, caller: Caller) -> bool:
    """Tell whether the caller may change what is protected."""
    if caller.is_person or protection.get("warningOnly"):
        return True
    return caller.email in protection.get("editors", {}).get("users", [])


def check_cells(book: Book, sheet: Sheet, box: Box, caller: Caller) -> None:
    """Refuse a change of cells that are protected from the caller."""
    if caller.is_person or box.empty:
        return
    for protection in sheet.objects["protectedRanges"]:
        covered = protected_range(book, protection)
        if covered is None or can_edit(protection, caller) or not range_box(sheet, covered).overlaps(box):
            continue
        open_boxes = [range_box(sheet, part) for part in protection.get("unprotectedRanges", [])]
        if not any(part.contains(box) for part in open_boxes):
            raise invalid(PROTECTED)


def check_insert(book: Book, sheet: Sheet, lines: tuple[str, int], caller: Caller) -> None:
    """Refuse lines, a dimension and an index, that come between protected ones, or into a protected tab."""
    dimension, at = lines
    if caller.is_person:
        return
    for protection in sheet.objects["protectedRanges"]:
        covered = protected_range(book, protection)
        if covered is None or can_edit(protection, caller):
            continue
        box = range_box(sheet, covered)
        start, end = (box.top, box.bottom) if dimension == "ROWS" else (box.left, box.right)
        if start < at < end or box == sheet.box:
            raise invalid(PROTECTED)


def check_sheet(book: Book, sheet: Sheet, caller: Caller) -> None:
    """Refuse a change of a whole tab that has cells protected from the caller."""
    check_cells(book, sheet, sheet.box, caller)
