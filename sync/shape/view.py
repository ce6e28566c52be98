"""Mirrored records to the rows of a tab: choose, order, limit. Pure; titles travel with the columns, not the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import polars as pl

from sync.records import StreamSpec
from sync.shape.cells import KEY_COLUMN, ChosenColumn

_MARKS = (KEY_COLUMN, "_changed_in")  # what the mirror adds to each row, and publishing needs


class Order(StrEnum):
    """At which end of a tab new rows come in."""

    OLDEST_FIRST = "oldest first"
    NEWEST_FIRST = "newest first"


def choose_columns(
    spec: StreamSpec, given: Iterable[str | tuple[str, str | None] | ChosenColumn] | None
) -> tuple[ChosenColumn, ...]:
    """Return the columns that a tab shows.

    Args:
        spec: the stream.
        given: names, pairs of name and title, or chosen columns, in the order to show; fields that the stream does
            not declare are allowed. None means every declared field that is shown.

    """
    if given is None:
        return tuple(ChosenColumn(field.name) for field in spec.fields if field.shown)
    return tuple(_chosen(one) for one in given)


def _chosen(one: str | tuple[str, str | None] | ChosenColumn) -> ChosenColumn:
    if isinstance(one, ChosenColumn):
        return one
    return ChosenColumn(one) if isinstance(one, str) else ChosenColumn(*one)


def missing_keys(spec: StreamSpec, chosen: Sequence[ChosenColumn]) -> tuple[str, ...]:
    """Return the key fields that are not among the columns; rows of such a tab cannot be found again."""
    names = {column.name for column in chosen}
    return tuple(name for name in spec.key if name not in names)


def fields_to_read(spec: StreamSpec, chosen: Sequence[ChosenColumn]) -> tuple[str, ...]:
    """Return what to read from the mirror to show the columns in order: each field once."""
    return tuple(dict.fromkeys([*(column.name for column in chosen), *spec.key, spec.cursor_field]))


def make_view(
    df: pl.DataFrame,
    spec: StreamSpec,
    chosen: Sequence[ChosenColumn],
    *,
    order: Order = Order.OLDEST_FIRST,
    limit: int | None = None,
) -> pl.DataFrame:
    """Return the rows that a tab should show, with its columns and the marks of the mirror.

    Rows stand by cursor value, then key; newest first is the exact reverse. `limit` keeps the first rows of that order.
    A chosen field that the frame lacks, as nobody has sent it yet, is an empty column.
    """
    names = list(dict.fromkeys(column.name for column in chosen))
    by = [name for name in (spec.cursor_field, *_key_order(df, spec)) if name in df.columns]
    ordered = df.sort(by, descending=order is Order.NEWEST_FIRST, nulls_last=True, maintain_order=True) if by else df
    shown = ordered if limit is None else ordered.head(limit)
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in df.columns]
    return shown.with_columns(absent).select(
        *names, *(mark for mark in _MARKS if mark in df.columns and mark not in names)
    )


def _key_order(df: pl.DataFrame, spec: StreamSpec) -> Sequence[str]:
    """Order by key text where the frame has it, as the mirror does."""
    return (KEY_COLUMN,) if KEY_COLUMN in df.columns else spec.key
