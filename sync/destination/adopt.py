"""A tab that people kept by hand, to be gone on with: which row is its header, and which columns are ours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sync.destination.book import COLUMN_KEY, HEADER_KEY, TAB_KEY, Book, ObservedTab
from sync.destination.leave import box, tag
from sync.destination.observe import Block
from sync.destination.spot import Row, TabShape
from sync.errors import ForeignTab, Where
from sync.records import FieldType

HEADER_ROWS = 50  # a header stands among the first rows
_SERIALS = (FieldType.INSTANT, FieldType.DATE)
Request = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What was recognised in a tab of people; `columns` are grid indexes by field."""

    tab: ObservedTab
    shape: TabShape
    header_row: int
    header: Row
    columns: Mapping[str, int]
    rows: Mapping[str, Row]

    def cells(self, row: Row) -> list[Any]:
        """Return the cells of our columns, None where the tab has no such column."""
        return [_at(row, self.columns.get(column.name, -1)) for column in self.shape.columns]


def recognise(
    tab: ObservedTab, shape: TabShape, blocks: Sequence[Block], names: Mapping[str, Sequence[str]]
) -> Adopted:
    """Match the header by the titles and names of fields, and the rows by their key.

    Raises:
        ForeignTab: the key is not among the columns, or stands in two rows.

    """
    rows = {block.start + i: row for block in blocks for i, row in enumerate(block.rows)}
    found = {at: _columns(row, shape, names) for at, row in rows.items() if at < HEADER_ROWS}
    at = max(found, key=lambda row: (len(found[row]), -row), default=None)
    keys = [shape.columns[n] for n in shape.key_columns]
    if at is None or any(column.name not in found[at] for column in keys):
        wanted = " and ".join(f'"{column.title}"' for column in keys)
        raise ForeignTab(
            f"The tab {tab.title!r} cannot be taken over: no row among its first {HEADER_ROWS} has a header {wanted}.",
            hint="Write that header above the column that holds the ids, or rename the tab to have one made beside it.",
            where=Where(tab=shape.title),
        )
    adopted = Adopted(tab=tab, shape=shape, header_row=at, header=rows[at], columns=found[at], rows={})
    return replace(adopted, rows=_by_key(adopted, rows))


def _by_key(adopted: Adopted, rows: Mapping[int, Row]) -> dict[str, Row]:
    by_key: dict[str, Row] = {}
    for at, row in rows.items():
        key = adopted.shape.key_of(adopted.cells(row)) if at > adopted.header_row else None
        if key is not None and key in by_key:
            raise ForeignTab(
                f"The tab {adopted.tab.title!r} cannot be taken over: {key} is in it twice (row {at + 1}).",
                hint="Keep one of the two rows, and run it again with --adopt.",
                where=Where(tab=adopted.shape.title),
            )
        if key is not None:
            by_key[key] = row
    return by_key


def _columns(row: Row, shape: TabShape, names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Find our columns by a header; the title of the config first, then what else the field is called."""
    texts = [_plain(cell) for cell in row]
    found: dict[str, int] = {}
    for round_ in range(max((len(known) for known in names.values()), default=0)):
        for column in shape.columns:
            known = names[column.name]
            if column.name in found or round_ >= len(known):
                continue
            alike = [n for n, text in enumerate(texts) if text == _plain(known[round_]) and n not in found.values()]
            if alike:
                found[column.name] = alike[0]
    return found


def _plain(cell: Any) -> str:
    return "".join(c for c in str(cell or "").casefold() if c.isalnum())


def _at(row: Row, index: int) -> Any:
    return row[index] if 0 <= index < len(row) and row[index] != "" else None


def overwritten(adopted: Adopted, wanted: Mapping[str, Row]) -> int:
    """Count the cells that people filled and that the vendor has otherwise."""
    n = 0
    for key, row in adopted.rows.items():
        for want, shown in zip(wanted.get(key, ()), adopted.cells(row), strict=False):
            n += shown is not None and not adopted.shape.same_cell(want, shown)
    return n


def as_ours(adopted: Adopted) -> ObservedTab:
    """Return the tab as it is observed once it is tagged."""
    return replace(
        adopted.tab,
        uids=(adopted.shape.uid,),
        columns={name: (index,) for name, index in adopted.columns.items()},
        header_row=adopted.header_row,
        header=tuple(adopted.header),
        n_header_rows=1,
    )


def make_adoption(adopted: Adopted, book: Book, *, keeps_copy: bool) -> Iterator[Request]:
    """Yield what makes the tab ours: tags, and formats for times that people had typed as text."""
    sheet_id, n_rows = adopted.tab.sheet_id, adopted.tab.n_rows
    if keeps_copy:
        yield {"duplicateSheet": {"sourceSheetId": sheet_id, "newSheetName": copy_title(adopted, book)}}
    yield tag({"sheetId": sheet_id}, TAB_KEY, adopted.shape.uid)
    yield tag({"dimensionRange": _line(sheet_id, "ROWS", adopted.header_row)}, HEADER_KEY, adopted.shape.uid)
    for column in adopted.shape.columns:
        index = adopted.columns.get(column.name)
        if index is None:
            continue
        yield tag({"dimensionRange": _line(sheet_id, "COLUMNS", index)}, COLUMN_KEY, column.name)
        typed = [_at(row, index) for row in adopted.rows.values()]
        if column.type in _SERIALS and any(isinstance(cell, str) for cell in typed):
            kind = "DATE" if column.type is FieldType.DATE else "DATE_TIME"
            pattern = {"numberFormat": {"type": kind, "pattern": column.number_format}}
            below = box(sheet_id, (adopted.header_row + 1, n_rows), (index, index + 1))
            yield {
                "repeatCell": {
                    "range": below,
                    "cell": {"userEnteredFormat": pattern},
                    "fields": "userEnteredFormat.numberFormat",
                }
            }


def copy_title(adopted: Adopted, book: Book) -> str:
    """Return a free title for the tab as it was."""
    base = f"{adopted.tab.title[:70]} before Callsheet"
    titles = (base if n == 1 else f"{base} ({n})" for n in range(1, len(book.tabs) + 2))
    return next(title for title in titles if not book.titled(title))


def _line(sheet_id: int, dimension: str, index: int) -> dict[str, Any]:
    return {"sheetId": sheet_id, "dimension": dimension, "startIndex": index, "endIndex": index + 1}
