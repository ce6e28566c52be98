"""What a tab shows once a change is carried out, so that a plan can tell of what comes after. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync.destination.book import ObservedTab
from sync.destination.change import TabChange, moved
from sync.destination.columns import GIVEN_UP
from sync.destination.observe import Block
from sync.records import Cell


def foresee(change: TabChange, there: ObservedTab, blocks: Sequence[Block]) -> tuple[ObservedTab, list[Block]]:
    """Return the tab and its rows as a look after `change` would find them; no rows leave by it."""
    rows: list[list[Cell]] = [[] for _ in range(there.n_rows)]
    for block in blocks:
        for at, row in enumerate(block.rows, block.start):
            rows[at] = list(row)
    rows = [_moved(change, row, at) for at, row in enumerate(rows)]
    header = _titled(change, _moved(change, list(there.header), change.spot.header_row))
    if change.has_new_header:
        rows.insert(0, header)
    spot, names = change.spot, [column.name for column in change.shape.columns]
    after = replace(
        there,
        n_rows=change.n_rows_after,
        n_columns=spot.n_columns + len(change.new_columns) + change.more_columns,
        columns={name: (index,) for name, index in zip(names, spot.indexes, strict=True)},
        header_row=spot.header_row,
        n_header_rows=1,
        header=tuple(header),
        former=_former(change, there),
    )
    rows[spot.header_row] = header
    return _decorated(change, after), [Block(0, _written(change, rows, after.n_rows))]


def not_made_yet(change: TabChange) -> ObservedTab:
    """Return the tab that a change makes, as if it were there with nothing in it."""
    spot = change.spot
    return ObservedTab(
        sheet_id=spot.sheet_id,
        title=change.shape.title,
        n_rows=spot.n_rows,
        n_columns=spot.n_columns,
        uids=(change.shape.uid,),
        columns={column.name: (index,) for column, index in zip(change.shape.columns, spot.indexes, strict=True)},
        header_row=spot.header_row,
        n_header_rows=1,
        header=spot.header,
    )


def _written(change: TabChange, rows: list[list[Cell]], n_rows: int) -> list[list[Cell]]:
    """Return the rows with those that come in, without those that are deleted, and with every cell that is written."""
    deleted = set(change.delete_rows)
    rows = [row for at, row in enumerate(rows) if at not in deleted]
    for start, end in change.inserts:
        rows[start:start] = [[] for _ in range(end - start)]
    rows += [[] for _ in range(n_rows - len(rows))]
    for write in change.writes:
        kept = change.shape.key_columns if write.keeps_key else ()
        rows[write.row] += [None] * (change.spot.n_columns + len(change.new_columns) - len(rows[write.row]))
        for n, index in enumerate(change.spot.indexes):
            if n not in kept:
                rows[write.row][index] = write.cells[n]
    for cell in change.foreign:
        rows[cell.row] += [None] * (cell.column + 1 - len(rows[cell.row]))
        rows[cell.row][cell.column] = cell.cell
    return rows


def _decorated(change: TabChange, there: ObservedTab) -> ObservedTab:
    """Return the tab with what is laid over and beside its rows."""
    made, rules, charts = list(there.made), list(there.rules), dict(there.charts)
    for kind, told in (item for request in (*change.under, *change.more) for item in request.items()):
        if kind == "createDeveloperMetadata":
            made.append(told["developerMetadata"]["metadataValue"])
        elif kind == "deleteDeveloperMetadata":
            made.remove(told["dataFilter"]["developerMetadataLookup"]["metadataValue"])
        elif kind == "addConditionalFormatRule":
            rules.insert(told["index"], told["rule"])
        elif kind == "deleteConditionalFormatRule":
            del rules[told["index"]]
        elif kind == "updateConditionalFormatRule":
            rules[told["index"]] = told["rule"]
        elif kind == "addChart":
            charts[told["chart"]["chartId"]] = told["chart"]["spec"]
        elif kind == "updateChartSpec":
            charts[told["chartId"]] = told["spec"]
    return replace(there, made=tuple(made), rules=tuple(rules), charts=charts)


def _moved(change: TabChange, row: list[Cell], at: int) -> list[Cell]:
    """Put the cells of a row where they stand after the columns moved and came in."""
    row = row + [None] * (change.spot.n_columns - len(row))
    if at > change.spot.header_row:
        for name, index in change.given_up:
            row[index] = None if name in change.cleared else row[index]
    elif at == change.spot.header_row:
        for name, index in change.given_up:
            row[index] = f"{row[index] or name}{GIVEN_UP}"
    row = moved(row, change.moves)
    for n in change.new_columns:
        row.insert(change.spot.indexes[n], None)
    return row


def _titled(change: TabChange, header: list[Cell]) -> list[Cell]:
    for n in {*change.new_columns, *change.taken_back, *change.retitled}:
        header[change.spot.indexes[n]] = change.shape.columns[n].title
    if change.has_new_header:
        for n, index in enumerate(change.spot.indexes):
            header[index] = change.shape.columns[n].title
    return header


def _former(change: TabChange, there: ObservedTab) -> dict[str, tuple[int, ...]]:
    """Return the columns that were given up; where they stand is not asked again in the same run."""
    back = {change.shape.columns[n].name for n in change.taken_back}
    former = {name: found for name, found in there.former.items() if name not in back}
    return former | {name: (index,) for name, index in change.given_up}
