"""The rows of a tab that is made with more of them than anyone holds in memory. No network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from sync.shape.cells import KEY_COLUMN
from sync.shape.encoded import EncodedRows, encode_rows
from sync.shape.view import make_view
from sync.store import published
from sync.tabs import DataJob

CELL_BYTES = 12  # as a cell is in JSON, on the average of ids, times, numbers, names and cells that are blank


@dataclass(kw_only=True)
class TabLoad:
    """The rows of one tab, read from the mirror as they are sent, and noted in the store as they land."""

    job: DataJob
    n_rows: int
    n_grid_rows: int = 0  # of the tab once it is made
    n_cut_cells: int = 0

    def pieces(self) -> Iterator[EncodedRows]:
        """Yield the rows in the order of the tab, from the beginning at each call."""
        self.n_cut_cells = 0
        job = self.job
        for df in _records(job):
            view = make_view(df, job.spec, job.chosen, order=job.order)
            encoded = encode_rows(view, job.shape.columns, job.zone)
            self.n_cut_cells += encoded.n_cut_cells
            yield encoded

    def keys(self) -> set[str]:
        """Return the keys of all rows."""
        return {key for df in _records(self.job) for key in df[KEY_COLUMN].to_list()}

    def landed(self, first_row: int, keys: Sequence[str], fingerprints: Sequence[int]) -> None:
        """Note rows in the store; where new ones come in on top, counted from the end of the grid."""
        job = self.job
        row = first_row - (self.n_grid_rows if job.from_top else 0)
        published.add_rows(
            job.store, job.sheet.spreadsheet_id, job.uid, keys=keys, first_row=row, fingerprints=fingerprints
        )


def find_load(job: DataJob) -> TabLoad | None:
    """Return the rows of a tab that is to be made, where they need several bodies; None where one may hold them.

    Those of one body go together with the other tabs, and need not be looked at once more.
    Which rows fit is known by looking at all of them.
    """
    if job.tab.overflow != "stop" and job.n_in_window > job.tab.max_rows:
        return None
    n_fitting = job.body_bytes // (CELL_BYTES * len(job.chosen))
    if job.n_in_window <= n_fitting:
        return None
    n_rows = sum(df.height for df in _records(job)) if job.is_filtered else job.n_in_window
    return TabLoad(job=job, n_rows=n_rows) if n_rows > n_fitting else None


def _records(job: DataJob) -> Iterator[pl.DataFrame]:
    """Yield the records of the window that have to be in the tab, in the order of the tab."""
    assert job.mirror is not None  # its records could be refreshed
    for df in job.mirror.read_pieces(job.fields, window=job.window, newest_first=job.from_top):
        yield job.staying.divide(df)[0]
