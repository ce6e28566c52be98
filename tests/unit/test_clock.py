"""The one clock: zones, durations, and the days that periods hold."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from sync import clock
from sync.errors import StopRequested
from sync.records import Slice

NEW_YORK = clock.zone("America/New_York")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def frozen():
    yield clock.set_now
    clock.set_now(None)


def test_now_is_aware_and_in_utc():
    assert clock.now().utcoffset() == timedelta(0)


def test_a_test_can_stop_the_clock(frozen):
    frozen(lambda: instant("2026-03-08T12:00"))
    assert clock.now() == instant("2026-03-08T12:00")
    frozen(None)
    assert clock.now() > instant("2026-03-08T12:00")


def test_a_stop_request_ends_a_sleep_at_once():
    stop = threading.Event()
    threading.Timer(0.02, stop.set).start()
    with pytest.raises(StopRequested):
        clock.sleep(30, stop)


def test_a_sleep_without_stop_request_returns():
    clock.sleep(0.001, threading.Event())
    clock.sleep(-1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h", 3600),
        ("3 days", 259_200),
        ("1 day", 86_400),
        ("2 weeks", 1_209_600),
        ("1 Hour", 3600),
    ],
)
def test_durations_are_read_as_people_write_them(text, seconds):
    assert clock.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "-1h", "1.5h", "1 fortnight", "1h30m", "999999999 days"])
def test_other_durations_are_refused_with_the_allowed_forms(text):
    with pytest.raises(ValueError, match="allowed: a number and a unit"):
        clock.parse_duration(text)


@pytest.mark.parametrize("name", ["", "Mars/Base", "America", "../etc/passwd", "America/New_Yrok"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(ValueError, match="IANA time zone"):
        clock.zone(name)


TODAY = date(2026, 3, 11)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-03-11", "2026-03-11"),
        ("yesterday", "2026-03-10", "2026-03-10"),
        ("last working day", "2026-03-10", "2026-03-10"),
        ("last 30 days", "2026-02-10", "2026-03-11"),
        ("last 1 day", "2026-03-11", "2026-03-11"),
        ("this week", "2026-03-09", "2026-03-15"),
        ("last week", "2026-03-02", "2026-03-08"),
        ("this month", "2026-03-01", "2026-03-31"),
        ("last month", "2026-02-01", "2026-02-28"),
        ("this quarter", "2026-01-01", "2026-03-31"),
        ("last quarter", "2025-10-01", "2025-12-31"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("since 2026-01-01", "2026-01-01", "2026-03-11"),
        ("2026-01-01..2026-03-31", "2026-01-01", "2026-03-31"),
        ("2026-01-01 .. 2026-03-31", "2026-01-01", "2026-03-31"),
        ("  Last   30 Days ", "2026-02-10", "2026-03-11"),
    ],
)
def test_periods_hold_the_days_that_people_mean(text, first, last):
    assert clock.Period.parse(text).dates_on(TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("today", ["2026-03-14", "2026-03-15", "2026-03-16"])
def test_the_last_working_day_of_a_weekend_and_of_monday_is_friday(today):
    assert clock.Period.parse("last working day").dates_on(date.fromisoformat(today))[0] == date(2026, 3, 13)


def test_weeks_can_start_on_sunday():
    assert clock.Period.parse("this week").dates_on(TODAY, "sunday") == (date(2026, 3, 8), date(2026, 3, 14))
    assert clock.Period.parse("last week").dates_on(TODAY, "sunday") == (date(2026, 3, 1), date(2026, 3, 7))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "last 0 days",
        "last days",
        "next week",
        "this day",
        "since",
        "since 2026-02-30",
        "2026-03-31..2026-01-01",
        "last 99999 days",
        "since 1899-01-01",
        "2026-01-01...2026-01-02",
        "last 30 dayz",
    ],
)
def test_other_periods_are_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the wording is pinned with the config's messages
        clock.Period.parse(text)


def test_a_period_is_a_stretch_of_utc_between_local_midnights():
    found = clock.Period.parse("today").slice_at(instant("2026-03-11T02:00"), NEW_YORK)
    assert found == Slice(instant("2026-03-10T04:00"), instant("2026-03-11T04:00"))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)])
def test_days_on_which_the_clocks_change_have_their_true_length(day, hours):
    whole = clock.slice_of((date.fromisoformat(day), date.fromisoformat(day)), NEW_YORK)
    assert whole.end - whole.start == timedelta(hours=hours)


def test_a_day_without_midnight_begins_after_the_gap():
    assert clock.day_start(date(2018, 11, 4), clock.zone("America/Sao_Paulo")) == instant("2018-11-04T03:00")


def test_a_day_with_two_midnights_begins_at_the_first():
    assert clock.day_start(date(2026, 11, 1), clock.zone("America/Havana")) == instant("2026-11-01T04:00")


def test_a_day_that_a_zone_skipped_is_empty():
    apia = clock.zone("Pacific/Apia")
    whole = clock.slice_of((date(2011, 12, 30), date(2011, 12, 30)), apia)
    assert whole.start == whole.end == clock.day_start(date(2011, 12, 31), apia)


def test_a_period_since_a_day_to_come_is_empty():
    found = clock.Period.parse("since 2030-01-01").slice_at(instant("2026-03-11T02:00"), NEW_YORK)
    assert found.start == found.end
