"""Compares a long tab with its records part by part: what is held of it is what differs, and a number for each key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from sync.destination.change import TabChange
from sync.destination.google import SheetsHttpClient
from sync.destination.long_read import KeyFrom, LongReader, Part, key_hashes, not_among
from sync.destination.observe import Block
from sync.destination.spot import Row, Spot, TabShape
from sync.records import Cell
from sync.shape.cells import KEY_COLUMN
from sync.store import published
from sync.store.published import Extent, PublishedRow
from sync.tabs import DataJob, Rows, row_print

MAX_DIFFERING = 50_000  # rows that are held; where more differ, the tab is compared as a whole, in memory
UNKNOWN_CELLS = 0  # in place of the fingerprint of a row that is not as it should be
_ROWS_AT_A_TIME = 10_000


MakeReader = Callable[[DataJob, TabChange], LongReader]
"""Makes the reader of a tab whose columns have been found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a long tab shows, and how it differs.

    `rows` are the rows to write and those that leave, `known` says where those stand that are there. `edge` is the row
    beside which new ones come in. `shown` has the hash of each key that stands in the tab, `stale` are keys that the
    store has there and that are gone.
    """

    rows: Rows
    known: Mapping[str, int]
    edge: int
    extent: Extent
    blocks: Sequence[Block]
    shown: pl.Series
    stale: Sequence[str]


@dataclass(kw_only=True)
class _Found:
    """What has been found so far."""

    differ: dict[str, Row] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)
    row_of: dict[str, int] = field(default_factory=dict)
    raw: dict[int, Row] = field(default_factory=dict)
    edge_rows: dict[int, Row] = field(default_factory=dict)
    hashes: list[pl.Series] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    n_unknown: int = 0
    n_cut: int = 0
    is_plain: bool = True


def key_from(shape: TabShape) -> KeyFrom:
    """Return what makes the key text of a row from its key cells alone."""
    blank: list[Cell] = [None] * len(shape.columns)

    def key_of(cells: Sequence[Cell]) -> str | None:
        row = list(blank)
        for place, cell in zip(shape.key_columns, cells, strict=True):
            row[place] = cell
        return shape.key_of(row)

    return key_of


def make_reader(client: SheetsHttpClient, spreadsheet_id: str, job: DataJob, change: TabChange) -> LongReader:
    """Return a reader of the tab that knows its key by where its columns stand now."""
    key_columns = [change.spot.indexes[place] for place in job.shape.key_columns]
    return LongReader(client, spreadsheet_id, change.spot, key_columns=key_columns, key_from=key_from(job.shape))


def read_whole(reader: LongReader) -> list[Block]:
    """Read a tab in parts that belong together, and hold all of it."""
    blocks = [Block(part.start, part.rows) for part in reader.parts()]
    reader.check()
    return blocks


def take_survey(job: DataJob, change: TabChange, reader: LongReader) -> Survey | None:
    """Read a tab part by part, and note in the store where its rows stand.

    Returns:
        What differs; None where it takes a look at the whole tab at once: keys that are there twice, cells of ours
        beside no key, keys that people typed over, or too much that differs.

    Raises:
        StaleObservation: rows were moved while the tab was read.

    """
    found = _Found()
    for part in reader.parts():
        for piece in _pieces(part):
            _compare(job, change, piece, found)
            if not found.is_plain:
                return None
            del piece
        del part  # before the next one is read: two at once would be the most that this holds
    reader.check()
    shown = pl.concat(found.hashes) if found.hashes else key_hashes([])
    if shown.n_unique() != len(shown):
        return None
    missing = _missing(job, shown)
    if missing is None or (missing and found.n_unknown):
        return None
    if job.tab.overflow == "remove_oldest" and len(shown) + len(missing) > job.tab.max_rows:
        return None
    return _to_survey(job, change, found, shown=shown, missing=missing)


def _to_survey(job: DataJob, change: TabChange, found: _Found, *, shown: pl.Series, missing: Sequence[str]) -> Survey:
    assert job.mirror is not None  # its records could be refreshed
    new = job.to_rows(job.mirror.read_keys(missing, job.fields), must=1)
    first, last, header = found.first, found.last, change.spot.header_row
    edge = first if job.from_top else last
    offset = change.spot.n_rows if job.from_top else 0
    ends = (None if first is None else first - offset, None if last is None else last - offset)
    return Survey(
        rows=Rows(
            cells={**found.differ, **new.cells},
            must=set(new.cells),
            leaving=found.leaving,
            n_cut=found.n_cut + new.n_cut,
        ),
        known=found.row_of,
        edge=header if edge is None else edge,
        extent=Extent(len(shown), *ends),
        blocks=[Block(at, [row]) for at, row in sorted({**found.raw, **found.edge_rows}.items())],
        shown=shown,
        stale=list(_stale(job, shown)),
    )


def _pieces(part: Part) -> Iterator[Part]:
    for at in range(0, len(part.rows), _ROWS_AT_A_TIME):
        end = at + _ROWS_AT_A_TIME
        yield Part(part.start + at, part.rows[at:end], part.keys[at:end])


def _compare(job: DataJob, change: TabChange, piece: Part, found: _Found) -> None:
    """Compare some rows of the tab with their records."""
    spot, shape = change.spot, change.shape
    keyed: dict[str, int] = {}
    for at, (row, key) in enumerate(zip(piece.rows, piece.keys, strict=True), piece.start):
        if at <= spot.header_row:
            continue
        if key is not None and key not in keyed:
            keyed[key] = at
        elif key is not None or any(cell not in (None, "") for cell in spot.ours(row)):
            found.is_plain = False
            return
    assert job.mirror is not None
    wanted = job.to_rows(job.mirror.read_keys(keyed, job.fields))
    mine = {key: at for key, at in keyed.items() if key in wanted.cells or key in wanted.leaving}
    found.n_unknown += len(keyed) - len(mine)
    found.n_cut += wanted.n_cut
    same = _sort_out(job, spot, shape, wanted=wanted, mine=mine, piece=piece, found=found)
    offset = spot.n_rows if job.from_top else 0
    seen = {
        key: PublishedRow(at - offset, row_print(wanted.cells[key]) if key in same else UNKNOWN_CELLS)
        for key, at in mine.items()
    }
    published.note_seen(job.store, job.sheet.spreadsheet_id, job.uid, seen)
    found.hashes.append(key_hashes(list(mine)))
    found.is_plain = len(found.differ) + len(found.leaving) <= MAX_DIFFERING
    _note_edge(job, mine.values(), piece, found)


def _sort_out(
    job: DataJob,
    spot: Spot,
    shape: TabShape,
    *,
    wanted: Rows,
    mine: Mapping[str, int],
    piece: Part,
    found: _Found,
) -> set[str]:
    """Keep the rows that differ or leave; return the keys of those that are as they should be."""
    same = set()
    for key, at in mine.items():
        row = piece.rows[at - piece.start]
        if key in wanted.leaving:
            found.leaving[key] = wanted.leaving[key]
        elif job.has_updates and not _is_same(shape, wanted.cells[key], spot.ours(row)):
            found.differ[key] = wanted.cells[key]
        else:
            same.add(key)
            continue
        found.row_of[key], found.raw[at] = at, row
    return same


def _is_same(shape: TabShape, wanted: Row, read: Row) -> bool:
    return all((w == r and type(w) is type(r)) or shape.same_cell(w, r) for w, r in zip(wanted, read, strict=True))


def _note_edge(job: DataJob, rows: Iterable[int], piece: Part, found: _Found) -> None:
    """Keep the rows between the one beside which new ones come in and its end of the tab."""
    ours = sorted(rows)
    read = dict(enumerate(piece.rows, piece.start))
    if job.from_top:
        if found.first is None:
            found.edge_rows |= {at: row for at, row in read.items() if not ours or at <= ours[0]}
    else:
        found.edge_rows = {at: row for at, row in {**found.edge_rows, **read}.items() if not ours or at >= ours[-1]}
    if ours:
        found.first = ours[0] if found.first is None else found.first
        found.last = ours[-1]


def _missing(job: DataJob, shown: pl.Series) -> list[str] | None:
    """Return the keys that have to be in the tab and are not; None where they are too many to hold."""
    wanted = [keys.hash() for keys in _wanted_keys(job)]
    hashes = pl.concat(wanted) if wanted else key_hashes([])
    missing = not_among(hashes, shown).to_list()
    if len(missing) > MAX_DIFFERING:
        return None
    found = [key for keys in _wanted_keys(job) for key in keys.filter(keys.hash().is_in(missing))] if missing else []
    return [key for key in found if key not in job.forgotten]


def _wanted_keys(job: DataJob) -> Iterator[pl.Series]:
    assert job.mirror is not None
    for df in job.mirror.read_pieces(job.fields, window=job.window):
        yield job.staying.divide(df)[0][KEY_COLUMN]


def _stale(job: DataJob, shown: pl.Series) -> Iterator[str]:
    """Yield the keys that the store has in the tab and that are not there any more."""
    place = (job.store, job.sheet.spreadsheet_id, job.uid)
    if published.extent(*place).n == len(shown):
        return
    for keys in published.each_key(*place):
        gone = set(not_among(key_hashes(keys), shown).to_list())
        yield from (key for key, number in zip(keys, key_hashes(keys), strict=True) if number in gone)
