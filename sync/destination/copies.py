"""Copies of rows, and cells of ours beside no key, as late and misled writes leave them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.destination.change import RowWrite, TabChange
from sync.destination.spot import Row, TabShape
from sync.records import Cell

MIN_TELLING_CELLS = 3  # so many filled cells alike are no accident; a stray row of ours is known by them


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A tab read whole: where each key stands, the copies of keys, blank rows, and the last row with anything in it."""

    rows: Mapping[int, Row]
    row_of: Mapping[str, int]
    copies: Sequence[int]
    strays: Sequence[int]
    last_filled: int
    last_keyed: int


def peel(change: TabChange, seen: Seen) -> tuple[list[RowWrite], tuple[str, ...], frozenset[int]]:
    """Take copies of a row away in steps that a person's sort in between cannot turn against an innocent row.

    First what is not key, with the key checked afterwards; then the key; then, in the next round, the blank row. A
    copy beside which people wrote stays, and is told.
    """
    spot, shape = change.spot, change.shape
    writes, warnings, blank_now = [], [], set()
    for at in seen.copies:
        ours = spot.ours(seen.rows[at])
        key = shape.key_of(ours) or ""
        if spot.theirs(seen.rows[at]):
            warnings.append(f"{key} is twice in the tab, and somebody wrote beside both (row {at + 1}); keep one.")
            continue
        rest = [cell for n, cell in enumerate(ours) if n not in shape.key_columns]
        has_rest = any(cell is not None for cell in rest)
        blank: Row = [None] * len(ours)
        writes.append(RowWrite(row=at, key=key if has_rest else "", cells=blank, keeps_key=has_rest))
        if not has_rest:
            blank_now.add(at)
    return writes, tuple(warnings), frozenset(blank_now)


def mend_strays(
    change: TabChange, seen: Seen, wanted: Mapping[str, Row], missing: Mapping[str, int | None]
) -> tuple[list[RowWrite], dict[str, int]]:
    """Deal with rows that hold cells of ours beside no key, or beside one that somebody typed.

    A row with all the other cells of a missing record gets its key back; cells of a record that stands elsewhere,
    beside no key, are a leftover of a write and are taken away. `missing` says where each key was known to be.
    """
    shape, spot = change.shape, change.spot
    typed_over = [at for key, at in seen.row_of.items() if key not in wanted] if missing else []
    if not seen.strays and not typed_over:
        return [], {}
    lost: dict[tuple[Cell, ...], list[str]] = {}
    for key in missing:
        lost.setdefault(_without_key(shape, wanted[key]), []).append(key)
    known = {_without_key(shape, cells) for cells in wanted.values()}
    writes, found = [], {}
    for at in sorted([*seen.strays, *typed_over]):
        rest = _without_key(shape, spot.ours(seen.rows[at]))
        if sum(cell is not None for cell in rest) < MIN_TELLING_CELLS:
            continue
        keys = lost.get(rest, [])
        if keys:
            key = next((k for k in keys if missing[k] == at), keys[0])
            keys.remove(key)
            found[key] = at
            writes.append(RowWrite(row=at, key=key, cells=wanted[key], keeps_key=False))
        elif at in seen.strays and rest in known:
            writes.append(RowWrite(row=at, key="", cells=[None] * len(shape.columns), keeps_key=False))
    return writes, found


def _without_key(shape: TabShape, cells: Row) -> tuple[Cell, ...]:
    return tuple(_plain(cell) for n, cell in enumerate(cells) if n not in shape.key_columns)


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell, 8)
    return None if cell == "" else cell
