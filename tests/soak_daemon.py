"""A daemon whose clock is a file: `python -m tests.soak_daemon CONFIG CLOCK`. The rest of it is the real thing."""

from __future__ import annotations

import mmap
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync import clock, log
from sync.config.kept import open_effective
from sync.daemon import Daemon
from sync.destination import google
from sync.http import client
from sync.office import Office
from sync.signals import reload_on_hangup, stop_on_signals


def follow(path: Path) -> None:
    """Let this process's clock be so many seconds from the machine's as stand in the file."""
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    clock.set_now(lambda: datetime.now(UTC) + timedelta(seconds=struct.unpack("d", shared[:8])[0]))


def hurry() -> None:
    """Give up on what is out within moments, as the outages of the soak are short in real time."""
    google.FIRST_PAUSE_S, google.LONGEST_PAUSE_S = 0.01, 0.05
    for name, value in {"first_pause_s": 0.01, "longest_pause_s": 0.05, "max_tries": 3}.items():
        object.__setattr__(client.DEFAULT_PATIENCE, name, value)  # every client has been given this one already


def main(config: Path, clock_file: Path) -> None:
    follow(clock_file)
    hurry()
    log.setup("info", json=True)
    with stop_on_signals() as stop, open_effective(config) as (store, effective):
        daemon = Daemon(config, Office(effective.config, store), effective)
        with reload_on_hangup(daemon.ask_to_reload):
            daemon.serve(stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
