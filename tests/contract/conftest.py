"""Stores for the contract suite: everything in test_store_*.py runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.store.db import Store, open_store
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
