"""The one way to a vendor over HTTP: timeouts, pace and retry; what failed is told in our own errors.

Knows no vendor. Addresses in messages carry no query, and no secret ever enters a message.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sync import clock, log
from sync.errors import ContractBroken, CredentialsRefused, RateLimited, SyncError, Unreachable, Where
from sync.http import waits
from sync.http.replies import Again, check_status, to_json, translated
from sync.http.trust import trusted
from sync.http.waits import Pace, Sleep
from sync.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

_log = log.get(__name__)

# They write addresses with their query, and headers of replies; we log what matters ourselves.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a request may take, and how often and how long it is tried again before we give up.

    `max_total_s` counts our own pauses and the requests, not the time spent in the queue of the shared pace.
    """

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    max_reply_s: float = 180.0  # a reply that drips never trips the read timeout
    max_reply_bytes: int = 64_000_000
    max_tries: int = 8
    max_total_s: float = 900.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0  # vendors advise 30-60 s after a 503


DEFAULT_PATIENCE: Final = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is sent. Only a request that `repeats` safely is sent again when its answer got lost."""

    method: str
    path: str
    params: Mapping[str, Any]
    body: Any = None
    repeats: bool = True


class ApiClient:
    """Sends requests to one vendor with one credential. Safe to use from several threads."""

    def __init__(self, http: httpx.Client, *, pace: Pace, sleep: Sleep, patience: Patience) -> None:
        self._http = http
        self._pace = pace
        self._sleep = sleep
        self._patience = patience
        self._lock = threading.Lock()
        self._n_requests = 0

    @property
    def n_requests(self) -> int:
        """How many requests went out, failed ones included."""
        return self._n_requests

    def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Fetch a path below the base address and return its JSON; parameters that are None are left out.

        A 401 or 403 raises CredentialsRefused at once; another 4xx, a redirect or a reply too large ContractBroken.
        Tried again, and raised after the last try: 429 as RateLimited, JSON cut short as ContractBroken, and
        timeout, connection, 5xx or an HTML page as Unreachable.
        """
        kept = {k: v for k, v in (params or {}).items() if v is not None}
        return self._send(_Request(method="GET", path=path, params=kept))

    def post_json(self, path: str, body: Any) -> Any:
        """Send JSON to a path below the base address and return the JSON of the answer, whichever 2xx it comes with.

        Tried again is only what was surely not carried out: a 429, or no connection. All else that may pass raises
        Unreachable with `outcome_unknown`, and the caller decides; the rest is as told of `get_json`.
        """
        return self._send(_Request(method="POST", path=path, params={}, body=body, repeats=False))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, request: _Request) -> Any:
        base = self._http.base_url
        label = f"{request.method} {base.host}{base.path.rstrip('/')}/{request.path.lstrip('/')}"
        try:
            return self._persist(label, request)
        except SyncError as error:
            error.at(Where(request=label))
            raise

    def _persist(self, label: str, request: _Request) -> Any:
        """Try until it works, or until tries or time are used up."""
        spent_s = 0.0
        for n_tries in range(1, self._patience.max_tries + 1):
            self._pace()
            started_at = clock.now()
            try:
                return self._try_once(label, request)
            except Again as again:
                if not request.repeats and not again.not_done:
                    raise _outcome_unknown(again) from again.error
                pause_s = self._pause_s(again, n_tries)
                spent_s += max(0.0, (clock.now() - started_at).total_seconds()) + pause_s
                if again.hold:
                    self._pace.hold(waits.instant_after(min(pause_s, self._patience.max_total_s)))
                if n_tries == self._patience.max_tries or spent_s > self._patience.max_total_s:
                    raise _gave_up(again, n_tries, pause_s) from again.__cause__
                facts = {"error": again.error.what, "n_tries": n_tries, "pause_s": round(pause_s, 1)}
                _log.warning("will try again", action="http.retry", **facts)
                try:
                    self._sleep(pause_s)
                except RateLimited:  # no time is left for another try: what stood in the way is the better reason
                    raise _gave_up(again, n_tries, pause_s) from again.__cause__
        raise AssertionError("unreachable: the last try returns or raises")

    def _pause_s(self, again: Again, n_tries: int) -> float:
        """Return what the vendor asked for, a little later so that not all come at once; else back off."""
        if again.wait_s is not None:
            return again.wait_s + random.uniform(0.0, 1.0)
        ceiling = min(self._patience.longest_pause_s, self._patience.first_pause_s * 2.0 ** (n_tries - 1))
        pause_s = random.uniform(0.0, ceiling)
        return max(self._patience.first_pause_s, pause_s) if again.hold else pause_s

    def _try_once(self, label: str, request: _Request) -> Any:
        path = request.path
        if "//" in path:  # an address of its own would take our key elsewhere
            raise ContractBroken(f"{log.mask(path)!r} is not a path below the base address, nothing was sent")
        with self._lock:
            self._n_requests += 1
        parts = {"json": request.body} if request.body is not None else {}
        with (
            translated(label),
            self._http.stream(request.method, path.lstrip("/"), params=dict(request.params), **parts) as response,
        ):
            body = self._read(label, response)
        check_status(label, response, body)
        return to_json(label, response, body)

    def _read(self, label: str, response: httpx.Response) -> bytes:
        """Read the reply, bounded in bytes (after unpacking) and in time."""
        body = bytearray()
        started_at = clock.now()
        for chunk in response.iter_bytes():  # as they come: a chunk size would wait for its bytes, unbounded in time
            body += chunk
            if len(body) > self._patience.max_reply_bytes:
                raise ContractBroken(f"{label}: the reply is larger than {self._patience.max_reply_bytes:,} bytes")
            if (clock.now() - started_at).total_seconds() > self._patience.max_reply_s:
                raise Again(Unreachable(f"{label}: the reply took longer than {self._patience.max_reply_s:g} s"))
        return bytes(body)


def make_client(
    base_url: str,
    *,
    headers: Mapping[str, str],
    secrets: Sequence[str],
    pace: Pace,
    sleep: Sleep,
    patience: Patience = DEFAULT_PATIENCE,
) -> ApiClient:
    """Make a client for paths below `base_url`; `secrets` are masked in every log line and message from now on.

    CredentialsRefused tells of a header with characters that none can carry, as a key pasted with a line break has;
    ContractBroken of an address that cannot be used.
    """
    for secret in (*secrets, headers.get("Authorization", "")):
        log.register_secret(secret)
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise CredentialsRefused(
                f"the {name} header would hold a line break, a blank at its end or a character outside ASCII",
                hint="Copy the key again, without blanks or line breaks around it.",
            )
    with translated("the base address"):
        http = httpx.Client(
            base_url=base_url,
            verify=trusted(),
            headers={"Accept": "application/json", "User-Agent": "callsheet", **headers},
            timeout=httpx.Timeout(patience.read_timeout_s, connect=patience.connect_timeout_s),
            # A redirect could carry the credential to another host.
            follow_redirects=False,
        )
    return ApiClient(http, pace=pace, sleep=sleep, patience=patience)


def _outcome_unknown(again: Again) -> Unreachable:
    """Return the error for a request that may have been carried out although no good answer came."""
    unknown = Unreachable(again.error.what, outcome_unknown=True, hint=again.error.hint, where=again.error.where)
    unknown.status = again.error.status
    return unknown


def _gave_up(again: Again, n_tries: int, pause_s: float) -> SyncError:
    """Return the last error with how often we tried."""
    error = again.error
    error.what = f"{error.what}; gave up after {n_tries} {'try' if n_tries == 1 else 'tries'}"
    if isinstance(error, RateLimited):
        error.retry_at = waits.instant_after(pause_s)
        error.hint = error.hint or "Another program may use the same key: lower requests_per_minute."
    error.args = (error.what,)
    return error
