"""Weeks of a daemon's life in minutes: its clock is driven, and everything happens to it that happens in weeks.

Kills, restarts, a second daemon, a machine that sleeps, outages of vendor and Google, config edits good and broken,
sheets that come and go, people who ask for runs, clocks that change. What must be true at the end is worked out apart
from the daemon: from the schedules and when they were edited, and from the vendor's own calls.
"""

from __future__ import annotations

import itertools
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select

from sync import clock
from sync.config.load import load_config, read_config
from sync.config.schedule import Schedule, may_start, times_between, times_until
from sync.dispatch import OUT_OF_HOURS
from sync.store.db import Store, open_store
from sync.store.due_runs import PERSON_LANE, SCHEDULE_LANE, DueRun, all_rows, ask
from sync.store.instants import from_us
from sync.store.runs import recent_runs
from sync.store.tables import leases, schedules
from tests.daemon_desk import MAIN
from tests.program import KEYS
from tests.sandbox_admin import Admin

PATIENCE_S = 240.0
SINCE = "2026-10-19"
SHEET = """
[[sheet]]
name = "{name}"
spreadsheet = "{book}"
enabled = {enabled}
{schedule}

[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "since {since}"
columns = [{columns}]
"""
COLUMNS = ['"call_id", "started_at", "duration"', '"call_id", "started_at", "duration", "agent_name"']
SCHEDULES = [
    ['every = "15m"', 'every = "20m"\ntimezone = "Europe/Berlin"', 'cron = "*/10 * * * *"'],
    ['cron = "30 * * * *"\ntimezone = "America/New_York"', 'cron = "5,35 */2 * * *"\ntimezone = "America/New_York"'],
    [
        'every = "1h"\nrun_between = "20:00-06:00"\ntimezone = "Europe/Berlin"',
        'every = "40m"\nrun_between = "22:00-04:00"\ntimezone = "Europe/Berlin"',
    ],
    ['cron = "30 1,2 * * *"\ntimezone = "America/New_York"', 'cron = "30 2 * * *"\ntimezone = "Europe/Berlin"'],
    ['cron = "0 7 * * mon-fri"\ntimezone = "Europe/Berlin"', 'every = "1 day"\ntimezone = "America/New_York"'],
]


@dataclass
class Stretch:
    """A schedule, and from when until when it holds."""

    schedule: Schedule
    start: datetime
    end: datetime | None = None


@dataclass
class Planned:
    """One sheet as it should be: its file, and every stretch of its schedules."""

    name: str
    book: str
    choices: list[str]
    schedule: str = ""
    columns: int = 0
    enabled: bool = True
    is_there: bool = True
    is_broken: bool = False
    n_begun: int = 0
    stretches: list[Stretch] = field(default_factory=list)

    def text(self) -> str:
        text = SHEET.format(
            name=self.name,
            book=self.book,
            enabled=str(self.enabled).lower(),
            schedule=self.schedule,
            since=SINCE,
            columns=COLUMNS[self.columns],
        )
        return text.replace('stream = "calls"', 'stream = "cals"') if self.is_broken else text

    @property
    def now_holds(self) -> Stretch | None:
        """The schedule that it has now."""
        return self.stretches[-1] if self.stretches and self.stretches[-1].end is None else None


class Soak:
    """One soak. `say` hears what happens, so that a failure can be followed."""

    def __init__(self, folder: Path, admin: Admin, *, seed: int, start: datetime, end: datetime) -> None:
        self.chance = random.Random(seed)
        self.folder, self.admin, self.end = folder, admin, end
        self.said: list[str] = []
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.n_wishes: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.outage_until: datetime | None = None
        self._log: IO[bytes] = (folder / "log").open("wb")
        (folder / "clock").write_bytes(struct.pack("d", 0.0))
        with (folder / "clock").open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), 8)
        clock.set_now(lambda: datetime.now(UTC) + timedelta(seconds=struct.unpack("d", self._clock[:8])[0]))
        self.set_clock(start)
        (folder / "sheets.d").mkdir()
        self.main = folder / "config.toml"
        self.main.write_text(MAIN.format(url=admin.url, other_url=admin.url, workers=3, deadline="10m"))
        self.sheets = [
            Planned(f"sheet-{n}", admin.make_spreadsheet(f"Book {n}"), choices, choices[0])
            for n, choices in enumerate(SCHEDULES)
        ]
        for sheet in self.sheets:
            self._write(sheet)
        self.store: Store = open_store(f"sqlite:///{folder / 'callsheet.db'}")

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.kill()
            daemon.wait()
        self.store.close()
        self._log.close()
        clock.set_now(None)

    # The clock

    def set_clock(self, at: datetime) -> None:
        self._clock[:8] = struct.pack("d", (at - datetime.now(UTC)).total_seconds())

    def advance(self, by: timedelta) -> None:
        """Move on to two minutes after a multiple of five, away from every time of a schedule."""
        at = clock.now() + by
        at = at.replace(minute=at.minute // 5 * 5 + 2, second=0, microsecond=0)
        self.set_clock(max(at, clock.now()))
        self.say(f"-> {at:%m-%d %H:%M}")

    def say(self, text: str) -> None:
        self.said.append(text)

    # The daemons

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.soak_daemon", str(self.main), str(self.folder / "clock")]
        daemon = subprocess.Popen(command, stderr=self._log, env=os.environ | KEYS)
        self.daemons.append(daemon)
        # Before it is there, Python has not come to what a signal is to do
        self.wait_for(lambda: any(f"/{daemon.pid}/" in holder for holder in self._present()), "a daemon")

    def _present(self) -> list[str]:
        with self.store.read() as connection:
            return list(connection.execute(select(leases.c.holder).where(leases.c.name.like("daemon %"))).scalars())

    def kill(self) -> None:
        self.daemons.pop().kill()
        self.say("killed")

    def stop(self) -> None:
        daemon = self.daemons.pop(0)
        daemon.terminate()
        assert daemon.wait(PATIENCE_S) == 0
        self.say("stopped")

    def wait_for(self, wanted: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not wanted():
            assert time.monotonic() < end, f"{what}: {self.unsettled()}; {self.said[-12:]}"
            assert all(daemon.poll() is None for daemon in self.daemons), "a daemon ended by itself"
            time.sleep(0.05)

    def settle(self) -> None:
        """Wait until everything that was due has been done."""
        self.wait_for(lambda: not self.unsettled(), "not settled")

    def unsettled(self) -> list[str]:
        now = clock.now()
        until, _ = self._entered()
        found = [f"{row.sheet} {row.state}" for row in all_rows(self.store) if self._is_open(row, now)]
        for sheet in self.sheets:
            if holds := sheet.now_holds:
                due = times_between(holds.schedule, holds.start, now)
                if due and (until.get(sheet.name) is None or until[sheet.name] < due[1]):
                    found.append(f"{sheet.name} not entered")
        return found

    def _entered(self) -> tuple[dict[str, datetime], dict[str, str]]:
        with self.store.read() as connection:
            rows = connection.execute(select(schedules)).all()
        return {r.sheet: from_us(r.entered_until_us) for r in rows}, {r.sheet: r.words for r in rows}

    def _is_open(self, row: DueRun, now: datetime) -> bool:
        if row.state != "waiting" or row.lane == PERSON_LANE:
            return row.state != "ended"
        holds = next((sheet.now_holds for sheet in self.sheets if sheet.name == row.sheet), None)
        return holds is not None and may_start(holds.schedule, now)

    # Config files

    def _write(self, sheet: Planned) -> None:
        path = self.folder / "sheets.d" / f"{sheet.name}.toml"
        if not sheet.is_there:
            path.unlink(missing_ok=True)
        elif self.chance.random() < 0.5:
            path.write_text(sheet.text())
        else:
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_text(sheet.text())
            fresh.replace(path)

    def _schedule_of(self, sheet: Planned) -> Schedule:
        config = read_config(self.main).config
        assert config is not None
        return next(s.schedule for s in config.sheets if s.name == sheet.name)

    def reschedule(self, sheet: Planned) -> None:
        """Save a sheet whose schedule has changed, began or ended, and wait until that is live."""
        before = sheet.now_holds
        self._write(sheet)
        runs = sheet.enabled and sheet.is_there
        schedule = self._schedule_of(sheet) if runs else None
        words = str(schedule) if schedule else ""
        self.wait_for(lambda: self._entered()[1].get(sheet.name) == words, f"{sheet.name} is to be {words!r}")
        time.sleep(0.1)
        if before is not None:
            before.end = clock.now()
        if schedule is not None:
            sheet.stretches.append(Stretch(schedule, clock.now()))

    # A life

    def begin(self) -> None:
        """Start the first daemon; what repeats begins at once."""
        for sheet in self.sheets:
            sheet.stretches.append(Stretch(self._schedule_of(sheet), clock.now()))
            holds = sheet.stretches[0].schedule
            sheet.n_begun = int(holds.every is not None and may_start(holds, clock.now()))
        self.start()
        self.wait_for(lambda: len(self._entered()[0]) == len(self.sheets), "the first daemon")
        for sheet in self.sheets:  # its first look is where its times begin
            sheet.stretches[0].start = self._entered()[0][sheet.name]
        self.settle()

    def live(self, *, longest: timedelta) -> None:
        """Let things happen until the end."""
        deeds = [
            *[self._nothing] * 6,
            self._die,
            self._die,
            self._restart,
            self._stay_away,
            self._second_daemon,
            self._sleep,
            self._hang_up,
            self._vendor_out,
            self._google_out,
            self._reschedule_one,
            self._reschedule_one,
            self._break_one,
            self._edit_columns,
            self._come_or_go,
            self._ask_for_one,
            self._edit_calls,
            self._edit_calls,
        ]
        while clock.now() < self.end - longest:
            deed = self.chance.choice(deeds)
            self.say(deed.__name__)
            self.counts[deed.__name__] += 1
            deed()
            minutes = self.chance.choice([10, 35, 130, longest.total_seconds() / 60])
            self.advance(timedelta(minutes=minutes))
            if self.outage_until and clock.now() > self.outage_until:
                self.admin.clear_faults()
                self.outage_until = None
            self.settle()

    def finish(self) -> None:
        """End every outage, let a last run come, and stop."""
        self.admin.clear_faults()
        for sheet in self.sheets:
            sheet.is_broken = False
            self._write(sheet)
        load_config(self.main)
        self.set_clock(self.end + timedelta(minutes=2))
        self.settle()
        for sheet in self.sheets:
            if sheet.is_there:
                self._wish(sheet)
        self.settle()
        while self.daemons:
            self.stop()

    def _nothing(self) -> None:
        pass

    def _in_the_middle(self) -> None:
        """Come to a moment at which something is due and perhaps half done."""
        self.advance(timedelta(minutes=self.chance.choice([20, 65])))
        time.sleep(self.chance.uniform(0, 0.8))

    def _die(self) -> None:
        self._in_the_middle()
        self.kill()
        self.start()

    def _restart(self) -> None:
        self._in_the_middle()
        self.stop()
        self.start()

    def _stay_away(self) -> None:
        while self.daemons:
            self.kill()
        self.advance(timedelta(hours=self.chance.choice([1, 5, 11])))
        self.start()

    def _second_daemon(self) -> None:
        if len(self.daemons) > 1:
            self._in_the_middle()
            (self.kill if self.chance.random() < 0.5 else self.stop)()
        else:
            self.start()

    def _sleep(self) -> None:
        self._in_the_middle()
        for daemon in self.daemons:
            daemon.send_signal(signal.SIGSTOP)
        self.advance(timedelta(minutes=30))
        for daemon in self.daemons:
            daemon.send_signal(signal.SIGCONT)

    def _hang_up(self) -> None:
        if len(self.daemons) == 1:  # a second one may be too young to know the signal
            self.daemons[0].send_signal(signal.SIGHUP)

    def _vendor_out(self) -> None:
        self._out("justcall", hours=15)

    def _google_out(self) -> None:
        self._out("google", hours=15)

    def _out(self, service: str, *, hours: float) -> None:
        if self.outage_until is None:
            self.admin.fault(service=service, do="refuse", status=503, times=1_000_000)
            self.outage_until = clock.now() + timedelta(hours=self.chance.uniform(0.2, hours))

    def _some(self) -> Planned:
        return self.chance.choice(
            [s for s in self.sheets if s.is_there and s.enabled and not s.is_broken] or self.sheets
        )

    def _reschedule_one(self) -> None:
        sheet = self._some()
        if sheet.now_holds and not sheet.is_broken:
            others = [choice for choice in sheet.choices if choice != sheet.schedule]
            sheet.schedule = self.chance.choice(others)
            self.reschedule(sheet)

    def _break_one(self) -> None:
        """Break one, or mend the one that is broken; nothing changes in what is due."""
        sheet = next((s for s in self.sheets if s.is_broken), None) or self._some()
        sheet.is_broken = not sheet.is_broken and sheet.is_there and sheet.enabled
        self._write(sheet)

    def _edit_columns(self) -> None:
        sheet = self._some()
        sheet.columns = 1
        self._write(sheet)

    def _come_or_go(self) -> None:
        away = next((s for s in self.sheets if not (s.is_there and s.enabled)), None)
        if away is not None:
            away.is_there = away.enabled = True
            self.reschedule(away)
            return
        sheet = self._some()
        if sheet.is_broken:
            return
        if self.chance.random() < 0.5:
            sheet.enabled = False
        else:
            sheet.is_there = False
        self.reschedule(sheet)

    def _ask_for_one(self) -> None:
        self._wish(self._some())

    def _wish(self, sheet: Planned) -> None:
        if sheet.is_there:
            ask(self.store, sheet.name, "{}", at=clock.now())
            self.n_wishes[sheet.name] += 1

    def _edit_calls(self) -> None:
        """People work on calls of the last day and a half, as far as reading again reaches."""
        now = clock.now()
        recent = [c["call_id"] for c in self.admin.calls() if now - timedelta(hours=36) < _instant(c) < now]
        if recent:
            chosen = self.chance.sample(recent, min(5, len(recent)))
            self.admin.edit_calls(call_ids=chosen, fields={"duration": self.chance.randrange(1, 5000)})

    # What must be true

    def check(self) -> None:
        """Hold the account and the tabs to what was planned."""
        rows = all_rows(self.store)
        runs = {run.id: run for run in recent_runs(self.store, None, 1_000_000)}
        for sheet in self.sheets:
            self._check_times(sheet, [r for r in rows if r.sheet == sheet.name and r.lane == SCHEDULE_LANE])
        wishes = Counter(row.sheet for row in rows if row.lane == PERSON_LANE)
        assert wishes == self.n_wishes
        named = [row.run_id for row in rows if row.reason is None]
        assert len(named) == len(set(named))
        for row in rows:
            assert row.state == "ended" or row.reason == OUT_OF_HOURS, row
            if row.reason is None:
                assert row.run_id in runs, row
                assert runs[row.run_id].outcome in ("ok", "unchanged", "failed", "stopped"), (row, runs[row.run_id])
        left_over = [run for run in runs.values() if run.id not in set(named)]
        assert {run.outcome for run in left_over} <= {"interrupted", "failed"}, left_over
        for sheet in self.sheets:
            if sheet.is_there:
                self._check_tab(sheet)

    def _check_times(self, sheet: Planned, rows: list[DueRun]) -> None:
        wanted = [at for one in sheet.stretches for at in times_until(one.schedule, one.start, one.end or self.end)]
        rows = sorted(rows, key=lambda row: row.first_due_at)
        for before, after in itertools.pairwise(rows):
            assert before.due_at < after.first_due_at, (before, after)
        n_in = Counter(next((r.number for r in rows if r.first_due_at <= at <= r.due_at), None) for at in wanted)
        assert None not in n_in, f"{sheet.name}: never entered: {[a for a in wanted if not _covers(rows, a)][:5]}"
        n_times = sum(row.n_times for row in rows)
        assert n_times == len(wanted) + sheet.n_begun, (sheet.name, n_times, len(wanted), sheet.n_begun)

    def _check_tab(self, sheet: Planned) -> None:
        header, *rows = self.admin.tab_values(sheet.book, "Calls")
        shown = {row[header.index("Call ID")]: row[header.index("Duration (s)")] for row in rows if any(row)}
        first = datetime.fromisoformat(SINCE).replace(tzinfo=self._zone(sheet))
        wanted = {c["call_id"]: c["duration"] for c in self.admin.calls() if first <= _instant(c) <= self.end}
        assert len(shown) == sum(any(row) for row in rows), f"{sheet.name}: rows twice"
        # A row stays when the sheet moves to a zone in which the first day begins later
        earliest = min(datetime.fromisoformat(SINCE).replace(tzinfo=one.schedule.zone) for one in sheet.stretches)
        may_stay = {c["call_id"] for c in self.admin.calls() if earliest <= _instant(c) < first}
        assert shown.keys() - may_stay == wanted.keys(), (sheet.name, len(shown), len(wanted))
        wrong = {key for key in wanted if wanted[key] != (shown[key] or 0)}
        assert not wrong, (sheet.name, [(key, wanted[key], shown[key]) for key in sorted(wrong)[:5]])

    def _zone(self, sheet: Planned) -> Any:
        return sheet.stretches[-1].schedule.zone


def _covers(rows: list[DueRun], at: datetime) -> bool:
    return any(row.first_due_at <= at <= row.due_at for row in rows)


def _instant(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["started_at"].replace("Z", "+00:00"))


@contextmanager
def soaking(folder: Path, admin: Admin, *, seed: int, start: datetime, end: datetime) -> Iterator[Soak]:
    """Give a soak that leaves no process behind."""
    soak = Soak(folder, admin, seed=seed, start=start, end=end)
    try:
        yield soak
    finally:
        soak.close()
