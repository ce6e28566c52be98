"""What each data tab of a sheet should show: rows out of the mirror, and which of them leave. No network."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from sync import clock
from sync.config.forms import LONGEST_TITLE
from sync.config.sheet import Sheet, Tab
from sync.decorations import make_decor
from sync.destination.spot import Row, TabShape
from sync.errors import OtherStream, SyncError
from sync.records import Column, Slice, StreamKind, StreamSpec
from sync.shape.cells import KEY_COLUMN, ChosenColumn, cell_key_text, fingerprint, make_columns, same_cell, to_table
from sync.shape.conditions import fields_of, parse_condition
from sync.shape.staying import IS_FORGOTTEN, Staying
from sync.shape.view import Order, choose_columns, fields_to_read, make_view
from sync.store import published
from sync.store.db import Store
from sync.store.forgotten import rows_to_remove
from sync.store.mirror import Mirror, has_key_of, stream_of
from sync.store.published import TabState

ROWS_VERSION = 1  # raise it when the same records make other cells, so that every tab is compared once
_EVER = Slice(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows for a tab: cells by key, in the order in which new ones stand, and how many cells had to be cut.

    `must` are the keys that have to be there, `leaving` says of keys why they leave.
    """

    cells: Mapping[str, Row]
    must: Collection[str] = ()
    leaving: Mapping[str, str] = field(default_factory=dict)
    n_cut: int = 0


class Job(Protocol):
    """One tab of a sheet, as the publisher sees it."""

    warnings: tuple[str, ...]

    @property
    def title(self) -> str:
        """The title in the config."""

    @property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored."""

    @property
    def shape(self) -> TabShape:
        """What the tab is made of."""


@dataclass(kw_only=True)
class DataJob:
    """A data tab: its records, window and columns, and what the store knows of the tab.

    `gathered` are the mirrors of single connections that one of all calls is made of.
    `taken` are keys that other spreadsheets of the sheet show; one that `is_closed` takes no new rows. `beside` are the
    suffixes of pages that were made before `split` was changed, and keep the rows that they have.
    `error` is why its records could not be refreshed; such a tab is left as it is. `body_bytes` is the most that one
    request to Google may hold.
    """

    sheet: Sheet
    tab: Tab
    spec: StreamSpec
    mirror: Mirror | None
    window: Slice
    store: Store
    zone: ZoneInfo
    body_bytes: int = 2_000_000
    at: datetime = field(default_factory=clock.now)
    part: Slice | None = None
    suffix: str = ""
    known_as: str = ""
    gathered: tuple[Mirror, ...] = ()
    taken: frozenset[str] = frozenset()
    is_closed: bool = False
    beside: tuple[str, ...] = ()
    error: SyncError | None = None
    warnings: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title in the config, with what tells a page from the others."""
        return self.tab.title[: LONGEST_TITLE - len(self.suffix)] + self.suffix

    @property
    def uid(self) -> str:
        """The name under which the tab is tagged and stored; `known_as` is that of before an edit of the config."""
        return (self.known_as or f"{self.sheet.name}/{self.tab.title}") + self.suffix

    @property
    def shares_rows(self) -> bool:
        """Whether some of its records are shown elsewhere, and not here."""
        return bool(self.taken or self.is_closed or self.beside)

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
        made = (ChosenColumn(c.field, c.title, c.format or "", c.width or 0, c.mask or "") for c in given or ())
        return choose_columns(self.spec, None if given is None else made)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What is read from the mirror."""
        return tuple(dict.fromkeys([*fields_to_read(self.spec, self.chosen), *fields_of(self.staying.conditions)]))

    @cached_property
    def staying(self) -> Staying:
        """Which records the tab shows."""
        return Staying(
            cursor_field=self.spec.cursor_field,
            zone=self.zone,
            conditions=tuple(parse_condition(text) for text in self.tab.where),
            period=self.window if self.is_exact else None,
            part=self.part,
            oldest=self._cutoff(self.at),
            oldest_words=f"it is older than {self.tab.remove_after}",
        )

    @property
    def is_exact(self) -> bool:
        """Whether the tab shows exactly its period."""
        return self.tab.mode == "replace"

    @property
    def has_updates(self) -> bool:
        """Whether rows that are there follow their records; all do once when the config changed how cells look."""
        return self.tab.mode != "append" or bool(looks_changed(self.state, self.shape))

    @property
    def from_top(self) -> bool:
        """Whether new rows come in below the header."""
        return self.tab.order == "newest first"

    def _cutoff(self, at: datetime) -> datetime | None:
        """Return the beginning of the day before which rows are too old to stay."""
        if self.tab.remove_after == "never" or self.spec.kind is StreamKind.LIST:  # what is listed has no age
            return None
        day = (at - clock.parse_duration(self.tab.remove_after)).astimezone(self.zone).date()
        return clock.to_instant(datetime.combine(day, datetime.min.time()), self.zone)

    @cached_property
    def forgotten(self) -> frozenset[str]:
        """The keys of rows that have to leave because their person is forgotten."""
        return rows_to_remove(self.store, self._mirror.id)

    @cached_property
    def shape(self) -> TabShape:
        """Columns, and which of them are the key."""
        schema = self.no_records(self.fields).schema
        columns = make_columns(self.spec, self.chosen, schema)

        def columns_named(name: str) -> list[int]:
            return [n for n, column in enumerate(columns) if name in (column.name, column.title)][:1]

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
            decor=make_decor(columns, banding=self.tab.banding, highlights=self.tab.highlight, find=columns_named),
        )

    @cached_property
    def shape_text(self) -> str:
        """A fingerprint of all in the config that decides what a row looks like or whether it is shown."""
        tab = self.tab
        wanted = [ROWS_VERSION, self._mirror.id, self.zone.key, str(tab.period.text), self.sheet.week_starts]
        rules = [tab.mode, tab.order, list(tab.where), tab.remove_after, tab.max_rows, tab.overflow]
        looks = [[c.name, c.format, c.mask] for c in self.chosen if c.format or c.mask]
        more = [part for part in (looks, list(self.beside)) if part]
        return digest([*wanted, *rules, [c.name for c in self.chosen], *more])

    @property
    def is_settled(self) -> bool:
        """Whether the tab already shows this version, window and shape."""
        s = self.state
        if s is None or (s.version, s.shape) != (self.version, self.shape_text):
            return False
        if self._cutoff(s.published_at) != self._cutoff(self.at):
            return False
        if self.is_exact:
            return (s.window_start, s.window_end) == (self.window.start, self.window.end)
        return s.window_start <= self.window.start and s.window_end >= self.window.end

    def to_rows(self, *frames: pl.DataFrame, must: int = 0) -> Rows:
        """Shape records into rows; those of the first `must` frames have to be in the tab."""
        divided = [self.staying.divide(df) for df in frames]
        # One by one: put together, the numbers of an undeclared field become text beside a frame that has none
        tables = [to_table(make_view(df, self.spec, self.chosen), self.shape.columns, self.zone) for df, _ in divided]
        paired = [list(zip(table.keys, table.rows, strict=True)) for table in tables]
        return Rows(
            cells=dict(pair for pairs in paired for pair in (reversed(pairs) if self.from_top else pairs)),
            must={key for table in tables[:must] for key in table.keys},
            leaving={
                **{key: reason for _, gone in divided for key, reason in gone.items()},
                **dict.fromkeys(self.forgotten, IS_FORGOTTEN),
            },
            n_cut=sum(table.n_cut_cells for table in tables),
        )

    def changed_rows(self) -> Rows:
        """Return the rows that may differ from what was published: changed records, new ones, and those that leave."""
        state = self.state
        assert state is not None  # only asked of a tab that was published
        if state.shape != self.shape_text:
            known = published.rows(self.store, state.spreadsheet_id, self.uid)
            return self.every_row(known)
        shown = Slice(state.window_start, state.window_end)
        read = partial(self._mirror.read, self.fields, since=state.version)
        inside = read(window=self.window, unless_in=shown)
        outside = [read(window=part) for part in _around(self.window)]
        outside += [self._mirror.read(self.fields, window=passed) for passed in self._passed(state)]
        keys = [key for df in outside for key in df[KEY_COLUMN].to_list()]
        known = published.rows(self.store, state.spreadsheet_id, self.uid, keys) if keys else {}
        kept = [df.filter(pl.col(KEY_COLUMN).is_in(list(known))) for df in outside]
        return self.to_rows(inside, *kept, must=1)

    def _passed(self, state: TabState) -> list[Slice]:
        """Return the stretches that have left the period, or grown too old, since the tab was published."""
        passed = []
        if self.is_exact:
            passed += [Slice(state.window_start, min(state.window_end, self.window.start))]
            passed += [Slice(max(state.window_start, self.window.end), state.window_end)]
        now, then = self._cutoff(self.at), self._cutoff(state.published_at - timedelta(days=1))
        passed += [Slice(then, now)] if now and then else []
        return [stretch for stretch in passed if stretch.start < stretch.end]

    def every_row(self, more_keys: Iterable[str] = ()) -> Rows:
        """Return all rows of the window, and those of `more_keys` that the mirror knows."""
        inside = self._mirror.read(self.fields, window=self.window)
        missing = set(more_keys) - set(inside[KEY_COLUMN].to_list())
        if not missing:
            return self.to_rows(inside, must=1)
        return self.to_rows(inside, self._mirror.read_keys(missing, self.fields), must=1)

    @property
    def mirror_moved_on(self) -> bool:
        """Whether another run has changed the mirror since this publish began."""
        return self._mirror.version() != self.version

    @property
    def order(self) -> Order:
        """At which end new rows come in."""
        return Order(self.tab.order)

    @cached_property
    def n_in_window(self) -> int:
        """How many records of the window there are, whether or not the tab shows them."""
        return self._mirror.count(self.window)

    @property
    def is_filtered(self) -> bool:
        """Whether some records of the window may not be shown."""
        return bool(self.tab.where) or self.part is not None or self.tab.remove_after != "never"

    def leaving_among(self, keys: Collection[str]) -> dict[str, str]:
        """Return why keys leave, of those that do; a record that is not known does not."""
        forgotten = dict.fromkeys(self.forgotten.intersection(keys), IS_FORGOTTEN)
        return {**self.staying.divide(self._mirror.read_keys(keys, self.fields))[1], **forgotten}

    def by_age(self, keys: Collection[str]) -> list[str]:
        """Return keys that the mirror knows, the oldest record first."""
        found: list[str] = self._mirror.read_keys(keys, ())[KEY_COLUMN].to_list()
        return found

    def no_records(self, fields: Sequence[str]) -> pl.DataFrame:
        """Return an empty frame of the right types."""
        return self._mirror.read(fields, window=Slice(_EVER.start, _EVER.start))

    def records_of(self, keys: Iterable[str] | None, fields: Sequence[str]) -> pl.DataFrame:
        """Return the records behind rows that the tab shows; None for a tab that was just made for the window."""
        if keys is None:
            df = self._mirror.read([*fields, *fields_of(self.staying.conditions)], window=self.window)
            return self.staying.divide(df)[0]
        df = self._mirror.read(fields, window=self.window)
        wanted = pl.DataFrame({KEY_COLUMN: list(keys)}, schema={KEY_COLUMN: pl.String})
        inside = df.join(wanted, on=KEY_COLUMN, how="semi", maintain_order="left")
        missing = set(wanted[KEY_COLUMN].to_list()) - set(inside[KEY_COLUMN].to_list())
        return pl.concat([inside, self._mirror.read_keys(missing, fields)]) if missing else inside


def check_stream(job: DataJob, shown: TabState) -> None:
    """Raise OtherStream where a tab shows records that could not be told from those that the config asks for now."""
    if job.mirror is None or shown.mirror_id == job.mirror.id:
        return
    before = stream_of(shown.mirror_id)
    if before in ("", job.spec.name) and has_key_of(job.store, shown.mirror_id, job.spec):
        return
    other = f'the stream "{before}"' if before != job.spec.name else "the same stream with other options"
    raise OtherStream(
        f'The tab "{job.title}" shows records of {other}, and the config now asks for "{job.spec.name}" in it.',
        hint="Give the tab another title in the config, and both are there; or delete it in the spreadsheet, and it is "
        "made anew.",
    )


def looks_changed(state: TabState | None, shape: TabShape) -> tuple[int, ...]:
    """Return the positions of columns that were published with another look than the config asks for now."""
    known = {column["name"]: column.get("look") for column in state.columns} if state else {}
    return tuple(
        n for n, column in enumerate(shape.columns) if column.name in known and _looks_other(known[column.name], column)
    )


def _looks_other(known: str | None, column: Column) -> bool:
    """A tab of before there were formats has the usual ones."""
    return known != column.look if known is not None else column.is_dressed


def row_print(cells: Row) -> int:
    """Return the fingerprint that is stored for a row."""
    return fingerprint(cells)


def _around(window: Slice) -> tuple[Slice, Slice]:
    return Slice(_EVER.start, window.start), Slice(window.end, _EVER.end)


def digest(value: Any) -> str:
    """Return a short fingerprint of plain values."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
