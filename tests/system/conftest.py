"""One sandbox with few calls and wide limits, put back to its first moment before each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin

GENEROUS = {
    "justcall": {"requests_per_minute": 100_000},
    "google": {"writes_per_minute": 100_000, "reads_per_minute": 100_000},
}


@pytest.fixture(scope="package")
def small_server() -> Iterator[SandboxServer]:
    with SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=300, days=30))) as running:
        yield running


@pytest.fixture
def sandbox(small_server: SandboxServer) -> Iterator[Admin]:
    with Admin(small_server.url) as admin:
        admin.reset()
        admin.options(**GENEROUS)
        yield admin
