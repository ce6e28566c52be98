"""A simple model of a tab whose rows and columns come, go and move. It shares no code with the sandbox.

Lines (rows and columns) are identities. Whatever hangs on a tab is a set of lines: where it lies follows from where its
lines are now. That says in a few lines what a spreadsheet does by arithmetic on indexes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

Json = dict[str, Any]
AXES = {"ROWS": "Row", "COLUMNS": "Column"}


@dataclass
class Area:
    """Something that lies on lines of both kinds; None is all of a kind, those to come included."""

    kind: str
    name: Any
    lines: dict[str, set[int] | None]

    @property
    def gone(self) -> bool:
        return any(lines is not None and not lines for lines in self.lines.values())


@dataclass
class Tab:
    """The lines in their order, what the cells say, and what hangs on them."""

    n_rows: int
    n_columns: int
    fresh: Any = field(default_factory=count)
    order: dict[str, list[int]] = field(default_factory=dict)
    values: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    areas: list[Area] = field(default_factory=list)
    labels: dict[int, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {"ROWS": self.n_rows, "COLUMNS": self.n_columns}
        self.order = {dimension: [next(self.fresh) for _ in range(n)] for dimension, n in sizes.items()}

    def size(self, dimension: str) -> int:
        return len(self.order[dimension])

    def cell(self, row: int, column: int) -> tuple[int, int]:
        return self.order["ROWS"][row], self.order["COLUMNS"][column]

    # what happens to lines

    def insert(self, dimension: str, at: int, n: int) -> None:
        new = [next(self.fresh) for _ in range(n)]
        self._put(dimension, at, new)

    def _put(self, dimension: str, at: int, new: list[int]) -> None:
        """Let lines in. What had lines on both sides of the place has the new ones too."""
        order = self.order[dimension]
        around = set(order[max(0, at - 1) : at + 1])
        for area in self.areas:
            lines = area.lines[dimension]
            if lines is not None and 0 < at < len(order) and around <= lines:
                lines.update(new)
        order[at:at] = new

    def delete(self, dimension: str, start: int, end: int) -> None:
        gone = set(self.order[dimension][start:end])
        del self.order[dimension][start:end]
        at = 0 if dimension == "ROWS" else 1
        for cells in (self.values, self.notes):
            for place in [place for place in cells if place[at] in gone]:
                del cells[place]
        self.labels = {key: label for key, label in self.labels.items() if label[1] not in gone}
        self._leave(dimension, gone, self.areas)

    def _leave(self, dimension: str, gone: set[int], areas: Iterable[Area]) -> None:
        for area in areas:
            lines = area.lines[dimension]
            if lines is not None:
                lines -= gone
        self.areas = [area for area in self.areas if not area.gone or area.kind == "reference"]
        self.areas = [area for area in self.areas if area.kind != "merge" or self._n_cells(area) > 1]

    def _n_cells(self, area: Area) -> int:
        rows, columns = area.lines["ROWS"], area.lines["COLUMNS"]
        return len(rows or ()) * len(columns or ())

    def move(self, dimension: str, start: int, end: int, to: int) -> None:
        """Lines go elsewhere. What is wholly among them goes along; what they stay inside of keeps its place."""
        order = self.order[dimension]
        block = order[start:end]
        moved = set(block)
        stays: list[tuple[Area, int, int]] = []
        leaves = []
        for area in self.areas:
            lines = area.lines[dimension]
            if not lines or lines <= moved:
                continue
            first, last = min(map(order.index, lines)), max(map(order.index, lines)) + 1
            if first <= start and end <= last and first <= to <= last:
                stays.append((area, first, last))
            else:
                leaves.append(area)
        for area in leaves:
            lines = area.lines[dimension]
            assert lines is not None
            lines -= moved
        del order[start:end]
        at = to - len(block) if to > start else to
        around = set(order[max(0, at - 1) : at + 1])
        for area in leaves:
            lines = area.lines[dimension]
            assert lines is not None
            if 0 < at < len(order) and around <= lines:
                lines |= moved
        order[at:at] = block
        for area, first, last in stays:
            area.lines[dimension] = set(order[first:last])
        self._leave(dimension, set(), ())

    def sort(self, top: int, bottom: int, column: int, *, descending: bool) -> None:
        """Values and notes of whole rows change places; everything else stays where it is."""
        rows = self.order["ROWS"][top:bottom]
        key = self.order["COLUMNS"][column]
        filled = [row for row in rows if (row, key) in self.values]
        filled.sort(key=lambda row: self.values[row, key], reverse=descending)
        wanted = filled + [row for row in rows if row not in filled]
        for cells in (self.values, self.notes):
            kept = {place: text for place, text in cells.items() if place[0] not in rows}
            for old, new in zip(wanted, rows, strict=True):
                kept |= {(new, place[1]): text for place, text in cells.items() if place[0] == old}
            cells.clear()
            cells.update(kept)

    # what hangs on lines

    def add(self, kind: str, name: Any, **spans: tuple[int, int] | None) -> Area:
        lines = {
            dimension: None if span is None else set(self.order[dimension][span[0] : span[1]])
            for dimension, span in (("ROWS", spans["rows"]), ("COLUMNS", spans["columns"]))
        }
        area = Area(kind, name, lines)
        self.areas.append(area)
        if kind == "merge":
            rows, columns = lines["ROWS"] or set(), lines["COLUMNS"] or set()
            first = self.cell(*(min(map(self.order[d].index, lines[d] or ())) for d in ("ROWS", "COLUMNS")))
            for place in [place for place in self.values if place[0] in rows and place[1] in columns]:
                if place != first:
                    del self.values[place]
        return area

    def span(self, area: Area, dimension: str) -> tuple[int, int] | None:
        lines = area.lines[dimension]
        if lines is None:
            return None
        places = sorted(map(self.order[dimension].index, lines))
        assert places == list(range(places[0], places[-1] + 1)), "an area without holes"
        return places[0], places[-1] + 1

    def range_of(self, area: Area) -> Json:
        """Write an area as a GridRange of the first tab."""
        shown: Json = {}
        for dimension, axis in AXES.items():
            span = self.span(area, dimension)
            if span is not None:
                shown |= {f"start{axis}Index": span[0], f"end{axis}Index": span[1]}
        return shown

    def reference(self, area: Area) -> str:
        """Write an area as a formula names it."""
        if area.gone:
            return "#REF!"
        rows, columns = self.span(area, "ROWS"), self.span(area, "COLUMNS")
        corners = []
        for side in (0, 1):
            column = "" if columns is None else chr(65 + (columns[0] if side == 0 else columns[1] - 1))
            row = "" if rows is None else str(rows[0] + 1 if side == 0 else rows[1])
            corners.append(column + row)
        return corners[0] if corners[0] == corners[1] and area.name == "cell" else ":".join(corners)

    def texts(self, cells: dict[tuple[int, int], str]) -> dict[tuple[int, int], str]:
        """Return values or notes by where they stand now."""
        places = {line: (d, at) for d, lines in self.order.items() for at, line in enumerate(lines)}
        return {(places[row][1], places[column][1]): text for (row, column), text in cells.items()}
