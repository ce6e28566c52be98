"""Stores for the contract suite: everything in test_store_*.py runs on SQLite and on PostgreSQL.

And the sandbox, with the bench that a test of test_source*.py is about, for every stream of every source.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.store.db import Store, open_store
from tests.benches.bench import DAYS, N_CALLS, UNTIL, Bench
from tests.benches.desk import Desk
from tests.sandbox_admin import Admin
from tests.store_fixtures import NO_POSTGRESQL, new_database, postgresql_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str | None]:
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server = request.getfixturevalue("postgresql")
    if server is None:
        pytest.skip(NO_POSTGRESQL)
    with new_database(server) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def sandbox() -> Iterator[SandboxServer]:
    calls = CallOptions(n_calls=N_CALLS, days=DAYS, until=UNTIL)
    with SandboxServer(options=SandboxOptions(calls=calls)) as running:
        yield running


@pytest.fixture
def desk(sandbox: SandboxServer, bench: Bench) -> Iterator[Desk]:
    """Give the stream on the bench with a fresh sandbox, read by a source of its own."""
    with Admin(sandbox.url) as admin:
        admin.reset()
        admin.options(**{bench.vendor: dict(bench.generous)})
        opened = Desk(bench, admin)
        yield opened
        opened.close()
