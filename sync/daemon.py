"""The daemon: follows the clock and the config files, enters what is due into the queue, and stops cleanly.

Everything that must not be forgotten stands in the store; what is here can be killed at any moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from sync import clock, log
from sync.alarms import Alarms
from sync.config.kept import Broken, Effective, read_effective
from sync.config.load import Config, Reading, read_config
from sync.config.problems import format_problem, shown
from sync.config.schedule import next_times
from sync.config.sheet import Sheet
from sync.config.watch import Watch
from sync.dispatch import Dispatch, Listener, NoListener
from sync.errors import ConfigError, Problem, SyncError
from sync.rota import Rota
from sync.run import Office
from sync.store.due_runs import PERSON_LANE, SCHEDULE_LANE, drop
from sync.store.presence import DAEMON, present

STOP_WITHIN = timedelta(seconds=5)  # service managers start to kill at about ten, and what is told needs a moment
TICK_S = 0.2  # how often files are looked at, and the clock: one that jumps rings no alarm
STUCK_S = 60.0  # without a look at the queue; a store that is locked answers sooner
SURE_S = 1.0
"""What looks broken, or as if sheets had gone, may be half written: it counts once the files have stayed the same."""

DISABLED = "the sheet was disabled while it waited"
REMOVED = "the sheet was removed from the config while it waited"

_log = log.get("daemon")


class Daemon:
    """Runs every enabled sheet of a config at its times until asked to stop."""

    def __init__(
        self, path: Path, office: Office, effective: Effective, *, on_config: Callable[[Config], None] = lambda _: None
    ) -> None:
        """Go by `effective` at first; `office` is opened for it, and later configs share its store.

        `on_config` hears each later config that is gone by.
        """
        self.office = office
        self._path = path
        self._store = office.store
        self._store_url = office.config.store.url
        self._on_config = on_config
        self._listener: Listener = NoListener()
        self._effective = effective
        self._wake = threading.Event()
        self._reload = threading.Event()
        self._is_changed = True  # read once more at the start: what is good is kept, and a quick edit not missed
        self._is_unsure = False
        self._ticked_s = time.monotonic()
        self._rota = Rota(self._store, office.config.daemon.jitter)
        self._alarms = Alarms(ring=self._wake.set)

    @property
    def broken(self) -> Sequence[Broken]:
        """What is broken in the config now."""
        return self._effective.broken

    @property
    def is_working(self) -> bool:
        """Whether the daemon looks after its queue."""
        return time.monotonic() - self._ticked_s < STUCK_S

    def ask_to_reload(self) -> None:
        """Read the config again soon, whether or not a file has changed."""
        self._reload.set()
        self._wake.set()

    def serve(self, stop: threading.Event, listener: Listener | None = None) -> None:
        """Run until `stop` is set; then let every run finish its chunk, and return."""
        self._listener = listener or self._listener
        watch = Watch(self._path)
        with present(self._store, DAEMON) as presence:
            dispatch = Dispatch(self.office, presence, on_left=self._wake.set, listener=self._listener)
            self._start()
            self._alarms.start()
            while not stop.is_set():
                self._ticked_s = time.monotonic()
                _quietly(lambda: self._follow_config(watch, dispatch))
                _quietly(lambda: self._follow_clock(dispatch))
                self._wake.wait(TICK_S)
                self._wake.clear()
            self._alarms.close()
            _log.info("daemon stops", action="daemon-stopping")
            left = dispatch.close(within=STOP_WITHIN)
            _log.info("daemon stopped", action="daemon-stopped", still_running=left)

    def _start(self) -> None:
        sheets = _enabled(self.office.config)
        self._tell(self._effective)
        self._drop(disabled=_disabled(self.office.config), removed=self._effective.removed)
        self._rota.take_on(sheets.values(), clock.now())
        _log.info("daemon started", action="daemon-started", n_sheets=len(sheets))
        for sheet in sheets.values():
            _log_schedule(sheet)

    def _follow_clock(self, dispatch: Dispatch) -> None:
        entered = self._rota.enter_due(clock.now())
        for name in entered:
            _log.info("run due", action="run-due", sheet=name)
        self._alarms.set(self._rota.starts)
        if entered:
            dispatch.look_again()
        dispatch.step()

    def _follow_config(self, watch: Watch, dispatch: Dispatch) -> None:
        is_asked = self._reload.is_set()
        self._is_changed |= watch.has_changed() or is_asked
        if not self._is_changed or (self._is_unsure and watch.quiet_s() < SURE_S and not is_asked):
            return
        reading = read_config(self._path)
        self._is_unsure = not is_asked and watch.quiet_s() < SURE_S and self._is_alarming(reading)
        if self._is_unsure:
            return
        self._reload.clear()
        try:
            effective = read_effective(self._path, self._store, reading)
        except ConfigError as error:
            self._tell_problems(error.problems)
        else:
            self._go_by(effective, dispatch, is_asked=is_asked)
        self._is_changed = False  # not before: a store that did not answer is asked again

    def _is_alarming(self, reading: Reading) -> bool:
        names = {one.name for one in reading.sheets}
        has_gone = any(sheet.name not in names for sheet in self.office.config.sheets)
        return has_gone or reading.problems != self._effective.problems

    def _go_by(self, effective: Effective, dispatch: Dispatch, *, is_asked: bool) -> None:
        """Take over what is new, and touch nothing else."""
        before, config = self.office.config, effective.config
        is_same = _essence(config) == _essence(before) and effective.problems == self._effective.problems
        if is_same and not is_asked:
            return  # a comment, or the same text saved again
        old, new = _enabled(before), _enabled(config)
        # Only what differs is touched: the posts of the other sheets keep their places
        moved = [sheet for name, sheet in new.items() if name not in old or sheet.schedule != old[name].schedule]
        if config.daemon.jitter != before.daemon.jitter:
            self._rota.jitter, moved = config.daemon.jitter, list(new.values())
        gone = [name for name in old if name not in new]
        self.office = Office(config, self._store)
        dispatch.go_by(self.office)
        self._on_config(config)
        if gone:
            self._rota.leave(gone)
        if moved:
            self._rota.change(moved, clock.now())
        known = {sheet.name for sheet in config.sheets}
        removed = {*effective.removed, *(sheet.name for sheet in before.sheets if sheet.name not in known)}
        self._drop(disabled=_disabled(config), removed=sorted(removed))
        _log_changes(before, config)
        for sheet in moved:
            _log_schedule(sheet)
        self._tell(effective)

    def _drop(self, *, disabled: Sequence[str], removed: Sequence[str]) -> None:
        """End what waits for sheets that do not run any more, with the reason."""
        both = (PERSON_LANE, SCHEDULE_LANE)
        for name in drop(self._store, removed, REMOVED, lanes=both):
            _log.warning(REMOVED, action="run-dropped", sheet=name)
        for name in drop(self._store, disabled, DISABLED, lanes=(SCHEDULE_LANE,)):
            _log.warning(DISABLED, action="run-dropped", sheet=name)

    def _tell(self, effective: Effective) -> None:
        self._effective = effective
        self._tell_problems([*effective.problems, *self._needs_restart()])
        for broken in effective.broken:
            _log_broken(broken)

    def _needs_restart(self) -> list[Problem]:
        """Tell of the one option that is read at the start only."""
        config = self.office.config
        if config.store.url == self._store_url:
            return []
        what = f"The daemon goes on with the store that it was started with, {shown(self._store_url)}"
        hint = "Restart it (`systemctl restart callsheet`), or take the change back."
        return [config.places["store.url"].problem(what, hint=hint)]

    def _tell_problems(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            _log.error(format_problem(problem), action="config-problem", file=problem.file, line=problem.line)
        self._listener.config_read(problems)


def _quietly(step: Callable[[], None]) -> None:
    """Do one step; what fails in it is tried again, and the daemon goes on."""
    try:
        step()
    except SyncError as error:
        _log.error(str(error), action="step-failed", hint=error.hint)
    except Exception:
        _log.exception("a step broke", action="step-broke")


def _essence(config: Config) -> tuple[object, ...]:
    """Return what a config says, without where it stands."""
    return (
        config.google,
        config.store,
        config.daemon,
        config.alerts,
        config.log,
        dict(config.connections),
        config.sheets,
    )


def _enabled(config: Config) -> dict[str, Sheet]:
    return {sheet.name: sheet for sheet in config.sheets if sheet.enabled}


def _disabled(config: Config) -> list[str]:
    return [sheet.name for sheet in config.sheets if not sheet.enabled]


def _log_schedule(sheet: Sheet) -> None:
    next_at = next_times(sheet.schedule, clock.now(), 1)
    at = next_at[0].isoformat() if next_at else None
    _log.info("sheet scheduled", action="sheet-scheduled", sheet=sheet.name, schedule=str(sheet.schedule), next_at=at)


def _log_changes(before: Config, config: Config) -> None:
    old, new = ({sheet.name: sheet for sheet in one.sheets} for one in (before, config))
    _log.info(
        "config read",
        action="config-read",
        added=[name for name in new if name not in old],
        changed=[name for name, sheet in new.items() if name in old and sheet != old[name]],
        removed=[name for name in old if name not in new],
    )


def _log_broken(broken: Broken) -> None:
    """Say what goes on in place of what is broken."""
    whose = f"sheet {broken.name!r}" if broken.name else "the config"
    if broken.kept_from is None:
        words = f"{whose} has problems and no earlier version: it does not run"
    else:
        words = f"{whose} has problems; the version of {broken.kept_from:%Y-%m-%d %H:%M:%S} UTC goes on"
    _log.error(words, action="config-broken", sheet=broken.name, kept_from=broken.kept_from)
