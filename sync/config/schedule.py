"""When a sheet runs: cron expressions, intervals, hours, and the next times as pure functions of a schedule.

DST: a local time that the clocks skip runs once, at the first instant after the gap; a local time that comes twice
runs once, the first time. An interval shorter than a day is a length of time, so it goes on through both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sync import clock

ALLOWED_CRON = 'five fields (minute, hour, day, month, weekday) as in cron, such as "0 7 * * mon-fri"'
ALLOWED_HOURS = 'a start and an end such as "20:00-06:00"'
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEARCH_DAYS = 366 * 9  # longer than the longest wait for a 29 February (1896 to 1904, 2096 to 2104)
_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression. As in cron, a day must match both day fields when one of them starts with *, else either."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read five fields; weekdays count from Sunday = 0, and 7 is Sunday too. ValueError says what is wrong."""
        fields = text.lower().split()
        if len(fields) != 5:
            raise ValueError(f"it has {len(fields)} fields; allowed: {ALLOWED_CRON}")
        minutes, hours, days, months, weekdays = (_read_field(f, rule) for f, rule in zip(fields, _RULES, strict=True))
        either = not fields[2].startswith("*") and not fields[4].startswith("*")
        return cls(" ".join(fields), minutes, hours, days, months, _fold_sunday(weekdays), either)

    def holds_day(self, day: date) -> bool:
        """Tell whether the expression fires on this calendar day."""
        on_day, on_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (on_day or on_weekday if self.either_day else on_day and on_weekday)

    def local_times(self) -> Iterator[time]:
        """Yield the times of a day on which it fires, in order."""
        return (time(hour, minute) for hour in self.hours for minute in self.minutes)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What one field of a cron expression may hold."""

    name: str
    low: int
    high: int
    names: Sequence[str] = ()
    first_name: int = 0


_RULES = (
    _Rule("minute", 0, 59),
    _Rule("hour", 0, 23),
    _Rule("day", 1, 31),
    _Rule("month", 1, 12, MONTHS, 1),
    _Rule("weekday", 0, 7, WEEKDAYS, 0),
)


def _read_field(text: str, rule: _Rule) -> tuple[int, ...]:
    return tuple(sorted({n for part in text.split(",") for n in _read_part(part, rule)}))


def _read_part(part: str, rule: _Rule) -> range:
    """Read "*", "5", "1-5", "mon-fri", each with an optional "/2"."""
    match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
    if match is None or (match[1] == "*" and match[2]):
        raise ValueError(f'"{part}" cannot be read as a {rule.name}; allowed: {ALLOWED_CRON}')
    step = int(match[3] or 1)
    if match[1] == "*":
        low, high = rule.low, min(rule.high, 6) if rule.name == "weekday" else rule.high
    else:
        low = _read_value(match[1], rule)
        high = _read_end(match, rule, low=low)
    if not 1 <= step <= rule.high or low > high:
        raise ValueError(f'"{part}" holds no {rule.name}; allowed: {ALLOWED_CRON}')
    return range(low, high + 1, step)


def _read_end(match: re.Match[str], rule: _Rule, *, low: int) -> int:
    if not match[2]:
        return rule.high if match[3] else low
    high = _read_value(match[2], rule)
    return 7 if match[2] == "sun" and low > 0 else high  # "fri-sun" ends on the Sunday after


def _read_value(text: str, rule: _Rule) -> int:
    if text in rule.names:
        return rule.names.index(text) + rule.first_name
    if not text.isascii() or not text.isdigit() or not rule.low <= int(text) <= rule.high:
        names = f" or {rule.names[0]}-{rule.names[-1]}" if rule.names else ""
        raise ValueError(f'"{text}" is not a {rule.name} ({rule.low}-{rule.high}{names})')
    return int(text)


def _fold_sunday(weekdays: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({n % 7 for n in weekdays}))


_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def _to_time(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


@dataclass(frozen=True, slots=True)
class RunBetween:
    """Hours of the local day, start included and end excluded; they may pass midnight."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> RunBetween:
        """Read "20:00-06:00"; ValueError names the allowed form."""
        start, dash, end = text.replace(" ", "").partition("-")
        if not dash or not _CLOCK.fullmatch(start) or not (end == "24:00" or _CLOCK.fullmatch(end)):
            raise ValueError(f"allowed: {ALLOWED_HOURS}")
        hours = cls(_to_time(start), time() if end == "24:00" else _to_time(end))
        if hours.start == hours.end:
            raise ValueError(f"its start and end are the same; allowed: {ALLOWED_HOURS}")
        return hours

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def holds(self, local: time) -> bool:
        """Tell whether a local time lies in these hours."""
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a sheet runs by itself. Neither `every` nor `cron`: only when a person asks.

    An interval is counted from local midnight, or from the start of `run_between`, and begins anew there each day;
    one of whole days fires at that time of day.
    """

    zone: ZoneInfo
    every: timedelta | None = None
    cron: Cron | None = None
    run_between: RunBetween | None = None

    def __str__(self) -> str:
        if self.cron is None and self.every is None:
            return "when asked"
        text = f"cron {self.cron.text}" if self.cron else f"every {_in_words(self.every or _ONE_DAY)}"
        hours = f" between {self.run_between}" if self.run_between else ""
        return f"{text}{hours}, {self.zone.key}"


def _in_words(length: timedelta) -> str:
    for unit, seconds in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        n = int(length.total_seconds())
        if n % seconds == 0:
            return unit if n == seconds else f"{n // seconds} {unit}s"
    return f"{n} seconds"


def may_start(schedule: Schedule, instant: datetime) -> bool:
    """Tell whether a scheduled run may start at this instant."""
    return schedule.run_between is None or schedule.run_between.holds(instant.astimezone(schedule.zone).time())


def next_times(schedule: Schedule, after: datetime, n: int) -> list[datetime]:
    """Return the next `n` instants (UTC) later than `after`; fewer when the schedule fires less often than that."""
    found: list[datetime] = []
    for instant in _times_from(schedule, after):
        if len(found) >= n:
            break
        if instant > max([after, *found[-1:]]) and may_start(schedule, instant):
            found.append(instant)
    return found


def times_between(schedule: Schedule, after: datetime, until: datetime) -> tuple[datetime, datetime, int] | None:
    """Return the first and last time later than `after` and not later than `until`, and how many there are.

    None when there is none. Of a long absence only the ends are looked for, and the number is 2 at least.
    """
    first = next(iter(next_times(schedule, after, 1)), None)
    if first is None or first > until:
        return None
    n_before = 0
    for days in _LOOKS_BACK:
        start = max(after, until - timedelta(days=days))
        times = list(times_until(schedule, start, until))
        if times:
            n_before = int(times[0] > first)
            return first, times[-1], len(times) + n_before
    return first, first, 1


_LOOKS_BACK = (8, 70, 400, _SEARCH_DAYS)


def times_until(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield every instant (UTC) later than `after` and not later than `until`."""
    latest = after
    for instant in _times_from(schedule, after):
        if instant > until:
            return
        if instant > latest and may_start(schedule, instant):
            latest = instant
            yield instant


def _times_from(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield the instants from about `after` on, in order, some of them twice, before hours are considered."""
    if schedule.cron is None and schedule.every is None:
        return
    local = after.astimezone(schedule.zone).replace(tzinfo=None)
    for n in range(-1, _SEARCH_DAYS):
        day = local.date() + timedelta(days=n)
        if schedule.cron is not None:
            yield from _cron_times(schedule.cron, day, schedule.zone, after=local)
        else:
            yield from _interval_times(schedule, day, after=after)


def _cron_times(cron: Cron, day: date, tz: ZoneInfo, *, after: datetime) -> Iterator[datetime]:
    """Yield a day's instants; local times well before the local `after` are not even looked at: they have passed."""
    if not cron.holds_day(day):
        return
    for at in cron.local_times():
        local = datetime.combine(day, at)
        if local >= after - _ONE_MINUTE:
            yield clock.to_instant(local, tz)


def _interval_times(schedule: Schedule, day: date, *, after: datetime) -> Iterator[datetime]:
    every = schedule.every or _ONE_DAY
    n_days = every // _ONE_DAY
    if n_days and day.toordinal() % n_days:
        return
    at = _day_anchor(schedule, day)
    end = _day_anchor(schedule, day + _ONE_DAY)
    if not n_days and after > at:
        at += (after - at) // every * every
    while at < end:
        yield at
        at = end if n_days else at + every


def _day_anchor(schedule: Schedule, day: date) -> datetime:
    start = schedule.run_between.start if schedule.run_between else time()
    return clock.to_instant(datetime.combine(day, start), schedule.zone).astimezone(UTC)


@lru_cache(maxsize=1024)  # many sheets share a schedule
def never_fires(schedule: Schedule, after: datetime) -> bool:
    """Tell whether a schedule that names times never reaches one."""
    if schedule.cron is None and schedule.every is None:
        return False
    hours = schedule.run_between
    if schedule.cron is not None and hours is not None and not any(map(hours.holds, schedule.cron.local_times())):
        return True
    return not next_times(schedule, after, 1)
