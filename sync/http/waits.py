"""When a request may go out: the pace shared by all processes, and the waits that vendors ask for in headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from sync import clock

Sleep = Callable[[float], None]
"""Waits so many seconds; raises StopRequested when asked to stop meanwhile."""

LONGEST_WAIT_S = 30 * 86_400.0  # beyond this a header is nonsense, and adding it to a date could overflow

_RESETS = (
    ("X-Rate-Limit-Burst-Reset", "X-Rate-Limit-Burst-Remaining"),
    ("X-Rate-Limit-Reset", "X-Rate-Limit-Remaining"),
    ("X-RateLimit-Reset", "X-RateLimit-Remaining"),
    ("X-AircallApi-Reset", "X-AircallApi-Remaining"),
)
_SMALLEST_EPOCH_S = 1e9  # a smaller reset is seconds from now; Aircall does not say which it means
_SMALLEST_EPOCH_MS = 1e11


class Pace(Protocol):
    """The budget of one credential, shared by every process that uses it."""

    def __call__(self, cost: int = 1) -> None:
        """Block until a request may go out."""

    def hold(self, until: datetime) -> None:
        """Tell everyone that nothing may go out before that instant (UTC)."""


class NoPace:
    """A pace that never makes anyone wait."""

    def __call__(self, cost: int = 1) -> None:
        """Return at once."""

    def hold(self, until: datetime) -> None:
        """Forget it."""


def instant_after(wait_s: float | None) -> datetime:
    """Return the instant so many seconds from now."""
    return clock.now() + timedelta(seconds=min(wait_s or 0.0, LONGEST_WAIT_S))


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a rate-limited reply asks us to wait: Retry-After, else its reset headers, else None."""
    asked = retry_after_s(headers)
    return asked if asked is not None else _reset_s(headers)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, given in seconds or as an HTTP date."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    seconds = _to_number(text)
    if seconds is None:
        date = _to_date(text)
        seconds = (date - _their_now(headers)).total_seconds() if date else None
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT_S)


def _reset_s(headers: Mapping[str, str]) -> float | None:
    """Read the reset headers: the latest of the limits that are used up, else the nearest one still ahead."""
    ahead: list[tuple[float, bool]] = []
    for reset_name, remaining_name in _RESETS:
        value = _to_number(headers.get(reset_name, ""))
        seconds = None if value is None else _seconds_until(value, headers)
        if seconds is not None and 0 < seconds <= LONGEST_WAIT_S:
            ahead.append((seconds, _to_number(headers.get(remaining_name, "")) == 0))
    used_up = [seconds for seconds, is_used_up in ahead if is_used_up]
    return max(used_up) if used_up else min((seconds for seconds, _ in ahead), default=None)


def _seconds_until(value: float, headers: Mapping[str, str]) -> float:
    if value < _SMALLEST_EPOCH_S:
        return value
    epoch_s = value / 1000 if value > _SMALLEST_EPOCH_MS else value
    return epoch_s - _their_now(headers).timestamp()


def _their_now(headers: Mapping[str, str]) -> datetime:
    """Return the vendor's own idea of now, so that a clock of ours that is off does no harm."""
    return _to_date(headers.get("Date", "")) or clock.now()


def _to_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None  # also refuses nan and infinity


def _to_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
