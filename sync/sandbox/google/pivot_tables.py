"""What a pivot table shows: its source read, grouped, summed up and laid out as rows of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet, close_rect, grid_rect
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.conditions import Subject, make_test
from sync.sandbox.google.errors import GoogleError, Json
from sync.sandbox.google.formula_looks import look_of
from sync.sandbox.google.grid import Look, Value, make_look
from sync.sandbox.google.pivot_groups import Axis, Line, entered
from sync.sandbox.google.pivot_sums import KEEPING_FORMAT, summarize
from sync.sandbox.google.shows import show

Cell = tuple[Value, Look | None]
"""A value and the look by which it shows when its cell has no number format of its own."""
EMPTY: Cell = (None, None)
GRAND_TOTAL = "Grand Total"


@dataclass(frozen=True, slots=True)
class Source:
    """The cells that a pivot table reads: header, columns, and the look of each column."""

    sheet: Sheet
    box: Box
    names: list[str]
    columns: list[list[Value]]
    looks: list[Look | None]


def read_source(book: Book, place: Json) -> Source | None:
    """Return the source as it is now; None when it is gone."""
    sheet = book.find_id(place.get("sheetId", 0))
    if sheet is None:
        return None
    try:
        box = close_rect(sheet, grid_rect(place), clip=True)
    except GoogleError:
        return None
    names, columns, looks = [], [], []
    for column in range(box.left, box.right):
        header = cell_value(book, sheet, box.top, column)
        look = look_of(book, sheet, box.top, column)
        names.append("" if header is None else show(header, look, book.locale))
        columns.append([cell_value(book, sheet, row, column) for row in range(box.top + 1, box.bottom)])
        first = box.top + 1 < box.bottom
        looks.append(_number_look(look_of(book, sheet, box.top + 1, column)) if first else None)
    return Source(sheet, box, names, columns, looks)


def _number_look(look: Look | None) -> Look | None:
    found = look.format.get("numberFormat") if look is not None else None
    return make_look({"numberFormat": found}) if found else None


def render(book: Book, owner: Sheet, pivot: Json) -> list[list[Cell]] | None:
    """Return the cells that a pivot table on a tab shows, row by row; None when its source is gone."""
    source = read_source(book, pivot.get("source", {})) if "source" in pivot else None
    if source is None:
        return None
    return _Table(book, owner, pivot, source).cells()


class _Table:
    """One pivot table on its way from records to cells."""

    def __init__(self, book: Book, owner: Sheet, pivot: Json, source: Source) -> None:
        self.book, self.pivot, self.source = book, pivot, source
        self.values: list[Json] = pivot.get("values", [])
        self.row_groups: list[Json] = pivot.get("rows", [])
        self.column_groups: list[Json] = pivot.get("columns", [])
        records = tuple(_visible(book, owner, pivot, source))
        self.rows = self._axis(self.row_groups, self.column_groups).lines(records)
        self.columns = self._axis(self.column_groups, self.row_groups).lines(records)
        self.all = records
        self.upright = pivot.get("valueLayout") == "VERTICAL" and len(self.values) > 1
        named_in_rows = not self.row_groups and bool(self.column_groups) and bool(self.values)
        self.n_labels = len(self.row_groups) + (self.upright or named_in_rows)
        self.named_in_rows = self.upright or named_in_rows

    def _axis(self, groups: list[Json], opposite: list[Json]) -> Axis:
        columns = [self.source.columns[group.get("sourceColumnOffset", 0)] for group in groups]

        def worth(bucket: Json, records: tuple[int, ...]) -> float:
            wanted = [entered(value) for value in bucket.get("buckets", ())]
            inside = [
                record
                for record in records
                if all(
                    self.source.columns[group.get("sourceColumnOffset", 0)][record] == value
                    for group, value in zip(opposite, wanted, strict=False)
                )
            ]
            found = self._sum(bucket.get("valuesIndex", 0), inside)
            return found if isinstance(found, int | float) else float("-inf")

        return Axis(groups, columns, self.book.locale.partition("_")[0], worth)

    def _sum(self, index: int, records: list[int] | tuple[int, ...]) -> Value:
        value = self.values[index] if index < len(self.values) else {}
        if "formula" in value:
            return "#NAME?" if records else None
        column = self.source.columns[value.get("sourceColumnOffset", 0)]
        return summarize(value.get("summarizeFunction", "SUM"), [column[record] for record in records])

    def cells(self) -> list[list[Cell]]:
        """Return header and body, all rows equally wide."""
        rows = [*self._header(), *self._body()]
        width = max((len(row) for row in rows), default=0)
        return [row + [EMPTY] * (width - len(row)) for row in rows]

    def _value_name(self, index: int) -> str:
        value = self.values[index]
        if value.get("name"):
            return str(value["name"])
        if "formula" in value:
            return f"Calculated Field {1 + sum('formula' in other for other in self.values[:index])}"
        return f"{value.get('summarizeFunction', 'SUM')} of {self.source.names[value.get('sourceColumnOffset', 0)]}"

    def _label(self, group: Json) -> str:
        name = self.source.names[group.get("sourceColumnOffset", 0)]
        return str(group.get("label") or (f"Grouped {name}" if group.get("groupRule") else name))

    def _names(self) -> list[Cell]:
        return [(self._value_name(index), None) for index in range(len(self.values))]

    def _header(self) -> list[list[Cell]]:
        labels: list[Cell] = [(self._label(group), None) for group in self.row_groups]
        labels += [EMPTY] * (self.n_labels - len(labels))
        across = not self.named_in_rows and len(self.values) > 1
        if not self.column_groups:
            named = [] if self.named_in_rows else self._names()
            return [labels + named] if labels + named else []
        corner = self._names()[0] if len(self.values) == 1 and not self.named_in_rows else EMPTY
        first = [corner] + [EMPTY] * (self.n_labels - 1) if self.n_labels else []
        rows = [first + [(self._label(group), None) for group in self.column_groups]]
        width = len(self.values) if across else 1
        for depth in range(len(self.column_groups)):
            rows.append([EMPTY] * self.n_labels)
            before: Line | None = None
            for line in self.columns:
                rows[-1] += [self._heading(line, before, depth, self.column_groups)] + [EMPTY] * (width - 1)
                before = line
        if across:
            rows.append([EMPTY] * self.n_labels + self._names() * len(self.columns))
        rows[-1][: self.n_labels] = labels
        return rows

    def _heading(self, line: Line, before: Line | None, depth: int, groups: list[Json]) -> Cell:
        """Return what one line says at one level: nothing where the line before says the same."""
        if line.is_total and depth == max(0, len(line.path) - 1):
            return (f"{self._text(line, depth, groups)} Total" if line.path else GRAND_TOTAL), None
        if line.is_total or depth >= len(line.path):
            return EMPTY
        same = before is not None and not before.is_total and before.path[: depth + 1] == line.path[: depth + 1]
        if same and depth < len(groups) - 1 and not groups[depth].get("repeatHeadings"):
            return EMPTY
        return line.path[depth].shown, self._look(groups[depth])

    def _text(self, line: Line, depth: int, groups: list[Json]) -> str:
        shown = line.path[depth].shown
        return "" if shown is None else show(shown, self._look(groups[depth]), self.book.locale)

    def _look(self, group: Json) -> Look | None:
        return None if group.get("groupRule") else self.source.looks[group.get("sourceColumnOffset", 0)]

    def _body(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        before: Line | None = None
        inside = [frozenset(line.records) for line in self.columns]
        for line in self.rows:
            headings = [self._heading(line, before, depth, self.row_groups) for depth in range(len(self.row_groups))]
            before = line
            if not self.named_in_rows:
                rows.append(headings + self._sums(line, inside, range(len(self.values))))
                continue
            for index in range(len(self.values)):
                lead = headings if index == 0 else [EMPTY] * len(headings)
                rows.append(
                    [*lead, (self._value_name(index), None), *self._sums(line, inside, range(index, index + 1))]
                )
        return rows

    def _sums(self, line: Line, inside: list[frozenset[int]], which: range) -> list[Cell]:
        cells: list[Cell] = []
        for column in inside:
            records = [record for record in line.records if record in column]
            cells += [self._cell(index, records, line, column) for index in which]
        return cells

    def _cell(self, index: int, records: list[int], line: Line, column: frozenset[int]) -> Cell:
        value, found = self.values[index], self._sum(index, records)
        kind = value.get("calculatedDisplayType", "")
        if kind.startswith("PERCENT_OF"):
            whole: Any = {
                "PERCENT_OF_ROW_TOTAL": line.records,
                "PERCENT_OF_COLUMN_TOTAL": tuple(sorted(column)),
            }.get(kind, self.all)
            return _share(found, self._sum(index, whole)), _percent()
        keeps = "formula" not in value and value.get("summarizeFunction", "SUM") in KEEPING_FORMAT
        return found, self.source.looks[value.get("sourceColumnOffset", 0)] if keeps else None


def _percent() -> Look | None:
    return make_look({"numberFormat": {"type": "PERCENT", "pattern": "0.00%"}})


def _share(part: Value, whole: Value) -> Value:
    if not isinstance(part, int | float) or not isinstance(whole, int | float):
        return part
    return part / whole if whole else "#DIV/0!"


def _visible(book: Book, owner: Sheet, pivot: Json, source: Source) -> list[int]:
    """Return the records that no filter hides."""
    records = list(range(max(0, source.box.bottom - source.box.top - 1)))
    for spec in pivot.get("filterSpecs", ()):
        offset, criteria = spec.get("columnOffsetIndex", 0), spec.get("filterCriteria", {})
        column = source.columns[offset]
        if "condition" in criteria:
            test = make_test(book, owner, criteria["condition"], anchor=(0, 0))
            look = source.looks[offset]
            records = [n for n in records if test(Subject(0, 0, column[n], look, book.locale))]
        if not criteria.get("visibleByDefault") and ("visibleValues" in criteria or "condition" not in criteria):
            wanted = set(criteria.get("visibleValues", ()))
            records = [n for n in records if _texts(book, column[n], source.looks[offset]) & wanted]
    return records


def _texts(book: Book, value: Value, look: Look | None) -> set[str]:
    """Return how a filter may call a value: as it shows, and as it shows without a format."""
    return {""} if value is None else {show(value, look, book.locale), show(value, None, book.locale)}
