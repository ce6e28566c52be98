"""Reads a long tab part by part, and proves at the end that no row of ours moved meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from sync.destination.book import ObservedTab, start_of
from sync.destination.google import SheetsHttpClient
from sync.destination.observe import StaleObservation
from sync.destination.spot import Spot
from sync.errors import ContractBroken
from sync.records import Cell

MAX_AT_ONCE = 1_500_000  # cells of the grid; a tab of no more is read in one request
PART_CELLS, PART_CHARACTERS = 600_000, 10_000_000  # about 50 MB once they are values; whichever is less
FIRST_CELLS = 200_000  # of the first part, by which the length of a row is guessed
_KEYS_AT_A_TIME = 50_000

KeyFrom = Callable[[Sequence[Cell]], str | None]
"""Makes the key text of a row from its key cells alone; None when one is blank."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows as read, from a grid row on, and the key text of each; blank rows at its end are left out."""

    start: int
    rows: Sequence[Sequence[Cell]]
    keys: Sequence[str | None]


def is_long(there: ObservedTab) -> bool:
    """Tell whether a tab is too long for one answer."""
    return there.n_cells > MAX_AT_ONCE


class LongReader:
    """One reading of one tab; `key_columns` are the grid indexes of its key, in the order of the stream's key."""

    def __init__(
        self,
        client: SheetsHttpClient,
        spreadsheet_id: str,
        spot: Spot,
        *,
        key_columns: Sequence[int],
        key_from: KeyFrom,
    ) -> None:
        self._client = client
        self._path = f"/v4/spreadsheets/{spreadsheet_id}/values:batchGetByDataFilter"
        self._spot, self._key_columns, self._key_from = spot, key_columns, key_from
        self._seen: list[pl.Series] = []

    def parts(self) -> Iterator[Part]:
        """Yield the rows of the grid from the top down, so many at a time as make an answer of a good size.

        Raises:
            StaleObservation: the tab has become shorter meanwhile.

        """
        n_rows, n_columns = self._spot.n_rows, max(1, self._spot.n_columns)
        start, n = 0, max(1, FIRST_CELLS // n_columns)
        while start < n_rows:
            end = min(n_rows, start + n)
            rows = self._fetch({"startRowIndex": start, "endRowIndex": end}, "ROWS").get(0, [])
            keys = [self._key_from([at(row, index) for index in self._key_columns]) for row in rows]
            self._seen.append(key_hashes([*keys, *[None] * (end - start - len(keys))]))
            per_row = _n_characters(rows) / (end - start)
            n = max(1, min(PART_CELLS // n_columns, int(PART_CHARACTERS / max(per_row, 1.0))))
            yield Part(start, rows, keys)
            del rows, keys  # whoever took it has done with it; the next part needs the room
            start = end

    def check(self) -> None:
        """Look once more at the keys alone, which fit into one answer: each has to stand where it was read.

        Raises:
            StaleObservation: rows were moved, came or went between two parts.

        """
        columns = [self._key_column(index) for index in self._key_columns]
        n = self._spot.n_rows
        if any(len(column) > n for column in columns):
            raise StaleObservation("Rows were inserted before a long tab was read to its end.")
        seen = pl.concat(self._seen) if self._seen else key_hashes([])
        for start in range(0, n, _KEYS_AT_A_TIME):
            end = min(n, start + _KEYS_AT_A_TIME)
            cells = ([at(column, row) for column in columns] for row in range(start, end))
            if not key_hashes([self._key_from(row) for row in cells]).equals(seen[start:end]):
                raise StaleObservation("Rows were moved while a long tab was read.")

    def _key_column(self, index: int) -> Sequence[Cell]:
        found = self._fetch({"startColumnIndex": index, "endColumnIndex": index + 1}, "COLUMNS")
        return found.get(index, [[]])[0]

    def _fetch(self, stretch: Mapping[str, int], dimension: str) -> dict[int, list[list[Cell]]]:
        """Return what a stretch of the grid holds, by the column at which it begins."""
        body = {
            "dataFilters": [{"gridRange": {"sheetId": self._spot.sheet_id, **stretch}}],
            "majorDimension": dimension,
            "valueRenderOption": "FORMULA",
            "dateTimeRenderOption": "SERIAL_NUMBER",
        }
        try:
            answer: Mapping[str, Any] = self._client.send("POST", self._path, kind="read", body=orjson.dumps(body))
        except ContractBroken as error:
            if "exceeds grid limits" not in str(error):
                raise
            raise StaleObservation("A tab became shorter while it was read.") from error
        ranges = [matched.get("valueRange", {}) for matched in answer.get("valueRanges", [])]
        return {start_of(one.get("range", ""))[2]: one["values"] for one in ranges if one.get("values")}


def at(cells: Sequence[Cell], index: int) -> Cell:
    """Return a cell of a row as read; None when it is empty or was not sent."""
    return cells[index] if 0 <= index < len(cells) and cells[index] != "" else None


def key_hashes(keys: Sequence[str | None]) -> pl.Series:
    """Return 64 bits for each key, which stand for it within one process: a million of them take 8 MB."""
    return pl.Series("key", keys, dtype=pl.String).hash()


def not_among(hashes: pl.Series, others: pl.Series) -> pl.Series:
    """Return those of `hashes` that are not among `others`."""
    return pl.DataFrame({"hash": hashes}).join(pl.DataFrame({"hash": others}), on="hash", how="anti")["hash"]


def _n_characters(rows: Sequence[Sequence[Cell]]) -> int:
    """Guess the length of an answer from some of its rows."""
    some = rows[:: max(1, len(rows) // 200)]
    return sum(len(str(cell)) + 3 for row in some for cell in row) * len(rows) // max(1, len(some))
