from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync.config.schedule import Cron, RunBetween, Schedule
from sync.config.settings import Google
from sync.timetable import busiest_hour, is_missed, quota_words, schedule_words

NOON = datetime(2026, 3, 9, 12, 5, tzinfo=UTC)  # a Monday
QUARTERS = Schedule(zone=ZoneInfo("UTC"), every=timedelta(minutes=15))
SEVEN = Schedule(zone=ZoneInfo("America/New_York"), cron=Cron.parse("0 7 * * 1-5"))
ASKED = Schedule(zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("schedule", "last_started", "missed"),
    [
        (QUARTERS, NOON - timedelta(minutes=3), False),
        (QUARTERS, NOON - timedelta(minutes=10), True),
        (QUARTERS, None, True),
        (SEVEN, NOON - timedelta(days=1), True),
        (SEVEN, NOON - timedelta(minutes=1), False),
        (SEVEN, None, False),
        (ASKED, None, False),
        (ASKED, NOON - timedelta(days=9), False),
    ],
)
def test_a_time_that_passed_since_the_last_run_is_a_missed_run(
    schedule: Schedule, last_started: datetime | None, missed: bool
) -> None:
    assert is_missed(schedule, last_started=last_started, now=NOON) is missed


def test_a_missed_run_waits_for_the_hours_in_which_it_may_start() -> None:
    nights = Schedule(zone=ZoneInfo("UTC"), every=timedelta(hours=1), run_between=RunBetween.parse("20:00-06:00"))
    assert not is_missed(nights, last_started=NOON - timedelta(days=1), now=NOON)
    assert is_missed(nights, last_started=NOON - timedelta(days=1), now=NOON + timedelta(hours=9))


def test_next_times_are_told_in_the_zone_of_the_schedule() -> None:
    assert schedule_words(SEVEN, NOON) == (
        "Tue 2026-03-10 07:00, Wed 2026-03-11 07:00, Thu 2026-03-12 07:00 America/New_York"
    )
    assert schedule_words(ASKED, NOON) == "never by itself; run it with callsheet run-now"


def test_the_busiest_hour_counts_what_is_due_together() -> None:
    assert busiest_hour([QUARTERS, QUARTERS, SEVEN], NOON) == 9
    assert busiest_hour([], NOON) == 0


def test_a_schedule_beyond_the_quota_is_told() -> None:
    every_minute = Schedule(zone=ZoneInfo("UTC"), every=timedelta(minutes=1))
    google = Google(credentials="anonymous")
    assert quota_words([QUARTERS], google, NOON).endswith("that Google allows: fits")
    assert "DOES NOT FIT" in quota_words([every_minute] * 31, google, NOON)
