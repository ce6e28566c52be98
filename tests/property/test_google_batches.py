"""Random batches against the sandbox Google: a refused one changes nothing, and nothing ever breaks it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.sandbox.google.access import Caller
from sync.sandbox.google.batch import run_batch
from sync.sandbox.google.book import Book, make_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.errors import GoogleError
from sync.sandbox.google.view import show_book

Json = dict[str, Any]
ROBOT = Caller("robot@example.com")
LOST = {"deleteSheet": {"sheetId": 404}}

index = st.integers(0, 7)
sheet_id = st.sampled_from([0, 0, 5])
dimension = st.sampled_from(["ROWS", "COLUMNS"])
scalar = st.one_of(st.none(), st.integers(-5, 5), st.text("ab=+'1", max_size=3), st.booleans())


@st.composite
def place(draw: st.DrawFn) -> Json:
    top, left = draw(index), draw(index)
    ends = {"endRowIndex": top + draw(st.integers(1, 4)), "endColumnIndex": left + draw(st.integers(1, 4))}
    return {"sheetId": draw(sheet_id), "startRowIndex": top, "startColumnIndex": left} | ends


@st.composite
def lines(draw: st.DrawFn) -> Json:
    start = draw(index)
    span = {"startIndex": start, "endIndex": start + draw(st.integers(1, 3))}
    return {"sheetId": draw(sheet_id), "dimension": draw(dimension)} | span


def entered(value: Any) -> Json:
    if value is None:
        return {}
    kind = "boolValue" if isinstance(value, bool) else "numberValue" if isinstance(value, int) else "stringValue"
    return {"userEnteredValue": {kind: value}}


cell = st.one_of(
    scalar.map(entered),
    st.just({"userEnteredValue": {"formulaValue": "=SUM(A1:B3)+Sheet1!C2"}, "note": "n"}),
    st.just({"userEnteredFormat": {"textFormat": {"bold": True}}}),
)
key = st.sampled_from(["k", "l"])
label = st.builds(
    lambda line, name: {"metadataKey": name, "visibility": "DOCUMENT", "location": {"dimensionRange": line}},
    lines().map(lambda line: line | {"endIndex": line["startIndex"] + 1}),
    key,
)


def request(kind: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(parts).map(lambda body: {kind: body})


REQUESTS = st.one_of(
    request("insertDimension", range=lines(), inheritFromBefore=st.booleans()),
    request("deleteDimension", range=lines()),
    request("moveDimension", source=lines(), destinationIndex=index),
    request("appendDimension", sheetId=sheet_id, dimension=dimension, length=st.integers(1, 2)),
    request(
        "updateCells",
        range=place(),
        rows=st.lists(st.fixed_dictionaries({"values": st.lists(cell, max_size=2)}), max_size=2),
        fields=st.sampled_from(["*", "userEnteredValue", "note"]),
    ),
    request(
        "appendCells",
        sheetId=sheet_id,
        rows=st.lists(st.fixed_dictionaries({"values": st.lists(cell, max_size=3)}), max_size=2),
        fields=st.just("*"),
    ),
    request(
        "repeatCell", range=place(), cell=cell, fields=st.sampled_from(["*", "userEnteredFormat", "userEnteredValue"])
    ),
    request(
        "sortRange", range=place(), sortSpecs=st.lists(st.fixed_dictionaries({"dimensionIndex": index}), max_size=2)
    ),
    request(
        "copyPaste",
        source=place(),
        destination=place(),
        pasteType=st.sampled_from(["PASTE_NORMAL", "PASTE_VALUES", "PASTE_FORMAT"]),
    ),
    request(
        "cutPaste",
        source=place(),
        destination=st.fixed_dictionaries({"sheetId": sheet_id, "rowIndex": index, "columnIndex": index}),
    ),
    request("insertRange", range=place(), shiftDimension=dimension),
    request("deleteRange", range=place(), shiftDimension=dimension),
    request("mergeCells", range=place(), mergeType=st.sampled_from(["MERGE_ALL", "MERGE_ROWS", "MERGE_COLUMNS"])),
    request("unmergeCells", range=place()),
    request("setBasicFilter", filter=st.fixed_dictionaries({"range": place()})),
    request(
        "addNamedRange", namedRange=st.fixed_dictionaries({"name": st.sampled_from(["Top", "Body"]), "range": place()})
    ),
    request("addDimensionGroup", range=lines()),
    request("deleteDimensionGroup", range=lines()),
    request(
        "updateDimensionProperties", range=lines(), properties=st.just({"pixelSize": 50}), fields=st.just("pixelSize")
    ),
    request("createDeveloperMetadata", developerMetadata=label),
    request(
        "deleteDeveloperMetadata",
        dataFilter=st.fixed_dictionaries({"developerMetadataLookup": st.fixed_dictionaries({"metadataKey": key})}),
    ),
    request(
        "addSheet",
        properties=st.just({"sheetId": 5, "title": "Five", "gridProperties": {"rowCount": 8, "columnCount": 6}}),
    ),
    request("deleteSheet", sheetId=sheet_id),
    request("duplicateSheet", sourceSheetId=sheet_id),
    request("findReplace", find=st.just("a"), replacement=st.just("b"), sheetId=sheet_id),
)


def shown(book: Book) -> Json:
    return copy.deepcopy(show_book(book, {}, ROBOT, ranges=None, grid_data=True))


def check(book: Book) -> None:
    """Hold what must be true of every spreadsheet, whatever was done to it."""
    for sheet in book.sheets:
        grid = sheet.grid
        assert len(grid.cells) == len(grid.looks) == len(grid.extras) == grid.n_rows >= 1
        assert all(row is None or (row and len(row) <= grid.n_columns and row[-1] is not None) for row in grid.cells)
        assert all(looks is None or len(looks) <= grid.n_columns for looks in grid.looks)
        formulas = [e for extras in grid.extras for e in (extras or {}).values() if e.formula is not None]
        assert len(formulas) == grid.n_formulas
        for part in sheet.objects["merges"]:
            assert part["startRowIndex"] < part["endRowIndex"] <= grid.n_rows
            assert part["startColumnIndex"] < part["endColumnIndex"] <= grid.n_columns
    for entry in book.metadata:
        line = entry["location"]["dimensionRange"]
        sheet_of = book.find_id(line["sheetId"])
        assert sheet_of is not None
        assert line["endIndex"] == line["startIndex"] + 1 <= sheet_of.count(line["dimension"])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(REQUESTS, min_size=1, max_size=4), max_size=8))
def test_batches_land_whole_or_not_at_all(batches: list[list[Json]]) -> None:
    book = Book("book", "Book", cell_limit=400)
    book.sheets.append(make_sheet(0, "Sheet1", 8, 6))
    for requests in batches:
        before = shown(book)
        for attempt in ([*requests, LOST], requests):
            refusal = run(book, attempt)
            if refusal is None:
                assert attempt is requests
            else:
                assert refusal.message.startswith("Invalid requests[")
                assert shown(book) == before
            check(book)


def run(book: Book, requests: list[Json]) -> GoogleError | None:
    try:
        run_batch(Desk(book, ROBOT), copy.deepcopy(requests))
    except GoogleError as error:
        return error
    return None
