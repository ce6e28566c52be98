"""What a summary tab should show: groups and metrics of the rows that a data tab shows. No network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import orjson
import polars as pl

from sync.config.sheet import Sheet
from sync.config.summary import Summary
from sync.destination.spot import Row, TabShape
from sync.records import Cell, Column, Table
from sync.shape.cells import same_cell
from sync.shape.summary import fields_to_sum, make_summary
from sync.store import published
from sync.store.db import Store
from sync.store.published import TabState
from sync.tabs import ROWS_VERSION, DataJob, digest


@dataclass(kw_only=True)
class SummaryJob:
    """A summary tab of the rows that a data tab shows."""

    sheet: Sheet
    summary: Summary
    of: DataJob
    store: Store
    warnings: tuple[str, ...] = field(default=())
    known_as: str = ""

    @property
    def title(self) -> str:
        """The title in the config."""
        return self.summary.title

    @property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored; `known_as` is that of before an edit of the config."""
        return self.known_as or f"{self.sheet.name}/{self.summary.title}"

    @cached_property
    def state(self) -> TabState | None:
        """What was published last."""
        return published.load_tab(self.store, self.sheet.spreadsheet_id, self.uid)

    @cached_property
    def shape_text(self) -> str:
        """A fingerprint of the options and of what the summed tab shows."""
        options = self.summary.model_dump(mode="json", exclude={"title", "of"})
        return digest([ROWS_VERSION, self.of.shape_text, options])

    @cached_property
    def shape(self) -> TabShape:
        """Columns as they come out of the summary; groups are the key."""
        columns = self._make(self._no_records()).columns
        key_columns = tuple(range(len(self.summary.group_by)))
        return TabShape(
            uid=self.uid,
            title=self.title,
            columns=columns,
            key_columns=key_columns,
            key_of=lambda row: _group_key([row[n] for n in key_columns]),
            same_cell=same_cell,
        )

    @property
    def is_settled(self) -> bool:
        """Whether the tab already shows this version, window and shape."""
        s = self.state
        shown = self.of.window
        return (
            s is not None
            and (s.version, s.shape) == (self.of.version, self.shape_text)
            and (s.window_start, s.window_end) == (shown.start, shown.end)
        )

    def rows(self, keys: Iterable[str]) -> list[tuple[str, Row]]:
        """Compute the summary of the rows with these keys."""
        table = self._make(self.of.records_of(keys, self._fields))
        return list(zip(table.keys, table.rows, strict=True))

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        sorted_by = [self.summary.sorted_by] if self.summary.sorted_by not in (None, *self.summary.group_by) else []
        metrics = [*self.summary.metric_names, *(name for name in sorted_by if name)]
        return fields_to_sum(self.of.spec, self.summary.group_by, metrics)

    def _no_records(self) -> pl.DataFrame:
        return self.of.no_records(self._fields)

    def _make(self, df: pl.DataFrame) -> Table:
        table = make_summary(
            df,
            self.of.spec,
            group_by=self.summary.group_by,
            metrics=self.summary.metric_names,
            sort_by=self.summary.sorted_by,
            sort_order=self.summary.sort_order,
            totals=self.summary.totals,
            zone=self.of.zone,
            week_starts=self.sheet.week_starts,
        )
        return self._titled(table)

    def _titled(self, table: Table) -> Table:
        """Give a group that is a field of the summed tab the title that it has there."""
        titles = {c.name: c.title for c in self.of.chosen if c.title}
        columns = tuple(
            Column(name=c.name, title=titles.get(c.name, c.title), type=c.type, number_format=c.number_format)
            for c in table.columns
        )
        return Table(columns=columns, keys=table.keys, rows=table.rows, n_cut_cells=table.n_cut_cells)


def _group_key(cells: Sequence[Cell]) -> str | None:
    plain = [int(c) if isinstance(c, float) and c.is_integer() else c for c in cells]
    if all(cell in (None, "") for cell in plain):
        return None
    return orjson.dumps(["" if cell is None else cell for cell in plain]).decode()
