"""Leases over real processes, and run history."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from sync import clock
from sync.errors import StoreError
from sync.store.db import Store
from sync.store.holder import is_gone
from sync.store.runs import (
    INTERRUPTED,
    Lease,
    LeaseLost,
    close_run,
    forget_runs,
    keep,
    last_good,
    mark_interrupted,
    open_run,
    recent_runs,
    this_holder,
)
from tests.store_fixtures import at
from tests.store_processes import results_of, start


@pytest.fixture(autouse=True)
def real_clock() -> Iterator[None]:
    yield
    clock.set_now(None)


def acquire(store: Store, name: str = "sheet", ttl_s: float = 60) -> Lease | None:
    return Lease.acquire(store, name, holder=this_holder(), ttl_s=ttl_s)


def held_by_another(store_url: str, ttl_s: float) -> subprocess.Popen[str]:
    process = start("hold_lease", store_url, "sheet", ttl_s)
    assert said_by(process) == "held"
    return process


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def told(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def asked(process: subprocess.Popen[str]) -> str:
    told(process)
    return said_by(process)


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_one_of_many_processes_gets_the_lease(store: Store, store_url: str) -> None:
    racers = [start("race_for_lease", store_url, "sheet") for _ in range(3)]
    assert [said_by(racer) for racer in racers] == ["ready"] * 3
    for racer in racers:
        told(racer)
    assert sorted(said_by(racer) for racer in racers) == ["refused"] * 2 + ["won"]
    assert acquire(store) is None
    results_of(racers)


def test_second_run_in_the_same_process_is_refused_until_release(store: Store) -> None:
    lease = acquire(store)
    assert lease is not None
    assert acquire(store) is None
    assert acquire(store, "another sheet") is not None
    lease.check()
    lease.release()
    lease.release()
    assert acquire(store) is not None
    with pytest.raises(LeaseLost):
        lease.check()


def test_lease_of_a_killed_process_is_taken_over_at_once(store: Store, store_url: str) -> None:
    holder = held_by_another(store_url, ttl_s=600)
    assert acquire(store) is None
    os.kill(holder.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while (taken := acquire(store)) is None and time.monotonic() < deadline:
        time.sleep(0.01)  # not reaped yet: the holder is a zombie, which counts as gone
    assert taken is not None
    taken.check()
    ended(holder)


def test_paused_holder_loses_the_lease_and_is_told(store: Store, store_url: str) -> None:
    holder = held_by_another(store_url, ttl_s=1.0)
    assert asked(holder) == "still held"
    os.kill(holder.pid, signal.SIGSTOP)
    assert acquire(store) is None
    time.sleep(1.05)
    taken = acquire(store)
    assert taken is not None
    os.kill(holder.pid, signal.SIGCONT)
    assert asked(holder) == "lost"
    taken.check()
    ended(holder)


def test_lease_that_ran_out_is_lost_even_if_nobody_took_it(store: Store) -> None:
    lease = acquire(store, ttl_s=0.05)
    assert lease is not None
    time.sleep(0.06)
    with pytest.raises(LeaseLost) as caught:
        lease.check()
    assert isinstance(caught.value, StoreError)
    assert caught.value.hint
    with pytest.raises(LeaseLost):
        lease.renew()


def test_kept_lease_outlives_its_time_and_is_released_at_the_end(store: Store) -> None:
    lease = acquire(store, ttl_s=0.6)
    assert lease is not None
    with keep(lease):
        time.sleep(0.9)
        lease.check()
        assert acquire(store) is None
    assert acquire(store) is not None


def test_lease_taken_over_is_not_released_by_the_one_who_lost_it(store: Store) -> None:
    first = acquire(store, ttl_s=0.01)
    assert first is not None
    time.sleep(0.02)
    second = acquire(store)
    assert second is not None
    first.release()
    second.check()


def test_holder_of_another_host_is_never_called_gone() -> None:
    host, pid, began = this_holder().rsplit("/", 2)
    assert not is_gone(this_holder())
    assert not is_gone(f"elsewhere/{pid}/1.00")
    assert is_gone(f"{host}/{pid}/{float(began) + 5:.2f}")


def test_history_is_latest_first_and_knows_the_last_good_run(store: Store) -> None:
    ids = [open_run(store, "calls", "book", "schedule", started_at=at(i)) for i in range(4)]
    other = open_run(store, "agents", "book", "person", started_at=at(10))
    for run_id, outcome in zip(ids, ["ok", "unchanged", "failed"], strict=False):
        close_run(store, run_id, outcome, '{"n": 1}', finished_at=at(60))
    assert [run.id for run in recent_runs(store)] == [other, *reversed(ids)]
    assert [run.id for run in recent_runs(store, "calls", 2)] == [ids[3], ids[2]]
    good = last_good(store, "calls")
    assert good is not None
    assert (good.id, good.outcome, good.report_json, good.finished_at) == (ids[1], "unchanged", '{"n": 1}', at(60))
    assert last_good(store, "agents") is None
    assert (recent_runs(store)[0].trigger, recent_runs(store)[0].finished_at) == ("person", None)


def test_run_of_a_dead_process_is_closed_as_interrupted(store: Store, store_url: str) -> None:
    clock.set_now(lambda: at(100))
    holder = held_by_another(store_url, ttl_s=60)
    ours = open_run(store, "s", "book", "schedule", started_at=at(0))
    assert mark_interrupted(store) == []
    ended(holder)
    assert len(mark_interrupted(store)) == 1
    outcomes = {run.id: run.outcome for run in recent_runs(store)}
    assert outcomes.pop(ours) is None
    assert list(outcomes.values()) == [INTERRUPTED]


def test_run_of_another_host_is_closed_once_no_run_can_be_that_long(store: Store) -> None:
    open_run(store, "s", "book", "schedule", started_at=at(0))
    clock.set_now(lambda: at(0) + timedelta(days=2))
    assert len(mark_interrupted(store)) == 1


def test_old_runs_can_be_forgotten_but_not_open_ones(store: Store) -> None:
    done, still_open = (open_run(store, "s", "book", "schedule", started_at=at(0)) for _ in range(2))
    close_run(store, done, "ok", "{}", finished_at=at(1))
    assert forget_runs(store, before=at(10)) == 1
    assert [run.id for run in recent_runs(store)] == [still_open]
