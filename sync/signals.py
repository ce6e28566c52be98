"""Turns Ctrl-C and SIGTERM into a stop request that a run answers within one chunk."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType

from sync import log

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

PATIENCE = b"stopping after the request that is under way; Ctrl-C again leaves at once\n"

_log = log.get("signals")


@contextmanager
def stop_on_signals(*, quietly: bool = False) -> Iterator[threading.Event]:
    """Give an event that the first signal sets; a second Ctrl-C raises KeyboardInterrupt, for those who cannot wait.

    Somebody who presses it is told so, unless `quietly`: a request that hangs may keep the first one waiting.
    """
    stop = threading.Event()
    has_heard = False

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        nonlocal has_heard
        is_first, has_heard = not has_heard and not stop.is_set(), True
        if not is_first:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        stop.set()  # before it is told, since the second one may come while this is being written
        if number == signal.SIGINT and not quietly:
            with suppress(OSError):
                os.write(2, PATIENCE)  # no console: its lock may be held by what was interrupted

    before = {number: signal.signal(number, ask_to_stop) for number in STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_anyway(*, after: timedelta, code: int) -> None:
    """Have the process end so long after a signal to stop, whatever of it hangs then; it may be killed at any moment.

    Signals are heard on a thread: the main one hears none while it waits for a lock of the store.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.detach(), warn_on_full_buffer=False)

    def leave() -> None:
        while not set(heard.recv(64)) & set(STOP_SIGNALS):
            pass
        time.sleep(after.total_seconds())
        _log.warning("something did not end in time; the process ends without it", action="left-anyway")
        os._exit(code)

    threading.Thread(target=leave, name="leave anyway", daemon=True).start()


@contextmanager
def reload_on_hangup(reload: Callable[[], None]) -> Iterator[None]:
    """Call `reload` on SIGHUP, where there is such a signal."""
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        yield
        return
    before = signal.signal(number, lambda _number, _frame: reload())
    try:
        yield
    finally:
        signal.signal(number, before)
