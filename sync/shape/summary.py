"""Rows to a summary table: groups, metrics, order, limit, totals. Always from the rows, never from aggregates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from sync.records import Cell, Column, FieldType, Role, Slice, StreamSpec, Table
from sync.shape.cells import KEY_COLUMN, to_rows
from sync.shape.conditions import Condition, fields_of, passes
from sync.shape.fill import with_empty_groups
from sync.shape.groups import (
    BUCKETS,
    GROUP_ROLES,
    NONE_LABEL,
    Group,
    add_group,
    add_local,
    can_group,
    field_of_group,
    fields_of_group,
    finish_group,
    is_bucket,
    latest_names,
    make_groups,
    row_key,
)
from sync.shape.metrics import (
    METRICS,
    Metric,
    column_of_metric,
    fields_of_metric,
    is_zero_without_rows,
    metric_of_rows,
    metric_problems,
    numbered_texts,
    unknown_words,
)

MAX_GROUPS = 3
TOTAL_LABEL = "Total"
TOTAL_KEY, CUT_KEY = "total", "cut"
"""The keys of the rows for all records, and for those of the groups that a limit cut; any other is a JSON array."""

COUNT = Metric(name="count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a summary asks.

    Args:
        group_by: fields of the stream, what a role calls one, or time buckets in the sheet's zone.
        metrics: what to compute for each group.
        where: the conditions of a record that counts.
        sort_by: a group, or a metric by its name or id, also one that is not shown. None: the groups in order when the
            first is a time bucket, else the most calls first; `sort_order` has no say then.
        sort_order: nothing stands above something in neither order.
        limit: how many groups are shown; one more row tells of the others.
        totals: whether a last row holds the metrics of all rows that count.
        fill: with "zero", each stretch of time of the period has a row, and so has each group whose rows do not count.
        pivot: the values of the last group become columns; cross.py computes such a summary.

    """

    group_by: Sequence[str]
    metrics: Sequence[Metric]
    where: Sequence[Condition] = ()
    sort_by: str | None = None
    sort_order: Literal["asc", "desc"] = "desc"
    limit: int | None = None
    totals: bool = True
    fill: Literal["none", "zero"] = "none"
    pivot: bool = False

    @property
    def sorted_by(self) -> Metric | None:
        """The metric that it is sorted by, if it is one."""
        if self.sort_by is None or self.sort_by in self.group_by:
            return None
        named = (metric for metric in self.metrics if self.sort_by in (metric.id, metric.name, metric.title))
        return next(named, Metric.of(self.sort_by))

    @property
    def computed(self) -> tuple[Metric, ...]:
        """Every metric that is needed, each once: those shown, the one that it is sorted by, and the count."""
        more = [metric for metric in (self.sorted_by, COUNT) if metric]
        return tuple({metric.id: metric for metric in (*self.metrics, *more)}.values())


def make_summary(
    df: pl.DataFrame,
    spec: StreamSpec,
    question: Question,
    *,
    zone: ZoneInfo,
    week_starts: str = "monday",
    period: Slice | None = None,
    earlier: pl.DataFrame | None = None,
) -> Table:
    """Compute a summary of the rows of `df`, which has at least the columns that `fields_to_sum` names.

    `zone` is whose wall clock makes the buckets, `week_starts` a weekday in English. Where zeros are asked for,
    `period` is what they fill, and `earlier` are rows of before it, whose groups are shown too.

    Returns:
        A table whose order and keys are the same for the same rows in any order. Ties stand by their groups.

    Raises:
        ValueError: what `summary_problems` says.
        TooLarge: more rows of zeros than anybody wants.

    """
    if problems := summary_problems(spec, question):
        raise ValueError(" ".join(problems))
    groups = make_groups(spec, question.group_by)
    both = [name for name in df.columns if earlier is not None and name in earlier.columns]
    known = df if earlier is None else pl.concat([earlier.select(both), df.select(both)])
    counted, computed = counted_rows(df, spec, question, zone)
    rows = with_groups(counted, spec, groups, zone=zone, week_starts=week_starts)
    by = [name for group in groups for name in group.by]
    grouped = summed_by(rows, by, computed)
    if question.fill == "zero":
        every = with_groups(known, spec, groups, zone=zone, week_starts=week_starts)
        grouped = with_empty_groups(grouped, every, groups, zone=zone, week_starts=week_starts, period=period)
        grouped = with_zeros(grouped, question)
    grouped = finished(grouped, known, spec, groups, week_starts=week_starts)
    grouped = sort_groups(grouped, groups, question)
    return _Sheet(spec, question, groups, zone).table(grouped, counted, rows, computed)


def summed_by(rows: pl.DataFrame, by: Sequence[str], computed: Sequence[pl.Expr]) -> pl.DataFrame:
    """Compute figures of each group of rows."""
    # In pieces: to put a million rows in the order of their groups takes the room of all of them several times
    return rows.lazy().group_by(by).agg(computed).collect(engine="streaming")


def summed(rows: pl.DataFrame, computed: Sequence[pl.Expr]) -> pl.DataFrame:
    """Compute figures of all rows."""
    return rows.lazy().select(computed).collect(engine="streaming")


def counted_rows(
    df: pl.DataFrame, spec: StreamSpec, question: Question, zone: ZoneInfo
) -> tuple[pl.DataFrame, list[pl.Expr]]:
    """Return the rows that count, with what figures are computed from beside the fields, and all figures of them."""
    counted, metrics = df.filter(passes(question.where, df.schema, zone)) if question.where else df, question.computed
    masks = {metric.id: f"counts {metric.id}" for metric in metrics if metric.where}
    counts = [passes(m.where, df.schema, zone).alias(masks[m.id]) for m in metrics if m.where]
    counted = counted.with_columns(counts).with_columns(**numbered_texts(spec, metrics, df.schema))
    mask_of = {metric_id: pl.col(name) for metric_id, name in masks.items()}
    return counted, [metric_of_rows(spec, m, df.schema, mask_of.get(m.id)).alias(m.place) for m in metrics]


def with_zeros(grouped: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Put zeros where a group without rows has none of what is counted."""
    zeros = [m.place for m in question.computed if is_zero_without_rows(m) and m.place in grouped.columns]
    return grouped.with_columns(pl.col(name).fill_null(0) for name in zeros)


def finished(
    grouped: pl.DataFrame, known: pl.DataFrame, spec: StreamSpec, groups: Sequence[Group], *, week_starts: str
) -> pl.DataFrame:
    """Add what people see of groups, and what orders them; agents have the latest name that `known` has of them."""
    for group in groups:
        names = latest_names(known, spec, group) if group.is_agent else None
        grouped = finish_group(grouped, group, week_starts=week_starts, names=names)
    return grouped


def with_groups(
    df: pl.DataFrame, spec: StreamSpec, groups: Sequence[Group], *, zone: ZoneInfo, week_starts: str
) -> pl.DataFrame:
    """Add the columns of groups to the rows."""
    if any(group.is_bucket for group in groups):
        df = add_local(df, spec, zone)
    for group in groups:
        df = add_group(df, spec, group, week_starts=week_starts)
    return df


def fields_to_sum(spec: StreamSpec, question: Question) -> tuple[str, ...]:
    """Return what to read from the mirror for a summary, each field once."""
    of_groups = (field for name in question.group_by for field in fields_of_group(spec, name))
    of_metrics = (field for metric in question.computed for field in fields_of_metric(spec, metric))
    return tuple(dict.fromkeys([*of_groups, *of_metrics, *fields_of(question.where)]))


def summary_problems(spec: StreamSpec, question: Question) -> list[str]:
    """Return a sentence for each thing that keeps this summary from being computed; none if it can be."""
    return [
        *_count_problems(spec, question),
        *(text for name in dict.fromkeys(question.group_by) for text in _group_problems(spec, name)),
        *(text for metric in question.metrics for text in metric_problems(spec, metric)),
        *_sort_problems(spec, question),
    ]


def _count_problems(spec: StreamSpec, question: Question) -> Iterator[str]:
    if not 1 <= len(question.group_by) <= MAX_GROUPS:
        yield f"A summary has 1 to {MAX_GROUPS} groups, but this one has {len(question.group_by)}."
    if not question.metrics:
        yield "A summary needs at least one metric."
    fields = [None if is_bucket(spec, name) else field_of_group(spec, name) for name in question.group_by]
    groups = [field.name if field else name for field, name in zip(fields, question.group_by, strict=True)]
    names = [*groups, *(metric.id for metric in question.metrics)]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f'"{name}" stands twice among the groups and metrics.'


def _group_problems(spec: StreamSpec, name: str) -> Iterator[str]:
    if is_bucket(spec, name):
        if spec.field_with(Role.STARTED_AT) is None:
            yield f'The stream "{spec.name}" has no field that tells when a record started, as "{name}" needs.'
        return
    field = field_of_group(spec, name)
    if field is None and name in GROUP_ROLES:
        yield f'The stream "{spec.name}" has no field that tells the {GROUP_ROLES[name].value}, as "{name}" needs.'
    elif field is None:
        yield unknown_words("group", name, [*(field.name for field in spec.fields), *BUCKETS])
    elif not can_group(field):
        yield f'"{name}" holds {field.type.value}s, and cannot be grouped by.'


def _sort_problems(spec: StreamSpec, question: Question) -> Iterator[str]:
    metric = question.sorted_by
    if metric is None or metric in question.metrics:
        return
    if any(metric_problems(spec, metric)):
        allowed = [*question.group_by, *(one.id for one in question.metrics), *METRICS]
        yield unknown_words("metric or group of this summary", question.sort_by or "", allowed)


def sort_groups(grouped: pl.DataFrame, groups: Sequence[Group], question: Question) -> pl.DataFrame:
    """Put groups in the order that is asked for; ties stand by their groups."""
    named = next((g for g, name in zip(groups, question.group_by, strict=False) if name == question.sort_by), None)
    is_descending = question.sort_order == "desc"
    if named is not None:
        first: Sequence[str] = named.names
    elif question.sorted_by is not None:
        first = (question.sorted_by.place,)
    elif groups[0].is_bucket:
        first = ()
    else:
        first, is_descending = (COUNT.place,), True
    ties = [name for group in groups for name in group.names if name not in first]
    return grouped.sort([*first, *ties], descending=[is_descending] * len(first) + [False] * len(ties), nulls_last=True)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Turns a grouped frame into the table: seats of its columns, labels, and the rows at its end."""

    spec: StreamSpec
    question: Question
    groups: Sequence[Group]
    zone: ZoneInfo

    def table(
        self, grouped: pl.DataFrame, counted: pl.DataFrame, rows: pl.DataFrame, computed: Sequence[pl.Expr]
    ) -> Table:
        """Return the table: the groups within the limit, what was cut, and the totals of all rows that count."""
        question, n_groups = self.question, len(self.groups)
        columns = [column_of_metric(self.spec, metric) for metric in question.metrics]
        places = [seat(c, m.place) for c, m in zip(columns, question.metrics, strict=True)]
        shown = grouped if question.limit is None else grouped.head(question.limit)
        seats = [seat(group.column, group.shown) for group in self.groups]
        cells, n_cut = to_rows(shown, [*seats, *places], self.zone)
        made = [labelled(row, n_groups) for row in cells]
        keys = keys_of(shown, self.groups)

        def add(label: str, key: str, of: pl.DataFrame) -> None:
            figures = to_rows(summed(of, computed), places, self.zone)[0][0]
            made.append((label, *[None] * (n_groups - 1), *figures))
            keys.append(key)

        if shown.height < grouped.height:
            add(f"{grouped.height - shown.height:,} more, not shown", CUT_KEY, self._cut(grouped, shown, rows))
        if question.totals:
            add(TOTAL_LABEL, TOTAL_KEY, counted)
        return Table(columns=(*(g.column for g in self.groups), *columns), keys=keys, rows=made, n_cut_cells=n_cut)

    def _cut(self, grouped: pl.DataFrame, shown: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the groups that are not shown, each once, though it may be in several of them."""
        by = [name for group in self.groups for name in group.by]
        gone = grouped.slice(shown.height).select(by)
        found = rows.join(gone, on=by, how="semi", nulls_equal=True)
        return once(found) if self._has_lists else found

    @property
    def _has_lists(self) -> bool:
        fields = (field_of_group(self.spec, name) for name in self.question.group_by)
        return any(field is not None and field.type is FieldType.LIST for field in fields)


def once(rows: pl.DataFrame, *also: str) -> pl.DataFrame:
    """Return each record once, though it may stand in several groups; for `also`, once in each of those."""
    if KEY_COLUMN not in rows.columns:
        return rows
    return rows.unique([KEY_COLUMN, *also], keep="first", maintain_order=True)


def seat(column: Column, place: str) -> Column:
    """Point a column at its place in the grouped frame, where a group and a metric of one name stay apart."""
    return Column(name=place, title=column.title, type=column.type, number_format=column.number_format)


def labelled(row: tuple[Cell, ...], n_groups: int) -> tuple[Cell, ...]:
    """Put a label where a group has nothing to show."""
    if None not in row[:n_groups]:
        return row
    return (*(NONE_LABEL if cell is None else cell for cell in row[:n_groups]), *row[n_groups:])


def keys_of(grouped: pl.DataFrame, groups: Sequence[Group]) -> list[str]:
    """Return the keys of grouped rows."""
    pairs = [zip(grouped[group.key].to_list(), grouped[group.shown].to_list(), strict=True) for group in groups]
    parts = [[group.key_part(*pair) for pair in one] for group, one in zip(groups, pairs, strict=True)]
    return [row_key(values) for values in zip(*parts, strict=True)]
