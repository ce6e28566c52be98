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
    n_left_over: int = 0  # for the pages after this one
    n_skipped: int = 0  # before its first, in the order of the tab
    n_grid_rows: int = 0  # of the tab once it is made
    n_cut_cells: int = 0

    def pieces(self) -> Iterator[EncodedRows]:
        """Yield the rows in the order of the tab, from the beginning at each call."""
        self.n_cut_cells = 0
        job = self.job
        for df in self._records():
            view = make_view(df, job.spec, job.chosen, order=job.order)
            encoded = encode_rows(view, job.shape.columns, job.zone)
            self.n_cut_cells += encoded.n_cut_cells
            yield encoded

    def keys(self) -> set[str]:
        """Return the keys of all rows."""
        return {key for df in self._records() for key in df[KEY_COLUMN].to_list()}

    def _records(self) -> Iterator[pl.DataFrame]:
        n_left = self.n_rows
        for df in _records(self.job, skip=self.n_skipped):
            some = df.head(n_left)
            n_left -= some.height
            yield some
            if not n_left:
                return

    def landed(self, first_row: int, keys: Sequence[str], fingerprints: Sequence[int]) -> None:
        """Note rows in the store; where new ones come in on top, counted from the end of the grid."""
        job = self.job
        row = first_row - (self.n_grid_rows if job.from_top else 0)
        published.add_rows(
            job.store, job.sheet.spreadsheet_id, job.uid, keys=keys, first_row=row, fingerprints=fingerprints
        )


def find_load(job: DataJob, before: Sequence[TabLoad] = ()) -> TabLoad | None:
    """Return the rows of a tab that is to be made, where all need several bodies; None where one body may hold them.

    Those of one body go together with the other tabs, and need not be looked at once more. `before` are those of the
    pages before this one. Which rows are the oldest of more than fit is known by looking at all of them: None as well.
    """
    if job.shares_rows:  # of those only rows that stand nowhere else
        return None
    if job.tab.overflow == "remove_oldest" and job.n_in_window > job.tab.max_rows:
        return None
    n_fitting = job.body_bytes // (CELL_BYTES * len(job.chosen))
    n_left = before[-1].n_left_over if before else _count(job, n_fitting)
    if n_left <= n_fitting and not before:
        return None
    n_rows = min(n_left, job.tab.max_rows) if job.tab.overflow == "next_tab" else n_left
    n_after, n_before = n_left - n_rows, sum(load.n_rows for load in before)
    return TabLoad(job=job, n_rows=n_rows, n_left_over=n_after, n_skipped=n_after if job.from_top else n_before)


def _count(job: DataJob, n_fitting: int) -> int:
    if not job.is_filtered or job.n_in_window <= n_fitting:
        return job.n_in_window
    return sum(df.height for df in _records(job))


def _records(job: DataJob, *, skip: int = 0) -> Iterator[pl.DataFrame]:
    """Yield the records of the window that have to be in the tab but the first `skip`, in the order of the tab."""
    assert job.mirror is not None  # its records could be refreshed
    n_to_read_over = 0 if job.is_filtered else skip
    skip -= n_to_read_over
    pieces = job.mirror.read_pieces(job.fields, window=job.window, newest_first=job.from_top, skip=n_to_read_over)
    for df in pieces:
        shown = job.staying.divide(df)[0]
        yield shown.slice(skip)
        skip = max(0, skip - shown.height)
