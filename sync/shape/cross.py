"""Rows to a cross table: the values of the last group become columns. From the rows, never from aggregates. Pure.

A column is named by its metric and value, so that it stays that column whatever comes in beside it. Days, weeks and
months move on: their columns are named by place, and get the title of what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from sync.errors import TooLarge
from sync.later import Later
from sync.records import Cell, Column, Slice, StreamSpec, Table
from sync.shape.cells import to_rows
from sync.shape.fill import with_empty_groups
from sync.shape.groups import NONE_LABEL, Group, make_groups, row_key
from sync.shape.metrics import Metric, column_of_metric, is_zero_without_rows
from sync.shape.summary import (
    CUT_KEY,
    TOTAL_KEY,
    TOTAL_LABEL,
    Question,
    counted_rows,
    finished,
    keys_of,
    labelled,
    once,
    seat,
    sort_groups,
    summary_problems,
    summed,
    summed_by,
    with_groups,
    with_zeros,
)

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

MAX_COLUMNS = 200  # nobody reads more side by side, and each takes cells in every row
TOTAL_NAME = "total"
ACROSS = " · "
"""Stands between a metric and a value in a header."""
_MARK = " | "
_MOVING = ("date", "week", "month")
_Value = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The zone and week of the buckets, the period that zeros fill, and what nobody may read of the columns' values."""

    zone: ZoneInfo
    week_starts: str = "monday"
    period: Slice | None = None
    hide: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """One value of the last group: what tells it apart in frames and in names of columns, and what people see."""

    value: _Value | None
    name: str
    label: str


def make_cross(
    df: pl.DataFrame, spec: StreamSpec, question: Question, when: When, *, known: Mapping[str, str] | None = None
) -> Table:
    """Compute a cross table of rows; `known` are the names and titles of columns that the tab shows already.

    A value that has no rows any more keeps its columns, which are empty then.

    Raises:
        ValueError: what `summary_problems` says.
        TooLarge: more columns than anybody reads.

    """
    if problems := summary_problems(spec, question):
        raise ValueError(" ".join(problems))
    return _Cross(spec, question, when, make_groups(spec, question.group_by)).table(df, known or {})


def known_columns(spec: StreamSpec, question: Question, when: When, known: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that a cross table was published with, by their names and titles."""
    return _Cross(spec, question, when, make_groups(spec, question.group_by)).known_columns(known)


@dataclass(frozen=True, slots=True)
class _Cross:
    spec: StreamSpec
    question: Question
    when: When
    groups: Sequence[Group]

    @property
    def down(self) -> Sequence[Group]:
        """The groups that make rows."""
        return self.groups[:-1]

    @property
    def across(self) -> Group:
        """The group that makes columns."""
        return self.groups[-1]

    @property
    def _by(self) -> list[str]:
        return [name for group in self.down for name in group.by]

    def table(self, df: pl.DataFrame, known: Mapping[str, str]) -> Table:
        """Return the table: rows within the limit, what was cut, the totals below and at the right."""
        question = self.question
        counted, made = counted_rows(df, self.spec, question, self.when.zone)
        rows = self._grouped(counted, self.down)
        both = self._grouped(rows, [self.across])
        every = summed_by(rows, self._by, made)
        if question.fill == "zero":
            every = self._filled(every, self._grouped(df, self.down), self.down)
        every = sort_groups(self._finished(every, self.down, df), self.down, question)
        places = self._places(counted, df, known)
        shown = every if question.limit is None else every.head(question.limit)
        labels, n_cut = to_rows(shown, [seat(group.column, group.shown) for group in self.down], self.when.zone)
        figures = self._figures(summed_by(both, [*self._by, *self.across.by], made), self._by)
        totals = self._cells(shown)
        keys = keys_of(shown, self.down)
        lines: list[tuple[Cell, ...]] = []
        for value, label, total in zip(shown.select(self._by).rows(), labels, totals, strict=True):
            lines.append((*labelled(label, len(self.down)), *self._line(figures.get(value, {}), total, places)))
        for name, key, of, across in self._last(every, shown, counted, both):
            one = self._figures(summed_by(across, self.across.by, made), [])
            total = self._cells(summed(of, made))[0]
            lines.append((name, *[None] * (len(self.down) - 1), *self._line(one.get((), {}), total, places)))
            keys.append(key)
        return Table(columns=self._columns(places, known), keys=keys, rows=lines, n_cut_cells=n_cut)

    def known_columns(self, known: Mapping[str, str]) -> tuple[Column, ...]:
        """Return the columns of names and titles that are known."""
        names = self._known_names(known)
        return self._columns([_Place(None, name, "") for name in names], known)

    def _grouped(self, df: pl.DataFrame, groups: Sequence[Group]) -> pl.DataFrame:
        return with_groups(df, self.spec, groups, zone=self.when.zone, week_starts=self.when.week_starts)

    def _filled(self, grouped: pl.DataFrame, rows: pl.DataFrame, groups: Sequence[Group]) -> pl.DataFrame:
        when = self.when
        every = with_empty_groups(
            grouped, rows, groups, zone=when.zone, week_starts=when.week_starts, period=when.period
        )
        return with_zeros(every, self.question)

    def _finished(self, grouped: pl.DataFrame, groups: Sequence[Group], df: pl.DataFrame) -> pl.DataFrame:
        return finished(grouped, df, self.spec, groups, week_starts=self.when.week_starts)

    def _last(
        self, every: pl.DataFrame, shown: pl.DataFrame, counted: pl.DataFrame, both: pl.DataFrame
    ) -> Iterator[tuple[str, str, pl.DataFrame, pl.DataFrame]]:
        """Yield label, key and rows of the lines below the groups; each record counts once, whatever its groups."""
        n_more = every.height - shown.height
        if n_more:
            gone = every.slice(shown.height).select(self._by)
            found = both.join(gone, on=self._by, how="semi", nulls_equal=True)
            yield f"{n_more:,} more, not shown", CUT_KEY, once(found), once(found, *self.across.by)
        if self.question.totals:
            yield TOTAL_LABEL, TOTAL_KEY, counted, self._grouped(counted, [self.across])

    def _cells(self, frame: pl.DataFrame) -> list[tuple[Cell, ...]]:
        columns = [seat(column_of_metric(self.spec, m), m.place) for m in self.question.metrics]
        return to_rows(frame, columns, self.when.zone)[0]

    def _figures(self, grouped: pl.DataFrame, by: Sequence[str]) -> dict[_Value, dict[_Value, tuple[Cell, ...]]]:
        found: dict[_Value, dict[_Value, tuple[Cell, ...]]] = {}
        values = grouped.select(by).rows() if by else [()] * grouped.height
        across = grouped.select(self.across.by).rows()
        for value, place, cells in zip(values, across, self._cells(grouped), strict=True):
            found.setdefault(value, {})[place] = cells
        return found

    def _line(
        self, figures: Mapping[_Value, tuple[Cell, ...]], total: tuple[Cell, ...], places: Sequence[_Place]
    ) -> Iterator[Cell]:
        is_filled = self.question.fill == "zero"
        empty = tuple(0 if is_filled and is_zero_without_rows(m) else None for m in self.question.metrics)
        for place in places:
            yield from (empty if place.value is None else figures.get(place.value, empty))
        if self.question.totals:
            yield from total

    def _places(self, counted: pl.DataFrame, df: pl.DataFrame, known: Mapping[str, str]) -> list[_Place]:
        """Return the values that get columns, in order, and behind them those that have no rows any more."""
        across = self._grouped(counted, [self.across]).select(self.across.by).unique()
        if self.question.fill == "zero":
            across = self._filled(across, self._grouped(df, [self.across]), [self.across])
        found = self._finished(across, [self.across], df)
        is_by_it = self.question.sort_by == self.question.group_by[-1]
        is_down = is_by_it and self.question.sort_order == "desc"
        found = found.sort(self.across.names, descending=[is_down] * 3, nulls_last=True)
        values, shown = found.select(self.across.by).rows(), found[self.across.shown].to_list()
        plain = [_label(self.across, one) for one in shown]
        labels = [self.when.hide(label) for label in plain] if self.when.hide else plain
        keys = found[self.across.key].to_list()
        labels = _unlike(labels, keys if labels == plain else [None] * len(keys))
        if self._moves:
            places = [_Place(v, f"#{n}", label) for n, (v, label) in enumerate(zip(values, labels, strict=True), 1)]
        else:
            parts = [self.across.key_part(*pair) for pair in zip(keys, shown, strict=True)]
            names = [row_key([self._unread(part)]) for part in parts]
            places = [_Place(v, name, label) for v, name, label in zip(values, names, labels, strict=True)]
        self._bound(places)
        return places if self._moves else self._with_gone(places, known)

    @property
    def _moves(self) -> bool:
        return self.across.is_bucket and self.across.column.name in _MOVING

    def _with_gone(self, places: Sequence[_Place], known: Mapping[str, str]) -> list[_Place]:
        """Add the values that have columns and no rows, each behind the one that it stood behind, if there is room."""
        made, order = list(places), [place.name for place in places]
        n_free, before = MAX_COLUMNS // len(self.question.metrics) - len(places), -1
        for name in self._known_names(known):
            if name not in order and n_free:
                order.insert(before + 1, name)
                made.insert(before + 1, _Place(None, name, _label_of_name(name)))
                n_free -= 1
            before = order.index(name) if name in order else before
        return made

    def _known_names(self, known: Mapping[str, str]) -> list[str]:
        """Return what of the names of columns says which value they hold, without those of another question."""
        ours = [self._start_of_name(metric) for metric in self.question.metrics]
        found = (name.removeprefix(start) for name in known for start in ours if name.startswith(start))
        return list(dict.fromkeys(found))

    def _start_of_name(self, metric: Metric) -> str:
        return f"{metric.id}{_MARK}{self.question.group_by[-1]}{_MARK}"

    def _unread(self, part: Any) -> Any:
        """Return what names a value; one that nobody may read has a fingerprint in its place."""
        text = str(part)
        if self.when.hide is None or self.when.hide(text) == text:
            return part
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def _bound(self, places: Sequence[_Place]) -> None:
        n_columns = len(places) * len(self.question.metrics)
        if n_columns > MAX_COLUMNS:
            raise TooLarge(
                f'pivot = "{self.question.group_by[-1]}" would make {n_columns:,} columns, for {len(places):,} values, '
                f"and more than {MAX_COLUMNS:,} help nobody.",
                hint="Choose a group with fewer values, filter with where, or leave pivot out.",
            )

    def _columns(self, places: Sequence[_Place], known: Mapping[str, str]) -> tuple[Column, ...]:
        """Return the columns; one without rows keeps the title that it has."""
        made = [group.column for group in self.down]
        for place in places:
            for metric in self.question.metrics:
                title = self._title(metric, place.label)
                name = self._start_of_name(metric) + place.name
                made.append(self._column(metric, name, known.get(name, title) if place.value is None else title))
        if self.question.totals:
            made += [self._column(m, name_of_total(m.id), self._title(m, TOTAL_LABEL)) for m in self.question.metrics]
        return tuple(made)

    def _title(self, metric: Metric, label: str) -> str:
        if len(self.question.metrics) == 1:
            return label
        return f"{column_of_metric(self.spec, metric).title}{ACROSS}{label}"

    def _column(self, metric: Metric, name: str, title: str) -> Column:
        column = column_of_metric(self.spec, metric)
        return Column(name=name, title=title, type=column.type, number_format=column.number_format, metric=metric.id)


def name_of_total(metric: str) -> str:
    """Return the name of the column that holds a metric of all records of a row."""
    return f"{metric}{_MARK}{TOTAL_NAME}"


def _label(group: Group, shown: Any) -> str:
    """Write a value as a header has it."""
    if shown is None:
        return NONE_LABEL
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    if isinstance(shown, date):
        return f"{shown:%Y-%m}" if group.is_bucket and group.column.name == "month" else f"{shown:%Y-%m-%d}"
    if group.is_bucket and group.column.name == "hour_of_day":
        return f"{shown:02d}:00"
    return f"{shown:g}" if isinstance(shown, float) else str(shown)


def _label_of_name(name: str) -> str:
    (part,) = orjson.loads(name)
    return NONE_LABEL if part is None else str(part[0] if isinstance(part, list) else part)


def _unlike(labels: Sequence[str], keys: Sequence[Any]) -> list[str]:
    """Two agents of one name are told apart by their ids, and others by a number."""
    seen: dict[str, int] = {}
    made = []
    for label, key in zip(labels, keys, strict=True):
        seen[label] = seen.get(label, 0) + 1
        apart = key if key is not None and str(key) != label else seen[label]
        made.append(label if labels.count(label) == 1 else f"{label} ({apart})")
    return made
