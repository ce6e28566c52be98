"""Addresses, limits and credentials come from the config alone: the same run against a server that is built otherwise.

A small proxy stands in front of a second sandbox. It knows only paths below prefixes of its own, and when what arrived.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sync import clock
from sync.check import check_sheet
from sync.office import open_office
from sync.report import Outcome
from sync.sandbox.server import SandboxServer
from tests.world import World, open_world, small_sandbox

PREFIXES = {"/prefix/sheets/": "/", "/prefix/drive/": "/", "/accounts/token": "/token", "/crm/": "/justcall/"}
EMAIL = "callsheet@elsewhere.iam.gserviceaccount.com"
SPEED = 30  # times faster than the clock on the wall, so that a minute of quota is two seconds
SHARE_OF_WINDOW = 0.85  # requests do not arrive exactly as far apart as they left

_RUN_FAST = """
import sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sync import clock, run
from sync.config.load import load_config

path, name, speed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[4])
epoch = datetime.fromtimestamp(float(sys.argv[3]), UTC)
slow = clock.sleep
clock.set_now(lambda: epoch + (datetime.now(UTC) - epoch) * speed)
clock.sleep = lambda seconds, stop=None: slow(seconds / speed, stop)
run.LEASE_S *= 100
config = load_config(path)
request = run.RunRequest(trigger=run.Trigger.SCHEDULE, requested_at=clock.now())
with run.open_office(config) as office:
    (sheet,) = (one for one in config.sheets if one.name == name)
    report = run.run_sheet(office, sheet, request, progress=run.NoProgress(), stop=threading.Event())
print(report.outcome, report.error or [tab.error for tab in report.tabs if tab.error] or "")
"""


@dataclass
class Proxy:
    """What arrived: method, path as sent, status, and the second it came in."""

    sandbox: SandboxServer
    arrived: list[tuple[str, str, int, float]] = field(default_factory=list)
    url: str = ""

    def times(self, *parts: str, method: str = "") -> list[float]:
        """Return when requests came whose path holds one of `parts`."""
        return sorted(at for m, path, _, at in self.arrived if any(p in path for p in parts) and method in ("", m))

    def writes(self, spreadsheet: str = "") -> list[float]:
        """Return when writes to Google came."""
        found = (":batchUpdate", "values:batchUpdateByDataFilter")
        return sorted(at for m, path, _, at in self.arrived if any(p in path for p in found) and spreadsheet in path)

    def reads(self) -> list[float]:
        """Return when reads from Google came."""
        writes = (":batchUpdate", "values:batchUpdateByDataFilter")
        return sorted(at for _, p, _, at in self.arrived if "/v4/" in p and not any(w in p for w in writes))


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Give a second server, built otherwise."""
    monkeypatch.setenv("JUSTCALL_API_KEY", "other-key")
    monkeypatch.setenv("JUSTCALL_API_SECRET", "other-secret")
    with small_sandbox() as sandbox:
        found = Proxy(sandbox)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
        server.daemon_threads = True
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield found
        server.shutdown()
        server.server_close()


@pytest.fixture
def world(proxy: Proxy, tmp_path: Path) -> Iterator[World]:
    """Give a sheet whose config names nothing but the proxy's addresses."""
    with open_world(tmp_path, proxy.sandbox) as opened:
        here = proxy.sandbox.url
        opened.swaps = {
            f'sheets_url = "{here}"': f'sheets_url = "{proxy.url}/prefix/sheets"',
            f'drive_url = "{here}"': f'drive_url = "{proxy.url}/prefix/drive"',
            f'base_url = "{here}/justcall"': f'base_url = "{proxy.url}/crm"',
        }
        yield opened


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _pass_on(self) -> None:
            came_at = time.monotonic()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            inner = next((to + self.path[len(p) :] for p, to in PREFIXES.items() if self.path.startswith(p)), None)
            if inner is None:
                self._answer(404, b"<html>nothing here</html>", [])
                return
            there = http.client.HTTPConnection(urlsplit(proxy.sandbox.url).netloc, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            there.request(self.command, inner, body=body or None, headers=headers)
            reply = there.getresponse()
            answer = reply.read()
            proxy.arrived.append((self.command, self.path, reply.status, came_at))
            self._answer(reply.status, answer, reply.getheaders())
            there.close()

        def _answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _pass_on  # noqa: N815

    return Handler


def _use_service_account(world: World, proxy: Proxy) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = world.folder / "account.json"
    account = {"type": "service_account", "project_id": "p", "private_key_id": "1", "private_key": pem}
    path.write_text(json.dumps({**account, "client_email": EMAIL, "token_uri": f"{proxy.url}/accounts/token"}))
    path.chmod(0o600)
    world.swaps['credentials = "anonymous"'] = 'credentials = "file:account.json"'


def _most_within(times: list[float], window_s: float) -> int:
    """Return how many came within any window of that length."""
    return max((sum(1 for t in times if at <= t < at + window_s) for at in times), default=0)


def test_a_server_with_other_addresses_and_strict_credentials_works_the_same(world: World, proxy: Proxy) -> None:
    _use_service_account(world, proxy)
    strict = {"require_token": True, "accepted_tokens": []}
    world.admin.options(google=strict, justcall={"accepted_keys": ["other-key:other-secret"], "strict_auth": True})
    assert world.run().outcome is Outcome.OK
    world.admin.edit_calls(10)
    world.admin.arrive(5)
    assert world.run().outcome is Outcome.OK
    n_before = len(proxy.arrived)
    assert world.run().outcome is Outcome.UNCHANGED
    assert {status for _, _, status, _ in proxy.arrived} == {200}
    assert proxy.times("/accounts/token")
    with open_office(world.config()) as office:
        lines = check_sheet(office, office.config.sheets[0])
    assert all(line.ok for line in lines), lines
    assert EMAIL in lines[0].text
    assert proxy.times("/prefix/drive/drive/v3/files/")
    assert len(world.admin.log()) == len(proxy.arrived) - n_before  # nothing went past the proxy
    world.admin.options(google={"require_token": False})
    world.assert_tab_equals_vendor()


def test_no_window_holds_more_requests_than_the_limits_of_the_config_from_two_processes(
    world: World, proxy: Proxy
) -> None:
    limits = {"writes_per_minute": 8, "reads_per_minute": 4, "requests_per_minute": 8}
    for name, before in (("writes_per_minute", 100000), ("reads_per_minute", 100000), ("requests_per_minute", 10000)):
        world.swaps[f"{name} = {before}"] = f"{name} = {limits[name]}"
    window_s = 60 / SPEED
    world.admin.options(justcall={"requests_per_minute": 8, "window_s": window_s * SHARE_OF_WINDOW})
    world.max_bytes, world.period = 60_000, "last 15 days"
    other = world.admin.make_spreadsheet("Other")
    start = '[[sheet]]\nname = "support"'
    world.swaps[start] = (
        f'[[sheet]]\nname = "other"\nspreadsheet = "{other}"\n[[sheet.tab]]\ntitle = "In"\n'
        'connection = "justcall"\nstream = "calls"\nparams = { direction = "inbound" }\n'
        f'period = "last 15 days"\n\n{start}'
    )
    world.config()
    epoch = str(datetime.now(UTC).timestamp())
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _RUN_FAST, str(world.folder / "config.toml"), name, epoch, str(SPEED)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("support", "other")
    ]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [text.split()[0] for text in said] == ["ok", "ok"], said
    assert 429 not in {status for _, _, status, _ in proxy.arrived}
    counted = {
        "writes_per_minute": proxy.writes(),
        "reads_per_minute": proxy.reads(),
        "requests_per_minute": proxy.times("/crm/"),
    }
    assert len(counted["writes_per_minute"]) > limits["writes_per_minute"]
    assert len(counted["requests_per_minute"]) > limits["requests_per_minute"]
    for name, times in counted.items():
        assert _most_within(times, window_s * SHARE_OF_WINDOW) <= limits[name], name
    world.assert_tab_equals_vendor()


def test_a_spreadsheet_gets_no_more_writes_a_second_than_the_config_says(world: World, proxy: Proxy) -> None:
    world.swaps["spreadsheet_writes_per_second = 10000"] = "spreadsheet_writes_per_second = 4"
    world.max_bytes = 20_000
    assert world.run().outcome is Outcome.OK
    writes = proxy.writes(world.spreadsheet)
    assert len(writes) > 4
    assert _most_within(writes, SHARE_OF_WINDOW) <= 4


def test_refusals_for_quota_cost_a_wait_and_not_a_failure(
    world: World, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, epoch = clock.sleep, datetime.now(UTC)
    clock.set_now(lambda: epoch + (datetime.now(UTC) - epoch) * SPEED)
    monkeypatch.setattr(clock, "sleep", lambda seconds, stop=None: slow(seconds / SPEED, stop))
    monkeypatch.setattr("sync.run.LEASE_S", 6_000.0)
    try:
        for service, kind in (("google", "read"), ("google", "write"), ("justcall", None)):
            world.admin.fault(service=service, kind=kind, nth=1, times=2, do="refuse", status=429)
            world.admin.fault(service=service, kind=kind, nth=2, do="refuse", status=429, retry_after=10)
        report = world.run()
    finally:
        clock.set_now(None)
    assert report.outcome is Outcome.OK, report
    assert [status for _, _, status, _ in proxy.arrived].count(429) >= 6
    world.assert_tab_equals_vendor()
