"""How ranges and everything that is tied to rows or columns follow when these are inserted, deleted or moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.errors import Json

Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Inserted:
    """`count` lines came in before line `at`."""

    at: int
    count: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """The lines from `start` to before `end` are gone."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The lines from `start` to before `end` went before line `to`, counted before the move."""

    start: int
    end: int
    to: int


Change = Inserted | Deleted | Moved


def new_index(index: int, change: Change) -> int | None:
    """Return where a line is now; None when it is gone."""
    if isinstance(change, Inserted):
        return index + change.count if index >= change.at else index
    if isinstance(change, Deleted):
        if index < change.start:
            return index
        return None if index < change.end else index - (change.end - change.start)
    return _moved_index(index, change)


def _moved_index(index: int, change: Moved) -> int:
    count = change.end - change.start
    if change.start <= index < change.end:
        first = change.to - count if change.to > change.start else change.to
        return first + index - change.start
    if change.end <= index < change.to:
        return index - count
    if change.to <= index < change.start:
        return index + count
    return index


def new_span(start: int, end: int | None, change: Change) -> Span | None:
    """Return where a stretch of lines is now; None when nothing is left of it. An open end stays open."""
    if isinstance(change, Inserted):
        return _after_insert(start, end, change)
    if isinstance(change, Deleted):
        return _after_delete(start, end, change)
    return _after_move(start, end, change)


def _after_insert(start: int, end: int | None, change: Inserted) -> Span:
    new_start = start + change.count if start >= change.at and not (start == 0 and end is None) else start
    return new_start, (end + change.count if end is not None and end > change.at else end)


def _after_delete(start: int, end: int | None, change: Deleted) -> Span | None:
    count = change.end - change.start
    new_start = start if start <= change.start else max(change.start, start - count)
    if end is None:
        return new_start, None
    new_end = end if end <= change.start else max(change.start, end - count)
    return (new_start, new_end) if new_end > new_start else None


def _after_move(start: int, end: int | None, change: Moved) -> Span | None:
    if end is None:
        return start, None
    if change.start <= start and end <= change.end:
        first = _moved_index(start, change)
        return first, first + end - start
    if start <= change.start and change.end <= end and start <= change.to <= end:
        return start, end
    left = _after_delete(start, end, Deleted(change.start, change.end))
    if left is None:
        return None
    count = change.end - change.start
    at = change.to - count if change.to > change.start else change.to
    return _after_insert(left[0], left[1], Inserted(at, count))


def follow_range(grid_range: Json, dimension: str, change: Change) -> Json | None:
    """Return a GridRange after a change of its tab; None when it is gone."""
    axis = "Row" if dimension == "ROWS" else "Column"
    first, last = f"start{axis}Index", f"end{axis}Index"
    if first not in grid_range and last not in grid_range:
        return grid_range
    span = new_span(grid_range.get(first, 0), grid_range.get(last), change)
    if span is None:
        return None
    changed = grid_range | ({first: span[0]} if first in grid_range or span[0] else {})
    return changed | ({last: span[1]} if span[1] is not None else {})


def follow_lines(lines: Json, dimension: str, change: Change) -> Json | None:
    """Return a DimensionRange after a change of its tab; None when it is gone."""
    if lines.get("dimension") != dimension:
        return lines
    span = new_span(lines.get("startIndex", 0), lines.get("endIndex"), change)
    if span is None:
        return None
    return lines | {"startIndex": span[0]} | ({"endIndex": span[1]} if span[1] is not None else {})


def follow_sizes(sizes: dict[int, Json], change: Change) -> dict[int, Json]:
    """Return the kept row or column properties at their new indexes."""
    moved = {new_index(index, change): size for index, size in sizes.items()}
    return {index: size for index, size in moved.items() if index is not None}


def follow_all(book: Book, sheet: Sheet, dimension: str, change: Change) -> None:
    """Let everything that names rows or columns of a tab follow, except cells and formulas."""
    objects = sheet.objects

    def follow(grid_range: Json) -> Json | None:
        return follow_range(grid_range, dimension, change)

    objects["merges"] = [kept for kept in map(follow, objects["merges"]) if kept and _still_merges(kept)]
    for name in ("protectedRanges", "filterViews", "bandedRanges"):
        objects[name] = _follow_field(objects[name], "range", follow)
    if objects["basicFilter"]:
        objects["basicFilter"] = next(iter(_follow_field([objects["basicFilter"]], "range", follow)), None)
    objects["conditionalFormats"] = _follow_rules(objects["conditionalFormats"], follow)
    for name in ("rowGroups", "columnGroups"):
        objects[name] = _follow_field(objects[name], "range", lambda lines: follow_lines(lines, dimension, change))
    for chart in objects["charts"]:
        _follow_anchor(chart, dimension, change)
    for other in book.sheets:
        for chart in other.objects["charts"]:
            chart["spec"] = _followed_chart(chart["spec"], sheet.sheet_id, follow) or {}
    for protection in objects["protectedRanges"]:
        if "unprotectedRanges" in protection:
            parts = map(follow, protection["unprotectedRanges"])
            protection["unprotectedRanges"] = [part for part in parts if part is not None]
    if dimension == "ROWS":
        sheet.row_sizes = follow_sizes(sheet.row_sizes, change)
    else:
        sheet.column_sizes = follow_sizes(sheet.column_sizes, change)
    book.named_ranges = _follow_own(book.named_ranges, sheet.sheet_id, follow)
    book.metadata = [kept for entry in book.metadata if (kept := _follow_entry(entry, sheet, dimension, change))]


def _follow_field(items: list[Json], name: str, follow: Callable[[Json], Json | None]) -> list[Json]:
    kept = []
    for item in items:
        if name not in item:
            kept.append(item)
        elif (found := follow(item[name])) is not None:
            kept.append(item | {name: found})
    return kept


def _follow_rules(rules: list[Json], follow: Callable[[Json], Json | None]) -> list[Json]:
    kept = []
    for rule in rules:
        ranges = [found for found in map(follow, rule.get("ranges", [])) if found is not None]
        if ranges:
            kept.append(rule | {"ranges": ranges})
    return kept


def _follow_own(named: list[Json], sheet_id: int, follow: Callable[[Json], Json | None]) -> list[Json]:
    kept = []
    for item in named:
        found = follow(item["range"]) if item["range"].get("sheetId", 0) == sheet_id else item["range"]
        if found is not None:
            kept.append(item | {"range": found})
    return kept


def _still_merges(grid_range: Json) -> bool:
    n_rows: int = grid_range["endRowIndex"] - grid_range["startRowIndex"]
    n_columns: int = grid_range["endColumnIndex"] - grid_range["startColumnIndex"]
    return n_rows * n_columns > 1


def _follow_anchor(chart: Json, dimension: str, change: Change) -> None:
    anchor: Any = chart.get("position", {}).get("overlayPosition", {}).get("anchorCell")
    if anchor is not None:
        name = "rowIndex" if dimension == "ROWS" else "columnIndex"
        moved = new_index(anchor.get(name, 0), change)
        anchor[name] = moved if moved is not None else getattr(change, "start", 0)


def _followed_chart(node: Any, sheet_id: int, follow: Callable[[Json], Json | None], *, listed: bool = False) -> Any:
    """Return part of a chart's specification whose ranges have followed; None when it drew only what is gone.

    A series or a domain whose cells are deleted leaves its chart without a word, and the chart stays.
    """
    if isinstance(node, list):
        parts = [_followed_chart(item, sheet_id, follow, listed=True) for item in node]
        return [part for part in parts if part is not None]
    if not isinstance(node, dict):
        return node
    if "sources" in node:
        own = [follow(part) if part.get("sheetId", 0) == sheet_id else part for part in node["sources"]]
        kept = [part for part in own if part is not None]
        return node | {"sources": kept} if kept else None
    changed = {name: _followed_chart(value, sheet_id, follow) for name, value in node.items()}
    gone = [name for name, value in changed.items() if value is None]
    if gone and (listed or "sourceRange" in gone):
        return None
    return {name: value for name, value in changed.items() if value is not None}


def _follow_entry(entry: Json, sheet: Sheet, dimension: str, change: Change) -> Json | None:
    lines = entry["location"].get("dimensionRange")
    if lines is None or lines.get("sheetId", 0) != sheet.sheet_id:
        return entry
    followed = follow_lines(lines, dimension, change)
    return followed and entry | {"location": entry["location"] | {"dimensionRange": followed}}
