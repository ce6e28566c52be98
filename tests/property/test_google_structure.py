"""Random edits of structure keep the sandbox equal to a simple model: cells, notes, and all that hangs on a tab."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sync.sandbox.google.access import Caller
from sync.sandbox.google.batch import run_batch
from sync.sandbox.google.book import Book, make_sheet
from sync.sandbox.google.desk import Desk
from sync.sandbox.google.schema import check_body
from sync.sandbox.google.view import show_book
from tests.grid_model import AXES, Area, Json, Tab

ROBOT = Caller("robot@example.com")
MOST_LINES = 14
dimensions = st.sampled_from(["ROWS", "COLUMNS"])
OF_KINDS = {"protected": "protectedRanges", "filterView": "filterViews", "band": "bandedRanges"}


class Structure(RuleBasedStateMachine):
    """Does the same to a spreadsheet and to the model. Formulas on a second tab look at the first."""

    @initialize()
    def start(self) -> None:
        self.book = Book("book", "Book")
        self.book.sheets = [make_sheet(0, "Data", 7, 5), make_sheet(9, "Looks", 40, 1)]
        self.tab = Tab(7, 5)
        self.references: list[Area] = []
        self.n = 0

    def send(self, kind: str, **body: Any) -> Json:
        checked = check_body({"requests": [{kind: body}]}, "BatchUpdateSpreadsheetRequest")
        return run_batch(Desk(self.book, ROBOT), checked["requests"])[0]

    def draw_span(self, data: st.DataObject, dimension: str, *, open_too: bool = False) -> tuple[int, int] | None:
        if open_too and data.draw(st.booleans(), label="open"):
            return None
        n = self.tab.size(dimension)
        start = data.draw(st.integers(0, n - 1), label="start")
        return start, data.draw(st.integers(start + 1, n), label="end")

    def draw_area(self, data: st.DataObject, *, open_too: bool = False) -> tuple[Json, Json]:
        """Return spans for the model and the same as a GridRange."""
        rows = self.draw_span(data, "ROWS", open_too=open_too)
        columns = self.draw_span(data, "COLUMNS", open_too=open_too and rows is not None)
        wanted: Json = {"sheetId": 0}
        for span, axis in ((rows, "Row"), (columns, "Column")):
            if span is not None:
                wanted |= {f"start{axis}Index": span[0], f"end{axis}Index": span[1]}
        return {"rows": rows, "columns": columns}, wanted

    def name(self) -> str:
        self.n += 1
        return f"name_{self.n}"

    # cells

    @rule(data=st.data(), text=st.text("abcxyz", min_size=1, max_size=3), note=st.booleans())
    def write(self, data: st.DataObject, text: str, note: bool) -> None:
        row = data.draw(st.integers(0, self.tab.size("ROWS") - 1))
        column = data.draw(st.integers(0, self.tab.size("COLUMNS") - 1))
        self.n += 1
        text = f"{text}{self.n}"
        cell = {"note": text} if note else {"userEnteredValue": {"stringValue": text}}
        start = {"sheetId": 0, "rowIndex": row, "columnIndex": column}
        self.send("updateCells", start=start, rows=[{"values": [cell]}], fields=next(iter(cell)))
        (self.tab.notes if note else self.tab.values)[self.tab.cell(row, column)] = text

    @precondition(lambda self: not any(area.kind == "merge" for area in self.tab.areas))
    @rule(data=st.data(), descending=st.booleans())
    def sort(self, data: st.DataObject, descending: bool) -> None:
        span = self.draw_span(data, "ROWS")
        assert span is not None
        column = data.draw(st.integers(0, self.tab.size("COLUMNS") - 1))
        order = "DESCENDING" if descending else "ASCENDING"
        place = {"sheetId": 0, "startRowIndex": span[0], "endRowIndex": span[1]}
        self.send("sortRange", range=place, sortSpecs=[{"dimensionIndex": column, "sortOrder": order}])
        self.tab.sort(span[0], span[1], column, descending=descending)

    # lines

    @rule(data=st.data(), dimension=dimensions, n=st.integers(1, 3), before=st.booleans())
    def insert(self, data: st.DataObject, dimension: str, n: int, before: bool) -> None:
        size = self.tab.size(dimension)
        if size + n > MOST_LINES:
            return
        at = data.draw(st.integers(1 if before else 0, size if before else size - 1))
        lines = {"sheetId": 0, "dimension": dimension, "startIndex": at, "endIndex": at + n}
        self.send("insertDimension", range=lines, inheritFromBefore=before)
        self.tab.insert(dimension, at, n)

    @rule(dimension=dimensions)
    def append(self, dimension: str) -> None:
        if self.tab.size(dimension) < MOST_LINES:
            self.send("appendDimension", sheetId=0, dimension=dimension, length=1)
            self.tab.insert(dimension, self.tab.size(dimension), 1)

    @rule(data=st.data(), dimension=dimensions)
    def delete(self, data: st.DataObject, dimension: str) -> None:
        span = self.draw_span(data, dimension)
        assert span is not None
        if span[1] - span[0] < self.tab.size(dimension):
            lines = {"sheetId": 0, "dimension": dimension, "startIndex": span[0], "endIndex": span[1]}
            self.send("deleteDimension", range=lines)
            self.tab.delete(dimension, *span)

    @rule(data=st.data(), dimension=dimensions)
    def move(self, data: st.DataObject, dimension: str) -> None:
        span = self.draw_span(data, dimension)
        assert span is not None
        to = data.draw(st.integers(0, self.tab.size(dimension)), label="to")
        if not span[0] <= to <= span[1]:
            lines = {"sheetId": 0, "dimension": dimension, "startIndex": span[0], "endIndex": span[1]}
            self.send("moveDimension", source=lines, destinationIndex=to)
            self.tab.move(dimension, *span, to)

    # what hangs on the tab

    @rule(data=st.data())
    def add_named_range(self, data: st.DataObject) -> None:
        spans, wanted = self.draw_area(data, open_too=True)
        name = self.name()
        self.send("addNamedRange", namedRange={"name": name, "range": wanted})
        self.tab.add("named", name, **spans)

    @rule(data=st.data())
    def add_protection(self, data: st.DataObject) -> None:
        spans, wanted = self.draw_area(data, open_too=True)
        name = self.name()
        self.send("addProtectedRange", protectedRange={"description": name, "range": wanted})
        self.tab.add("protected", name, **spans)

    @rule(data=st.data())
    def add_filter_view(self, data: st.DataObject) -> None:
        spans, wanted = self.draw_area(data)
        name = self.name()
        self.send("addFilterView", filter={"title": name, "range": wanted})
        self.tab.add("filterView", name, **spans)

    @rule(data=st.data())
    def add_conditional_format(self, data: st.DataObject) -> None:
        spans, wanted = self.draw_area(data)
        name = self.name()
        condition = {"type": "TEXT_EQ", "values": [{"userEnteredValue": name}]}
        look = {"condition": condition, "format": {"textFormat": {"bold": True}}}
        self.send("addConditionalFormatRule", rule={"ranges": [wanted], "booleanRule": look}, index=0)
        self.tab.add("rule", name, **spans)

    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        spans, wanted = self.draw_area(data)
        area = self.tab.add("merge", None, rows=spans["rows"], columns=spans["columns"])
        others = [other for other in self.tab.areas if other.kind == "merge" and other is not area]
        alone = spans["rows"][1] - spans["rows"][0] == spans["columns"][1] - spans["columns"][0] == 1
        if alone or any(all((a.lines[d] or set()) & (area.lines[d] or set()) for d in AXES) for a in others):
            self.tab.areas.remove(area)
            self.tab.values = dict(self.tab.values)
            self.reload_values()
            return
        self.send("mergeCells", range=wanted, mergeType="MERGE_ALL")

    def reload_values(self) -> None:
        """Take back what the model emptied for a merge that was not sent."""
        shown = self.shown()["sheets"][0]["data"][0].get("rowData", [])
        self.tab.values = {
            self.tab.cell(row, column): cell["formattedValue"]
            for row, line in enumerate(shown)
            for column, cell in enumerate(line.get("values", []))
            if "formattedValue" in cell
        }

    @rule(data=st.data(), dimension=dimensions)
    def label(self, data: st.DataObject, dimension: str) -> None:
        at = data.draw(st.integers(0, self.tab.size(dimension) - 1))
        self.n += 1
        lines = {"sheetId": 0, "dimension": dimension, "startIndex": at, "endIndex": at + 1}
        entry = {"metadataId": self.n, "metadataKey": "key", "visibility": "DOCUMENT"}
        self.send("createDeveloperMetadata", developerMetadata=entry | {"location": {"dimensionRange": lines}})
        self.tab.labels[self.n] = (dimension, self.tab.order[dimension][at])

    @precondition(lambda self: len(self.references) < 40)
    @rule(data=st.data(), single=st.booleans())
    def refer(self, data: st.DataObject, single: bool) -> None:
        spans, _ = self.draw_area(data, open_too=not single)
        if single:
            spans = {name: (span[0], span[0] + 1) for name, span in spans.items()}
        single = single or all(span and span[1] - span[0] == 1 for span in spans.values())  # A1:A1 is kept as A1
        area = self.tab.add("reference", "cell" if single else "range", **spans)
        formula = f"=COUNTA(Data!{self.tab.reference(area)})"
        start = {"sheetId": 9, "rowIndex": len(self.references), "columnIndex": 0}
        rows = [{"values": [{"userEnteredValue": {"formulaValue": formula}}]}]
        self.send("updateCells", start=start, rows=rows, fields="userEnteredValue")
        self.references.append(area)

    # what must hold

    def shown(self) -> Json:
        return show_book(self.book, {}, ROBOT, ranges=None, grid_data=True)

    @invariant()
    def both_are_equal(self) -> None:
        shown = self.shown()
        first, second = shown["sheets"]
        grid = first["properties"]["gridProperties"]
        assert (grid["rowCount"], grid["columnCount"]) == (self.tab.size("ROWS"), self.tab.size("COLUMNS"))
        self.check_cells(first["data"][0])
        self.check_labels(first["data"][0])
        named = {entry["name"]: entry["range"] for entry in shown.get("namedRanges", [])}
        assert named == self.ranges("named")
        assert {e["description"]: e["range"] for e in first.get("protectedRanges", [])} == self.ranges("protected")
        assert {e["title"]: e["range"] for e in first.get("filterViews", [])} == self.ranges("filterView")
        rules = {
            entry["booleanRule"]["condition"]["values"][0]["userEnteredValue"]: entry["ranges"][0]
            for entry in first.get("conditionalFormats", [])
        }
        assert rules == self.ranges("rule")
        merges = [self.tab.range_of(area) for area in self.tab.areas if area.kind == "merge"]
        assert sorted(map(str, first.get("merges", []))) == sorted(map(str, merges))
        formulas = [
            line["values"][0]["userEnteredValue"]["formulaValue"] for line in second["data"][0].get("rowData", [])
        ]
        wanted = [self.tab.reference(area) for area in self.references]
        assert formulas == [f"=COUNTA({'' if text == '#REF!' else 'Data!'}{text})" for text in wanted]

    def ranges(self, kind: str) -> dict[Any, Json]:
        return {area.name: self.tab.range_of(area) for area in self.tab.areas if area.kind == kind}

    def check_cells(self, data: Json) -> None:
        values, notes = {}, {}
        for row, line in enumerate(data.get("rowData", [])):
            for column, cell in enumerate(line.get("values", [])):
                if "formattedValue" in cell:
                    values[row, column] = cell["formattedValue"]
                if "note" in cell:
                    notes[row, column] = cell["note"]
        assert values == self.tab.texts(self.tab.values)
        assert notes == self.tab.texts(self.tab.notes)

    def check_labels(self, data: Json) -> None:
        found = {}
        for dimension, name in (("ROWS", "rowMetadata"), ("COLUMNS", "columnMetadata")):
            for at, line in enumerate(data[name]):
                for entry in line.get("developerMetadata", []):
                    found[entry["metadataId"]] = (dimension, self.tab.order[dimension][at])
        assert found == self.tab.labels


Structure.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, report_multiple_bugs=False
)
TestStructure = Structure.TestCase
