"""The only place that asks for the time; zones, durations, and periods such as "last 30 days" as slices.

Days, weeks and months are those of a zone: they begin where its local midnight falls, also on days of 23 or 25 hours.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sync.errors import StopRequested
from sync.records import Buckets, Per, Slice

WeekStart = Literal["monday", "sunday"]
Dates = tuple[date, date]
"""First and last day of a period, both included."""

ONE_DAY = timedelta(days=1)
LONGEST_DAYS = 36_600  # a hundred years; keeps date arithmetic far from its ends

ALLOWED_DURATIONS = 'a number and a unit of s, m, h, days or weeks, such as "90s", "15m", "1h", "3 days"'
ALLOWED_PERIODS = (
    'today, yesterday, last working day, this or last week, month, quarter or year, "last 30 days", '
    '"since 2026-01-01", "2026-01-01..2026-03-31" (both included)'
)

_DURATION = re.compile(r"(\d{1,9})\s*([a-z]+)")
_UNIT_S = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}


def _system_now() -> datetime:
    return datetime.now(UTC)


_now: Callable[[], datetime] = _system_now


def now() -> datetime:
    """Return this instant, aware, in UTC."""
    return _now()


def set_now(source: Callable[[], datetime] | None) -> None:
    """Replace the clock in a test; None brings the real one back."""
    global _now  # noqa: PLW0603 - the one switch of the one clock
    _now = source or _system_now


def sleep(seconds: float, stop: threading.Event | None = None) -> None:
    """Wait; raise StopRequested as soon as `stop` is set, also when it was set before."""
    if stop is None:
        time.sleep(max(0.0, seconds))
    elif stop.wait(max(0.0, seconds)):
        raise StopRequested


def parse_duration(text: str) -> timedelta:
    """Turn "15m", "3 days" or "400 days" into a length of time; ValueError names the allowed forms."""
    match = _DURATION.fullmatch(text.strip().lower())
    unit_s = _UNIT_S.get(match[2]) if match else None
    if match is None or unit_s is None or int(match[1]) * unit_s > LONGEST_DAYS * 86_400:
        raise ValueError(f"allowed: {ALLOWED_DURATIONS}")
    return timedelta(seconds=int(match[1]) * unit_s)


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name; ValueError when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder, such as "America"
        raise ValueError('allowed: an IANA time zone such as "UTC", "Europe/Berlin" or "America/New_York"') from error


def to_instant(local: datetime, tz: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time without zone.

    The first one where the time comes twice, and the first instant after the gap where the clocks skip it.
    """
    earliest, latest = sorted(local.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earliest.astimezone(tz).replace(tzinfo=None) == local:
        return earliest
    return _end_of_gap(earliest, latest, tz)


def _end_of_gap(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """Search the instant at which the clocks jump; the offset changes once between the two."""
    offset_before = before.astimezone(tz).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after


def day_start(day: date, tz: ZoneInfo) -> datetime:
    """Return the UTC instant at which a local day begins; where midnight is skipped, the first instant after it."""
    return to_instant(datetime(day.year, day.month, day.day), tz)


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """Return the calendar day of an instant in a zone."""
    return instant.astimezone(tz).date()


def slice_of(dates: Dates, tz: ZoneInfo) -> Slice:
    """Return the stretch of time of whole local days, both included; empty at the first day when they are reversed."""
    start = day_start(dates[0], tz)
    return Slice(start, max(start, day_start(dates[1] + ONE_DAY, tz)))


def local_day_slices(whole: Slice, tz: ZoneInfo) -> Iterator[Slice]:
    """Cut a slice at every local midnight; the pieces follow each other without gap or overlap."""
    start = whole.start
    while start < whole.end:
        day = local_date(start, tz) + ONE_DAY
        while (end := day_start(day, tz)) <= start:  # a zone may skip a whole day
            day += ONE_DAY
        yield Slice(start, min(end, whole.end))
        start = end


def week_start(day: date, week_starts: WeekStart = "monday") -> date:
    """Return the first day of the week that holds `day`."""
    return day - timedelta(days=day.weekday() if week_starts == "monday" else (day.weekday() + 1) % 7)


def bucket_dates(day: date, per: Per, week_starts: WeekStart = "monday") -> Dates:
    """Return the first and last day of the day, week or month that holds `day`."""
    return (day, day) if per in ("day", "period") else _UNIT_DATES[per](day, week_starts)


def cut_into_buckets(whole: Slice, buckets: Buckets) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each period that a stretch touches, in order; all of it where that is asked."""
    last = local_date(whole.end - timedelta(microseconds=1), buckets.zone)
    first = local_date(whole.start, buckets.zone)
    if buckets.per == "period":
        yield first, last
        return
    while first <= last:
        dates = bucket_dates(first, buckets.per, buckets.week_starts)
        yield dates
        first = dates[1] + ONE_DAY


def to_whole_buckets(whole: Slice, buckets: Buckets) -> Slice:
    """Widen a stretch to whole periods."""
    found = list(cut_into_buckets(whole, buckets))
    return slice_of((found[0][0], found[-1][1]), buckets.zone)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of whole days, most of them told from today: "last 30 days", "this month", "since 2026-01-01"."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period as people write it; ValueError names the allowed ones."""
        period = cls(" ".join(text.lower().split()))
        period.dates_on(date(2000, 1, 1))
        return period

    def dates_on(self, today: date, week_starts: WeekStart = "monday") -> Dates:
        """Return the first and last day as seen on `today`; periods such as "this month" run to their end."""
        words = self.text.split()
        if self.text in _WORDS:
            return _WORDS[self.text](today)
        if len(words) == 2 and words[0] in _UNITS_BACK and words[1] in _UNIT_DATES:
            return _calendar_dates(words[1], today, week_starts=week_starts, back=_UNITS_BACK[words[0]])
        return _written_dates(self.text, today)

    def dates_before(self, today: date, week_starts: WeekStart = "monday") -> Dates:
        """Return the first and last day of the period that it is compared with; reversed where nothing has passed yet.

        A week, month, quarter or year is compared with the one before: all of it where it is over, else its first
        days, as many as have passed, today included. Any other period is compared with as many days before it.
        """
        first, last = self.dates_on(today, week_starts)
        unit = self.text.rpartition(" ")[2]
        if self.text == "last working day":
            return _last_working_day(first)
        if self.text.startswith("last ") and unit in _UNIT_DATES:
            return _UNIT_DATES[unit](first - ONE_DAY, week_starts)
        n_passed = (min(last, today) - first).days
        if unit in _UNIT_DATES:
            start, end = _UNIT_DATES[unit](first - ONE_DAY, week_starts)
            return start, min(end, start + timedelta(days=n_passed))
        start = first - (last - first) - ONE_DAY
        return start, start + timedelta(days=n_passed)

    def slice_at(self, instant: datetime, tz: ZoneInfo, week_starts: WeekStart = "monday") -> Slice:
        """Return the period as UTC instants, as seen at `instant` in a zone."""
        return slice_of(self.dates_on(local_date(instant, tz), week_starts), tz)


def _last_working_day(today: date) -> Dates:
    """Monday to Friday; public holidays are not known here."""
    day = today - ONE_DAY
    while day.weekday() > 4:
        day -= ONE_DAY
    return day, day


_WORDS: dict[str, Callable[[date], Dates]] = {
    "today": lambda today: (today, today),
    "yesterday": lambda today: (today - ONE_DAY, today - ONE_DAY),
    "last working day": _last_working_day,
}
_UNITS_BACK = {"this": 0, "last": 1}


def _calendar_dates(unit: str, today: date, *, week_starts: WeekStart, back: int) -> Dates:
    """Return the week, month, quarter or year that holds today, or the one before it."""
    first, last = _UNIT_DATES[unit](today, week_starts)
    if back:
        first, last = _UNIT_DATES[unit](first - ONE_DAY, week_starts)
    return first, last


def _week_dates(day: date, week_starts: WeekStart) -> Dates:
    first = week_start(day, week_starts)
    return first, first + timedelta(days=6)


def _month_dates(day: date, *, n_months: int) -> Dates:
    """Return the block of `n_months` months that holds `day`, counted from January."""
    month = (day.month - 1) // n_months * n_months + 1
    following = month + n_months
    after = date(day.year + (following > 12), (following - 1) % 12 + 1, 1)
    return date(day.year, month, 1), after - ONE_DAY


_UNIT_DATES: dict[str, Callable[[date, WeekStart], Dates]] = {
    "week": _week_dates,
    "month": lambda day, _: _month_dates(day, n_months=1),
    "quarter": lambda day, _: _month_dates(day, n_months=3),
    "year": lambda day, _: _month_dates(day, n_months=12),
}


def _written_dates(text: str, today: date) -> Dates:
    """Read the periods that hold a number or a date."""
    if match := re.fullmatch(r"last (\d{1,5}) days?", text):
        if 1 <= int(match[1]) <= LONGEST_DAYS:
            return today - timedelta(days=int(match[1]) - 1), today
    elif match := re.fullmatch(r"since (\d{4}-\d\d-\d\d)", text):
        return _to_date(match[1]), today
    elif match := re.fullmatch(r"(\d{4}-\d\d-\d\d) ?\.\. ?(\d{4}-\d\d-\d\d)", text):
        first, last = _to_date(match[1]), _to_date(match[2])
        if first > last:
            raise ValueError("the first day comes after the last one")
        return first, last
    raise ValueError(f"allowed: {ALLOWED_PERIODS}")


def _to_date(text: str) -> date:
    """Read a day of the calendar between 1970 and 2999: years outside are slips of the finger."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text} is not a day of the calendar") from error
    if not 1970 <= day.year <= 2999:
        raise ValueError(f"{text} is not between 1970-01-01 and 2999-12-31")
    return day
