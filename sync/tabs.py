"""What each tab of a sheet should show: rows out of the mirror, and summaries of them. No network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sync.config.sheet import Sheet, Tab
from sync.config.summary import Summary
from sync.destination.spot import Row, TabShape
from sync.errors import SyncError
from sync.records import Cell, Column, Slice, StreamSpec, Table
from sync.shape.cells import KEY_COLUMN, ChosenColumn, cell_key_text, fingerprint, make_columns, same_cell, to_table
from sync.shape.summary import fields_to_sum, make_summary
from sync.shape.view import choose_columns, fields_to_read, make_view
from sync.store import published
from sync.store.db import Store
from sync.store.mirror import Mirror
from sync.store.published import TabState

ROWS_VERSION = 1  # raise it when the same records make other cells, so that every tab is compared once
_EVER = Slice(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows for a tab: cells by key in the order of the tab, and how many cells had to be cut."""

    cells: Mapping[str, Row]
    n_cut: int = 0


class Job(Protocol):
    """One tab of a sheet, as the publisher sees it."""

    title: str
    uid: str

    @property
    def shape(self) -> TabShape:
        """What the tab is made of."""


@dataclass(kw_only=True)
class DataJob:
    """A data tab: its records, window and columns, and what the store knows of the tab.

    `error` is why its records could not be refreshed; such a tab is left as it is.
    """

    sheet: Sheet
    tab: Tab
    spec: StreamSpec
    mirror: Mirror | None
    window: Slice
    store: Store
    zone: ZoneInfo
    error: SyncError | None = None
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title in the config."""
        return self.tab.title

    @cached_property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored."""
        return f"{self.sheet.name}/{self.tab.title}"

    @cached_property
    def state(self) -> TabState | None:
        """What was published last."""
        return published.load_tab(self.store, self.sheet.spreadsheet_id, self.uid)

    @cached_property
    def version(self) -> int:
        """The mirror's version that this publish brings the tab to; taken before anything is read."""
        return self._mirror.version()

    @property
    def _mirror(self) -> Mirror:
        if self.mirror is None:
            raise self.error or AssertionError("a tab without a mirror has an error")
        return self.mirror

    @cached_property
    def chosen(self) -> tuple[ChosenColumn, ...]:
        """The columns that the config asks for."""
        given = self.tab.columns
        return choose_columns(self.spec, None if given is None else [(c.field, c.title) for c in given])

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What is read from the mirror."""
        return fields_to_read(self.spec, self.chosen)

    @cached_property
    def shape(self) -> TabShape:
        """Columns, and which of them are the key."""
        schema = self.no_records(self.fields).schema
        columns = make_columns(self.spec, self.chosen, schema)
        names = [column.name for column in columns]
        key_columns = tuple(names.index(name) for name in self.spec.key)
        types = [columns[n].type for n in key_columns]
        return TabShape(
            uid=self.uid,
            title=self.title,
            columns=columns,
            key_columns=key_columns,
            key_of=lambda row: cell_key_text([row[n] for n in key_columns], types),
            same_cell=same_cell,
        )

    @cached_property
    def shape_text(self) -> str:
        """A fingerprint of all in the config that decides what a row looks like or whether it is shown."""
        wanted = [ROWS_VERSION, self._mirror.id, self.zone.key, str(self.tab.period.text), self.sheet.week_starts]
        return _digest([*wanted, [c.name for c in self.chosen]])

    @property
    def is_settled(self) -> bool:
        """Whether the tab already shows this version, window and shape."""
        s = self.state
        return (
            s is not None
            and (s.version, s.shape) == (self.version, self.shape_text)
            and s.window_start <= self.window.start
            and s.window_end >= self.window.end
        )

    def to_rows(self, *frames: pl.DataFrame) -> Rows:
        """Shape records into rows."""
        # One by one: put together, the numbers of an undeclared field become text beside a frame that has none
        tables = [to_table(make_view(df, self.spec, self.chosen), self.shape.columns, self.zone) for df in frames]
        cells = {key: row for table in tables for key, row in zip(table.keys, table.rows, strict=True)}
        return Rows(cells=cells, n_cut=sum(table.n_cut_cells for table in tables))

    def candidates(self) -> Rows:
        """Return the rows that may differ from what was published: changed records, and those new in the window."""
        state = self.state
        assert state is not None  # only asked of a tab that was published
        if state.shape != self.shape_text:
            known = published.rows(self.store, state.spreadsheet_id, self.uid)
            return self.every_row(known)
        shown = Slice(state.window_start, state.window_end)
        read = partial(self._mirror.read, self.fields, since=state.version)
        inside = read(window=self.window, unless_in=shown)
        outside = [read(window=part) for part in _around(self.window)]
        keys = [key for df in outside for key in df[KEY_COLUMN].to_list()]
        known = published.rows(self.store, state.spreadsheet_id, self.uid, keys) if keys else {}
        kept = [df.filter(pl.col(KEY_COLUMN).is_in(list(known))) for df in outside]
        return self.to_rows(inside, *kept)

    def every_row(self, more_keys: Iterable[str] = ()) -> Rows:
        """Return all rows of the window, and those of `more_keys` that the mirror knows."""
        inside = self._mirror.read(self.fields, window=self.window)
        missing = set(more_keys) - set(inside[KEY_COLUMN].to_list())
        if not missing:
            return self.to_rows(inside)
        return self.to_rows(inside, self._mirror.read_keys(missing, self.fields))

    def keys_in_window(self) -> set[str]:
        """Return the keys that must be in the tab."""
        return set(self._mirror.read((), window=self.window)[KEY_COLUMN].to_list())

    def no_records(self, fields: Sequence[str]) -> pl.DataFrame:
        """Return an empty frame of the right types."""
        return self._mirror.read(fields, window=Slice(_EVER.start, _EVER.start))

    def records_of(self, keys: Iterable[str], fields: Sequence[str]) -> pl.DataFrame:
        """Return the records behind rows that the tab shows."""
        df = self._mirror.read(fields, window=self.window)
        wanted = pl.DataFrame({KEY_COLUMN: list(keys)}, schema={KEY_COLUMN: pl.String})
        inside = df.join(wanted, on=KEY_COLUMN, how="semi", maintain_order="left")
        missing = set(wanted[KEY_COLUMN].to_list()) - set(inside[KEY_COLUMN].to_list())
        return pl.concat([inside, self._mirror.read_keys(missing, fields)]) if missing else inside


@dataclass(kw_only=True)
class SummaryJob:
    """A summary tab of the rows that a data tab shows."""

    sheet: Sheet
    summary: Summary
    of: DataJob
    store: Store
    warnings: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The title in the config."""
        return self.summary.title

    @cached_property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored."""
        return f"{self.sheet.name}/{self.summary.title}"

    @cached_property
    def state(self) -> TabState | None:
        """What was published last."""
        return published.load_tab(self.store, self.sheet.spreadsheet_id, self.uid)

    @cached_property
    def shape_text(self) -> str:
        """A fingerprint of the options and of what the summed tab shows."""
        options = self.summary.model_dump(mode="json", exclude={"title"})
        return _digest([ROWS_VERSION, self.of.shape_text, options])

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


def row_print(cells: Row) -> int:
    """Return the fingerprint that is stored for a row."""
    return fingerprint(cells)


def _group_key(cells: Sequence[Cell]) -> str | None:
    plain = [int(c) if isinstance(c, float) and c.is_integer() else c for c in cells]
    if all(cell in (None, "") for cell in plain):
        return None
    return orjson.dumps(["" if cell is None else cell for cell in plain]).decode()


def _around(window: Slice) -> tuple[Slice, Slice]:
    return Slice(_EVER.start, window.start), Slice(window.end, _EVER.end)


def _digest(value: Any) -> str:
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
