"""Starts the command line: `python -m sync` is `callsheet`."""

from __future__ import annotations

import gc
import os
import signal
import sys


def main() -> None:
    """Run the command line. A daemon that is told to stop while it still loads has nothing to finish."""
    if "serve" in sys.argv[1:2]:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    gc.disable()  # nothing that loading makes is ever thrown away
    from sync.cli import main as run  # noqa: PLC0415 - it takes part of a second

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
