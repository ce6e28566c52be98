"""Rows and columns of a grid: inserting, deleting, moving and counting them."""

from __future__ import annotations

from typing import Any

from sync.sandbox.google.grid import Extra, Grid, Looks, note_all, note_rows


def resize_rows(grid: Grid, n_rows: int) -> None:
    """Set the number of rows; what lies beyond is lost."""
    missing = n_rows - grid.n_rows
    note_rows(grid, min(n_rows, grid.n_rows), grid.n_rows, max(0, missing))
    if missing < 0:
        _forget_formulas(grid, n_rows, grid.n_rows)
        del grid.cells[n_rows:], grid.looks[n_rows:], grid.extras[n_rows:]
    elif missing:
        grid.cells += [None] * missing
        grid.looks += [None] * missing
        grid.extras += [None] * missing


def resize_columns(grid: Grid, n_columns: int) -> None:
    """Set the number of columns; what lies beyond is lost."""
    if n_columns < grid.n_columns:
        delete_columns(grid, n_columns, grid.n_columns)
    grid.n_columns = n_columns


def insert_rows(grid: Grid, at: int, count: int, *, look_of: int | None) -> None:
    """Put empty rows before row `at`, formatted like row `look_of`."""
    looks = None if look_of is None else grid.looks[look_of]
    note_rows(grid, at, at, count)
    grid.cells[at:at] = [None] * count
    grid.looks[at:at] = [looks] * count
    grid.extras[at:at] = [None] * count


def delete_rows(grid: Grid, start: int, end: int) -> None:
    """Take rows out."""
    note_rows(grid, start, end, 0)
    _forget_formulas(grid, start, end)
    del grid.cells[start:end], grid.looks[start:end], grid.extras[start:end]


def move_rows(grid: Grid, start: int, end: int, to: int) -> None:
    """Move rows to before the row that had index `to` before the move."""
    note_all(grid)
    for column in (grid.cells, grid.looks, grid.extras):
        _move(column, start, end, to)


def insert_columns(grid: Grid, at: int, count: int, *, look_of: int | None) -> None:
    """Put empty columns before column `at`, formatted like column `look_of`."""
    note_all(grid)
    for index, row in enumerate(grid.cells):
        if row is not None and len(row) > at:
            grid.cells[index] = row[:at] + [None] * count + row[at:]
    _rebuild_looks(grid, lambda looks: _widened(looks, at, count, look_of))
    _rebuild_extras(grid, lambda column: column + count if column >= at else column)
    grid.n_columns += count


def delete_columns(grid: Grid, start: int, end: int) -> None:
    """Take columns out."""
    note_all(grid)
    for index, row in enumerate(grid.cells):
        if row is not None and len(row) > start:
            grid.cells[index] = _trimmed(row[:start] + row[end:])
    _rebuild_looks(grid, lambda looks: looks[:start] + looks[end:])
    _rebuild_extras(grid, lambda column: _after_delete(column, start, end))
    grid.n_columns -= end - start


def move_columns(grid: Grid, start: int, end: int, to: int) -> None:
    """Move columns to before the column that had index `to` before the move."""
    note_all(grid)
    order = list(range(grid.n_columns))
    _move(order, start, end, to)
    place = {old: new for new, old in enumerate(order)}
    for index, row in enumerate(grid.cells):
        if row is not None:
            padded = row + [None] * (grid.n_columns - len(row))
            grid.cells[index] = _trimmed([padded[old] for old in order])
    _rebuild_looks(grid, lambda looks: _reordered(looks, order))
    _rebuild_extras(grid, lambda column: place[column])


def _move(items: list[Any], start: int, end: int, to: int) -> None:
    block = items[start:end]
    del items[start:end]
    at = to - (end - start) if to > start else to
    items[at:at] = block


def _after_delete(column: int, start: int, end: int) -> int | None:
    if column < start:
        return column
    return None if column < end else column - (end - start)


def _trimmed(row: list[Any]) -> list[Any] | None:
    while row and row[-1] is None:
        row.pop()
    return row or None


def _widened(looks: Looks, at: int, count: int, look_of: int | None) -> Looks:
    look = looks[look_of] if look_of is not None and look_of < len(looks) else None
    if len(looks) <= at and look is None:
        return looks
    padded = looks + (None,) * (at - len(looks))
    return padded[:at] + (look,) * count + padded[at:]


def _reordered(looks: Looks, order: list[int]) -> Looks:
    return tuple(looks[old] if old < len(looks) else None for old in order)


def _rebuild_looks(grid: Grid, change: Any) -> None:
    known: dict[int, tuple[Looks, Looks | None]] = {}
    for index, looks in enumerate(grid.looks):
        if looks is not None:
            found = known.get(id(looks))
            if found is None:
                found = known.setdefault(id(looks), (looks, change(looks) or None))
            grid.looks[index] = found[1]


def _rebuild_extras(grid: Grid, place: Any) -> None:
    for index, extras in enumerate(grid.extras):
        if extras:
            kept: dict[int, Extra] = {}
            for column, extra in extras.items():
                new = place(column)
                if new is None:
                    grid.n_formulas -= extra.formula is not None
                else:
                    kept[new] = extra
            grid.extras[index] = kept or None


def _forget_formulas(grid: Grid, start: int, end: int) -> None:
    if grid.n_formulas:
        for extras in grid.extras[start:end]:
            grid.n_formulas -= sum(extra.formula is not None for extra in (extras or {}).values())
