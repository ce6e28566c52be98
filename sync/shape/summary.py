"""Rows to a summary table: groups, metrics, order, totals. Always from the rows, never from other aggregates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from sync.records import Cell, Column, FieldType, Role, StreamSpec, Table
from sync.shape.cells import to_rows
from sync.shape.groups import BUCKETS, NONE_LABEL, Group, add_group, fields_of_group, is_bucket, make_groups, row_key

MAX_GROUPS = 3
TOTAL_LABEL = "Total"
TOTAL_KEY = "total"
"""The key of the totals row; every other key is a JSON array."""

_COUNT = "0"
_METRIC_COLUMNS = {
    "count": Column(name="count", title="Calls", type=FieldType.INTEGER, number_format=_COUNT),
    "answered_count": Column(name="answered_count", title="Answered", type=FieldType.INTEGER, number_format=_COUNT),
    "missed_count": Column(name="missed_count", title="Missed", type=FieldType.INTEGER, number_format=_COUNT),
    "voicemail_count": Column(name="voicemail_count", title="Voicemail", type=FieldType.INTEGER, number_format=_COUNT),
    "avg_duration": Column(
        name="avg_duration", title="Average duration (s)", type=FieldType.NUMBER, number_format="0.0"
    ),
    "total_duration": Column(
        name="total_duration", title="Total duration (s)", type=FieldType.NUMBER, number_format="0"
    ),
    "unique_callers": Column(
        name="unique_callers", title="Unique callers", type=FieldType.INTEGER, number_format=_COUNT
    ),
}
METRICS = tuple(_METRIC_COLUMNS)

_ROLES = {
    "answered_count": Role.STATUS,
    "missed_count": Role.STATUS,
    "voicemail_count": Role.STATUS,
    "avg_duration": Role.DURATION,
    "total_duration": Role.DURATION,
    "unique_callers": Role.CALLER,
}
_FLOAT_DIGITS = 6  # sums of fractions differ in the last digits with the order of the rows; cells must not


def make_summary(  # noqa: PLR0913 - one keyword for each option that a summary has
    df: pl.DataFrame,
    spec: StreamSpec,
    *,
    group_by: Sequence[str],
    metrics: Sequence[str],
    sort_by: str | None = None,
    sort_order: Literal["asc", "desc"] = "desc",
    totals: bool = True,
    zone: ZoneInfo,
    week_starts: str = "monday",
) -> Table:
    """Compute a summary of the rows of `df`.

    Args:
        df: the rows, with at least the columns that `fields_to_sum` names.
        spec: the stream, whose roles say what the fields mean.
        group_by: fields of the stream, or time buckets in `zone`.
        metrics: what to compute for each group.
        sort_by: a group or a metric, also one that is not shown. None: the groups in order when the first is a time
            bucket, else the most calls first; `sort_order` has no say then.
        sort_order: nothing stands above something in neither order.
        totals: whether a last row holds the metrics of all rows.
        zone: whose wall clock makes the buckets.
        week_starts: a weekday in English, lower case.

    Returns:
        A table whose order and keys are the same for the same rows in any order. Ties stand by their groups.

    Raises:
        ValueError: what `summary_problems` says.

    """
    if problems := summary_problems(spec, group_by, metrics, sort_by):
        raise ValueError(" ".join(problems))
    groups = make_groups(spec, group_by)
    rows = df
    for group in groups:
        rows = add_group(rows, spec, group, zone=zone, week_starts=week_starts)
    asked = dict.fromkeys([*metrics, "count", *([sort_by] if sort_by in METRICS else [])])
    computed = [_metric(spec, name).alias(_place(name)) for name in asked]
    grouped = rows.group_by([name for group in groups for name in group.names]).agg(computed)
    grouped = _sort(grouped, groups, sort_by=sort_by, is_descending=sort_order == "desc")
    return _to_table(grouped, rows.select(computed) if totals else None, (groups, metrics), zone)


def fields_to_sum(spec: StreamSpec, group_by: Sequence[str], metrics: Sequence[str]) -> tuple[str, ...]:
    """Return what to read from the mirror for a summary, each field once. Pass the metric of `sort_by` too."""
    roles = (spec.field_with(_ROLES[name]) for name in metrics if name in _ROLES)
    of_groups = (field for name in group_by for field in fields_of_group(spec, name))
    return tuple(dict.fromkeys([*of_groups, *(field.name for field in roles if field)]))


def summary_problems(
    spec: StreamSpec, group_by: Sequence[str], metrics: Sequence[str], sort_by: str | None = None
) -> list[str]:
    """Return a sentence for each thing that keeps this summary from being computed; none if it can be."""
    return [
        *_count_problems(group_by, metrics),
        *(text for name in dict.fromkeys(group_by) for text in _group_problems(spec, name)),
        *(text for name in dict.fromkeys(metrics) for text in _metric_problems(spec, name)),
        *_sort_problems(spec, group_by, metrics, sort_by),
    ]


def _count_problems(group_by: Sequence[str], metrics: Sequence[str]) -> Iterator[str]:
    if not 1 <= len(group_by) <= MAX_GROUPS:
        yield f"A summary has 1 to {MAX_GROUPS} groups, but this one has {len(group_by)}."
    if not metrics:
        yield "A summary needs at least one metric."
    names = [*group_by, *metrics]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield f'"{name}" stands twice among the groups and metrics.'


def _group_problems(spec: StreamSpec, name: str) -> Iterator[str]:
    if is_bucket(spec, name):
        if spec.field_with(Role.STARTED_AT) is None:
            yield f'The stream "{spec.name}" has no field that tells when a record started, as "{name}" needs.'
    elif spec.field_named(name) is None:
        yield _unknown("group", name, [*(field.name for field in spec.fields), *BUCKETS])


def _metric_problems(spec: StreamSpec, name: str) -> Iterator[str]:
    if name not in METRICS:
        yield _unknown("metric", name, [known for known in METRICS if not any(_metric_problems(spec, known))])
        return
    role = _ROLES.get(name)
    if role is not None and spec.field_with(role) is None:
        yield f'The stream "{spec.name}" has no field that tells the {role.value}, as "{name}" needs.'
    elif role is Role.STATUS and spec.status_words is None:
        yield f'The stream "{spec.name}" does not say which status values "{name}" counts.'


def _sort_problems(
    spec: StreamSpec, group_by: Sequence[str], metrics: Sequence[str], sort_by: str | None
) -> Iterator[str]:
    if sort_by is None or sort_by in group_by or sort_by in metrics:
        return
    if sort_by in METRICS:
        yield from _metric_problems(spec, sort_by)
    else:
        yield _unknown("metric or group of this summary", sort_by, [*group_by, *METRICS])


def _unknown(kind: str, name: str, allowed: Sequence[str]) -> str:
    near = get_close_matches(name, allowed, n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'"{name}" is not a {kind}; allowed: {", ".join(allowed)}.{hint}'


def _place(metric: str) -> str:
    return f"metric {metric}"


def _metric(spec: StreamSpec, name: str) -> pl.Expr:
    if name == "count":
        return pl.len().cast(pl.Int64)
    if name == "unique_callers":
        caller = _role(spec, Role.CALLER).cast(pl.String)
        return caller.filter(caller != "").n_unique().cast(pl.Int64)
    if _ROLES[name] is Role.STATUS:
        return _is_status(spec, name.removesuffix("_count")).sum().cast(pl.Int64)
    duration = _role(spec, Role.DURATION)
    known = duration.filter(duration.cast(pl.Float64).is_finite())
    total = known.sum().round(_FLOAT_DIGITS)
    return total if name == "total_duration" else pl.when(known.len() > 0).then(total / known.len())


def _role(spec: StreamSpec, role: Role) -> pl.Expr:
    field = spec.field_with(role)
    if field is None:
        raise ValueError(f'The stream "{spec.name}" has no field for "{role.value}".')
    return pl.col(field.name)


def _is_status(spec: StreamSpec, kind: str) -> pl.Expr:
    words: tuple[str, ...] = getattr(spec.status_words, kind)
    return _role(spec, Role.STATUS).str.to_lowercase().is_in([word.lower() for word in words])


def _sort(grouped: pl.DataFrame, groups: Sequence[Group], *, sort_by: str | None, is_descending: bool) -> pl.DataFrame:
    named = next((group for group in groups if group.column.name == sort_by), None)
    if named is not None:
        first: Sequence[str] = named.names
    elif sort_by is not None:
        first = (_place(sort_by),)
    elif groups[0].is_bucket:
        first = ()
    else:
        first, is_descending = (_place("count"),), True
    ties = [name for group in groups for name in group.names if name not in first]
    return grouped.sort([*first, *ties], descending=[is_descending] * len(first) + [False] * len(ties), nulls_last=True)


def _to_table(
    grouped: pl.DataFrame,
    total: pl.DataFrame | None,
    shape: tuple[Sequence[Group], Sequence[str]],
    zone: ZoneInfo,
) -> Table:
    groups, metrics = shape
    of_metrics = [_METRIC_COLUMNS[name] for name in metrics]
    seats = [_seat(group.column, group.shown) for group in groups]
    places = [_seat(column, _place(column.name)) for column in of_metrics]
    cells, n_cut = to_rows(grouped, [*seats, *places], zone)
    rows = [_labelled(row, len(groups)) for row in cells]
    keys = _keys(grouped, groups)
    if total is not None:
        rows.append((TOTAL_LABEL, *[None] * (len(groups) - 1), *to_rows(total, places, zone)[0][0]))
        keys.append(TOTAL_KEY)
    columns = (*(group.column for group in groups), *of_metrics)
    return Table(columns=columns, keys=keys, rows=rows, n_cut_cells=n_cut)


def _seat(column: Column, place: str) -> Column:
    """Point a column at its place in the grouped frame, where a group and a metric of one name stay apart."""
    return Column(name=place, title=column.title, type=column.type, number_format=column.number_format)


def _labelled(row: tuple[Cell, ...], n_groups: int) -> tuple[Cell, ...]:
    if None not in row[:n_groups]:
        return row
    return (*(NONE_LABEL if cell is None else cell for cell in row[:n_groups]), *row[n_groups:])


def _keys(grouped: pl.DataFrame, groups: Sequence[Group]) -> list[str]:
    pairs = [zip(grouped[group.key].to_list(), grouped[group.shown].to_list(), strict=True) for group in groups]
    parts = [[group.key_part(*pair) for pair in one] for group, one in zip(groups, pairs, strict=True)]
    return [row_key(values) for values in zip(*parts, strict=True)]
