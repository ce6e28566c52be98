"""`kill -9` at each request of an export of a real run: the next run goes on with the same export, and ends well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.sandbox.server import SandboxServer
from tests import mishaps, program
from tests.aircall_world import HISTORY, AircallWorld, open_aircall_world
from tests.world import small_sandbox

CREATE, LOOK, LOOK_AGAIN, DOWNLOAD = 1, 2, 3, 4
SAMPLE = [(LOOK_AGAIN, True)]
MATRIX = [(n, applied) for n in (CREATE, LOOK, LOOK_AGAIN, DOWNLOAD) for applied in (False, True)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with small_sandbox() as server:
        yield server


@pytest.fixture
def world(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AircallWorld]:
    monkeypatch.setenv("AIRCALL_API_ID", "id")
    monkeypatch.setenv("AIRCALL_API_TOKEN", "token")
    with open_aircall_world(tmp_path, sandbox, [dict(HISTORY)]) as opened:
        opened.admin.options(aircall={"n_pending": 1})
        yield opened


def _ends_well(world: AircallWorld, *, n_created: int) -> None:
    """Run to the end, and see that so many exports were asked for and every call is shown once."""
    world.admin.clear_faults()
    world.good_run()
    assert world.n_created() == n_created
    shown = world.shown("History", "Call ID")
    known = {str(call["id"]) for call in world.admin.truth("aircall", "calls")}
    assert shown
    assert len(shown) == len(set(shown))
    assert {str(one) for one in shown} <= known
    world.run()
    assert world.shown("History", "Call ID") == shown


@pytest.mark.parametrize(
    ("n", "applied"),
    [pytest.param(*case, marks=[] if case in SAMPLE else [pytest.mark.full]) for case in MATRIX],
)
def test_a_run_killed_at_a_request_of_an_export_is_gone_on_with(world: AircallWorld, n: int, applied: bool) -> None:
    held = mishaps.kill_at(world, n, service="aircall", applied=applied)
    assert held is not None
    assert held["method"] == ("POST" if n == CREATE else "GET")
    assert ("/files/" in held["path"]) == (n == DOWNLOAD)
    if not applied:
        mishaps.release(world.admin)
    # Who dies before the answer does not know the number of the export, and nobody lists them
    _ends_well(world, n_created=1 if n == CREATE else 0)


@pytest.mark.full
def test_a_run_killed_in_the_middle_of_a_download_is_gone_on_with(world: AircallWorld) -> None:
    world.config()
    world.admin.fault(service="aircall", path="/files/", do="stall", seconds=20)
    with program.started("run-now", "--config", str(world.folder / "config.toml")) as process:
        for _ in range(3000):
            if any("/files/" in entry["path"] for entry in world.admin.log(service="aircall")):
                break
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        process.kill()
        process.wait()
    _ends_well(world, n_created=0)
