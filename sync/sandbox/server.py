"""One local HTTP server: Google at the root, vendors below their names, the page for people at /, dials below /admin.

Listens on this machine only. Everything lives in memory and in one event loop, so one request is carried out at a
time, as a spreadsheet sees them.
"""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from sync.sandbox.admin import Worlds, admin_routes
from sync.sandbox.aircall import Aircall
from sync.sandbox.callrail import CallRail
from sync.sandbox.calls import CallOptions
from sync.sandbox.callscaler import CallScaler
from sync.sandbox.exchange import OpenHandedProtocol, RequestLog
from sync.sandbox.faults import Faults, FaultsMiddleware
from sync.sandbox.google.app import GoogleWorld
from sync.sandbox.google.app import classify as classify_google
from sync.sandbox.google.app import routes as google_routes
from sync.sandbox.google.keeping import BadState, open_world, save_world
from sync.sandbox.google_faults import google_error_forms, google_plays
from sync.sandbox.google_side import GoogleFile, GoogleShelf, GoogleSide
from sync.sandbox.justcall import JustCall
from sync.sandbox.list_faults import list_plays
from sync.sandbox.vendor import VendorDesk
from sync.sandbox.viewer.pages import viewer_routes

VENDORS: tuple[type[VendorDesk], ...] = (JustCall, Aircall, CallScaler, CallRail)
"""Each below an address of its name; all of them have the same made-up calls, each in a book of its own."""
__all__ = ["VENDORS", "BadState", "SandboxOptions", "SandboxServer", "make_app", "serve"]
_VENDOR_NAMES = frozenset(desk.name for desk in VENDORS)
_OWN_PAGES = ("/admin/", "/view/", "/viewer/", "/spreadsheets/")


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """What the stand-ins start with. `state` is the file where spreadsheets come from, and where they go at the end."""

    calls: CallOptions = field(default_factory=CallOptions)
    state: Path | None = None


def make_app(options: SandboxOptions | None = None, world: GoogleWorld | None = None) -> Starlette:
    """Make the whole sandbox as one application around a world of its own, or one that is given."""
    options, world = options or SandboxOptions(), world or GoogleWorld()
    google, shelf = GoogleSide(world), GoogleShelf(world)
    vendors = {desk.name: desk(options.calls) for desk in VENDORS}
    faults = Faults(
        error_forms={**{name: desk.error for name, desk in vendors.items()}, **google_error_forms()},
        plays={**list_plays(vendors), **google_plays(google.edit)},
    )
    log = RequestLog()
    worlds = Worlds(google=google, file=GoogleFile(world), shelf=shelf, vendors=vendors, faults=faults, log=log)
    return Starlette(
        routes=[
            *admin_routes(worlds),
            *viewer_routes(shelf),
            *(Mount(f"/{name}", routes=desk.routes()) for name, desk in vendors.items()),
            *google_routes(world),
        ],
        middleware=[Middleware(FaultsMiddleware, faults=faults, log=log, classify=_classify)],
    )


def _classify(method: str, path: str) -> tuple[str, str] | None:
    """Return service and kind of a request; None for the sandbox's own pages."""
    if path == "/" or path.startswith(_OWN_PAGES):
        return None
    if (vendor := path.split("/")[1]) in _VENDOR_NAMES:
        return vendor, "read" if method in {"GET", "HEAD"} else "other"
    return classify_google(method, path)


def refuse_other_than_loopback(host: str) -> None:
    """Raise ValueError unless `host` is this machine only: the sandbox checks no one's right to be there."""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"the sandbox listens on this machine only, not on {host}; allowed: 127.0.0.1, ::1, localhost")


class SandboxServer:
    """The sandbox in a background thread, with a world of its own. Use as a context manager, or start and stop.

    Port 0 takes a free one. From `start`, raises OSError when the port is taken, and BadState when the file of the
    options holds no spreadsheets.
    """

    def __init__(self, *, port: int = 0, host: str = "127.0.0.1", options: SandboxOptions | None = None) -> None:
        refuse_other_than_loopback(host)
        self._wanted = (host, port)
        self._options = options or SandboxOptions()
        self._world = GoogleWorld()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The address without a slash at the end."""
        return self._url

    @property
    def holdings(self) -> str:
        """What the stand-ins for vendors hold, in words."""
        calls = self._options.calls
        *others, last = (desk.title for desk in VENDORS)
        who = f"{', '.join(others)} and {last}, each" if others else last
        return f"{who} with {calls.n_calls:,} calls over {calls.days:,} days"

    def start(self) -> Self:
        """Listen and answer from now on."""
        if self._options.state is not None:
            open_world(self._world, self._options.state)
        host, port = self._wanted
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        bound = listener.getsockname()[1]
        self._url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
        config = uvicorn.Config(
            make_app(self._options, self._world),
            http=OpenHandedProtocol,
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut what is under way, return when the port is free, and save the spreadsheets if they have a file."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=5)
        self._server = self._thread = None
        if self._options.state is not None:
            save_world(self._world, self._options.state)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(port: int, *, options: SandboxOptions | None = None, announce: Callable[[str], None] | None = None) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; `announce` is told the address once it answers.

    Call from the main thread.
    """
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with SandboxServer(port=port, options=options) as server:
            if announce is not None:
                announce(server.url)
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
