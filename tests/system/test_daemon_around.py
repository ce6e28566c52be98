"""What stands around the real daemon: its page, its figures, and the alerts of what fails."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests import program
from tests.daemon_desk import eventually
from tests.receiver import Receiver, receiver
from tests.sandbox_admin import Admin

PATIENCE_S = 60


@pytest.fixture
def sandbox() -> Iterator[Admin]:
    options = SandboxOptions(calls=CallOptions(n_calls=100, days=10))
    with SandboxServer(options=options) as server, Admin(server.url) as admin:
        yield admin


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as there:
        monkeypatch.setenv("AN_ALERT_ADDRESS", f"json://{there.host}/")
        monkeypatch.setenv("A_HEARTBEAT", f"http://{there.host}/beat")
        yield there


def _config(folder: Path, sandbox: Admin) -> Path:
    good, other = sandbox.make_spreadsheet("Good"), "1ThereIsNoSuchSpreadsheet"
    path = program.write_config(folder, sandbox.url, {"good": good, "gone": other})
    settings = (
        '[alerts]\nurls = ["env:AN_ALERT_ADDRESS"]\nheartbeat = "env:A_HEARTBEAT"\n\n'
        '[log]\nfile = "callsheet.log"\n\n[daemon]\nlisten = "127.0.0.1:0"\n'
    )
    path.write_text(path.read_text().replace("[daemon]\n", settings, 1))
    return path


def test_edits_of_page_log_and_alerts_are_live_and_one_of_the_store_is_told(told: Receiver, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    start = '[google]\ncredentials = "anonymous"\n[daemon]\nlisten = "127.0.0.1:0"\n'
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    moved = start.replace(":0", f":{port}") + '[log]\nfile = "callsheet.log"\nlevel = "debug"\n'
    config.write_text(start)
    with program.started("serve", "--config", str(config)) as daemon:
        first = _address_of(daemon)
        config.write_text(moved)
        eventually(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
        assert not _answers(f"{first}/healthz")
        eventually(lambda: "log-set-up" in (tmp_path / "callsheet.log").read_text())
        alerts = '[alerts]\nurls = ["env:AN_ALERT_ADDRESS"]\n'
        config.write_text(moved + alerts + '[store]\nurl = "sqlite:///other.db"\n')
        eventually(lambda: told.titles == ["Callsheet: the config is broken"])
        config.write_text(moved.replace("callsheet.log", "no-such-folder/x.log") + alerts)
        eventually(lambda: told.titles[1:] == ["Callsheet: over: the config is broken"])
        daemon.send_signal(signal.SIGTERM)
        _, rest = daemon.communicate(timeout=20)
    assert daemon.returncode == 0
    assert "config.toml:11: store.url" in told.alerts[0]["message"]
    assert "sqlite:///callsheet.db" in told.alerts[0]["message"]
    assert "log-failed" in rest
    assert "daemon-stopped" in (tmp_path / "callsheet.log").read_text(), "it goes on in the file before"


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def test_the_page_tells_what_works_and_what_does_not_and_one_alert_survives_a_restart(
    sandbox: Admin, told: Receiver, tmp_path: Path
) -> None:
    config = _config(tmp_path, sandbox)
    for _ in range(2):
        with program.started("serve", "--config", str(config)) as daemon:
            address = _address_of(daemon)
            eventually(lambda address=address: _ran(address) == {"good", "gone"} and bool(told.alerts and told.beats))
            states = {one["sheet"]: one for one in httpx.get(f"{address}/status.json").json()["sheets"]}
            assert httpx.get(f"{address}/healthz").status_code == 200
            assert 'callsheet_sheet_state{sheet="good"' in httpx.get(f"{address}/metrics").text
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=20)
        assert daemon.returncode == 0
        assert states["good"]["state"] in ("ok", "unchanged")
        assert states["gone"]["state"] == "failed"
        assert states["gone"]["errors"][0]["hint"]
    assert told.titles == ["Callsheet: the spreadsheet of gone cannot be opened"]
    assert told.beats
    assert set(told.beats) == {"/beat"}
    written = (tmp_path / "callsheet.log").read_text()
    assert all(re.fullmatch(r"\{.*\}", line) for line in written.splitlines())
    assert "test-key" not in written


def _address_of(daemon: subprocess.Popen[str]) -> str:
    for line in daemon.stderr or ():
        event = json.loads(line)
        if event["action"] == "page-started":
            return str(event["address"])
    raise AssertionError("the daemon has no page")


def _ran(address: str) -> set[str]:
    """Return the sheets whose latest run has ended."""
    sheets = httpx.get(f"{address}/status.json").json()["sheets"]
    return {one["sheet"] for one in sheets if one["state"] not in ("never ran", "running")}
