"""Which times come to be in the queue: each once, whatever the clock, the daemon and the config do."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync import clock
from sync.config.schedule import times_until
from sync.config.sheet import Sheet
from sync.rota import Rota, offset_of, starts_at
from sync.store.db import Store, open_store
from sync.store.due_runs import DueRun, all_rows, claim, drop, end, put_back

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
NO_JITTER = timedelta(0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def _sheet(name: str = "calls", **schedule: str) -> Sheet:
    tab = {"title": "Calls", "connection": "justcall", "stream": "calls", "period": "today"}
    values = {"name": name, "spreadsheet": "1AbCdEfGhIjKlMnOp", "timezone": "UTC", "tab": [tab], **schedule}
    return Sheet.model_validate(values)


def _times(rows: list[DueRun]) -> list[tuple[str, str, int]]:
    return [(f"{row.first_due_at:%d %H:%M}", f"{row.due_at:%d %H:%M}", row.n_times) for row in rows]


def _run_all(store: Store) -> None:
    for row in all_rows(store):
        if claim(store, row.number, holder="h/1/1", run_id=f"run {row.number}"):
            end(store, row.number, holder="h/1/1")


def _cut_one_off(store: Store, rota: Rota, now: datetime) -> None:
    """Begin a run, let others come to be due, and put it back into the queue."""
    for row in all_rows(store):
        if claim(store, row.number, holder="h/1/1", run_id=f"run {row.number}"):
            rota.enter_due(now + timedelta(minutes=21))
            assert put_back(store, row.number, holder="h/1/1", reason="stopped in the middle")
            return


def _watching(store: Store, sheet: Sheet, now: datetime, jitter: timedelta = NO_JITTER) -> Rota:
    rota = Rota(store, jitter)
    rota.take_on([sheet], now)
    rota.enter_due(now)
    return rota


def test_a_sheet_that_repeats_and_never_ran_begins_at_once(store: Store) -> None:
    _watching(store, _sheet(every="1h"), START + timedelta(minutes=7))
    assert _times(all_rows(store)) == [("02 12:07", "02 12:07", 1)]


def test_a_sheet_with_fixed_times_that_never_ran_waits_for_the_first(store: Store) -> None:
    rota = _watching(store, _sheet(cron="0 9 * * *"), START)
    assert all_rows(store) == []
    assert rota.enter_due(START + timedelta(hours=21)) == ["calls"]
    assert _times(all_rows(store)) == [("03 09:00", "03 09:00", 1)]


def test_times_missed_while_no_daemon_was_there_are_one_run_on_return(store: Store) -> None:
    sheet = _sheet(every="15m")
    _watching(store, sheet, START)
    _run_all(store)
    _watching(store, sheet, START + timedelta(hours=3, minutes=5))
    assert _times(all_rows(store))[1:] == [("02 12:15", "02 15:00", 12)]


def test_times_that_come_while_one_waits_are_taken_over_by_it(store: Store) -> None:
    rota = _watching(store, _sheet(every="15m"), START)
    for minutes in (15, 30, 45):
        rota.enter_due(START + timedelta(minutes=minutes))
    assert _times(all_rows(store)) == [("02 12:00", "02 12:45", 4)]


def test_a_time_that_comes_while_it_runs_is_queued(store: Store) -> None:
    rota = _watching(store, _sheet(every="15m"), START)
    (first,) = all_rows(store)
    assert claim(store, first.number, holder="h/1/1", run_id="r")
    rota.enter_due(START + timedelta(minutes=15))
    assert [row.state for row in all_rows(store)] == ["running", "waiting"]


def test_times_that_come_while_two_runs_wait_are_taken_over_by_the_later_one(store: Store) -> None:
    rota = _watching(store, _sheet(every="15m"), START)
    (first,) = all_rows(store)
    assert claim(store, first.number, holder="h/1/1", run_id="r")
    rota.enter_due(START + timedelta(minutes=15))
    assert put_back(store, first.number, holder="h/1/1", reason="stopped in the middle")
    rota.enter_due(START + timedelta(minutes=30))
    assert _times(all_rows(store)) == [("02 12:00", "02 12:00", 1), ("02 12:15", "02 12:30", 2)]


def test_two_daemons_enter_each_time_once(store: Store) -> None:
    sheet = _sheet(every="15m")
    both = [_watching(store, sheet, START), _watching(store, sheet, START)]
    for minutes in range(0, 120, 5):
        for rota in both:
            rota.enter_due(START + timedelta(minutes=minutes))
    assert sum(row.n_times for row in all_rows(store)) == 8


def test_a_missed_time_waits_for_the_hours_in_which_it_may_start(store: Store) -> None:
    sheet = _sheet(every="1h", run_between="20:00-06:00")
    rota = _watching(store, sheet, START)
    assert all_rows(store) == []
    assert list(rota.starts.values()) == [START + timedelta(hours=8)]


def test_an_edited_schedule_owes_what_the_old_one_owed_and_nothing_from_before_the_edit(store: Store) -> None:
    rota = _watching(store, _sheet(every="1h"), START)
    _run_all(store)
    rota.change([_sheet(cron="0 12 * * *")], START + timedelta(hours=1))  # the 13:00 of the old one has just come
    assert _times(all_rows(store))[1:] == [("02 13:00", "02 13:00", 1)]
    _run_all(store)
    rota.enter_due(START + timedelta(hours=23))
    assert len(all_rows(store)) == 2
    rota.enter_due(START + timedelta(hours=24))
    assert _times(all_rows(store))[2:] == [("03 12:00", "03 12:00", 1)]


def test_a_second_daemon_that_reads_an_edit_later_swallows_no_time(store: Store) -> None:
    old, new = _sheet(every="1h"), _sheet(cron="1 12 * * *")
    quick, slow = _watching(store, old, START), _watching(store, old, START)
    _run_all(store)
    quick.change([new], START + timedelta(seconds=59))
    slow.change([new], START + timedelta(seconds=61))
    quick.enter_due(START + timedelta(seconds=62))
    slow.enter_due(START + timedelta(seconds=63))
    assert _times(all_rows(store))[1:] == [("02 12:01", "02 12:01", 1)]


def test_a_sheet_that_was_away_owes_nothing_for_that_time(store: Store) -> None:
    sheet = _sheet(every="15m")
    rota = _watching(store, sheet, START)
    _run_all(store)
    rota.leave(["calls"])
    rota.change([sheet], START + timedelta(hours=2, minutes=1))
    rota.enter_due(START + timedelta(hours=2, minutes=2))
    assert len(all_rows(store)) == 1
    rota.enter_due(START + timedelta(hours=2, minutes=15))
    assert _times(all_rows(store))[1:] == [("02 14:15", "02 14:15", 1)]


def test_a_new_sheet_begins_at_once_also_while_the_daemon_runs(store: Store) -> None:
    rota = _watching(store, _sheet(every="15m"), START)
    rota.change([_sheet("other", every="1h")], START + timedelta(minutes=1))
    assert [row.sheet for row in all_rows(store)] == ["calls", "other"]


def test_jitter_spreads_the_starts_of_sheets_due_together_and_keeps_them_in_their_hours() -> None:
    jitter = timedelta(minutes=10)
    offsets = [offset_of(f"sheet {n}", jitter) for n in range(300)]
    assert all(timedelta(0) <= offset < jitter for offset in offsets)
    by_minute = [sum(offset // timedelta(minutes=1) == n for offset in offsets) for n in range(10)]
    assert min(by_minute) > 10, by_minute
    nightly = _sheet(every="1h", run_between="20:00-21:05").schedule
    nine = datetime(2026, 3, 2, 21, tzinfo=UTC)
    assert starts_at(nightly, nine, timedelta(minutes=4)) == nine + timedelta(minutes=4)
    assert starts_at(nightly, nine, timedelta(minutes=6)) == nine


@pytest.mark.parametrize("seed", range(6))
def test_every_time_is_in_exactly_one_row_whatever_happens(store: Store, seed: int) -> None:
    """Ticks early and late, restarts, long absences, runs that are slow, cut off or dropped, hours near their end."""
    chance = random.Random(seed)
    zone = chance.choice(["UTC", "America/New_York"])
    schedule = chance.choice(
        [{"every": "7m"}, {"every": "20m", "run_between": "21:00-23:10"}, {"cron": "*/5 1-3 * * *"}]
    )
    sheet, jitter = _sheet(timezone=zone, **schedule), timedelta(minutes=chance.choice([0, 10]))
    now = start = datetime(2026, 3, 7, 12, tzinfo=UTC)
    clock.set_now(lambda: now)
    try:
        rota = _watching(store, sheet, now, jitter)
        while now < start + timedelta(days=2):
            lengths = [timedelta(seconds=20), timedelta(minutes=3), timedelta(hours=chance.choice([0.5, 0.5, 5]))]
            now += chance.choice(lengths)
            if chance.random() < 0.05:
                rota = _watching(store, sheet, now, jitter)
            rota.enter_due(now)
            if chance.random() < 0.5:
                _run_all(store)
            elif chance.random() < 0.5:
                _cut_one_off(store, rota, now)
            elif chance.random() < 0.1:
                drop(store, ["calls"], "for a reason", lanes=(1,))
    finally:
        clock.set_now(None)
    rota.enter_due(now + jitter)
    rows = all_rows(store)
    begun = "every" in schedule and "run_between" not in schedule
    wanted = list(times_until(sheet.schedule, start, now + jitter))
    entered = [row for row in rows if row.first_due_at > start]
    assert sum(row.n_times for row in rows) - begun == sum(at <= rows[-1].due_at for at in wanted)
    for before, after in itertools.pairwise(entered):
        assert before.due_at < after.first_due_at
