"""The crew with real threads and short work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from sync import crew
from sync.crew import Crew, Shift

SOON = timedelta(seconds=20)
LONG = timedelta(minutes=5)


class Desk:
    """Work that notes who came, and lasts until it is released or asked to stop."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.release = threading.Event()
        self._changed = threading.Condition()
        self.n_left = 0

    def work(self, shift: Shift) -> None:
        with self._changed:
            self.came.append(shift.name)
            self._changed.notify_all()
        while not (self.release.wait(0.005) or shift.stop.is_set()):
            pass

    def left(self) -> None:
        with self._changed:
            self.n_left += 1
            self._changed.notify_all()

    def wait(self, wanted: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(wanted, SOON.total_seconds())


def _crew(desk: Desk, workers: int = 4, deadline: timedelta = LONG) -> Crew:
    return Crew(desk.work, workers=workers, deadline=deadline, on_left=desk.left)


def _shift(name: str, book: str = "", *connections: str) -> Shift:
    return Shift(name=name, spreadsheet=book, connections=frozenset(connections))


NONE_SHARED: frozenset[str] = frozenset()


def test_no_more_runs_begin_than_there_are_places() -> None:
    desk = Desk()
    some = _crew(desk, workers=2)
    for name in ("a", "b"):
        assert some.has_room(_shift(name), NONE_SHARED)
        some.start(_shift(name))
    assert some.is_full
    assert not some.has_room(_shift("c"), NONE_SHARED)
    desk.release.set()
    desk.wait(lambda: desk.n_left == 2)
    assert some.has_room(_shift("c"), NONE_SHARED)


def test_a_sheet_or_spreadsheet_that_runs_does_not_run_again_beside_it() -> None:
    desk = Desk()
    some = _crew(desk)
    some.start(_shift("a", "book 1"))
    assert not some.has_room(_shift("a", "book 2"), NONE_SHARED)
    assert not some.has_room(_shift("b", "book 1"), NONE_SHARED)
    assert some.has_room(_shift("b", "book 2"), NONE_SHARED)
    desk.release.set()


def test_one_place_is_kept_from_a_connection_that_has_all_the_others() -> None:
    desk = Desk()
    some = _crew(desk, workers=3)
    some.start(_shift("a", "1", "slow"))
    some.start(_shift("b", "2", "slow"))
    assert not some.has_room(_shift("c", "3", "slow"), NONE_SHARED)
    assert some.has_room(_shift("d", "4", "other"), NONE_SHARED)
    assert some.has_room(_shift("c", "3", "slow"), frozenset({"slow"})), "where all sheets use it, nobody else waits"
    desk.release.set()


def test_a_run_that_breaks_gives_its_place_back(capsys: pytest.CaptureFixture[str]) -> None:
    left = threading.Event()

    def work(shift: Shift) -> None:
        raise RuntimeError("unforeseen")

    some = Crew(work, workers=1, deadline=LONG, on_left=left.set)
    some.start(_shift("bad"))
    assert left.wait(20)
    assert some.has_room(_shift("bad"), NONE_SHARED)
    assert "run-broke" in "".join(capsys.readouterr())


def test_a_run_past_its_deadline_is_asked_to_stop_and_knows_why() -> None:
    seen: list[bool] = []
    left = threading.Event()

    def work(shift: Shift) -> None:
        assert shift.stop.wait(20)
        seen.append(shift.stop.is_overdue)

    some = Crew(work, workers=1, deadline=timedelta(milliseconds=30), on_left=left.set)
    some.start(_shift("slow"))
    assert left.wait(20)
    assert seen == [True]


def test_a_run_that_does_not_answer_is_given_up_and_others_take_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "STUCK_AFTER", timedelta(milliseconds=30))
    release, given_up = threading.Event(), threading.Event()
    told: list[Shift] = []
    some = Crew(
        lambda _: bool(release.wait(60)),
        workers=1,
        deadline=timedelta(milliseconds=30),
        on_left=given_up.set,
        on_stuck=told.append,
    )
    hung = _shift("hung", "book")
    some.start(hung)
    assert given_up.wait(20)
    assert told == [hung]
    assert hung.stop.is_given_up
    assert some.has_room(_shift("next"), NONE_SHARED)
    assert some.has_room(_shift("hung", "book"), NONE_SHARED), "its sheet is not blocked for ever"
    release.set()


def test_closing_asks_runs_to_stop_and_takes_nothing_more() -> None:
    desk = Desk()
    some = _crew(desk)
    some.start(_shift("running"))
    desk.wait(lambda: desk.came == ["running"])
    assert some.close(within=SOON) == []
    assert some.is_full
    assert not some.has_room(_shift("late"), NONE_SHARED)


@pytest.mark.parametrize("writes", [False, True], ids=["it reads", "it writes"])
def test_closing_waits_for_the_answer_to_a_write_and_not_for_what_is_read_in_vain(
    monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    monkeypatch.setattr(crew, "READING_WITHIN_S", 0.05)
    answered, started = threading.Event(), threading.Event()

    def work(shift: Shift) -> None:
        shift.stop.is_writing = writes
        started.set()
        answered.wait(60)
        shift.stop.is_writing = False

    some, shift = Crew(work, workers=1, deadline=LONG, on_left=lambda: None), _shift("hung")
    some.start(shift)
    assert started.wait(20)
    threading.Timer(0.5, answered.set).start() if writes else None
    assert some.close(within=timedelta(seconds=20)) == ([] if writes else [shift])
    answered.set()


def test_closing_waits_for_a_write_no_longer_than_it_may() -> None:
    release, started = threading.Event(), threading.Event()

    def work(shift: Shift) -> None:
        shift.stop.is_writing = True
        started.set()
        release.wait(60)

    some, hung = Crew(work, workers=1, deadline=LONG, on_left=lambda: None), _shift("hung")
    some.start(hung)
    assert started.wait(20)
    assert some.close(within=timedelta(milliseconds=20)) == [hung]
    release.set()
