"""A summary with the change of each figure from the period before. From the rows, never from aggregates. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync.later import Later
from sync.records import Cell, Column, FieldType, StreamSpec, Table
from sync.shape.cells import to_rows
from sync.shape.cross import ACROSS
from sync.shape.groups import LOCAL, Group, bucket_key, make_groups
from sync.shape.metrics import Metric, column_of_metric, is_zero_without_rows
from sync.shape.summary import (
    CUT_KEY,
    TOTAL_KEY,
    Question,
    counted_rows,
    finished,
    keys_of,
    make_summary,
    once,
    seat,
    summed,
    summed_by,
    with_groups,
)

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

CHANGE, SHARE = " | change", " | change_pct"
"""Stand behind a metric's id in the names of the columns of its change, absolute and as a share."""
_SIGNED = {"0": "+0;-0;0", "0.0": "+0.0;-0.0;0.0", '0.0"%"': "+0.0;-0.0;0.0"}
_PERCENT = "+0.0%;-0.0%;0.0%"
_UNIT = re.compile(r" \((s|cents)\)$")  # a share has none; "(%)" tells missed calls in percent from missed calls
_DIGITS = 6  # as figures have them
_NUMBERS = (FieldType.INTEGER, FieldType.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The first day of a period and of the one before; `by_months` where both are months, quarters or years."""

    first: date
    before: date
    by_months: bool

    def moved(self, group: Group, week_starts: str) -> pl.Expr:
        """Return the day, week or month of the period that one of the period before is compared with."""
        name, local = group.column.name, pl.col(LOCAL)
        if name == "month" and self.by_months:
            n_months = (self.first.year - self.before.year) * 12 + self.first.month - self.before.month
            return bucket_key(name, local.dt.offset_by(f"{n_months}mo"), week_starts)
        n_days = (self.first - self.before).days
        return bucket_key(name, local.dt.offset_by(f"{n_days}d"), week_starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The rows of the period before, the zone and week of the buckets, and how days of the two belong together."""

    rows: pl.DataFrame
    zone: ZoneInfo
    week_starts: str
    since: Since


def with_changes(df: pl.DataFrame, table: Table, spec: StreamSpec, question: Question, *, before: Before) -> Table:
    """Add to a summary of `df` two columns for each figure: its change, and the change as a share of what was before.

    What was not there before has no share, and an average of nothing no change either.
    """
    counted, computed = counted_rows(before.rows, spec, question, before.zone)
    groups = make_groups(spec, question.group_by)
    rows = _grouped(counted, spec, groups, before)
    by = [name for group in groups for name in group.by]
    found = summed_by(rows, by, computed)
    found = finished(found, before.rows, spec, groups, week_starts=before.week_starts)
    keys, n_groups = keys_of(found, groups), len(groups)
    known = dict(zip(keys, _cells(found, spec, question), strict=True))
    known[TOTAL_KEY] = _cells(summed(counted, computed), spec, question)[0]
    if CUT_KEY in table.keys:
        # Filled with zeros, groups that are only in the period before are rows as well
        is_filled = question.fill == "zero"
        gone = set(keys) - set(table.keys) if is_filled else _keys_cut(df, table, spec, question, before=before)
        of_gone = found.filter(pl.Series([key in gone for key in keys], dtype=pl.Boolean)).select(by)
        cut = once(rows.join(of_gone, on=by, how="semi", nulls_equal=True))
        known[CUT_KEY] = _cells(summed(cut, computed), spec, question)[0]
    lines, figures = [], table.columns[n_groups:]
    for key, row in zip(table.keys, table.rows, strict=True):
        lines.append((*row[:n_groups], *_line(question.metrics, row[n_groups:], known.get(key), figures)))
    columns = (*table.columns[:n_groups], *_columns(question.metrics, figures))
    return replace(table, columns=columns, rows=lines)


def _grouped(df: pl.DataFrame, spec: StreamSpec, groups: Sequence[Group], before: Before) -> pl.DataFrame:
    rows = with_groups(df, spec, groups, zone=before.zone, week_starts=before.week_starts)
    moving = [group for group in groups if group.is_bucket and group.column.name in ("date", "week", "month")]
    return rows.with_columns(before.since.moved(group, before.week_starts).alias(group.key) for group in moving)


def _keys_cut(df: pl.DataFrame, table: Table, spec: StreamSpec, question: Question, *, before: Before) -> set[str]:
    every = make_summary(df, spec, replace(question, limit=None), zone=before.zone, week_starts=before.week_starts)
    return set(every.keys) - set(table.keys)


def _cells(frame: pl.DataFrame, spec: StreamSpec, question: Question) -> list[tuple[Cell, ...]]:
    columns = [seat(column_of_metric(spec, metric), metric.place) for metric in question.metrics]
    return to_rows(frame, columns, ZoneInfo("UTC"))[0]


def _line(
    metrics: Sequence[Metric], now: Sequence[Cell], before: Sequence[Cell] | None, columns: Sequence[Column]
) -> Iterator[Cell]:
    for n, (metric, cell, column) in enumerate(zip(metrics, now, columns, strict=True)):
        yield cell
        if column.type in _NUMBERS:
            was = before[n] if before is not None else 0 if is_zero_without_rows(metric) else None
            yield from _change(cell, was)


def _change(now: Cell, was: Cell) -> tuple[Cell, Cell]:
    if not isinstance(now, int | float) or not isinstance(was, int | float):
        return None, None
    change = round(now - was, _DIGITS)
    return change, round(change / abs(was), _DIGITS) if was else None


def _columns(metrics: Sequence[Metric], columns: Sequence[Column]) -> Iterator[Column]:
    for metric, column in zip(metrics, columns, strict=True):
        yield column
        if column.type in _NUMBERS:
            signed = _SIGNED.get(column.number_format, column.number_format)
            title = f"{column.title}{ACROSS}change"
            share = f"{_UNIT.sub('', column.title)}{ACROSS}change in %"
            yield Column(name=metric.id + CHANGE, title=title, type=column.type, number_format=signed, metric=metric.id)
            yield Column(name=metric.id + SHARE, title=share, type=FieldType.NUMBER, number_format=_PERCENT)
