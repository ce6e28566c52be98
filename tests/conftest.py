"""The same surroundings for every test: none of our own variables, a home of its own, no network but this machine."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine

from sync import clock
from sync.store import migrations

_OWN_PREFIXES = ("CALLSHEET_", "JUSTCALL_", "AIRCALL_", "CALLSCALER_", "GOOGLE_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_COLOURS = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "_TYPER_FORCE_DISABLE_TERMINAL")
_LONG = ("tests/system/", "tests/test_house.py", "tests/browser/")
"""Tests that take seconds each, mostly waiting for other processes: last, they would leave one worker with nothing."""
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class OutsideNetworkError(AssertionError):
    """A test tried to leave this machine."""


def _refuse_outside(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else "localhost"  # a path is a socket of this machine
    if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        raise OutsideNetworkError(f"tests stay on this machine, but this one connects to {host}")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _refuse_outside(address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _refuse_outside(address)
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_outside_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guarded_connect)
        patch.setattr(socket.socket, "connect_ex", _guarded_connect_ex)
        yield


@pytest.hookimpl(tryfirst=True)  # before those marked `full` are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all but every n-th case of a test marked `every(n)` to the whole run, and begin with the long ones."""
    seen = Counter[str]()
    for item in items:
        marked = item.get_closest_marker("every")
        if marked is None or item.get_closest_marker("full") is not None:
            continue
        name = item.nodeid.partition("[")[0]
        if seen[name] % marked.args[0]:
            item.add_marker(pytest.mark.full)
        seen[name] += 1
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never among the half million objects that were there before the first test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def pytest_configure() -> None:
    """Settle the environment before anything is imported; child processes inherit it."""
    for name in list(os.environ):
        if name.startswith(_OWN_PREFIXES) or name.lower() in _PROXIES or name in _COLOURS:
            del os.environ[name]
    # Texts are compared: one width, no colours, one zone.
    os.environ |= {"COLUMNS": "120", "LINES": "50", "TERM": "dumb", "NO_COLOR": "1", "TZ": "UTC"}


@pytest.fixture(autouse=True, scope="session")
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, home)
        yield


@pytest.fixture(autouse=True, scope="module")
def _new_stores_take_over_a_schema(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Spare tests the migrations, which are half the cost of a new store; those of the migrations go through them."""
    migrate = migrations._run_alembic
    if request.path.name == "test_store_opening.py":
        yield
        return

    def take_over(connection: Connection) -> None:
        if connection.dialect.name != "sqlite" or migrations._revision_of(connection) is not None:
            migrate(connection)
            return
        for statement in _statements_of_new_store(migrate, tmp_path_factory):
            connection.exec_driver_sql(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "_run_alembic", take_over)
        yield


_statements: list[str] = []


def _statements_of_new_store(migrate: Callable[[Connection], None], folders: pytest.TempPathFactory) -> list[str]:
    """Migrate one store of this process, and return what makes its like."""
    if not _statements:
        path = folders.mktemp("schema") / "store.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
        with closing(sqlite3.connect(path)) as made:
            _statements.extend(list(made.iterdump())[1:-1])  # without BEGIN and COMMIT
    return _statements


@pytest.fixture
def freeze() -> Iterator[Callable[[datetime], None]]:
    """Give a function that stops the clock at an instant until the test ends."""
    yield lambda instant: clock.set_now(lambda: instant)
    clock.set_now(None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many recorded runs and pairs of request and answer were compared, whichever process compared them."""
    passed = terminalreporter.stats.get("passed", [])
    pairs = [n for report in passed for name, n in getattr(report, "user_properties", ()) if name == "recorded pairs"]
    if pairs:
        terminalreporter.write_line(f"recorded answers of Google: {len(pairs)} runs, {sum(pairs)} pairs compared equal")
