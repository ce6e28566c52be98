"""Cron as cron counts, intervals, hours, and the days on which the clocks change."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta

import pytest

from sync import clock
from sync.config.schedule import (
    Cron,
    RunBetween,
    Schedule,
    may_start,
    never_fires,
    next_times,
    times_between,
    times_until,
)

NEW_YORK = clock.zone("America/New_York")


def local_times(schedule: Schedule, after: str, n: int) -> list[str]:
    start = datetime.fromisoformat(after).replace(tzinfo=schedule.zone)
    return [f"{at.astimezone(schedule.zone):%a %m-%d %H:%M}" for at in next_times(schedule, start, n)]


TABLE = [
    ("0 9 * * 1", ["Mon 06-08 09:00", "Mon 06-15 09:00"]),
    ("0 9 * * 0", ["Sun 06-07 09:00", "Sun 06-14 09:00"]),
    ("0 9 * * 7", ["Sun 06-07 09:00", "Sun 06-14 09:00"]),
    ("0 7 * * mon-fri", ["Wed 06-03 07:00", "Thu 06-04 07:00", "Fri 06-05 07:00", "Mon 06-08 07:00"]),
    ("0 7 * * MON-FRI", ["Wed 06-03 07:00"]),
    ("0 7 * * 1-5", ["Wed 06-03 07:00", "Thu 06-04 07:00", "Fri 06-05 07:00", "Mon 06-08 07:00"]),
    ("0 7 * * fri-sun", ["Fri 06-05 07:00", "Sat 06-06 07:00", "Sun 06-07 07:00", "Fri 06-12 07:00"]),
    ("0 7 * * 5-7", ["Fri 06-05 07:00", "Sat 06-06 07:00", "Sun 06-07 07:00", "Fri 06-12 07:00"]),
    ("0 7 * * sun,wed", ["Wed 06-03 07:00", "Sun 06-07 07:00", "Wed 06-10 07:00"]),
    ("*/20 6-7 * * *", ["Wed 06-03 06:00", "Wed 06-03 06:20", "Wed 06-03 06:40", "Wed 06-03 07:00"]),
    ("5/25 0 * * *", ["Wed 06-03 00:05", "Wed 06-03 00:30", "Wed 06-03 00:55", "Thu 06-04 00:05"]),
    ("0 0 1 */3 *", ["Wed 07-01 00:00", "Thu 10-01 00:00", "Fri 01-01 00:00"]),
    ("0 0 1 jan,jul *", ["Wed 07-01 00:00", "Fri 01-01 00:00"]),
    ("0 0 31 * *", ["Fri 07-31 00:00", "Mon 08-31 00:00", "Sat 10-31 00:00"]),
    ("0 0 * * */2", ["Thu 06-04 00:00", "Sat 06-06 00:00", "Sun 06-07 00:00", "Tue 06-09 00:00"]),
]


@pytest.mark.parametrize(("expr", "wanted"), TABLE)
def test_cron_fires_when_cron_would(expr, wanted):
    assert local_times(Schedule(zone=NEW_YORK, cron=Cron.parse(expr)), "2026-06-02T12:00", len(wanted)) == wanted


def _matches(field, value, low, names=()):
    """Judge one value by one field, written apart from the code under test."""
    for part in field.split(","):
        body, _, step = part.partition("/")
        first, _, last = body.partition("-")
        numbers = [names.index(one) if one in names else one for one in (first, last)]
        if body == "*":
            begin, end = low, 99
        else:
            begin = int(numbers[0])
            end = int(numbers[1]) if last else (99 if step else begin)
        if begin <= value <= end and (value - begin) % int(step or 1) == 0:
            return True
    return False


@pytest.mark.parametrize(
    "expr", ["0 9 * * 1", "17,47 */5 * * *", "0 7 1-7 * *", "30 6 * 6 2-4", "5/25 3 */9 * *", "0 12 2,20 * 3"]
)
def test_cron_fires_in_each_minute_that_matches_and_in_no_other(expr):
    minute, hour, day, month, weekday = expr.split()
    start, n_days = datetime(2026, 5, 28, tzinfo=UTC), 40
    wanted = []
    for at in (start + timedelta(minutes=n) for n in range(1, n_days * 1440 + 1)):
        if not (_matches(minute, at.minute, 0) and _matches(hour, at.hour, 0) and _matches(month, at.month, 1)):
            continue
        on_day, on_weekday = _matches(day, at.day, 1), _matches(weekday, at.isoweekday() % 7, 0)
        either = day[0] != "*" and weekday[0] != "*"
        if (on_day or on_weekday) if either else (on_day and on_weekday):
            wanted.append(at)
    schedule = Schedule(zone=clock.zone("UTC"), cron=Cron.parse(expr))
    assert list(times_until(schedule, start, start + timedelta(days=n_days))) == wanted
    assert wanted


def test_two_restricted_day_fields_fire_on_either_day():
    friday_or_13th = Schedule(zone=NEW_YORK, cron=Cron.parse("0 0 13 * 5"))
    assert local_times(friday_or_13th, "2026-06-02T12:00", 4) == [
        "Fri 06-05 00:00",
        "Fri 06-12 00:00",
        "Sat 06-13 00:00",
        "Fri 06-19 00:00",
    ]


def test_the_29_of_february_is_found_years_ahead():
    assert local_times(Schedule(zone=NEW_YORK, cron=Cron.parse("0 0 29 2 *")), "2096-03-01T00:00", 1) == [
        "Fri 02-29 00:00"
    ]


def test_a_time_that_the_clocks_skip_runs_once_after_the_gap():
    daily = Schedule(zone=NEW_YORK, cron=Cron.parse("15,45 2 * * *"))
    assert local_times(daily, "2026-03-08T00:00", 2) == ["Sun 03-08 03:00", "Mon 03-09 02:15"]


def test_a_time_that_comes_twice_runs_once():
    daily = Schedule(zone=NEW_YORK, cron=Cron.parse("30 1 * * *"))
    times = next_times(daily, datetime(2026, 11, 1, 0, tzinfo=NEW_YORK), 2)
    assert times == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 2, 6, 30, tzinfo=UTC)]


def test_short_intervals_go_on_through_the_hour_that_comes_twice():
    times = next_times(Schedule(zone=NEW_YORK, every=timedelta(minutes=30)), datetime(2026, 11, 1, 4, tzinfo=UTC), 6)
    assert {b - a for a, b in itertools.pairwise(times)} == {timedelta(minutes=30)}


def test_intervals_start_at_local_midnight_and_daily_ones_stay_there():
    assert local_times(Schedule(zone=NEW_YORK, every=timedelta(hours=6)), "2026-03-07T23:00", 3) == [
        "Sun 03-08 00:00",
        "Sun 03-08 07:00",
        "Sun 03-08 13:00",
    ]
    assert local_times(Schedule(zone=NEW_YORK, every=timedelta(days=1)), "2026-03-07T12:00", 2) == [
        "Sun 03-08 00:00",
        "Mon 03-09 00:00",
    ]


def test_intervals_are_counted_from_the_start_of_the_hours():
    nightly = Schedule(zone=NEW_YORK, every=timedelta(hours=4), run_between=RunBetween.parse("20:30-06:00"))
    assert local_times(nightly, "2026-06-02T12:00", 4) == [
        "Tue 06-02 20:30",
        "Wed 06-03 00:30",
        "Wed 06-03 04:30",
        "Wed 06-03 20:30",
    ]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("20:00-06:00", "23:59", "06:00"), ("9:00-17:30", "09:00", "17:30"), ("00:00-24:00", "", "")],
)
def test_hours_include_their_start_and_not_their_end(text, inside, outside):
    if not inside:
        with pytest.raises(ValueError, match="same"):
            RunBetween.parse(text)
        return
    hours = RunBetween.parse(text)
    assert hours.holds(time.fromisoformat(inside))
    assert not hours.holds(time.fromisoformat(outside))


@pytest.mark.parametrize(
    "text", ["", "20:00", "20-06", "25:00-06:00", "20:60-21:00", "20:00-06:00-07:00", "24:00-06:00"]
)
def test_other_hours_are_refused(text):
    with pytest.raises(ValueError, match="allowed: a start and an end"):
        RunBetween.parse(text)


@pytest.mark.parametrize(
    "expr",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "x * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "1- * * * *",
        "*-5 * * * *",
        "1,,2 * * * *",
        "@daily",
        "²  * * * *",
    ],
)
def test_malformed_cron_is_refused(expr):
    with pytest.raises(ValueError):  # noqa: PT011 - the wording is pinned with the config's messages
        Cron.parse(expr)


def test_a_schedule_without_times_never_fires_by_itself():
    asked = Schedule(zone=NEW_YORK)
    assert next_times(asked, datetime(2026, 1, 1, tzinfo=UTC), 3) == []
    assert str(asked) == "when asked"
    assert not never_fires(asked, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("cron", "hours"), [("0 0 31 2 *", None), ("* 7 * * *", "20:00-06:00")])
def test_a_schedule_that_can_never_fire_is_found(cron, hours):
    schedule = Schedule(zone=NEW_YORK, cron=Cron.parse(cron), run_between=RunBetween.parse(hours) if hours else None)
    assert never_fires(schedule, datetime(2026, 1, 1, tzinfo=UTC))


def test_may_start_looks_at_the_local_time():
    nightly = Schedule(zone=NEW_YORK, every=timedelta(hours=1), run_between=RunBetween.parse("20:00-06:00"))
    assert may_start(nightly, datetime(2026, 6, 2, 1, tzinfo=UTC))
    assert not may_start(nightly, datetime(2026, 6, 2, 20, tzinfo=UTC))


ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata", "UTC"]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("text", ["0 0 * * *", "30 2 * * *", "0,30 * * * *", "30 1 * * sun"])
def test_every_local_time_of_a_year_fires_exactly_once_whatever_the_clocks_do(name, text):
    zone = clock.zone(name)
    schedule = Schedule(zone=zone, cron=Cron.parse(text))
    start, end = datetime(2018, 1, 1, tzinfo=zone), datetime(2019, 1, 1, tzinfo=zone)
    times = list(times_until(schedule, start - timedelta(seconds=1), end - timedelta(seconds=1)))
    assert times == sorted(set(times))
    local = [
        datetime(2018, 1, 1) + timedelta(days=n, hours=at.hour, minutes=at.minute)
        for n in range(365)
        for at in schedule.cron.local_times()
        if schedule.cron.holds_day((datetime(2018, 1, 1) + timedelta(days=n)).date())
    ]
    fired = {at.astimezone(zone).replace(tzinfo=None) for at in times}
    skipped = [
        at for at in local if at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != at
    ]
    assert set(local) - set(skipped) <= fired
    # What the clocks skip runs at the end of the gap: once, also when several times fall into it
    assert len(times) == len({at for at in local if at not in skipped} | fired)


def test_times_between_names_the_ends_and_counts_what_lies_between():
    quarters = Schedule(zone=NEW_YORK, every=timedelta(minutes=15))
    noon = datetime(2026, 6, 2, 12, tzinfo=UTC)
    assert times_between(quarters, noon, noon + timedelta(minutes=14)) is None
    first, last = noon + timedelta(minutes=15), noon + timedelta(minutes=45)
    assert times_between(quarters, noon, noon + timedelta(minutes=50)) == (first, last, 3)
    assert times_between(quarters, noon, first) == (first, first, 1)
    assert times_between(Schedule(zone=NEW_YORK), noon, noon + timedelta(days=900)) is None


def test_of_a_long_absence_the_ends_are_found_at_once():
    minutes = Schedule(zone=NEW_YORK, every=timedelta(minutes=1))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    first, last, n = times_between(minutes, start, start + timedelta(days=700))
    assert (first, last) == (start + timedelta(minutes=1), start + timedelta(days=700))
    assert n > 1
