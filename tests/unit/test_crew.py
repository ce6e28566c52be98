"""The crew with real threads and short work."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from sync import crew
from sync.crew import Crew, Shift

SOON = timedelta(seconds=5)
LONG = timedelta(minutes=5)


class Desk:
    """Work that notes who came, and can be held until it is released or asked to stop."""

    def __init__(self, *, held: bool = False) -> None:
        self.came: list[str] = []
        self.n_together = 0
        self.most_together = 0
        self.release = threading.Event()
        self.started = threading.Semaphore(0)
        self._lock = threading.Lock()
        if not held:
            self.release.set()

    def work(self, shift: Shift) -> None:
        with self._lock:
            self.came.append(shift.name)
            self.n_together += 1
            self.most_together = max(self.most_together, self.n_together)
        self.started.release()
        while not (self.release.wait(0.005) or shift.stop.is_set()):
            pass
        with self._lock:
            self.n_together -= 1


def test_forty_runs_due_together_all_run_a_few_at_a_time() -> None:
    desk = Desk()
    some = Crew(desk.work, workers=4, deadline=LONG)
    for n in range(40):
        some.due(f"sheet-{n}")
    assert some.wait_idle(within=SOON)
    assert sorted(desk.came) == sorted(f"sheet-{n}" for n in range(40))
    assert desk.most_together <= 4


def test_due_while_it_runs_is_run_once_more_and_never_twice_at_a_time() -> None:
    desk = Desk(held=True)
    some = Crew(desk.work, workers=4, deadline=LONG)
    some.due("calls")
    assert desk.started.acquire(timeout=5)
    for _ in range(3):
        some.due("calls")
    desk.release.set()
    assert some.wait_idle(within=SOON)
    assert desk.came == ["calls", "calls"]
    assert desk.most_together == 1


def test_a_run_that_breaks_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    came = []

    def work(shift: Shift) -> None:
        came.append(shift.name)
        if shift.name == "bad":
            raise RuntimeError("unforeseen")

    some = Crew(work, workers=1, deadline=LONG)
    for name in ("bad", "good", "bad", "better"):
        some.due(name)
    assert some.wait_idle(within=SOON)
    assert {"bad", "good", "better"} <= set(came)
    assert "run-broke" in "".join(capsys.readouterr())


def test_a_run_past_its_deadline_is_asked_to_stop_and_knows_why() -> None:
    seen: list[bool] = []

    def work(shift: Shift) -> None:
        assert shift.stop.wait(5)
        seen.append(shift.is_overdue)

    some = Crew(work, workers=1, deadline=timedelta(milliseconds=30))
    some.due("slow")
    assert some.wait_idle(within=SOON)
    assert seen == [True]


def test_a_run_that_does_not_answer_loses_its_place_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "STUCK_AFTER", timedelta(milliseconds=30))
    release, came = threading.Event(), threading.Event()

    def work(shift: Shift) -> None:
        (release.wait if shift.name == "hung" else came.set)()

    some = Crew(work, workers=1, deadline=timedelta(milliseconds=30))
    some.due("hung")
    some.due("next")
    assert came.wait(5)
    release.set()
    assert some.wait_idle(within=SOON)


def test_closing_asks_runs_to_stop_drops_what_waits_and_takes_nothing_more() -> None:
    desk = Desk(held=True)
    some = Crew(desk.work, workers=1, deadline=LONG)
    some.due("running")
    some.due("waiting")
    assert desk.started.acquire(timeout=5)
    assert some.close(within=SOON) == []
    some.due("late")
    assert desk.came == ["running"]


def test_closing_names_the_runs_that_did_not_stop_in_time() -> None:
    release = threading.Event()
    started = threading.Event()

    def work(_: Shift) -> None:
        started.set()
        release.wait()

    some = Crew(work, workers=1, deadline=LONG)
    some.due("hung")
    assert started.wait(5)
    assert some.close(within=timedelta(milliseconds=20)) == ["hung"]
    release.set()
