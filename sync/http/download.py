"""Fetches a file from an address that a vendor hands out for it, with no header, cookie or credential of ours.

Such an address carries its own permission, so its query is a secret: messages name host and path only.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from sync import clock, log
from sync.errors import ContractBroken, RateLimited, SyncError, Unreachable
from sync.http import waits
from sync.http.replies import Again, translated
from sync.http.trust import trusted
from sync.http.waits import Sleep
from sync.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

_log = log.get(__name__)

_MAX_REDIRECTS = 3
_REFUSED: Final = (400, 401, 403, 404, 410)  # stores answer an address that has run out with any of these


class LinkRefused(ContractBroken):
    """The address is not good, or no longer; a fresh one may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What arrived: its size and a digest of it, by which two downloads are known for the same."""

    n_bytes: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePatience:
    """How long and how often a file is tried, and how large it may be."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    max_total_s: float = 1800.0
    max_bytes: int = 4_000_000_000
    max_tries: int = 4
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0


DEFAULT_FILE_PATIENCE: Final = FilePatience()


class FileClient:
    """Downloads files; safe to use from several threads."""

    def __init__(self, *, sleep: Sleep, https_only: bool, patience: FilePatience = DEFAULT_FILE_PATIENCE) -> None:
        self._sleep, self._https_only, self._patience = sleep, https_only, patience
        self._n_requests = 0

    @property
    def n_requests(self) -> int:
        """How many requests went out, failed ones included."""
        return self._n_requests

    def download(self, address: str, to: BinaryIO) -> Downloaded:
        """Write the file into `to` from its beginning, whole or not at all.

        LinkRefused tells of an address that the store does not honour; Unreachable of a store that cannot be reached
        in several tries, or that cuts its answer every time.
        """
        label = self._label_of(address)
        for n_tries in range(1, self._patience.max_tries + 1):
            try:
                return self._try_once(label, address, to)
            except Again as again:
                if n_tries == self._patience.max_tries:
                    again.error.what += f"; gave up after {n_tries} tries"
                    raise again.error from again.__cause__
                ceiling = min(self._patience.longest_pause_s, self._patience.first_pause_s * 2.0 ** (n_tries - 1))
                pause_s = again.wait_s if again.wait_s is not None else random.uniform(0.0, ceiling)
                _log.warning("will try again", action="download.retry", request=label, error=again.error.what)
                self._sleep(pause_s)
        raise AssertionError("unreachable: the last try returns or raises")

    def _label_of(self, address: str) -> str:
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            raise ContractBroken("the address of the file cannot be read") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise ContractBroken("the address of the file is not one of the web")
        if self._https_only and url.scheme != "https":
            raise ContractBroken(f"the file is offered without encryption at {url.host}; nothing was asked there")
        return f"GET {url.host}{url.path}"

    def _try_once(self, label: str, address: str, to: BinaryIO) -> Downloaded:
        to.seek(0)
        to.truncate()
        started_at, digest = clock.now(), hashlib.blake2b(digest_size=16)
        timeout = httpx.Timeout(self._patience.read_timeout_s, connect=self._patience.connect_timeout_s)
        self._n_requests += 1
        with (
            translated(label),
            httpx.Client(
                verify=trusted(), timeout=timeout, follow_redirects=True, max_redirects=_MAX_REDIRECTS
            ) as http,
            http.stream("GET", address, headers={"Accept-Encoding": "identity"}) as response,
        ):
            self._check(label, response)
            for chunk in response.iter_bytes():
                to.write(chunk)
                digest.update(chunk)
                if to.tell() > self._patience.max_bytes:
                    raise ContractBroken(f"{label}: the file is larger than {self._patience.max_bytes:,} bytes")
                if (clock.now() - started_at).total_seconds() > self._patience.max_total_s:
                    raise Again(Unreachable(f"{label}: the file took longer than {self._patience.max_total_s:g} s"))
        to.flush()
        return Downloaded(n_bytes=to.tell(), digest=digest.hexdigest())

    def _check(self, label: str, response: httpx.Response) -> None:
        status = response.status_code
        if response.is_success:
            if self._https_only and response.url.scheme != "https":
                raise ContractBroken(f"{label}: led to an address without encryption")
            return
        error: SyncError
        if status in _REFUSED:
            error = LinkRefused(f"{label}: HTTP {status}")
        elif status == 429 or status >= 500 or status in (408, 425):
            wait_s = waits.asked_wait_s(response.headers)
            said = f"{label}: HTTP {status}"
            raise Again(RateLimited(said) if status == 429 else Unreachable(said), wait_s=wait_s)
        else:
            error = ContractBroken(f"{label}: HTTP {status}")
        error.status = status
        raise error
