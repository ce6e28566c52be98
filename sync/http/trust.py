"""Whom we trust when a server shows its certificate. Read once: it takes longer than most requests."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Return the certificates that count, shared by all connections of the process."""
    return httpx.create_ssl_context()
