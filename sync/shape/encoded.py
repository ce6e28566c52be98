"""Rows of a tab as the JSON that is sent of them, straight from columns: for tabs too long to hold as cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import unpack
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sync.records import Cell, Column
from sync.shape.cells import EXACT_INT, KEY_COLUMN, to_cell_lists


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRows:
    """Rows in their order: key, JSON array of the cells, and the fingerprint that `cells.fingerprint` gives them."""

    keys: Sequence[str]
    rows: Sequence[bytes]
    fingerprints: Sequence[int]
    n_cut_cells: int = 0


def encode_rows(df: pl.DataFrame, columns: Sequence[Column], zone: ZoneInfo) -> EncodedRows:
    """Encode the rows of a view, keys from its `_key` column; the cells are those of `cells.to_rows`."""
    lists, n_cut = to_cell_lists(df, columns, zone)
    # What orjson returns holds on to 4 kB however short it is; a copy holds what it needs
    rows = [bytes(memoryview(orjson.dumps(row))) for row in zip(*map(_whole_as_integers, lists), strict=True)]
    digests = b"".join([blake2b(row, digest_size=8).digest() for row in rows])
    return EncodedRows(
        keys=df[KEY_COLUMN].to_list(), rows=rows, fingerprints=unpack(f">{len(rows)}q", digests), n_cut_cells=n_cut
    )


def _whole_as_integers(cells: Sequence[Cell]) -> Sequence[Cell]:
    """Write 42.0 as 42, as fingerprints do: the content is the same."""
    first = next((cell for cell in cells if cell is not None), None)
    if type(first) is not float:
        return cells
    return [int(c) if type(c) is float and c.is_integer() and abs(c) <= EXACT_INT else c for c in cells]
