"""The daemon's clock: it fires at our times, never skips, and many missed times are one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sync.config.schedule import Cron, Schedule
from sync.crew import Crew, Shift
from sync.daemon import SheetTrigger, make_clock

MONDAY = datetime(2026, 3, 9, 12, 5, tzinfo=UTC)


def test_weekdays_are_those_of_cron_not_of_the_scheduler() -> None:
    trigger = SheetTrigger(Schedule(zone=ZoneInfo("UTC"), cron=Cron.parse("0 9 * * 1")))
    first = trigger.get_next_fire_time(None, MONDAY)
    assert first is not None
    assert f"{first:%A %H:%M}" == "Monday 09:00"


def test_times_that_passed_while_the_machine_slept_are_one() -> None:
    trigger = SheetTrigger(Schedule(zone=ZoneInfo("UTC"), every=timedelta(minutes=15)))
    assert trigger.get_next_fire_time(MONDAY - timedelta(days=3), MONDAY) == MONDAY.replace(minute=15)


def test_a_sheet_without_a_schedule_never_fires() -> None:
    assert SheetTrigger(Schedule(zone=ZoneInfo("UTC"))).get_next_fire_time(None, MONDAY) is None


class _Due(SheetTrigger):
    """Fires once, at an instant that has passed already."""

    def __init__(self, at: datetime) -> None:
        self._at: datetime | None = at

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        return None if previous_fire_time else self._at


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=5)], ids=["due now", "due five hours ago"])
def test_forty_jobs_due_together_are_all_handed_over_and_run(late: timedelta) -> None:
    came: list[str] = []
    enough = threading.Event()

    def work(shift: Shift) -> None:
        came.append(shift.name)
        if len(came) == 40:
            enough.set()

    crew = Crew(work, workers=4, deadline=timedelta(minutes=5))
    scheduler = make_clock()
    for n in range(40):
        scheduler.add_job(crew.due, _Due(datetime.now(UTC) - late), (f"sheet-{n}",), id=f"sheet-{n}")
    scheduler.start()
    assert enough.wait(10)
    scheduler.shutdown(wait=False)
    assert sorted(came) == sorted(f"sheet-{n}" for n in range(40))


def test_the_clock_goes_on_while_every_worker_is_busy() -> None:
    release = threading.Event()
    handed: list[str] = []
    all_handed = threading.Event()
    crew = Crew(lambda _: _wait(release), workers=1, deadline=timedelta(minutes=5))

    def hand(name: str) -> None:
        crew.due(name)
        handed.append(name)
        if len(handed) == 12:
            all_handed.set()

    scheduler = make_clock()
    for n in range(12):
        scheduler.add_job(hand, _Due(datetime.now(UTC)), (f"sheet-{n}",))
    scheduler.start()
    assert all_handed.wait(10)
    release.set()
    assert crew.wait_idle(within=timedelta(seconds=10))
    scheduler.shutdown(wait=False)


def _wait(release: threading.Event) -> None:
    release.wait(10)


def test_a_time_that_the_clocks_skip_fires_once_right_after_the_gap() -> None:
    trigger = SheetTrigger(Schedule(zone=ZoneInfo("America/New_York"), cron=Cron.parse("30 2 * * *")))
    evening = datetime(2026, 3, 8, 1, tzinfo=UTC)  # before the night on which 02:30 does not exist there
    first = trigger.get_next_fire_time(None, evening)
    assert first == datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert trigger.get_next_fire_time(first, first) == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
