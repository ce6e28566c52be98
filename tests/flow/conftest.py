"""One sandbox for all tests of a session, put back to its first moment before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync import publish
from sync.destination import google
from sync.sandbox.server import SandboxServer
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
def world(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("JUSTCALL_API_KEY", "test-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "test-secret")
    with open_world(tmp_path, sandbox) as opened:
        yield opened
