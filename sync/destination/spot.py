"""Where a tab of ours is in the spreadsheet: its columns by tag, then by header text, and its header row. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sync.destination.book import ObservedTab
from sync.destination.columns import GIVEN_UP, given_up, make_moves, new_titles, taken_back
from sync.destination.decor import PLAIN, Decor
from sync.errors import HeaderChanged, Where
from sync.records import Cell, Column

Row = Sequence[Cell]
KeyOf = Callable[[Row], str | None]
"""Makes the key text of a row from its key cells as read back; None when they are blank."""
SameCell = Callable[[Cell, Cell], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TabShape:
    """What a tab of ours is made of. `key_columns` are positions among `columns`."""

    uid: str
    title: str
    columns: tuple[Column, ...]
    key_columns: tuple[int, ...]
    key_of: KeyOf
    same_cell: SameCell
    decor: Decor = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a tab of ours is in the spreadsheet: grid indexes of its columns, in their order, and its header row."""

    sheet_id: int
    n_rows: int
    n_columns: int
    header_row: int
    indexes: tuple[int, ...]
    header: tuple[Cell, ...] = ()

    def ours(self, row: Row) -> tuple[Cell, ...]:
        """Return the cells of our columns from a row of the full width as read."""
        return tuple(row[i] if i < len(row) and row[i] != "" else None for i in self.indexes)

    def theirs(self, row: Row) -> bool:
        """Tell whether people have anything in their columns of this row."""
        mine = set(self.indexes)
        return any(cell not in (None, "") for i, cell in enumerate(row) if i not in mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What `find_spot` found, and what is to be put right. Numbers are positions among the columns of the shape.

    `spot` has the indexes as they will be once `missing` columns were added behind the last of ours.
    """

    spot: Spot
    missing: tuple[int, ...] = ()
    retagged: tuple[int, ...] = ()
    untagged: tuple[tuple[int, int], ...] = ()
    has_no_header: bool = False
    retitled: tuple[int, ...] = ()
    given_up: tuple[tuple[str, int], ...] = ()
    taken_back: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()


def find_spot(
    tab: ObservedTab,
    shape: TabShape,
    *,
    known_columns: Mapping[str, str],
    take_header: bool,
    doubtful: Collection[str] = (),
) -> Found:
    """Find our columns and header row.

    Args:
        tab: the tab as observed, header row included.
        shape: what the tab should have.
        known_columns: fields that were published before, with the titles they had; what is not among them is new.
        take_header: put missing and doubled columns right instead of stopping.
        doubtful: columns whose tags were changed while people moved columns or rows.

    Raises:
        HeaderChanged: a column of ours, or the header row, is missing or doubled.

    """
    header_row = _header_row(tab, shape, take_header=take_header)
    indexes, untagged = _tagged_columns(tab, shape, take_header=take_header)
    for n in _mistaken(tab, shape, indexes, known_columns, doubtful=doubtful):
        untagged.append((n, indexes.pop(n)))
    retagged = _by_header(tab, shape, indexes, known_columns, but={index for _, index in untagged})
    indexes |= retagged
    former = {n: i for n, c in enumerate(shape.columns) if n not in indexes and (i := taken_back(tab, c)) is not None}
    indexes |= former
    retitled = tuple(new_titles(shape.columns, indexes, tab.header, known=known_columns, doubtful=doubtful))
    missing = tuple(n for n in range(len(shape.columns)) if n not in indexes)
    for column in (shape.columns[n] for n in missing):
        if column.name in known_columns:
            _stop_unless(take_header, shape, f"The column {column.title!r} ({column.name}) is gone.")
    end = max(indexes.values(), default=-1) + 1
    indexes |= {n: end + i for i, n in enumerate(missing)}
    in_order = tuple(indexes[n] for n in range(len(shape.columns)))
    had_order = [name for name, title in known_columns.items() if title]  # a title is known where the order is
    moves, places = ([], in_order) if missing else make_moves(shape.columns, in_order, had_order, tab.n_columns)
    spot = Spot(
        sheet_id=tab.sheet_id,
        n_rows=tab.n_rows,
        n_columns=tab.n_columns,
        header_row=header_row or 0,
        indexes=places,
        header=tab.header,
    )
    return Found(
        spot=spot,
        missing=missing,
        retagged=tuple(retagged),
        retitled=retitled,
        given_up=tuple(given_up(tab, shape.columns, doubtful=doubtful)),
        taken_back=tuple(former),
        new=tuple(n for n in missing if shape.columns[n].name not in known_columns),
        moves=tuple(moves),
        untagged=tuple(untagged),
        has_no_header=header_row is None,
    )


def _tagged_columns(
    tab: ObservedTab, shape: TabShape, *, take_header: bool
) -> tuple[dict[int, int], list[tuple[int, int]]]:
    indexes: dict[int, int] = {}
    untagged: list[tuple[int, int]] = []
    for n, column in enumerate(shape.columns):
        found = tab.columns.get(column.name, ())
        if len(found) > 1:
            _stop_unless(take_header, shape, f"The column {column.name!r} is there {len(found)} times.")
            untagged += [(n, index) for index in found[1:]]
        if found:
            indexes[n] = found[0]
    return indexes, untagged


def _mistaken(
    tab: ObservedTab,
    shape: TabShape,
    indexes: Mapping[int, int],
    known_columns: Mapping[str, str],
    *,
    doubtful: Collection[str],
) -> list[int]:
    """Return the columns whose tag fell on another one, which people had just put in its place."""
    found = []
    for n, index in indexes.items():
        column, text = shape.columns[n], tab.header[index] if index < len(tab.header) else None
        titles = (column.title, known_columns.get(column.name))
        if column.name in doubtful and text not in titles and not str(text).endswith(GIVEN_UP):
            found.append(n)
    return found


def _by_header(
    tab: ObservedTab,
    shape: TabShape,
    tagged: Mapping[int, int],
    known_columns: Mapping[str, str],
    *,
    but: Collection[int],
) -> dict[int, int]:
    """Find columns that lost their tag by the text of their header, where that text is there once."""
    taken = {index for found in tab.columns.values() for index in found} - set(but)
    found: dict[int, int] = {}
    for n, column in enumerate(shape.columns):
        titles = {column.title, known_columns.get(column.name, "")} - {""}
        alike = [i for i, text in enumerate(tab.header) if text in titles and i not in taken]
        if n not in tagged and len(alike) == 1:
            found[n] = alike[0]
            taken.add(alike[0])
    return found


def _header_row(tab: ObservedTab, shape: TabShape, *, take_header: bool) -> int | None:
    if tab.n_header_rows > 1:
        _stop_unless(take_header, shape, f"The tab has {tab.n_header_rows} header rows of ours.")
    if tab.n_header_rows == 0:
        _stop_unless(take_header, shape, "The header row is gone.")
    return tab.header_row


def _stop_unless(allowed: bool, shape: TabShape, what: str) -> None:
    if not allowed:
        raise HeaderChanged(
            what,
            hint=f"Undo it in the spreadsheet (Edit > Undo, or the version history), or run with --take-header to have "
            f"the tab {shape.title!r} put right.",
            where=Where(tab=shape.title),
        )
