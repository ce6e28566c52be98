"""Empties trays: reads what rows lie in them, and lets each go on or go back. One read and one write for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from sync import clock
from sync.data_publish import DataPublish
from sync.destination.book import HEADER_KEY, Book, with_headers
from sync.destination.emptying import (
    REMOVED_UID,
    Tray,
    columns_of,
    find_archive,
    header_of,
    make_emptying,
    meant_columns,
    put_back,
    to_tray_rows,
    tray_filters,
)
from sync.destination.google import SheetsHttpClient, send_requests
from sync.destination.leave import Request, tray_id
from sync.records import Cell
from sync.shape.cells import serial_of
from sync.shape.staying import IS_FORGOTTEN

CELL_FIELDS = (
    "sheets(properties(sheetId),data(startRow,startColumn,rowData(values(userEnteredValue,effectiveValue,note))))"
)
Cells = dict[int, dict[tuple[int, int], Mapping[str, Any]]]


def find_trays(book: Book, tabs: Sequence[DataPublish]) -> list[Tray]:
    """Return the trays that stand about for tabs of this run."""
    by_uid = {tab.uid: tab for tab in tabs if tab.is_open}
    found = []
    for tray in book.tabs:
        owner = by_uid.get(tray.tray_of or "")
        if owner is not None:
            stored = book.tab_of(owner.sheet_id) if owner.sheet_id is not None else None
            source = stored or next((tab for tab in book.tabs if owner.uid in tab.uids), None)
            found.append(Tray(tab=tray, source=source, columns=meant_columns(tray)))
    return found


def empty_trays(client: SheetsHttpClient, book: Book, trays: Sequence[Tray], tabs: Sequence[DataPublish]) -> set[str]:
    """Empty trays, and return the tabs into which rows were put back.

    Raises:
        Unreachable: with `outcome_unknown`; whether the trays are still there shows what became of it.

    """
    by_uid = {tab.uid: tab for tab in tabs}
    seen, cells = _read(client, book, trays, by_uid)
    resolved = [_resolved(tray, by_uid, seen, cells) for tray in trays]
    if not all(tray.is_as_meant for tray in resolved):  # people moved columns: their cells are elsewhere
        seen, cells = _read(client, book, resolved, by_uid)
    archive = find_archive(seen, tray_id(REMOVED_UID))
    requests: list[Request] = []
    restored = set()
    for tray in resolved:
        tab, of_tray = by_uid[tray.tab.tray_of or ""], cells.get(tray.tab.sheet_id, {})
        names, headers = tab.job.spec.key, tab.headers
        rows = to_tray_rows(tray, of_tray, _key_of(tab), key_names=names, headers=headers)
        read = replace(tray, rows=rows)
        read = replace(read, header=header_of(read, of_tray, headers))
        reasons = _reasons(tab, [row.key for row in rows if row.key])
        removed_at = serial_of(clock.now(), tab.job.zone)
        requests += make_emptying(
            read, archive, reasons=reasons, removed_at=removed_at, title=tab.title, unfiled=IS_FORGOTTEN
        )
        if put_back(read, reasons):
            restored.add(tab.uid)
    send_requests(client, book.spreadsheet_id, requests)
    return restored


def _reasons(tab: DataPublish, keys: Sequence[str]) -> dict[str, str]:
    """Return why keys leave their tab, of those that do."""
    told = {key: tab.leaving[key] for key in keys if key in tab.leaving}
    rest = [key for key in keys if key not in told]
    return {**told, **tab.job.leaving_among(rest)} if rest else told


def _resolved(tray: Tray, by_uid: Mapping[str, DataPublish], seen: Book, cells: Cells) -> Tray:
    """Return a tray with the columns and the header that were read."""
    headers = by_uid[tray.tab.tray_of or ""].headers
    columns = columns_of(tray, headers, cells.get(tray.tab.sheet_id, {}))
    return replace(tray, columns=columns, source=seen.tab_of(tray.source.sheet_id) if tray.source else None)


def _key_of(tab: DataPublish) -> Any:
    shape = tab.job.shape
    blank: list[Cell] = [None] * len(shape.columns)

    def key_of(cells: Sequence[Cell]) -> str | None:
        row = list(blank)
        for position, cell in zip(shape.key_columns, cells, strict=True):
            row[position] = cell
        return shape.key_of(row)

    return key_of


def _read(
    client: SheetsHttpClient, book: Book, trays: Sequence[Tray], by_uid: Mapping[str, DataPublish]
) -> tuple[Book, Cells]:
    """Read keys and people's cells of the trays, and the header rows of all tabs of ours."""
    filters: list[dict[str, Any]] = [{"developerMetadataLookup": {"metadataKey": HEADER_KEY, "locationType": "ROW"}}]
    for tray in trays:
        filters += tray_filters(tray, by_uid[tray.tab.tray_of or ""].job.spec.key)
    answer = client.send(
        "POST",
        f"/v4/spreadsheets/{book.spreadsheet_id}:getByDataFilter",
        kind="read",
        params={"fields": CELL_FIELDS},
        body=orjson.dumps({"dataFilters": filters}),
    )
    cells: Cells = {}
    headers: list[tuple[int, int, Sequence[Cell]]] = []
    in_tray = {tray.tab.sheet_id for tray in trays}
    for sheet in answer.get("sheets", []):
        sheet_id = sheet.get("properties", {}).get("sheetId", 0)
        for block in sheet.get("data", []):
            if sheet_id in in_tray:
                cells.setdefault(sheet_id, {}).update(_cells_of(block))
            else:
                headers.append((sheet_id, block.get("startRow", 0), _shown_in(block)))
    return with_headers(book, headers), cells


def _cells_of(block: Mapping[str, Any]) -> dict[tuple[int, int], Mapping[str, Any]]:
    top, left = block.get("startRow", 0), block.get("startColumn", 0)
    return {
        (top + i, left + n): cell
        for i, row in enumerate(block.get("rowData", []))
        for n, cell in enumerate(row.get("values", []))
        if cell
    }


def _shown_in(block: Mapping[str, Any]) -> list[Cell]:
    rows = block.get("rowData") or [{}]
    return [next(iter(cell.get("effectiveValue", {}).values()), None) for cell in rows[0].get("values", [])]
