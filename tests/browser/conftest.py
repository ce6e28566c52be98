"""A real Chromium for the page. Where there is none it is installed through apt; else the tests say so and skip."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.browser.seeing import PATIENCE_MS
from tests.sandbox_admin import Admin

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALL_S = 300
XDG_KINDS = ("CONFIG", "CACHE", "DATA", "STATE", "RUNTIME")
DESKTOP = {"width": 1280, "height": 800}
OPTIONS = SandboxOptions(calls=CallOptions(n_calls=400, days=10, until=datetime.now(UTC).replace(microsecond=0)))


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def _install_chromium() -> str | None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    with (Path(tempfile.gettempdir()) / "callsheet-tests-install.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # another process of the same tests may be at it
        if find_chromium() is None:
            _run_quietly(apt, "update")
            _run_quietly(apt, "install", "--yes", "--no-install-recommends", "chromium")
    return find_chromium()


def _run_quietly(*words: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(words, env=quiet, capture_output=True, timeout=INSTALL_S, check=False)


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all of these tests. Not for the whole session: its event loop must be gone when others start."""
    path = find_chromium() or _install_chromium()
    if path is None:
        words = "NOT TESTED IN A BROWSER: no Chromium here, and none could be installed (apt-get install chromium)"
        warnings.warn(words, stacklevel=1)
        pytest.skip(words)
    with sync_playwright() as player:
        # Root may not use Chromium's own sandbox; the pages are ours.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        home = _own_home(str(tmp_path_factory.mktemp("browser")))
        arguments = [*options, "--disable-dev-shm-usage"]
        opened = player.chromium.launch(executable_path=path, args=arguments, env=home)
        yield opened
        opened.close()


def _own_home(place: str) -> dict[str, str | float | bool]:
    """Return an environment whose every home is `place`: a browser writes into it whatever its profile is."""
    names = ("HOME", *(f"XDG_{kind}_{'DIR' if kind == 'RUNTIME' else 'HOME'}" for kind in XDG_KINDS))
    return {**os.environ, **dict.fromkeys(names, place)}


@pytest.fixture(scope="package")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=OPTIONS) as running:
        yield running


@pytest.fixture(scope="package")
def sandbox(server: SandboxServer) -> Iterator[Admin]:
    """The sandbox that these tests share; each makes spreadsheets of its own, or only looks."""
    with Admin(server.url) as client:
        client.options(justcall={"requests_per_minute": 100_000}, google={"enforce_quota": False})
        yield client


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport=DESKTOP, accept_downloads=True)  # type: ignore[arg-type]
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(context: BrowserContext) -> Iterator[Page]:
    """One page for a module. In the end no script may have failed, and nothing been refused by the page's own rules."""
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    yield opened
    assert not complaints, complaints
