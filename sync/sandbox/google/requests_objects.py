"""Batch requests on what hangs on a tab: names, protections, bands."""

from __future__ import annotations

import re
from typing import Any

from sync.sandbox.google.a1 import parse_cells
from sync.sandbox.google.access import can_edit
from sync.sandbox.google.book import Sheet, box_range, close_rect, grid_rect, need_box, need_sheet, range_box
from sync.sandbox.google.colour_pairs import kept_colours, with_pairs
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import PROTECTED, Json, invalid
from sync.sandbox.google.masks import mask_paths, merge_update, update_mask
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.view import show_named, show_protection, show_ranged

BANDED = "You cannot add alternating background colors to a range that already has alternating background colors."
NAME = re.compile(r"(?!(?:true|false)\Z)[^\W\d]\w{0,249}\Z", re.IGNORECASE)


def stored_range(desk: Desk, grid_range: Json) -> Json:
    """Check a range of a request and return it as stored: ends beyond the grid are refused, open ends stay open."""
    sheet = need_sheet(desk.book, grid_range.get("sheetId", 0))
    need_box(desk.book, grid_range, clip=False)
    return {"sheetId": sheet.sheet_id} | {name: value for name, value in grid_range.items() if name != "sheetId"}


def clamped_range(desk: Desk, grid_range: Json) -> Json:
    """Return a range with explicit ends, as filters and rules keep it."""
    sheet = need_sheet(desk.book, grid_range.get("sheetId", 0))
    return box_range(sheet.sheet_id, close_rect(sheet, grid_rect(grid_range), clip=True))


def add_named_range(desk: Desk, body: Json) -> Json:
    """Name a range."""
    new = body.get("namedRange", {})
    _check_name(desk, new.get("name", ""))
    named_id = new.get("namedRangeId") or str(desk.new_id())
    if any(named["namedRangeId"] == named_id for named in desk.book.named_ranges):
        raise invalid(f"A named range with id {named_id} already exists.")
    named = {"namedRangeId": named_id, "name": new["name"], "range": stored_range(desk, new.get("range", {}))}
    desk.book.named_ranges.append(named)
    return {"addNamedRange": {"namedRange": show_named(named)}}


def _check_name(desk: Desk, name: str, own: Json | None = None) -> None:
    verb = "add" if own is None else "update"
    if not NAME.match(name) or parse_cells(name) is not None:
        raise invalid("The name given to this range is invalid.")
    for named in desk.book.named_ranges:
        if named is not own and named["name"].casefold() == name.casefold():
            raise invalid(f"Cannot {verb} named range with name {name}, a named range with that name already exists.")


def _find(items: list[Json], key: str, wanted: Any, what: str) -> int:
    for index, item in enumerate(items):
        if item.get(key) == wanted:
            return index
    raise invalid(f"No {what} with id: {wanted}")


def update_named_range(desk: Desk, body: Json) -> Json:
    """Rename or move a named range."""
    mask = update_mask(body.get("fields"), root="namedRange")
    check_update_mask(mask_paths(mask), "NamedRange")
    new = body.get("namedRange", {})
    index = _find(desk.book.named_ranges, "namedRangeId", new.get("namedRangeId"), "named range")
    old = desk.book.named_ranges[index]
    named = merge_update(old, new, mask) | {"namedRangeId": old["namedRangeId"]}
    _check_name(desk, named.get("name", ""), own=old)
    named["range"] = stored_range(desk, named.get("range", {}))
    desk.book.named_ranges[index] = named
    return {}


def delete_named_range(desk: Desk, body: Json) -> Json:
    """Forget a name."""
    wanted = body.get("namedRangeId")
    del desk.book.named_ranges[_find(desk.book.named_ranges, "namedRangeId", wanted, "named range")]
    return {}


def _each(desk: Desk, name: str) -> list[tuple[Sheet, Json]]:
    return [(sheet, item) for sheet in desk.book.sheets for item in sheet.objects[name]]


def locate(desk: Desk, name: str, wanted: tuple[str, Any], what: str) -> tuple[Sheet, Json]:
    """Return an object by its id, and the tab that it hangs on; `what` names it in the refusal."""
    key, item_id = wanted
    for sheet, item in _each(desk, name):
        if item.get(key) == item_id:
            return sheet, item
    raise invalid(f"No {what} with id: {item_id}")


def replace_object(sheet: Sheet, name: str, old: Json, new: Json | None) -> None:
    """Put another object in the place of one, or nothing."""
    items = sheet.objects[name]
    at = next(index for index, item in enumerate(items) if item is old)
    items[at : at + 1] = [] if new is None else [new]


def own_id(desk: Desk, name: str, key: str, new: Json) -> int:
    """Return the id that a new object asks for, or a fresh one."""
    wanted = new.get(key)
    if wanted is not None and any(item.get(key) == wanted for _, item in _each(desk, name)):
        raise invalid(f"An object with id {wanted} already exists.")
    return wanted if wanted is not None else desk.new_id()


def add_protected_range(desk: Desk, body: Json) -> Json:
    """Protect cells. The caller becomes an editor, and so does nobody else who is not named."""
    new = dict(body.get("protectedRange", {}))
    editors = new.pop("editors", {})
    if new.get("warningOnly") and any(editors.values()):
        raise invalid("ProtectedRange is warningOnly. Editors cannot be set on it.")
    sheet = _protected_sheet(desk, new)
    new.pop("requestingUserCanEdit", None)
    new["protectedRangeId"] = own_id(desk, "protectedRanges", "protectedRangeId", new)
    named = {name: value for name, value in editors.items() if value}
    users = [user for user in named.get("users", []) if user != desk.caller.email]
    new["editors"] = named | {"users": [desk.caller.email, *users]}
    sheet.objects["protectedRanges"].append(new)
    shown = show_protection(new, desk.caller)
    if "requestingUserCanEdit" in shown:
        shown["editors"] = {name: value for name, value in editors.items() if value}
    return {"addProtectedRange": {"protectedRange": shown}}


def _protected_sheet(desk: Desk, new: Json) -> Sheet:
    if "namedRangeId" in new:
        named = desk.book.named_ranges[
            _find(desk.book.named_ranges, "namedRangeId", new["namedRangeId"], "named range")
        ]
        return need_sheet(desk.book, named["range"].get("sheetId", 0))
    if "range" not in new:
        raise invalid("Must specify a range, namedRangeId or tableId.")
    new["range"] = stored_range(desk, new["range"])
    sheet = need_sheet(desk.book, new["range"]["sheetId"])
    if set(new["range"]) == {"sheetId"} and any(
        set(old.get("range", ())) == {"sheetId"} for old in sheet.objects["protectedRanges"]
    ):
        raise invalid(f'Sheet "{sheet.title}" already has sheet protection.')
    return sheet


def update_protected_range(desk: Desk, body: Json) -> Json:
    """Change a protection; only its editors may."""
    mask = update_mask(body.get("fields"), root="protectedRange")
    check_update_mask(mask_paths(mask), "ProtectedRange")
    new = body.get("protectedRange", {})
    wanted = ("protectedRangeId", new.get("protectedRangeId"))
    sheet, old = locate(desk, "protectedRanges", wanted, "protected range")
    if not can_edit(old, desk.caller):
        raise invalid(PROTECTED)
    changed = merge_update(old, new, mask) | {"protectedRangeId": old["protectedRangeId"]}
    if "range" in changed:
        changed["range"] = stored_range(desk, changed["range"])
    if changed.get("warningOnly"):
        changed.pop("editors", None)
    else:
        editors = changed.get("editors", {})
        users = [user for user in editors.get("users", []) if user != desk.caller.email]
        changed["editors"] = editors | {"users": [desk.caller.email, *users]}
    replace_object(sheet, "protectedRanges", old, changed)
    return {}


def delete_protected_range(desk: Desk, body: Json) -> Json:
    """Lift a protection; only its editors may."""
    wanted = ("protectedRangeId", body.get("protectedRangeId"))
    sheet, old = locate(desk, "protectedRanges", wanted, "protected range")
    if not can_edit(old, desk.caller):
        raise invalid(PROTECTED)
    replace_object(sheet, "protectedRanges", old, None)
    return {}


def add_banding(desk: Desk, body: Json) -> Json:
    """Add alternating colours."""
    new = kept_colours(body.get("bandedRange", {}), "BandedRange")
    new["range"] = clamped_range(desk, new.get("range", {}))
    new["bandedRangeId"] = own_id(desk, "bandedRanges", "bandedRangeId", new)
    sheet = need_sheet(desk.book, new["range"]["sheetId"])
    _check_bands(sheet, new, None)
    sheet.objects["bandedRanges"].append(new)
    return {"addBanding": {"bandedRange": show_ranged(new)}}


def _check_bands(sheet: Sheet, new: Json, own: Json | None) -> None:
    box = range_box(sheet, new["range"])
    others = [*sheet.objects["bandedRanges"], *sheet.objects["tables"]]
    if any(other is not own and range_box(sheet, other["range"]).overlaps(box) for other in others):
        raise invalid(BANDED)


def update_banding(desk: Desk, body: Json) -> Json:
    """Change alternating colours."""
    mask = update_mask(body.get("fields"), root="bandedRange")
    check_update_mask(mask_paths(mask), "BandedRange")
    new = body.get("bandedRange", {})
    sheet, old = locate(desk, "bandedRanges", ("bandedRangeId", new.get("bandedRangeId")), "banded range")
    changed = kept_colours(merge_update(old, new, with_pairs(mask)), "BandedRange")
    changed["bandedRangeId"] = old["bandedRangeId"]
    changed["range"] = clamped_range(desk, changed["range"])
    _check_bands(sheet, changed, old)
    replace_object(sheet, "bandedRanges", old, changed)
    return {}


def delete_banding(desk: Desk, body: Json) -> Json:
    """Remove alternating colours."""
    sheet, old = locate(desk, "bandedRanges", ("bandedRangeId", body.get("bandedRangeId")), "banded range")
    replace_object(sheet, "bandedRanges", old, None)
    return {}
