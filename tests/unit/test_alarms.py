"""The alarms of the daemon ring when a run is due to start, and only then."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sync import clock
from sync.alarms import Alarms

PATIENCE_S = 30.0
SOON = timedelta(milliseconds=50)
LATER = timedelta(hours=1)


class Bell:
    """Counts how often it rang."""

    def __init__(self) -> None:
        self.rung = threading.Semaphore(0)
        self.alarms = Alarms(self.rung.release)

    def rings(self) -> bool:
        return self.rung.acquire(timeout=PATIENCE_S)

    def rings_again(self) -> bool:
        return self.rung.acquire(timeout=0.3)


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    bell.alarms.start()
    yield bell
    bell.alarms.close()


def test_an_alarm_rings_once_when_its_time_has_come(bell: Bell) -> None:
    bell.alarms.set({"soon": clock.now() + SOON, "later": clock.now() + LATER, "never": None})
    assert bell.rings()
    assert not bell.rings_again()


def test_a_time_that_has_passed_rings_all_the_same(bell: Bell) -> None:
    bell.alarms.set({"late": clock.now() - LATER})
    assert bell.rings()


def test_a_sheet_that_goes_or_moves_rings_no_more_at_its_old_time(bell: Bell) -> None:
    at = clock.now() + timedelta(seconds=1)
    bell.alarms.set({"gone": at, "moved": at, "stays": at})
    bell.alarms.set({"moved": at + LATER, "stays": at})
    assert bell.rings()
    assert not bell.rings_again()


def test_alarms_follow_the_clock_that_the_daemon_goes_by(bell: Bell) -> None:
    ahead = timedelta(days=3)
    clock.set_now(lambda: datetime.now(UTC) + ahead)
    try:
        bell.alarms.set({"soon": clock.now() + SOON})
        assert bell.rings()
    finally:
        clock.set_now(None)
