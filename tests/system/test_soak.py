"""Weeks of a daemon's life: every scheduled run accounted for exactly once, every tab equal to its vendor at the end.

`make soak` lives three weeks across both changes of the clocks, `make test` a day of them. SOAK_SEED repeats one.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin
from tests.soak import soaking

END = datetime(2026, 11, 10, 12, tzinfo=UTC)
FALL = datetime(2026, 11, 1, 12, tzinfo=UTC)  # clocks in New York went back that night; in Berlin a week before
WEEKS = float(os.environ.get("SOAK_WEEKS", "3"))
SEED = int(os.environ.get("SOAK_SEED") or random.randrange(1_000_000))


def _sandbox(end: datetime) -> SandboxServer:
    return SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=600, days=25, until=end)))


@pytest.fixture
def admin(request: pytest.FixtureRequest) -> Iterator[Admin]:
    with _sandbox(request.param) as server, Admin(server.url) as opened:
        opened.options(
            justcall={"requests_per_minute": 1_000_000},
            google={"enforce_quota": False},
        )
        yield opened


@pytest.mark.full
@pytest.mark.parametrize("admin", [FALL], indirect=True)
def test_a_day_in_which_the_clocks_change_loses_no_run(admin: Admin, tmp_path: Path) -> None:
    with soaking(tmp_path, admin, seed=5, start=FALL - timedelta(hours=30), end=FALL) as soak:
        soak.begin()
        soak.live(longest=timedelta(hours=7))
        soak.finish()
        soak.check()


@pytest.mark.full
@pytest.mark.parametrize("admin", [END], indirect=True)
def test_weeks_of_everything_lose_no_run_and_end_with_every_tab_right(admin: Admin, tmp_path: Path) -> None:
    with soaking(tmp_path, admin, seed=SEED, start=END - timedelta(weeks=WEEKS), end=END) as soak:
        try:
            soak.begin()
            soak.live(longest=timedelta(hours=9))
            soak.finish()
            soak.check()
        finally:
            deeds = ", ".join(f"{name.strip('_')} {n}" for name, n in sorted(soak.counts.items()))
            sys.stderr.write(f"\nSOAK_SEED={SEED}: {deeds}\n")
