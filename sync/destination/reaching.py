"""What people laid over our rows down to the last of them: it is made longer when rows come in below. Pure.

A range that ends on the spare row grows by itself; one that ends on the last filled row, as when people select what
they see, does not, since rows come in right behind its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

Request = dict[str, Any]
Run = tuple[int, int]
REACHING_FIELDS = (
    "filterViews(filterViewId,range),basicFilter,bandedRanges(bandedRangeId,range),tables(tableId,range),"
    "charts(chartId,spec),slicers(slicerId,spec)"
)


@dataclass(frozen=True, slots=True)
class Reaching:
    """Something that ends with a row (excluded), and the request that lets it end with another."""

    sheet_id: int
    end: int
    make: Callable[[int], Request]


def find_reaching(answer: Mapping[str, Any]) -> Iterator[Reaching]:
    """Yield what has an end in some tab, from an observation with `REACHING_FIELDS`."""
    for named in answer.get("namedRanges", []):
        yield from _one(named["range"], _named(named))
    for sheet in answer.get("sheets", []):
        for view in sheet.get("filterViews", []):
            yield from _one(view.get("range", {}), _ranged("updateFilterView", "filter", view))
        tables = [table.get("range") for table in sheet.get("tables", [])]
        for banding in sheet.get("bandedRanges", []):
            if banding.get("range") in tables:  # a table is listed here as well, and grows as what it is
                continue
            yield from _one(banding.get("range", {}), _ranged("updateBanding", "bandedRange", banding))
        for table in sheet.get("tables", []):
            yield from _one(table.get("range", {}), _ranged("updateTable", "table", table))
        if sheet.get("basicFilter"):
            yield from _one(sheet["basicFilter"].get("range", {}), _basic_filter(sheet["basicFilter"]))
        for chart in sheet.get("charts", []):
            yield from _in_spec("updateChartSpec", "chartId", chart)
        for slicer in sheet.get("slicers", []):
            yield from _in_spec("updateSlicerSpec", "slicerId", slicer)


def _one(grid: Mapping[str, Any], make: Callable[[int], Request]) -> Iterator[Reaching]:
    if "endRowIndex" in grid:
        yield Reaching(grid.get("sheetId", 0), grid["endRowIndex"], make)


def _ranged(kind: str, name: str, thing: Mapping[str, Any]) -> Callable[[int], Request]:
    def make(end: int) -> Request:
        return {kind: {name: {**thing, "range": {**thing["range"], "endRowIndex": end}}, "fields": "range"}}

    return make


def _named(named: Mapping[str, Any]) -> Callable[[int], Request]:
    return _ranged("updateNamedRange", "namedRange", named)


def _basic_filter(filter_: Mapping[str, Any]) -> Callable[[int], Request]:
    def make(end: int) -> Request:
        return {"setBasicFilter": {"filter": {**filter_, "range": {**filter_["range"], "endRowIndex": end}}}}

    return make


def _in_spec(kind: str, id_name: str, thing: Mapping[str, Any]) -> Iterator[Reaching]:
    """Yield a chart or slicer by where all of its ranges in one tab end; one with several ends is left alone."""
    spec = thing.get("spec", {})
    ends = {(grid.get("sheetId", 0), grid["endRowIndex"]) for grid in _grids(spec)}
    if len(ends) != 1:
        return
    ((sheet_id, end),) = ends

    def make(new_end: int) -> Request:
        longer = deepcopy(spec)
        for grid in _grids(longer):
            grid["endRowIndex"] = new_end
        more = {"fields": "dataRange"} if kind == "updateSlicerSpec" else {}
        return {kind: {id_name: thing[id_name], "spec": longer, **more}}

    yield Reaching(sheet_id, end, make)


def _grids(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "endRowIndex" in node:
            yield node
        for inner in node.values():
            yield from _grids(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _grids(inner)


def make_longer(reaching: Sequence[Reaching], inserts: Sequence[Run]) -> Iterator[Request]:
    """Yield what lets things that ended where rows came in end behind those."""
    for one in reaching:
        end = end_after(one.end, inserts)
        if end is not None:
            yield one.make(end)


def after(reaching: Sequence[Reaching], inserts: Sequence[Run]) -> tuple[Reaching, ...]:
    """Return them as they are once rows came in."""
    return tuple(replace(one, end=end) for one in reaching if (end := end_after(one.end, inserts)) is not None)


def end_after(end: int, inserts: Sequence[Run]) -> int | None:
    """Return where something ends once rows came in right behind it; None when none did."""
    n_before = 0
    for start, stop in inserts:
        if start == end + n_before:
            return stop
        n_before += stop - start
    return None
