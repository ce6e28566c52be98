"""Periods and days hold together in every zone, over leap years and clock changes."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sync import clock
from sync.config.schedule import Cron, RunBetween, Schedule, next_times

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
)
ZONES += ("America/Havana", "Africa/Casablanca", "Asia/Beirut", "Pacific/Kiritimati", "America/St_Johns")
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2012, 1, 1), date(2037, 12, 31))  # later changes of the clocks are not decided yet
instants = st.datetimes(datetime(2012, 1, 2), datetime(2037, 12, 30), timezones=st.just(UTC))
week_starts = st.sampled_from(("monday", "sunday"))
moving = st.sampled_from(
    [
        "today",
        "yesterday",
        "last working day",
        "this week",
        "last week",
        "this month",
        "last month",
        "this quarter",
        "last quarter",
        "this year",
        "last year",
        "last 30 days",
        "last 366 days",
        "since 2012-01-01",
    ]
)


@settings(deadline=None)
@given(days, zones)
def test_days_touch_without_gap_or_overlap(day, zone):
    today = clock.slice_of((day, day), zone)
    tomorrow = clock.slice_of((day + clock.ONE_DAY, day + clock.ONE_DAY), zone)
    assert today.end == tomorrow.start
    assert timedelta(hours=22) <= today.end - today.start <= timedelta(hours=26)


@settings(deadline=None)
@given(instants, zones)
def test_every_instant_lies_in_its_own_day(instant, zone):
    today = clock.Period.parse("today").slice_at(instant, zone)
    assert today.start <= instant < today.end


@settings(deadline=None)
@given(moving, instants, zones, week_starts)
def test_a_period_begins_and_ends_at_the_start_of_a_local_day(text, instant, zone, starts):
    found = clock.Period.parse(text).slice_at(instant, zone, starts)
    for edge in (found.start, found.end):
        assert edge == clock.day_start(clock.local_date(edge, zone), zone)
        before = edge - timedelta(seconds=1)
        assert clock.local_date(before, zone) < clock.local_date(edge, zone)


@settings(deadline=None)
@given(days, week_starts, st.sampled_from(["week", "month", "quarter", "year"]))
def test_the_last_period_ends_the_day_before_this_one(today, starts, unit):
    this, last = (clock.Period.parse(f"{word} {unit}").dates_on(today, starts) for word in ("this", "last"))
    assert this[0] <= today <= this[1]
    assert last[1] + clock.ONE_DAY == this[0]


@settings(deadline=None)
@given(days, st.integers(1, 2000))
def test_last_n_days_are_n_days_and_end_today(today, n):
    first, last = clock.Period.parse(f"last {n} days").dates_on(today)
    assert last == today
    assert (last - first).days + 1 == n


@settings(deadline=None)
@given(days, st.integers(0, 800))
def test_written_days_are_both_included(first, n):
    last = first + timedelta(days=n)
    assert clock.Period.parse(f"{first}..{last}").dates_on(date(2026, 1, 1)) == (first, last)


@settings(deadline=None)
@given(instants, st.integers(1, 40 * 24), zones)
def test_day_slices_cover_a_slice_exactly(start, hours, zone):
    whole = clock.Slice(start, start + timedelta(hours=hours))
    parts = list(clock.local_day_slices(whole, zone))
    assert parts[0].start == whole.start
    assert parts[-1].end == whole.end
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert all(p.start < p.end for p in parts)


@settings(deadline=None)
@given(instants, zones, st.integers(0, 23), st.integers(0, 59))
def test_a_daily_time_fires_once_on_every_day_of_a_year(after, zone, hour, minute):
    schedule = Schedule(zone=zone, cron=Cron.parse(f"{minute} {hour} * * *"))
    times = next_times(schedule, after, 366)
    fired = [clock.local_date(at, zone) for at in times]
    assert len(set(fired)) == 366
    assert fired[-1] - fired[0] == timedelta(days=365)
    assert times == sorted(times)
    assert times[0] > after


@settings(deadline=None)
@given(instants, zones, st.sampled_from(["15m", "1h", "7h", "1 day", "3 days"]), st.integers(0, 23), st.integers(1, 23))
def test_runs_start_only_in_their_hours(after, zone, every, start, length):
    hours = RunBetween.parse(f"{start}:00-{(start + length) % 24}:00")
    schedule = Schedule(zone=zone, every=clock.parse_duration(every), run_between=hours)
    times = next_times(schedule, after, 20)
    assert len(times) == 20
    assert all(hours.holds(at.astimezone(zone).time()) for at in times)
