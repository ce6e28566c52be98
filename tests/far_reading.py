"""Reads streams in a process of its own, where nothing but the source takes memory, and tells how much it took.

    python -m tests.far_reading growth URL BENCH...     the peak of a few records, and of all in one slice
    python -m tests.far_reading passing URL N BENCH...  the peak after the first slice, and after N records passed

Prints a JSON object for each bench.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from typing import Any

from sync.records import Slice
from tests.benches.bench import Bench, days, every_bench
from tests.benches.desk import Desk
from tests.memory import peak_bytes
from tests.sandbox_admin import Admin


def read_far(*words: object, timeout_s: float) -> dict[str, dict[str, Any]]:
    """Run this module as a process; returns what it told, by bench."""
    command = [sys.executable, "-m", "tests.far_reading", *map(str, words)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert told.returncode == 0, told.stderr
    return {line["bench"]: line for line in map(json.loads, told.stdout.splitlines())}


def growth(desk: Desk) -> dict[str, Any]:
    """Return the peaks of a few records and of many, each in one slice."""

    def peak(within: Slice) -> tuple[int, int]:
        tracemalloc.reset_peak()
        base = tracemalloc.get_traced_memory()[0]
        n = sum(len(page.records) for page in desk.pages(within))
        return tracemalloc.get_traced_memory()[1] - base, n

    desk.read()  # what is loaded and kept once is no growth
    tracemalloc.start()
    peak(days(9, 6))
    (few, n_few), (many, n_many) = peak(days(9, 6)), peak(desk.whole)
    tracemalloc.stop()
    return {"few": few, "n_few": n_few, "many": many, "n_many": n_many}


def passing(desk: Desk, n_wanted: int) -> dict[str, Any]:
    """Return how much room the process took after one slice, and after so many records went through."""

    def pass_once() -> int:
        return sum(len(page.records) for page in desk.pages(desk.whole))

    n_slice = pass_once()
    n = n_slice + pass_once()  # the allocator keeps some room for the second time
    after_one = peak_bytes()
    while n < n_wanted:
        n += pass_once()
    after_all = peak_bytes()
    return {"n_slice": n_slice, "n": n, "after_one": after_one, "after_all": after_all}


def main(words: Sequence[str]) -> None:
    """Read the streams that are named."""
    what, url, *names = words
    n_wanted = int(names.pop(0)) if what == "passing" else 0
    benches: dict[str, Bench] = {bench.id: bench for bench in every_bench()}
    with Admin(url) as admin:
        for name in names:
            desk = Desk(benches[name], admin)
            told = growth(desk) if what == "growth" else passing(desk, n_wanted)
            desk.close()
            print(json.dumps({"bench": name, **told}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
