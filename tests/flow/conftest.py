"""One sandbox for all tests of a session, put back to its first moment before each of them; another one for daemons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync import clock, publish
from sync.destination import google
from sync.sandbox.server import SandboxServer
from tests.daemon_desk import Desk
from tests.sandbox_admin import Admin
from tests.world import World, open_world, small_sandbox


@pytest.fixture(autouse=True)
def _retries_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(publish, "FIRST_PAUSE_S", 0.01)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxServer]:
    with small_sandbox() as server:
        yield server


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUSTCALL_API_KEY", "test-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "test-secret")


@pytest.fixture(scope="session")
def daemons_sandbox() -> Iterator[SandboxServer]:
    """Give a sandbox that is not `sandbox`: what a hung run of a daemon sends late does not reach other tests."""
    with small_sandbox(n_calls=600) as server:
        yield server


@pytest.fixture
def admin(daemons_sandbox: SandboxServer) -> Iterator[Admin]:
    with Admin(daemons_sandbox.url) as opened:
        opened.reset()
        opened.options(justcall={"requests_per_minute": 100_000}, google={"enforce_quota": False})
        yield opened


@pytest.fixture
def desk(admin: Admin, tmp_path: Path, _keys: None) -> Desk:
    """Give the config files of a daemon that the test starts."""
    return Desk(tmp_path, admin.url)


@pytest.fixture
def world(sandbox: SandboxServer, tmp_path: Path, _keys: None) -> Iterator[World]:
    with open_world(tmp_path, sandbox) as opened:
        yield opened


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Give a function that moves the clock on, by `days=2` and the like; it runs on from there."""
    passed = timedelta()

    def move(**by: float) -> None:
        nonlocal passed
        passed += timedelta(**by)
        clock.set_now(lambda: datetime.now(UTC) + passed)

    yield move
    clock.set_now(None)
