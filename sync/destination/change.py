"""What is to be done to one tab, as plain values. Decides nothing and sends nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from sync.destination.reaching import Reaching
from sync.destination.spot import Found, Row, Spot, TabShape
from sync.records import Cell

Run = tuple[int, int]
"""Consecutive grid rows: start included, end excluded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWrite:
    """One row of cells for our columns. With `keeps_key` the key cells are not sent, but checked afterwards."""

    row: int
    key: str
    cells: Row
    keeps_key: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignCell:
    """One cell of people's columns, to be given back what it held."""

    row: int
    column: int
    cell: Cell

    @property
    def is_formula(self) -> bool:
        """Whether it held a formula, which has to be written as one."""
        return isinstance(self.cell, str) and self.cell.startswith("=")


class EncodedPiece(Protocol):
    """Some rows in their order: key, JSON array of our cells, and what is stored to know them by."""

    @property
    def keys(self) -> Sequence[str]:
        """The keys."""

    @property
    def rows(self) -> Sequence[bytes]:
        """The cells, null where there are none."""

    @property
    def fingerprints(self) -> Sequence[int]:
        """The fingerprints."""


class RowSource(Protocol):
    """The rows of a new tab that are too many to hold."""

    @property
    def n_rows(self) -> int:
        """How many there are."""

    @property
    def n_cut_cells(self) -> int:
        """How many of the cells taken so far had to be cut."""

    def pieces(self) -> Iterator[EncodedPiece]:
        """Yield them in the order of the tab, from the beginning at each call; may be taken in another thread."""

    def landed(self, first_row: int, keys: Sequence[str], fingerprints: Sequence[int]) -> None:
        """Note rows that have landed, from a grid row on; called in order, perhaps from another thread."""


@dataclass(frozen=True, kw_only=True)
class TabChange:
    """What is to be done to one tab, in this order: add columns, delete rows, insert rows, let rows leave, write.

    All rows but `delete_rows` are counted as they are once rows were inserted and before any leaves; `settle` says
    where they stand at the end. `inserts` are the rows that come in, `positions` says where every key that is known
    of stands, `leaving` which keys leave and from where. Rows of `annotated` have something of people's beside them;
    so has `template`, counted before rows were inserted, of which `formulas` (columns) are carried on into new rows.
    The rows of a new tab may come out of `load`, in place of `writes`. Columns by name that are `cleared` lose what
    stands below the header, before they are given up. Columns of ours that are `redressed` get the number format of
    the config, those that are `widened` its width. `under` are requests that lay something over the rows before others
    come in, `more` beside or over them once all came in, for which the grid grows at its end.
    """

    shape: TabShape
    spot: Spot
    is_new: bool = False
    new_columns: tuple[int, ...] = ()
    retagged: tuple[int, ...] = ()
    untagged: tuple[tuple[int, int], ...] = ()
    has_new_header: bool = False
    retitled: tuple[int, ...] = ()
    given_up: tuple[tuple[str, int], ...] = ()
    taken_back: tuple[int, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()
    cleared: tuple[str, ...] = ()
    redressed: tuple[int, ...] = ()
    widened: tuple[int, ...] = ()
    under: tuple[Mapping[str, Any], ...] = ()
    more: tuple[Mapping[str, Any], ...] = ()
    more_rows: int = 0
    more_columns: int = 0
    template: int | None = None
    formulas: tuple[int, ...] = ()
    reaching: tuple[Reaching, ...] = ()
    delete_rows: tuple[int, ...] = ()
    inserts: tuple[Run, ...] = ()
    writes: tuple[RowWrite, ...] = ()
    load: RowSource | None = None
    foreign: tuple[ForeignCell, ...] = ()
    leaving: Mapping[str, int] = field(default_factory=dict)
    annotated: frozenset[int] = frozenset()
    added: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    positions: Mapping[str, int] | None = None
    blanked: frozenset[int] = frozenset()
    warnings: tuple[str, ...] = ()
    is_final: bool = True

    @cached_property
    def n_insert(self) -> int:
        """How many rows come in."""
        return sum(end - start for start, end in self.inserts)

    @cached_property
    def leave_rows(self) -> tuple[int, ...]:
        """The rows that leave, from the top down."""
        return tuple(sorted(self.leaving.values()))

    @cached_property
    def header_moved(self) -> list[Cell]:
        """The header as read, over the columns as they stand once those that move have moved."""
        header = list(self.spot.header) + [None] * (self.spot.n_columns - len(self.spot.header))
        return moved(header, self.moves)

    @property
    def n_rows_after(self) -> int:
        """Rows of the grid at the end."""
        if self.is_new:
            return self.spot.n_rows
        n_more = self.n_insert + self.has_new_header - len(self.delete_rows) - len(self.leaving)
        return self.spot.n_rows + n_more + self.more_rows

    def settle(self, row: int) -> int:
        """Return where a row stands once all that leave have left."""
        return row - bisect_left(self.leave_rows, row)

    @property
    def needs_structure(self) -> bool:
        """Whether the grid, its tags or how it looks change."""
        return self.alters_grid or bool(self.redressed or self.widened or self.under or self.more)

    @property
    def alters_grid(self) -> bool:
        """Whether rows or columns come, go or get other tags."""
        return bool(
            self.is_new
            or self.new_columns
            or self.retagged
            or self.untagged
            or self.has_new_header
            or self.retitled
            or self.given_up
            or self.taken_back
            or self.moves
            or self.delete_rows
            or self.inserts
            or self.leaving
            or any(one.is_formula for one in self.foreign)
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.needs_structure and not self.writes and not self.foreign

    @property
    def n_more_cells(self) -> int:
        """Cells by which the workbook grows."""
        if self.is_new:
            return self.spot.n_rows * self.spot.n_columns
        columns = self.spot.n_columns + len(self.new_columns) + self.more_columns
        return self.n_rows_after * columns - self.spot.n_rows * self.spot.n_columns

    @property
    def n_most_cells(self) -> int:
        """Cells by which the workbook grows for a moment: rows that leave lie in a tray first."""
        columns = self.spot.n_columns + len(self.new_columns)
        in_tray = 3 * columns - len(self.spot.indexes) + 9  # as leave.py lays them down
        return self.n_more_cells + len(self.leaving) * in_tray


def moved(cells: list[Cell], moves: Sequence[tuple[int, int]]) -> list[Cell]:
    """Return the cells of a row once columns moved, each (index, index before which it is put)."""
    for index, to in moves:
        cell = cells.pop(index)
        cells.insert(to - (index < to), cell)
    return cells


def pushed(row: int, inserts: Sequence[Run]) -> int:
    """Return where a row stands after `inserts`."""
    for start, end in inserts:
        if row < start:
            break
        row += end - start
    return row


def runs_of(rows: Iterable[int]) -> tuple[Run, ...]:
    """Merge rows that follow one another into runs."""
    runs: list[Run] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1]:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return tuple(runs)


def to_change(shape: TabShape, found: Found) -> TabChange:
    """Return the change that only puts the columns and the header right."""
    return TabChange(
        shape=shape,
        spot=found.spot,
        new_columns=found.missing,
        retagged=found.retagged,
        untagged=found.untagged,
        has_new_header=found.has_no_header,
        retitled=found.retitled,
        given_up=found.given_up,
        taken_back=found.taken_back,
        moves=found.moves,
        warnings=tuple(_told(shape, found)),
    )


def _told(shape: TabShape, found: Found) -> Iterator[str]:
    """Say what an edit of the config does to the columns."""
    for name, index in found.given_up:
        title = found.spot.header[index] if index < len(found.spot.header) else name
        yield f'The column "{title}" is no longer in the config: it stays, and is marked "no longer updated".'
    for n in (*found.new, *found.taken_back):
        yield f'The column "{shape.columns[n].title}" is new in the config: it is filled for every row.'
    for n in found.retitled:
        yield f'The column {shape.columns[n].name} gets its new title "{shape.columns[n].title}".'
    if found.moves:
        yield "Columns move to where the config has them now; columns of people stay."
