"""`spreadsheets.batchUpdate`: requests in order, all or none."""

from __future__ import annotations

from collections.abc import Callable

from sync.sandbox.google import requests_cells as cells
from sync.sandbox.google import requests_drawings as drawings
from sync.sandbox.google import requests_filters as filters
from sync.sandbox.google import requests_groups as groups
from sync.sandbox.google import requests_lines as lines
from sync.sandbox.google import requests_merges as merges
from sync.sandbox.google import requests_moves as moves
from sync.sandbox.google import requests_objects as objects
from sync.sandbox.google import requests_paste as paste
from sync.sandbox.google import requests_rules as rules
from sync.sandbox.google import requests_sheets as sheets
from sync.sandbox.google import requests_tables as tables
from sync.sandbox.google import requests_text as text
from sync.sandbox.google.book import forget_snapshot, restore, take_snapshot
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import GoogleError, Json, invalid
from sync.sandbox.google.metadata import create_metadata, shown_metadata
from sync.sandbox.google.metadata_filters import delete_metadata, update_metadata
from sync.sandbox.google.pivots import settle
from sync.sandbox.google.requests_borders import update_borders

RequestKind = Callable[[Desk, Json], Json]


def _create_metadata(desk: Desk, body: Json) -> Json:
    entry = create_metadata(desk.book, body.get("developerMetadata", {}))
    return {"createDeveloperMetadata": {"developerMetadata": shown_metadata(entry)}}


def _update_metadata(desk: Desk, body: Json) -> Json:
    changed = [shown_metadata(entry) for entry in update_metadata(desk.book, body)]
    return {"updateDeveloperMetadata": {"developerMetadata": changed} if changed else {}}


def _delete_metadata(desk: Desk, body: Json) -> Json:
    gone = [shown_metadata(entry) for entry in delete_metadata(desk.book, body)]
    return {"deleteDeveloperMetadata": {"deletedDeveloperMetadata": gone} if gone else {}}


KINDS: dict[str, RequestKind] = {
    "addSheet": sheets.add_sheet,
    "deleteSheet": sheets.delete_sheet,
    "duplicateSheet": sheets.duplicate_sheet,
    "updateSheetProperties": sheets.update_sheet_properties,
    "updateSpreadsheetProperties": sheets.update_spreadsheet_properties,
    "insertDimension": lines.insert_dimension,
    "appendDimension": lines.append_dimension,
    "deleteDimension": lines.delete_dimension,
    "moveDimension": lines.move_dimension,
    "updateDimensionProperties": lines.update_dimension_properties,
    "autoResizeDimensions": lines.auto_resize_dimensions,
    "addDimensionGroup": groups.add_dimension_group,
    "updateDimensionGroup": groups.update_dimension_group,
    "deleteDimensionGroup": groups.delete_dimension_group,
    "updateCells": cells.update_cells,
    "appendCells": cells.append_cells,
    "repeatCell": cells.repeat_cell,
    "findReplace": cells.find_replace,
    "trimWhitespace": text.trim_whitespace,
    "deleteDuplicates": text.delete_duplicates,
    "randomizeRange": text.randomize_range,
    "textToColumns": text.text_to_columns,
    "pasteData": text.paste_data,
    "autoFill": text.auto_fill,
    "updateBorders": update_borders,
    "sortRange": moves.sort_range,
    "copyPaste": paste.copy_paste,
    "cutPaste": paste.cut_paste,
    "insertRange": moves.insert_range,
    "deleteRange": moves.delete_range,
    "mergeCells": merges.merge_cells,
    "unmergeCells": merges.unmerge_cells,
    "setBasicFilter": filters.set_basic_filter,
    "clearBasicFilter": filters.clear_basic_filter,
    "addFilterView": filters.add_filter_view,
    "updateFilterView": filters.update_filter_view,
    "duplicateFilterView": filters.duplicate_filter_view,
    "deleteFilterView": filters.delete_filter_view,
    "addNamedRange": objects.add_named_range,
    "updateNamedRange": objects.update_named_range,
    "deleteNamedRange": objects.delete_named_range,
    "addProtectedRange": objects.add_protected_range,
    "updateProtectedRange": objects.update_protected_range,
    "deleteProtectedRange": objects.delete_protected_range,
    "setDataValidation": rules.set_data_validation,
    "addConditionalFormatRule": rules.add_conditional_format_rule,
    "updateConditionalFormatRule": rules.update_conditional_format_rule,
    "deleteConditionalFormatRule": rules.delete_conditional_format_rule,
    "addBanding": objects.add_banding,
    "updateBanding": objects.update_banding,
    "deleteBanding": objects.delete_banding,
    "addChart": drawings.add_chart,
    "updateChartSpec": drawings.update_chart_spec,
    "addSlicer": drawings.add_slicer,
    "updateSlicerSpec": drawings.update_slicer_spec,
    "updateEmbeddedObjectPosition": drawings.update_position,
    "updateEmbeddedObjectBorder": drawings.update_border,
    "deleteEmbeddedObject": drawings.delete_embedded_object,
    "addTable": tables.add_table,
    "updateTable": tables.update_table,
    "deleteTable": tables.delete_table,
    "createDeveloperMetadata": _create_metadata,
    "updateDeveloperMetadata": _update_metadata,
    "deleteDeveloperMetadata": _delete_metadata,
}


BLIND = {"addSheet", "updateCells", "repeatCell", "updateSheetProperties", "insertDimension", "deleteDimension"}
"""Kinds that do not read what pivot tables show, and of which batches hold many."""


BACKING = {"updateNamedRange", "deleteNamedRange", "updateTable", "deleteTable", "appendCells"}
"""Kinds that change what filters may be laid over."""


def run_batch(desk: Desk, requests: list[Json]) -> list[Json]:
    """Carry out requests in order and return one reply each; a refused one leaves nothing changed."""
    if not requests:
        raise invalid("Must specify at least one request.")
    snapshot = take_snapshot(desk.book)
    try:
        replies = [_run_one(desk, index, request) for index, request in enumerate(requests)]
    except BaseException:
        restore(desk.book, snapshot)
        raise
    forget_snapshot(snapshot)
    return replies


def _run_one(desk: Desk, index: int, request: Json) -> Json:
    if len(request) != 1:
        raise invalid(f"Invalid requests[{index}]: No request set.")
    kind, body = next(iter(request.items()))
    found = KINDS.get(kind)
    if found is None:
        raise invalid(f"Invalid requests[{index}].{kind}: this request is not in the sandbox.")
    if kind not in BLIND:
        settle(desk.book)
    try:
        reply = found(desk, body)
    except GoogleError as error:
        raise error.prefixed(f"Invalid requests[{index}].{kind}") from None
    if kind in BACKING:
        filters.follow_backing(desk)
    desk.book.touch()
    return reply
