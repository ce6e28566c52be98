"""Instants as the store keeps them: whole microseconds since 1970 UTC, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US = timedelta(microseconds=1)
US_PER_S = 1_000_000


def to_us(instant: datetime) -> int:
    """Return an aware instant as microseconds; ValueError for one without a zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no zone")
    return (instant - EPOCH) // ONE_US


def from_us(us: int) -> datetime:
    """Return the instant that `us` microseconds stand for, in UTC."""
    return EPOCH + timedelta(microseconds=us)
