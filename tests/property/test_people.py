"""Random people, vendors and networks: a good run leaves every call and every note where it belongs."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from sync.report import Outcome
from sync.sandbox.server import SandboxServer
from tests.people import EDITS, Person, note_on
from tests.world import open_world, small_sandbox

ONCE = {"duplicate", "retitle", "totals row", "spare row", "title rows", "blank rows", "rename"}
TROUBLES: list[dict[str, Any]] = [
    {"do": "refuse", "status": 429, "retry_after": 0},
    {"do": "refuse", "status": 503},
    {"do": "cut_before"},
    {"do": "cut_after"},
]


class People(RuleBasedStateMachine):
    """One spreadsheet, the people in it, and the runs that keep it up to date."""

    server: SandboxServer

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.world = self.stack.enter_context(open_world(folder, self.server, period="last 5 days"))
        self.world.run()
        self.person = Person(self.world)
        self.done: set[str] = set()
        self.troubles: list[dict[str, Any]] = []

    def teardown(self) -> None:
        self.stack.close()

    def _pick(self, name: str) -> bool:
        """Tell whether people do this now; what leaves the same text twice is done once."""
        fresh = name not in self.done or not (name in ONCE or name.startswith("insert a column"))
        self.done.add(name)
        return fresh

    @rule(start=st.integers(0, 30), step=st.integers(3, 20), text=st.integers(0, 9**9))
    def write_notes(self, start: int, step: int, text: int) -> None:
        look = self.person.look()
        free = [key for key in look.keys[start::step] if look.rows[look.row_of[key]][look.free] == ""]
        if look.free < look.n_columns:
            self.person.do(note_on([key for key in free if key.startswith("call")], more=f" {text}"))

    @rule(name=st.sampled_from(sorted(EDITS)))
    def edit(self, name: str) -> None:
        if self._pick(name):
            self.person.do(EDITS[name])

    @rule(name=st.sampled_from(sorted(EDITS)), nth=st.integers(1, 2))
    def edit_in_the_middle(self, name: str, nth: int) -> None:
        if name not in ("totals row", "spare row") and self._pick(name):
            self.world.run()
            self.world.admin.edit_calls(5)  # so that there are writes, and the edit falls before one of them
            self.world.admin.arrive(5)
            self.person.do_before(nth, EDITS[name])
            self.run()

    @rule(n=st.integers(1, 30))
    def late_edits(self, n: int) -> None:
        self.world.admin.edit_calls(n)

    @rule(n=st.integers(1, 30))
    def arrivals(self, n: int) -> None:
        self.world.admin.arrive(n)

    @rule(trouble=st.sampled_from(TROUBLES), kind=st.sampled_from(["read", "write"]), nth=st.integers(1, 3))
    def trouble(self, trouble: dict[str, Any], kind: str, nth: int) -> None:
        self.troubles.append({"service": "google", "kind": kind, "nth": nth, **trouble})

    @rule()
    def run(self) -> None:
        for trouble in self.troubles:  # set only now, as people read the tab too
            self.world.admin.fault(**trouble)
        self.troubles.clear()
        report = self.world.run()
        self.world.admin.clear_faults()
        if report.outcome in (Outcome.FAILED, Outcome.STOPPED):
            return
        self.world.run(rebuild=True)
        self.person.assert_all_is_well()
        again = self.world.run()
        assert again.outcome is Outcome.UNCHANGED
        assert self.world.n_requests("write") == 0


def check(monkeypatch: pytest.MonkeyPatch, *, examples: int, steps: int) -> None:
    monkeypatch.setenv("JUSTCALL_API_KEY", "test-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "test-secret")
    with small_sandbox(n_calls=250, days=12) as server:
        machine = type("PeopleHere", (People,), {"server": server})
        some = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # a shrunk example would cost many minutes
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=some)


def test_people_vendors_and_networks_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, examples=3, steps=6)


@pytest.mark.full
def test_people_vendors_and_networks_in_any_order_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    check(monkeypatch, examples=60, steps=20)
