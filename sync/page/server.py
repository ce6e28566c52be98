"""Serves the status page from a thread of the daemon. A port that cannot be had is told, and stops nothing."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from sync import log
from sync.page.app import StatusPage

START_S = 5.0
NAMES_HERE = ("localhost", "127.0.0.1", "::1")

_log = log.get("page")


@contextmanager
def page_served(page: StatusPage, listen: str) -> Iterator[str | None]:
    """Serve during the block; yield the address, or None when it cannot be listened on."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        listener = socket.create_server((host, int(port)), family=_family(host))
    except OSError as error:
        hint = "Name another address in listen of [daemon]. The daemon goes on without its page."
        _log.error(f"The status page cannot listen on {listen}: {error.strerror}.", action="page-failed", hint=hint)
        yield None
        return
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        page.app(NAMES_HERE if _is_here(host) else ()),
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="status page", daemon=True)
    thread.start()
    _log.info("status page", action="page-started", address=address)
    try:
        yield address
    finally:
        server.should_exit = server.force_exit = True
        thread.join(START_S)
        listener.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _is_here(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
