"""What the store tests let other processes do; run as `python -m tests.store_processes DEED ARGUMENT...`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sync.records import Slice
from sync.store.budget import Budget, Limit
from sync.store.db import open_store
from sync.store.mirror import open_mirror
from sync.store.runs import Lease, LeaseLost, open_run, this_holder
from tests.store_fixtures import at, make_record, make_spec

ROOT = Path(__file__).parent.parent
SPREAD = ((5, 0.4), (8, 1.0))
"""Limits of the budget test: requests, and seconds."""


def start(deed: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that does `deed`; its lines come through its stdout."""
    command = [sys.executable, "-m", "tests.store_processes", deed, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def results_of(processes: Sequence[subprocess.Popen[str]], timeout_s: float = 60) -> list[list[str]]:
    """Wait for all; return their lines, and fail when one of them did."""
    answers = [process.communicate(timeout=timeout_s)[0].split("\n")[:-1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return answers


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def open_all(url: str) -> None:
    store = open_store(url)
    open_mirror(store, connection="c", spec=make_spec(), params={}).upsert([make_record("a")], seen_at=at(0))


def reserve(url: str, n: str) -> None:
    """Print every instant that was given out, as seconds."""
    budget = Budget(open_store(url))
    limits = [Limit("shared", *limit) for limit in SPREAD]
    for _ in range(int(n)):
        say(budget.reserve(limits).timestamp())


def hold_lease(url: str, name: str, ttl_s: str) -> None:
    """Take a lease and a run, then check the lease for each line that comes in."""
    store = open_store(url)
    lease = Lease.acquire(store, name, holder=this_holder(), ttl_s=float(ttl_s))
    open_run(store, "s", "sheet-id", "person", started_at=at(0))
    say("held" if lease else "refused")
    for _ in sys.stdin:
        try:
            assert lease is not None
            lease.check()
            say("still held")
        except LeaseLost:
            say("lost")


def race_for_lease(url: str, name: str) -> None:
    """Try once told to, and stay alive until told to end."""
    store = open_store(url)
    say("ready")
    sys.stdin.readline()
    say("won" if Lease.acquire(store, name, holder=this_holder(), ttl_s=60) else "refused")
    sys.stdin.readline()


def write_pages(url: str, first: str, n_pages: str) -> None:
    """Upsert pages of ten records, some shared with the other writers."""
    mirror = open_mirror(open_store(url), connection="c", spec=make_spec(), params={})
    for page in range(int(n_pages)):
        keys = [f"{first}-{page}-{i}" for i in range(8)] + ["shared-1", "shared-2"]
        records = [make_record(key, page, name=f"{first} {page}", duration=page) for key in keys]
        mirror.upsert(records, seen_at=at(0))


def follow(url: str, n_wanted: str) -> None:
    """Read as a publish does: only what changed since the version seen last. Print what was gathered that way."""
    mirror = open_mirror(open_store(url), connection="c", spec=make_spec(), params={})
    gathered: dict[str, str] = {}
    since, window = 0, Slice(at(-1), at(10_000))
    while len(gathered) < int(n_wanted) or gathered.get("end") is None:
        version = mirror.version()
        frame = mirror.read(["name"], window=window, since=since, unless_in=window)
        gathered.update(zip(frame["_key"], frame["name"], strict=True))
        since = version
    for key, name in sorted(gathered.items()):
        say(f"{key}={name}")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
