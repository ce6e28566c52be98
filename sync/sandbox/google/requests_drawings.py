"""Batch requests on what floats over a tab: charts and slicers."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.book import Sheet, need_box, need_sheet
from sync.sandbox.google.colour_pairs import kept_colours, with_pairs
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import Json, invalid
from sync.sandbox.google.masks import mask_paths, merge_update, update_mask
from sync.sandbox.google.requests_sheets import new_object_sheet
from sync.sandbox.google.schema import check_update_mask
from sync.sandbox.google.view import show_chart, show_position, show_slicer

CHARTS = (
    "basicChart", "pieChart", "bubbleChart", "candlestickChart", "histogramChart", "orgChart", "treemapChart",
    "waterfallChart", "scorecardChart",
)  # fmt: skip
KEYS = {"charts": "chartId", "slicers": "slicerId"}
USUAL_SIZE = {"widthPixels": 600, "heightPixels": 371}


def _free_id(desk: Desk, wanted: int | None) -> int:
    taken = {item[key] for sheet in desk.book.sheets for name, key in KEYS.items() for item in sheet.objects[name]}
    if wanted is None:
        return desk.new_id()
    if wanted in taken:
        raise invalid(f"An object with id {wanted} already exists.")
    return wanted


def _position(desk: Desk, sent: Json) -> tuple[Sheet, Json]:
    """Return tab and full position of an object over cells."""
    overlay: Json = USUAL_SIZE | sent
    anchor = overlay.get("anchorCell", {})
    sheet = need_sheet(desk.book, anchor.get("sheetId", 0))
    row, column = anchor.get("rowIndex", 0), anchor.get("columnIndex", 0)
    if not (0 <= row < sheet.grid.n_rows and 0 <= column < sheet.grid.n_columns):
        raise invalid("The anchor cell of an overlay position must be inside the grid.")
    overlay["anchorCell"] = {"sheetId": sheet.sheet_id, "rowIndex": row, "columnIndex": column}
    return sheet, {"overlayPosition": overlay}


def add_chart(desk: Desk, body: Json) -> Json:
    """Keep the specification of a chart over a tab."""
    new = dict(body.get("chart", {}))
    _check_spec(desk, new.get("spec", {}))
    new["chartId"] = _free_id(desk, new.get("chartId"))
    sheet, new["position"] = _chart_position(desk, new.get("position", {}))
    new["spec"] = kept_colours(new["spec"], "ChartSpec")
    sheet.objects["charts"].append(new)
    return {"addChart": {"chart": show_chart(new)}}


def _chart_position(desk: Desk, position: Json) -> tuple[Sheet, Json]:
    """Return tab and full position of a chart, over cells or on a new tab of its own."""
    chosen = [
        name for name in ("sheetId", "newSheet", "overlayPosition") if name in position and position[name] is not False
    ]
    if len(chosen) > 1:
        raise invalid("Only one of sheetId, overlayPosition or newSheet may be set on a position.")
    if chosen and chosen[0] != "overlayPosition":
        sheet = new_object_sheet(desk.book, position.get("sheetId"))
        return sheet, {"sheetId": sheet.sheet_id}
    return _position(desk, position.get("overlayPosition", {}))


def _leave(desk: Desk, sheet: Sheet) -> None:
    """Remove a tab that was there for a chart which is gone."""
    if not sheet.is_grid:
        desk.book.sheets.remove(sheet)


def _check_spec(desk: Desk, spec: Json) -> None:
    """Refuse a specification that names no kind of chart, or cells that are not there."""
    if not any(name in spec for name in CHARTS):
        names = "basicChart, pieChart, bubbleChart, candelstickChart, histogramChart, or orgChart"
        raise invalid(f"One of {names} must be set on chartSpec.")
    _check_sources(desk, spec)


def _check_sources(desk: Desk, node: Any) -> None:
    """Refuse a chart that draws cells which are not there."""
    if isinstance(node, list):
        for item in node:
            _check_sources(desk, item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "sources":
                for part in value:
                    need_box(desk.book, part)
            else:
                _check_sources(desk, value)


def _locate(desk: Desk, object_id: Any, *names: str) -> tuple[Sheet, str, int]:
    for sheet in desk.book.sheets:
        for name in names:
            for index, item in enumerate(sheet.objects[name]):
                if item[KEYS[name]] == object_id:
                    return sheet, name, index
    what = "embedded object" if len(names) > 1 else names[0].removesuffix("s")
    raise invalid(f"No {what} with id: {object_id}")


def update_chart_spec(desk: Desk, body: Json) -> Json:
    """Replace the specification of a chart."""
    sheet, name, index = _locate(desk, body.get("chartId"), "charts")
    _check_spec(desk, body.get("spec", {}))
    sheet.objects[name][index] = sheet.objects[name][index] | {"spec": kept_colours(body["spec"], "ChartSpec")}
    return {}


def delete_embedded_object(desk: Desk, body: Json) -> Json:
    """Remove a chart or a slicer."""
    sheet, name, index = _locate(desk, body.get("objectId"), "charts", "slicers")
    del sheet.objects[name][index]
    _leave(desk, sheet)
    return {}


def update_position(desk: Desk, body: Json) -> Json:
    """Move or resize a chart or a slicer; `fields` names parts of the overlay position, and is not used otherwise."""
    sheet, name, index = _locate(desk, body.get("objectId"), "charts", "slicers")
    item, new = sheet.objects[name][index], body.get("newPosition", {})
    if "overlayPosition" in new:
        mask = update_mask(body.get("fields"), root="newPosition")
        inner = mask.get("overlayPosition", {}) if set(mask) == {"overlayPosition"} else mask
        check_update_mask(mask_paths(inner), "OverlayPosition")
        new = {
            "overlayPosition": merge_update(item["position"].get("overlayPosition", {}), new["overlayPosition"], inner)
        }
    elif name == "slicers" or not new:
        raise invalid("newPosition must say where the object goes.")
    target, position = _chart_position(desk, new)
    del sheet.objects[name][index]
    _leave(desk, sheet)
    target.objects[name].append(item | {"position": position})
    return {"updateEmbeddedObjectPosition": {"position": show_position(position)}}


def update_border(desk: Desk, body: Json) -> Json:
    """Change the border of a chart."""
    mask = update_mask(body.get("fields"), root="border")
    check_update_mask(mask_paths(mask), "EmbeddedObjectBorder")
    sheet, name, index = _locate(desk, body.get("objectId"), "charts")
    chart = sheet.objects[name][index]
    merged = merge_update(chart.get("border", {}), body.get("border", {}), with_pairs(mask))
    changed = kept_colours(merged, "EmbeddedObjectBorder")
    sheet.objects[name][index] = chart | {"border": changed}
    return {}


def add_slicer(desk: Desk, body: Json) -> Json:
    """Put a slicer over a tab."""
    new = dict(body.get("slicer", {}))
    new["spec"] = _slicer_spec(desk, new.get("spec", {}))
    sheet, new["position"] = _position(desk, new.get("position", {}).get("overlayPosition", {}))
    new["slicerId"] = _free_id(desk, new.get("slicerId"))
    sheet.objects["slicers"].append(new)
    return {"addSlicer": {"slicer": show_slicer(new)}}


def _slicer_spec(desk: Desk, spec: Json) -> Json:
    if "dataRange" not in spec:
        raise invalid("A slicer must have a data range.")
    sheet, _ = need_box(desk.book, spec["dataRange"])
    kept = kept_colours(spec, "SlicerSpec")
    return kept | {"dataRange": {"sheetId": sheet.sheet_id} | spec["dataRange"]}


def update_slicer_spec(desk: Desk, body: Json) -> Json:
    """Change the specification of a slicer."""
    mask = update_mask(body.get("fields"), root="spec")
    check_update_mask(mask_paths(mask), "SlicerSpec")
    sheet, name, index = _locate(desk, body.get("slicerId"), "slicers")
    slicer = sheet.objects[name][index]
    spec = _slicer_spec(desk, merge_update(slicer["spec"], body.get("spec", {}), with_pairs(mask)))
    sheet.objects[name][index] = slicer | {"spec": spec}
    return {}
