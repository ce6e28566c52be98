"""Groups without rows: each stretch of time of a period, and whoever has rows that do not count. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import polars as pl

from sync.errors import TooLarge
from sync.records import Slice
from sync.shape.cells import wall_clock
from sync.shape.groups import LOCAL, Group, bucket_key

MAX_ROWS = 200_000  # a spreadsheet of ten million cells takes a few such summaries
_WITHIN_A_DAY = ("half_hour", "hour_of_day")


def with_empty_groups(
    grouped: pl.DataFrame,
    rows: pl.DataFrame,
    groups: Sequence[Group],
    *,
    zone: ZoneInfo,
    week_starts: str,
    period: Slice | None,
) -> pl.DataFrame:
    """Return the grouped frame with a row for every group that `rows` or the period hold; its metrics are null.

    Time buckets run through the whole period, together: an hour of each day where both are groups. Each other group
    that is seen, or each set of them, has all of these.
    """
    timed = [group for group in groups if group.is_bucket]
    others = [name for group in groups if not group.is_bucket for name in group.by]
    every = rows.select(others).unique() if others else pl.DataFrame({"_": [0]})
    times = _times(timed, zone=zone, week_starts=week_starts, period=period)
    if every.height * (1 if times is None else times.height) > MAX_ROWS:
        raise TooLarge(
            f"filling the summary with zeros would make {every.height * (times.height if times is not None else 1):,} "
            f"rows, and more than {MAX_ROWS:,} help nobody.",
            hint='Group by longer stretches or fewer fields, or leave fill = "zero" out.',
        )
    if times is not None:
        every = every.join(times, how="cross")
    by = [name for group in groups for name in group.by]
    missing = every.select(by).join(grouped, on=by, how="anti", nulls_equal=True)
    typed = missing.with_columns(pl.col(name).cast(grouped.schema[name]) for name in by)
    return pl.concat([grouped, typed], how="diagonal")


def _times(timed: Sequence[Group], *, zone: ZoneInfo, week_starts: str, period: Slice | None) -> pl.DataFrame | None:
    """Return every set of buckets that the period holds, by the wall clock."""
    if not timed or period is None or period.start >= period.end:
        return None
    # Steps of UTC, so that an hour that the clocks leave out is none; short ones, as days have 23 hours or 25
    step = "30m" if any(group.column.name in _WITHIN_A_DAY for group in timed) else "12h"
    ticks = pl.datetime_range(period.start, period.end, interval=step, closed="left", time_unit="us", eager=True)
    frame = pl.DataFrame({LOCAL: ticks}).select(wall_clock(pl.col(LOCAL), zone))
    keys = [bucket_key(group.column.name, pl.col(LOCAL), week_starts).alias(group.key) for group in timed]
    return frame.select(keys).unique()
