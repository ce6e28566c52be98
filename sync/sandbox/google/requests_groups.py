"""Batch requests on groups of rows and columns."""

from __future__ import annotations

from sync.sandbox.google.book import Sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.masks import mask_paths, update_mask, wants
from sync.sandbox.google.requests_lines import need_lines
from sync.sandbox.google.schema import check_update_mask


def _name(dimension: str) -> str:
    return "rowGroups" if dimension == "ROWS" else "columnGroups"


def add_dimension_group(desk: Desk, body: Json) -> Json:
    """Group rows or columns; a group around or inside another is one deeper."""
    sheet, dimension, start, end = need_lines(desk, body.get("range", {}))
    if end > sheet.count(dimension) or end == start:
        raise invalid(f"range[{start}-{end}] cannot be grouped.")
    depths = _depths(sheet, dimension)
    for index in range(start, end):
        depths[index] = depths.get(index, 0) + 1
    _store(sheet, dimension, depths)
    flag = "rowGroupControlAfter" if dimension == "ROWS" else "columnGroupControlAfter"
    sheet.grid_properties[flag] = sheet.grid_properties.get(flag, True)
    return {"addDimensionGroup": _shown(sheet, dimension)}


def delete_dimension_group(desk: Desk, body: Json) -> Json:
    """Take one level of grouping off rows or columns."""
    sheet, dimension, start, end = need_lines(desk, body.get("range", {}))
    depths = _depths(sheet, dimension)
    if not any(depths.get(index) for index in range(start, end)):
        raise invalid(f"There is no group over {dimension.lower()} {start} to {end}.")
    for index in range(start, end):
        depths[index] = max(0, depths.get(index, 0) - 1)
    _store(sheet, dimension, depths)
    return {"deleteDimensionGroup": _shown(sheet, dimension)}


def update_dimension_group(desk: Desk, body: Json) -> Json:
    """Fold or unfold a group: its lines are hidden or shown with it."""
    mask = update_mask(body.get("fields"), root="dimensionGroup")
    check_update_mask(mask_paths(mask), "DimensionGroup")
    wanted = body.get("dimensionGroup", {})
    sheet, dimension, start, end = need_lines(desk, wanted.get("range", {}))
    for group in sheet.objects[_name(dimension)]:
        lines = group["range"]
        if (lines["startIndex"], lines["endIndex"], group["depth"]) == (start, end, wanted.get("depth", 0)):
            if wants(mask, "collapsed"):
                _fold(sheet, dimension, group, folded=wanted.get("collapsed", False))
            return {}
    raise invalid(f"There is no group of depth {wanted.get('depth', 0)} over {dimension.lower()} {start} to {end}.")


def _fold(sheet: Sheet, dimension: str, group: Json, *, folded: bool) -> None:
    group.pop("collapsed", None)
    if folded:
        group["collapsed"] = True
    sizes = sheet.sizes(dimension)
    for index in range(group["range"]["startIndex"], group["range"]["endIndex"]):
        size = {name: value for name, value in sizes.pop(index, {}).items() if name != "hiddenByUser"}
        if folded:
            size["hiddenByUser"] = True
        if size:
            sizes[index] = size


def _depths(sheet: Sheet, dimension: str) -> dict[int, int]:
    depths: dict[int, int] = {}
    for group in sheet.objects[_name(dimension)]:
        for index in range(group["range"]["startIndex"], group["range"]["endIndex"]):
            depths[index] = max(depths.get(index, 0), group["depth"])
    return depths


def _store(sheet: Sheet, dimension: str, depths: dict[int, int]) -> None:
    old = {
        (group["depth"], group["range"]["startIndex"], group["range"]["endIndex"]): group
        for group in sheet.objects[_name(dimension)]
    }
    groups = []
    for depth in range(1, max(depths.values(), default=0) + 1):
        inside = sorted(index for index, own in depths.items() if own >= depth)
        start = None
        for place, index in enumerate(inside):
            start = index if start is None else start
            if place + 1 == len(inside) or inside[place + 1] != index + 1:
                lines = {"sheetId": sheet.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": index + 1}
                folded = old.get((depth, start, index + 1), {}).get("collapsed")
                groups.append({"range": lines, "depth": depth} | ({"collapsed": True} if folded else {}))
                start = None
    sheet.objects[_name(dimension)] = groups


def _shown(sheet: Sheet, dimension: str) -> Json:
    groups = sheet.objects[_name(dimension)]
    if not groups:
        return {}
    return {"dimensionGroups": [group | {"range": _without_zero(group["range"])} for group in groups]}


def _without_zero(lines: Json) -> Json:
    return {name: value for name, value in lines.items() if name != "sheetId" or value}
