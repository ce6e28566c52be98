"""Which records a tab shows, and why others leave it: conditions, age, period. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from sync.records import Slice
from sync.shape.cells import KEY_COLUMN
from sync.shape.conditions import Condition, passes

NO_LONGER_PASSES = "it does not pass where"
LEFT_PERIOD = "it left the period"
IS_FORGOTTEN = "its person is forgotten"
IS_ELSEWHERE = "it belongs to another tab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """What a record must be to stay: `only` is the stretch outside which none stays, `oldest` the age that goes."""

    cursor_field: str
    zone: ZoneInfo
    conditions: tuple[Condition, ...] = ()
    period: Slice | None = None
    part: Slice | None = None
    oldest: datetime | None = None
    oldest_words: str = ""

    def divide(self, df: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, str]]:
        """Return the records that stay, and of the others why they leave, by key."""
        at = pl.col(self.cursor_field)
        reason = pl.lit(None, dtype=pl.String)
        if self.period is not None:
            reason = pl.when(~_inside(at, self.period)).then(pl.lit(LEFT_PERIOD)).otherwise(reason)
        if self.oldest is not None:
            reason = pl.when(at < self.oldest).then(pl.lit(self.oldest_words)).otherwise(reason)
        if self.part is not None:
            reason = pl.when(~_inside(at, self.part)).then(pl.lit(IS_ELSEWHERE)).otherwise(reason)
        if self.conditions:
            passed = passes(self.conditions, df.schema, self.zone)
            reason = pl.when(~passed).then(pl.lit(NO_LONGER_PASSES)).otherwise(reason)
        marked = df.with_columns(reason.alias("_reason"))
        gone = marked.filter(pl.col("_reason").is_not_null())
        stays = marked.filter(pl.col("_reason").is_null()).drop("_reason") if gone.height else df
        return stays, dict(zip(gone[KEY_COLUMN].to_list(), gone["_reason"].to_list(), strict=True))


def _inside(at: pl.Expr, stretch: Slice) -> pl.Expr:
    return (at >= stretch.start) & (at < stretch.end)
