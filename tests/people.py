"""A person at a spreadsheet that Callsheet writes to: what they do there, and what must be left of it after a run.

Tells by the tags which columns are Callsheet's; every note says which call it is about, so that it can be held to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.world import FIELDS, World, _same

Json = dict[str, Any]
NOTE = re.compile(r"note of ([^\s\"]+)")
_FIELDS = (
    "sheets(properties(sheetId,title,gridProperties),developerMetadata(metadataKey,metadataValue),"
    "data(columnMetadata(developerMetadata(metadataKey,metadataValue)),"
    "rowMetadata(developerMetadata(metadataKey,metadataValue))))"
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One tab as it is now. `columns` are Callsheet's by field, `rows` the whole grid, short rows filled up."""

    sheet_id: int
    title: str
    n_rows: int
    n_columns: int
    header_row: int
    columns: dict[str, int]
    rows: list[list[Any]]
    key: str = "call_id"

    @property
    def free(self) -> int:
        """The first of people's columns right of Callsheet's, or the last among those."""
        right = max(self.columns.values()) + 1
        theirs = set(range(self.n_columns)) - set(self.columns.values())
        return right if right < self.n_columns else max(theirs)

    @property
    def row_of(self) -> dict[str, int]:
        """Grid rows by what stands in the key column, below the header."""
        at = self.columns[self.key]
        rows = enumerate(self.rows[self.header_row + 1 :], self.header_row + 1)
        return {str(row[at]): n for n, row in rows if row[at] != ""}

    @property
    def keys(self) -> list[str]:
        """Keys from the top down."""
        return list(self.row_of)

    def notes(self) -> set[tuple[str, str]]:
        """Every note with the key of the row in which it stands."""
        at, mine = self.columns[self.key], set(self.columns.values())
        return {
            (str(cell), str(row[at]))
            for row in self.rows
            for n, cell in enumerate(row)
            if n not in mine and NOTE.match(str(cell))
        }

    def cells(self, key: str) -> dict[str, Any]:
        """Callsheet's cells of one row by field."""
        row = self.rows[self.row_of[key]]
        return {name: None if row[at] == "" else row[at] for name, at in self.columns.items()}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a person does in one go; rows of `gone` they delete, texts of `marks` must be there ever after."""

    requests: list[Json]
    gone: frozenset[str] = frozenset()
    marks: tuple[str, ...] = ()

    @property
    def notes(self) -> set[str]:
        """The notes that are typed in it."""
        texts = re.findall(r'"stringValue": "(note of [^"]+)"', json.dumps(self.requests, ensure_ascii=False))
        return set(texts)


MakeEdit = Callable[[Look], Edit]


@dataclass
class Person:
    """Somebody who works in one tab, and remembers what they wrote."""

    world: World
    title: str = "Calls"
    key: str = "call_id"
    sheet_id: int | None = None
    notes: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    marks: list[str] = field(default_factory=list)

    def look(self) -> Look:
        """Look at the tab, whatever it is called now."""
        sheets = self._ask("", fields=_FIELDS)["sheets"]
        sheet = next(s for s in sheets if self._is_mine(s["properties"]))
        properties, block = sheet["properties"], sheet["data"][0]
        self.sheet_id = properties["sheetId"]
        grid = properties["gridProperties"]
        columns = {
            tag["metadataValue"]: n
            for n, column in enumerate(block.get("columnMetadata", []))
            for tag in column.get("developerMetadata", [])
            if tag["metadataKey"] == "callsheet.column"
        }
        headers = [n for n, row in enumerate(block.get("rowMetadata", [])) if row.get("developerMetadata")]
        values = self.world.admin.tab_values(self.world.spreadsheet, properties["title"])
        rows = [[*row, *[""] * (grid["columnCount"] - len(row))] for row in values]
        rows += [[""] * grid["columnCount"] for _ in range(grid["rowCount"] - len(rows))]
        return Look(
            sheet_id=properties["sheetId"],
            title=properties["title"],
            n_rows=grid["rowCount"],
            n_columns=grid["columnCount"],
            header_row=headers[0],
            columns=columns,
            rows=rows,
            key=self.key,
        )

    def _is_mine(self, properties: Json) -> bool:
        if self.sheet_id is None:
            return bool(properties["title"] == self.title)
        return bool(properties["sheetId"] == self.sheet_id)

    def _ask(self, path: str, **params: str) -> Json:
        headers = {"Authorization": "Bearer test"}
        url = f"/v4/spreadsheets/{self.world.spreadsheet}{path}"
        reply = self.world.admin.http.get(url, params=params, headers=headers)
        assert reply.status_code == 200, reply.text[:500]
        return dict(reply.json())

    def remember(self, edit: Edit) -> Edit:
        """Expect from now on what is left of an edit."""
        self.gone |= edit.gone
        self.notes = {n for n in self.notes | edit.notes if _about(n) not in edit.gone}
        self.marks += edit.marks
        return edit

    def do(self, *makes: MakeEdit) -> None:
        """Edit now, one edit after the other."""
        for make in makes:
            edit = self.remember(make(self.look()))
            self.world.admin.edit(self.world.spreadsheet, requests=edit.requests)

    def do_before(self, nth: int, *makes: MakeEdit, kind: str = "write", more_rows: int = 0) -> None:
        """Edit just before the nth such request of the next run, which has added rows; all is decided on now."""
        look = self.look()
        look = replace(look, n_rows=look.n_rows + more_rows)
        requests = [r for make in makes for r in self.remember(make(look)).requests]
        self.world.admin.fault(service="google", kind=kind, nth=nth, do="edit", edits={"requests": requests})

    def assert_all_is_well(self, *, overwritten: Iterable[str] = ()) -> Look:
        """Every call once and right, every note beside its call, everything else that people wrote still there."""
        look, wanted = self.look(), self.world.wanted()
        self._assert_keys(look, wanted)
        for key in set(wanted) - set(overwritten):
            shown = look.cells(key)
            for name, title in FIELDS.items():
                if name in look.columns:
                    assert _same(wanted[key][title], shown[name]), (key, name, wanted[key][title], shown[name])
        self.assert_notes(look)
        self.world.assert_summaries_equal(wanted)
        return look

    def _assert_keys(self, look: Look, wanted: Json) -> None:
        at = look.columns["call_id"]
        shown = [row[at] for row in look.rows[look.header_row + 1 :] if row[at] != "" and row[at] not in self.marks]
        assert len(shown) == len(set(shown)), f"twice: {sorted({i for i in shown if shown.count(i) > 1})[:3]}"
        assert set(shown) == set(wanted), (
            f"missing {sorted(set(wanted) - set(shown))[:3]}, extra {sorted(set(shown) - set(wanted), key=str)[:3]}"
        )

    def assert_notes(self, look: Look | None = None) -> None:
        """Every note stands beside what it is about, none is lost or doubled, and marks are there once."""
        look = look or self.look()
        assert {note for note, _ in look.notes()} == self.notes
        for note, key in look.notes():
            assert _about(note) == _word(key), f"{note!r} stands beside {key}"
        texts = [cell for row in look.rows for cell in row if isinstance(cell, str)]
        assert [texts.count(mark) for mark in self.marks] == [1] * len(self.marks), self.marks
        mine = set(look.columns.values())
        strange = [
            (n, cell)
            for row in look.rows[look.header_row + 1 :]
            for n, cell in enumerate(row)
            if n not in mine and cell != "" and not NOTE.match(str(cell)) and cell not in self.marks
        ]
        assert not strange, f"in people's columns: {strange[:3]}"


def _word(key: str) -> str:
    return key.replace(" ", "_")


def _about(note: str) -> str:
    found = NOTE.match(note)
    assert found is not None
    return found[1]


def text_at(sheet_id: int, row: int, column: int, text: str) -> Json:
    """Type a text into a cell."""
    return cell_at(sheet_id, row, column, {"stringValue": text})


def cell_at(sheet_id: int, row: int, column: int, value: Json) -> Json:
    """Type something into a cell."""
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    rows = [{"values": [{"userEnteredValue": value}]}]
    return {"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue"}}


def lines(look: Look, dimension: str, start: int, end: int) -> Json:
    """Name rows or columns, the end excluded."""
    return {"sheetId": look.sheet_id, "dimension": dimension, "startIndex": start, "endIndex": end}


def note_on(keys: Sequence[str], *, column: int | None = None, more: str = "") -> MakeEdit:
    """Type notes beside rows, in the first free column or another."""

    def make(look: Look) -> Edit:
        at = look.free if column is None else column
        row_of = look.row_of
        return Edit(
            requests=[
                text_at(look.sheet_id, row_of[key], at, f"note of {_word(key)}{more}") for key in keys if key in row_of
            ]
        )

    return make


def sort_by(*fields: str, down: bool = False) -> MakeEdit:
    """Sort everything below the header."""

    def make(look: Look) -> Edit:
        grid = {
            "sheetId": look.sheet_id,
            "startRowIndex": look.header_row + 1,
            "startColumnIndex": 0,
            "endColumnIndex": look.n_columns,
        }
        order = "DESCENDING" if down else "ASCENDING"
        specs = [{"dimensionIndex": look.columns[name], "sortOrder": order} for name in fields]
        return Edit(requests=[{"sortRange": {"range": grid, "sortSpecs": specs}}])

    return make


def rename(title: str) -> MakeEdit:
    """Rename the tab."""

    def make(look: Look) -> Edit:
        properties = {"sheetId": look.sheet_id, "title": title}
        return Edit(requests=[{"updateSheetProperties": {"properties": properties, "fields": "title"}}])

    return make


def insert_column(before: str, *, notes: int = 0) -> MakeEdit:
    """Insert a column left of one of ours, and type notes into it."""

    def make(look: Look) -> Edit:
        at = look.columns[before]
        inserted = {"range": lines(look, "COLUMNS", at, at + 1), "inheritFromBefore": at > 0}
        keys = look.keys[3 : 3 + notes]
        row_of = look.row_of
        typed = [text_at(look.sheet_id, row_of[key], at, f"note of {key} in between") for key in keys]
        mark = f"My column before {before}"
        return Edit(
            requests=[
                {"insertDimension": inserted},
                text_at(look.sheet_id, look.header_row, at, mark),
                *typed,
            ],
            marks=(mark,),
        )

    return make


def move_column(name: str, to: Callable[[Look], int]) -> MakeEdit:
    """Move one of our columns."""

    def make(look: Look) -> Edit:
        at = look.columns[name]
        source = lines(look, "COLUMNS", at, at + 1)
        return Edit(requests=[{"moveDimension": {"source": source, "destinationIndex": to(look)}}])

    return make


def move_notes_to_front(look: Look) -> Edit:
    """Move the column of notes before all of ours."""
    source = lines(look, "COLUMNS", look.free, look.free + 1)
    return Edit(requests=[{"moveDimension": {"source": source, "destinationIndex": 0}}])


def retitle(name: str, text: str) -> MakeEdit:
    """Write another header above one of our columns."""

    def make(look: Look) -> Edit:
        return Edit(requests=[text_at(look.sheet_id, look.header_row, look.columns[name], text)], marks=(text,))

    return make


def title_rows(look: Look) -> Edit:
    """Insert two rows above the header and write a title there."""
    return Edit(
        requests=[
            {"insertDimension": {"range": lines(look, "ROWS", 0, 2), "inheritFromBefore": False}},
            text_at(look.sheet_id, 0, 0, "All our calls"),
        ],
        marks=("All our calls",),
    )


def blank_rows(look: Look) -> Edit:
    """Insert blank rows among the data, and write into one of them."""
    at = look.header_row + 12
    return Edit(
        requests=[
            {"insertDimension": {"range": lines(look, "ROWS", at, at + 3), "inheritFromBefore": True}},
            text_at(look.sheet_id, at + 1, look.free, "from here on: old"),
        ],
        marks=("from here on: old",),
    )


def delete_rows(look: Look) -> Edit:
    """Delete some of our rows."""
    at = look.header_row + 20
    gone = frozenset(key for key, row in look.row_of.items() if at <= row < at + 4)
    return Edit(requests=[{"deleteDimension": {"range": lines(look, "ROWS", at, at + 4)}}], gone=gone)


def delete_and_insert_rows(look: Look) -> Edit:
    """Delete some of our rows and insert as many blank ones further up."""
    at = look.header_row + 20
    gone = frozenset(key for key, row in look.row_of.items() if at <= row < at + 4)
    inserted = {"range": lines(look, "ROWS", at - 9, at - 5), "inheritFromBefore": True}
    return Edit(
        requests=[{"deleteDimension": {"range": lines(look, "ROWS", at, at + 4)}}, {"insertDimension": inserted}],
        gone=gone,
    )


def hide_rows(look: Look) -> Edit:
    """Hide some rows."""
    hidden = {"range": lines(look, "ROWS", 5, 25), "properties": {"hiddenByUser": True}, "fields": "hiddenByUser"}
    return Edit(requests=[{"updateDimensionProperties": hidden}])


def duplicate(look: Look) -> Edit:
    """Duplicate the tab."""
    return Edit(requests=[{"duplicateSheet": {"sourceSheetId": look.sheet_id, "newSheetName": "Mine"}}])


def freeze(look: Look) -> Edit:
    """Freeze a column."""
    properties = {"sheetId": look.sheet_id, "gridProperties": {"frozenColumnCount": 1}}
    fields = "gridProperties.frozenColumnCount"
    return Edit(requests=[{"updateSheetProperties": {"properties": properties, "fields": fields}}])


def add_filter(look: Look) -> Edit:
    """Add a filter over the whole table."""
    grid = {"sheetId": look.sheet_id, "startRowIndex": look.header_row, "startColumnIndex": 0}
    return Edit(requests=[{"setBasicFilter": {"filter": {"range": {**grid, "endColumnIndex": look.n_columns}}}}])


def totals_row(look: Look) -> Edit:
    """Put a row of totals below the data: a label under the ids, and formulas."""
    at, letter = look.n_rows - 1, chr(65 + look.columns["duration"])
    column = look.columns["duration"]
    return Edit(
        requests=[
            text_at(look.sheet_id, at, look.columns["call_id"], "All in all"),
            cell_at(look.sheet_id, at, column, {"formulaValue": f"=SUM({letter}{look.header_row + 2}:{letter}{at})"}),
        ],
        marks=("All in all",),
    )


def spare_row(look: Look) -> Edit:
    """Type into the spare last row."""
    return Edit(
        requests=[text_at(look.sheet_id, look.n_rows - 1, look.free, "to be continued")], marks=("to be continued",)
    )


ROW_EDITS: dict[str, MakeEdit] = {
    "sort by id": sort_by("call_id"),
    "sort by time, newest first": sort_by("started_at", down=True),
    "sort by agent and duration": sort_by("agent_name", "duration", down=True),
    "title rows": title_rows,
    "blank rows": blank_rows,
    "delete rows": delete_rows,
    "delete and insert rows": delete_and_insert_rows,
    "totals row": totals_row,
    "spare row": spare_row,
}
COLUMN_EDITS: dict[str, MakeEdit] = {
    "insert a column": insert_column("direction"),
    "insert a column with notes": insert_column("agent_name", notes=9),
    "insert a column before all": insert_column("call_id"),
    "move the agents to the right": move_column("agent_name", lambda look: look.free),
    "move the durations to the front": move_column("duration", lambda look: 0),
    "move the ids to the end": move_column("call_id", lambda look: look.n_columns),
    "move a column between two": move_column("notes", lambda look: look.columns["direction"]),
    "move the notes to the front": move_notes_to_front,
    "retitle": retitle("agent_name", "Who answered"),
}
OTHER_EDITS: dict[str, MakeEdit] = {
    "rename": rename("Calls of the team"),
    "hide rows": hide_rows,
    "duplicate": duplicate,
    "freeze": freeze,
    "filter": add_filter,
}
EDITS = ROW_EDITS | COLUMN_EDITS | OTHER_EDITS
