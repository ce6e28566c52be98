"""Whom we trust when a server shows its certificate. Read once: it takes longer than most requests."""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING

from sync.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificates that count, shared by all connections of the process."""
    return httpx.create_ssl_context()
