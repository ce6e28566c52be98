"""A daemon that is told to stop is gone within ten seconds with exit code 0, whatever hangs, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests import program
from tests.daemon_desk import eventually
from tests.sandbox_admin import Admin

KILLED_AFTER_S = 10  # by service managers; the test is more patient, as machines that test are busy
HANGS_S = 90


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=300, days=30))) as running:
        yield running


@pytest.fixture
def sandbox(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as admin:
        admin.reset()
        admin.options(justcall={"requests_per_minute": 100_000}, google={"enforce_quota": False})
        yield admin
        admin.clear_faults()


@dataclass
class Silent:
    """An address that takes connections and never answers."""

    address: str
    n_came: Callable[[], int]


@contextmanager
def silent() -> Iterator[Silent]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0)
    came: list[socket.socket] = []

    def look() -> int:
        with suppress(BlockingIOError):
            came.append(listener.accept()[0])
        return len(came)

    try:
        yield Silent(f"127.0.0.1:{listener.getsockname()[1]}", look)
    finally:
        for one in (*came, listener):
            one.close()


@dataclass
class Stop:
    """What became of a daemon that was told to stop."""

    code: int
    log: list[dict[str, object]]

    def named(self, action: str) -> list[dict[str, object]]:
        return [line for line in self.log if line.get("action") == action]


def _stopped(config: Path, hangs: Callable[[], object], *, more: Callable[[], object] = lambda: None) -> Stop:
    """Start a daemon, wait until something hangs, and tell it to stop."""
    with (config.parent / "log").open("w") as log, program.started("serve", "--config", str(config), stderr=log) as one:
        eventually(hangs)
        more()
        one.send_signal(signal.SIGTERM)
        code = one.wait(2 * KILLED_AFTER_S)
    return Stop(code, [json.loads(line) for line in (config.parent / "log").read_text().splitlines()])


def _config(sandbox: Admin, folder: Path, n: int = 1, more: str = "") -> Path:
    books = {f"sheet-{i}": sandbox.make_spreadsheet(f"Book {i}") for i in range(n)}
    path = program.write_config(folder, sandbox.url, books, every="1 day", period="last 30 days")
    path.write_text(path.read_text().replace("[daemon]", '[daemon]\njitter = "0s"\nlisten = "127.0.0.1:0"') + more)
    return path


def _is_in_log(config: Path, action: str) -> bool:
    file = config.parent / "log"
    return file.exists() and f'"{action}"' in file.read_text()


def _runs(config: Path) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(config.parent / "callsheet.db")) as connection:
        try:
            return connection.execute("SELECT sheet, outcome FROM runs ORDER BY number").fetchall()
        except sqlite3.OperationalError:
            return []  # not made yet


def _n_leases(config: Path) -> int:
    with closing(sqlite3.connect(config.parent / "callsheet.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM leases").fetchone()[0])


def _goes_on(config: Path) -> None:
    """See that a daemon which comes later makes good what was left."""
    good = [[("sheet-0", "ok")], [("sheet-0", "unchanged")]]
    stop = _stopped(config, lambda: _is_in_log(config, "daemon-started") and _runs(config)[-1:] in good)
    assert stop.code == 0


@pytest.mark.full
@pytest.mark.parametrize("what", ["justcall read", "google read"])
def test_what_is_read_from_an_address_that_hangs_is_given_up_and_what_it_held_is_free(
    sandbox: Admin, tmp_path: Path, what: str
) -> None:
    service, kind = what.split()
    sandbox.fault(service=service, kind=kind if service == "google" else None, do="delay", seconds=HANGS_S, times=100)
    config = _config(sandbox, tmp_path)
    stop = _stopped(config, lambda: sandbox.log(service=service))
    assert (stop.code, stop.named("left-anyway")) == (0, [])
    assert stop.named("daemon-stopped")[0]["still_running"] == ["sheet-0"]
    assert _runs(config) == [("sheet-0", "interrupted")]
    assert _n_leases(config) == 0
    sandbox.clear_faults()
    _goes_on(config)


@pytest.mark.full
def test_a_write_that_hangs_leaves_its_intent_and_the_next_daemon_makes_it_good(sandbox: Admin, tmp_path: Path) -> None:
    sandbox.fault(service="google", kind="write", do="delay", seconds=HANGS_S, nth=2, times=100)
    config = _config(sandbox, tmp_path)
    stop = _stopped(config, lambda: len(sandbox.log(service="google", kind="write")) >= 2)
    assert (stop.code, stop.named("left-anyway")) == (0, [])
    sandbox.clear_faults()
    _goes_on(config)
    assert program.run("run-now", "--rebuild", "--config", str(config)).returncode == 0


@pytest.mark.full
def test_a_run_that_waits_for_quota_and_many_that_wait_for_a_place_stop_at_once(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 60)
    config.write_text(config.read_text().replace("requests_per_minute = 6000", "requests_per_minute = 1"))
    stop = _stopped(config, lambda: len(_runs(config)) >= 2)
    assert (stop.code, stop.named("left-anyway")) == (0, [])
    assert stop.named("daemon-stopped")[0]["still_running"] == []
    assert {line["reason"] for line in stop.named("run-stopped")} == {"daemon stops"}


@pytest.mark.full
@pytest.mark.parametrize("what", ["an alert", "the heartbeat"])
def test_an_address_that_is_told_and_never_answers_keeps_no_daemon_from_stopping(
    sandbox: Admin, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent() as there:
        monkeypatch.setenv("THERE", f"{'json' if what == 'an alert' else 'http'}://{there.address}/there")
        option = 'urls = ["env:THERE"]' if what == "an alert" else 'heartbeat = "env:THERE"'
        config = _config(sandbox, tmp_path, 1, f"\n[alerts]\n{option}\n")
        if what == "an alert":
            sandbox.fault(service="google", do="refuse", status=403, times=1000)
        stop = _stopped(config, there.n_came)
    assert (stop.code, stop.named("left-anyway")) == (0, [])


def test_people_who_look_at_the_page_keep_no_daemon_from_stopping(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 0)
    with ExitStack() as open_ones:

        def look() -> None:
            (started,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if "page-st" in line]
            host, _, port = str(started["address"]).removeprefix("http://").rpartition(":")
            for sent in (b"", b"GET / HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
                one = open_ones.enter_context(socket.create_connection((host, int(port))))
                one.sendall(sent)

        stop = _stopped(config, lambda: _is_in_log(config, "daemon-started"), more=look)
    assert (stop.code, stop.named("left-anyway")) == (0, [])


@pytest.mark.full
@pytest.mark.parametrize("when", ["before it starts", "while it works"])
def test_a_store_that_another_program_keeps_locked_keeps_no_daemon_from_stopping(
    sandbox: Admin, tmp_path: Path, when: str
) -> None:
    config = _config(sandbox, tmp_path, 1)
    assert program.run("status", "--config", str(config)).returncode == 0
    with closing(sqlite3.connect(tmp_path / "callsheet.db", isolation_level=None)) as other:

        def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        if when == "before it starts":
            lock()
            stop = _stopped(config, lambda: True, more=lambda: time.sleep(4))
        else:
            stop = _stopped(config, lambda: _is_in_log(config, "run-finished"), more=lock)
        other.execute("ROLLBACK")
    assert stop.code == 0
    _goes_on(config)


def test_a_second_signal_of_an_impatient_service_manager_is_no_failure(sandbox: Admin, tmp_path: Path) -> None:
    config = _config(sandbox, tmp_path, 0)
    with (tmp_path / "log").open("w") as log, program.started("serve", "--config", str(config), stderr=log) as daemon:
        eventually(lambda: _is_in_log(config, "daemon-started"))
        for _ in range(3):
            os.kill(daemon.pid, signal.SIGTERM)
            time.sleep(0.05)
        assert daemon.wait(2 * KILLED_AFTER_S) == 0
