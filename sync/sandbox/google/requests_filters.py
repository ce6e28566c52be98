"""Batch requests on filters: the basic filter of a tab, and filter views.

A filter covers a range, a table or a named range. What it says of columns is kept in both spellings, `criteria` and
`filterSpecs`, as answers show both.
"""

from __future__ import annotations

import copy

from sync.sandbox.google.book import Book, Sheet, need_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.masks import Mask, mask_paths, merge_update, update_mask, wants
from sync.sandbox.google.requests_objects import clamped_range, locate, own_id, replace_object
from sync.sandbox.google.requests_tables import find_table, need_table
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.view import show_ranged

AREAS = ("range", "namedRangeId", "tableId")


def set_basic_filter(desk: Desk, body: Json) -> Json:
    """Put the one filter of a tab over a range or a table."""
    new = _in_both_spellings(body.get("filter", {}))
    new["range"] = _area(desk, new)
    need_sheet(desk.book, new["range"]["sheetId"]).objects["basicFilter"] = new
    return {}


def _in_both_spellings(sent: Json) -> Json:
    """Return a filter whose criteria and specs say the same; specs count when both were sent."""
    new = dict(sent)
    if new.get("filterSpecs"):
        named = {spec.get("columnIndex", 0): spec.get("filterCriteria", {}) for spec in new["filterSpecs"]}
    else:
        named = {_column(text): criteria for text, criteria in new.get("criteria", {}).items()}
    new.pop("criteria", None)
    new.pop("filterSpecs", None)
    if named:
        new["criteria"] = {str(column): criteria for column, criteria in named.items()}
        new["filterSpecs"] = [
            {"columnIndex": column} | ({"filterCriteria": criteria} if criteria else {})
            for column, criteria in named.items()
        ]
    return new


def _column(text: str) -> int:
    if not text.isdigit():
        raise invalid(f"Invalid column index: {text}")
    return int(text)


def _area(desk: Desk, new: Json) -> Json:
    """Return the range of a filter, which it names itself or by a table or a named range."""
    named = [name for name in AREAS if name in new]
    if len(named) > 1:
        raise invalid("Only one of range, namedRangeId or tableId may be set on a filter.")
    if "tableId" in new:
        return dict(need_table(desk.book, new["tableId"])[1]["range"])
    if "namedRangeId" in new:
        found = _backing(desk.book, new)
        if found is None:
            raise invalid(f"No named range with id: {new['namedRangeId']}")
        return clamped_range(desk, found)
    return clamped_range(desk, new.get("range", {}))


def _backing(book: Book, item: Json) -> Json | None:
    """Return the range of the table or named range that a filter covers, as it is now."""
    if "tableId" in item:
        found = find_table(book, item["tableId"])
        return dict(found[1]["range"]) if found else None
    ranges = (named["range"] for named in book.named_ranges if named["namedRangeId"] == item["namedRangeId"])
    return next(ranges, None)


def follow_backing(desk: Desk) -> None:
    """Let filters of tables and named ranges cover what these are now; without its table or name a filter goes."""
    for sheet in desk.book.sheets:
        views = sheet.objects["filterViews"]
        sheet.objects["filterViews"] = [kept for view in views if (kept := _followed(desk, sheet, view))]
        if sheet.objects["basicFilter"]:
            sheet.objects["basicFilter"] = _followed(desk, sheet, sheet.objects["basicFilter"])


def _followed(desk: Desk, sheet: Sheet, item: Json) -> Json | None:
    if not {"tableId", "namedRangeId"} & set(item):
        return item
    found = _backing(desk.book, item)
    if found is None or found.get("sheetId", 0) != sheet.sheet_id:
        return None
    return item | {"range": clamped_range(desk, found)}


def clear_basic_filter(desk: Desk, body: Json) -> Json:
    """Take the filter of a tab away."""
    need_sheet(desk.book, body.get("sheetId", 0)).objects["basicFilter"] = None
    return {}


def add_filter_view(desk: Desk, body: Json) -> Json:
    """Add a filter view."""
    new = _in_both_spellings(body.get("filter", {}))
    new["range"] = _area(desk, new)
    sheet = need_sheet(desk.book, new["range"]["sheetId"])
    new["filterViewId"] = own_id(desk, "filterViews", "filterViewId", new)
    new.setdefault("title", f"Filter {len(sheet.objects['filterViews']) + 1}")
    sheet.objects["filterViews"].append(new)
    return {"addFilterView": {"filter": show_ranged(new)}}


def duplicate_filter_view(desk: Desk, body: Json) -> Json:
    """Copy a filter view under a new id."""
    sheet, old = locate(desk, "filterViews", ("filterViewId", body.get("filterId")), "filter view")
    twin = copy.deepcopy(old) | {"filterViewId": desk.new_id(), "title": f"Copy of {old.get('title', '')}"}
    sheet.objects["filterViews"].append(twin)
    return {"duplicateFilterView": {"filter": show_ranged(twin)}}


def update_filter_view(desk: Desk, body: Json) -> Json:
    """Change a filter view."""
    mask = update_mask(body.get("fields"), root="filter")
    check_update_mask(mask_paths(mask), "FilterView")
    new = body.get("filter", {})
    sheet, old = locate(desk, "filterViews", ("filterViewId", new.get("filterViewId")), "filter view")
    merged = merge_update(_without_other_spelling(old, mask), new, mask)
    changed = _in_both_spellings(merged) | {"filterViewId": old["filterViewId"]}
    if _names_area(mask, new):
        changed = {name: value for name, value in changed.items() if name not in AREAS or name in new}
        changed["range"] = _area(desk, changed if set(changed) & set(AREAS) else {"range": {"sheetId": sheet.sheet_id}})
    else:
        changed |= {name: old[name] for name in AREAS if name in old}
    if changed["range"]["sheetId"] != sheet.sheet_id:
        raise invalid("A filter view cannot move to another sheet.")
    replace_object(sheet, "filterViews", old, changed)
    return {}


def _without_other_spelling(old: Json, mask: Mask) -> Json:
    """Drop what an update that names one spelling of the criteria would leave behind in the other."""
    named = [name for name in ("criteria", "filterSpecs") if name in mask]
    return {name: value for name, value in old.items() if name not in {"criteria", "filterSpecs"} or not named}


def _names_area(mask: Mask, new: Json) -> bool:
    return any(wants(mask, name) and (mask or name in new) for name in AREAS)


def delete_filter_view(desk: Desk, body: Json) -> Json:
    """Remove a filter view."""
    sheet, old = locate(desk, "filterViews", ("filterViewId", body.get("filterId")), "filter view")
    replace_object(sheet, "filterViews", old, None)
    return {}
