"""The one way to a vendor over HTTP: timeouts, pace, retry, and translation of every httpx error into our tree.

Knows no vendor. Addresses in messages carry no query, and no secret ever enters a message.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from sync import clock, log
from sync.errors import ContractBroken, CredentialsRefused, RateLimited, SyncError, Unreachable, Where
from sync.http import waits
from sync.http.waits import Pace, Sleep

_log = log.get(__name__)

_HTML = ("text/html", "application/xhtml+xml")
_RETRIED_STATUSES = (408, 425)  # the vendor gave up waiting for us; all of 5xx comes on top
_LONGEST_WORDS = 300
_CHUNK_BYTES = 65_536

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


class _Again(Exception):
    """One try failed in a way that may pass; `error` is what to raise when it does not."""

    def __init__(self, error: SyncError, *, wait_s: float | None = None, hold: bool = False) -> None:
        super().__init__(error.what)
        self.error = error
        self.wait_s = wait_s
        self.hold = hold


class ApiClient:
    """Sends GET requests to one vendor with one credential. Safe to use from several threads."""

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
        base = self._http.base_url
        label = f"GET {base.host}{base.path.rstrip('/')}/{path.lstrip('/')}"
        try:
            return self._persist(label, path, {k: v for k, v in (params or {}).items() if v is not None})
        except SyncError as error:
            error.at(Where(request=label))
            raise

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _persist(self, label: str, path: str, params: Mapping[str, Any]) -> Any:
        """Try until it works, or until tries or time are used up."""
        spent_s = 0.0
        for n_tries in range(1, self._patience.max_tries + 1):
            self._pace()
            started_at = clock.now()
            try:
                return self._try_once(label, path, params)
            except _Again as again:
                pause_s = self._pause_s(again, n_tries)
                spent_s += max(0.0, (clock.now() - started_at).total_seconds()) + pause_s
                if n_tries == self._patience.max_tries or spent_s > self._patience.max_total_s:
                    raise _gave_up(again, n_tries, pause_s) from again.__cause__
                self._wait(again, label, n_tries=n_tries, pause_s=pause_s)
        raise AssertionError("unreachable: the last try returns or raises")

    def _pause_s(self, again: _Again, n_tries: int) -> float:
        """Return what the vendor asked for, a little later so that not all come at once; else back off."""
        if again.wait_s is not None:
            return again.wait_s + random.uniform(0.0, 1.0)
        ceiling = min(self._patience.longest_pause_s, self._patience.first_pause_s * 2.0 ** (n_tries - 1))
        pause_s = random.uniform(0.0, ceiling)
        return max(self._patience.first_pause_s, pause_s) if again.hold else pause_s

    def _wait(self, again: _Again, label: str, *, n_tries: int, pause_s: float) -> None:
        facts = {"request": label, "error": again.error.what, "try_number": n_tries, "pause_s": round(pause_s, 1)}
        _log.warning("will try again", action="http.retry", **facts)
        if again.hold:
            self._pace.hold(waits.instant_after(pause_s))
        self._sleep(pause_s)

    def _try_once(self, label: str, path: str, params: Mapping[str, Any]) -> Any:
        if "//" in path:  # an address of its own would take our key elsewhere
            raise ContractBroken(f"{log.mask(path)!r} is not a path below the base address, nothing was sent")
        with self._lock:
            self._n_requests += 1
        with translated(label), self._http.stream("GET", path.lstrip("/"), params=dict(params)) as response:
            body = self._read(label, response)
        _check_status(label, response, body)
        return _to_json(label, response, body)

    def _read(self, label: str, response: httpx.Response) -> bytes:
        """Read the reply, bounded in bytes (after unpacking) and in time."""
        body = bytearray()
        started_at = clock.now()
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._patience.max_reply_bytes:
                raise ContractBroken(f"{label}: the reply is larger than {self._patience.max_reply_bytes:,} bytes")
            if (clock.now() - started_at).total_seconds() > self._patience.max_reply_s:
                raise _Again(Unreachable(f"{label}: the reply took longer than {self._patience.max_reply_s:g} s"))
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
            headers={"Accept": "application/json", "User-Agent": "callsheet", **headers},
            timeout=httpx.Timeout(patience.read_timeout_s, connect=patience.connect_timeout_s),
            # A redirect could carry the credential to another host.
            follow_redirects=False,
        )
    return ApiClient(http, pace=pace, sleep=sleep, patience=patience)


@contextmanager
def translated(label: str) -> Iterator[None]:
    """Turn every httpx exception raised inside into one of ours, keeping the cause."""
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise ContractBroken(
            f"{label}: the address cannot be used", hint="Write base_url as https://host, with nothing after the path."
        ) from error
    except (httpx.LocalProtocolError, httpx.TooManyRedirects, httpx.CookieConflict, httpx.StreamError) as error:
        raise ContractBroken(f"{label}: the request could not be made ({type(error).__name__})") from error
    except httpx.HTTPError as error:
        raise _Again(Unreachable(f"{label}: {_words_for(error)}", hint=_hint_for(error))) from error


_WORDS: tuple[tuple[type[httpx.HTTPError], str], ...] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.TimeoutException, "no answer in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.ProxyError, "the proxy refused the connection"),
    (httpx.DecodingError, "the reply could not be unpacked"),
    (httpx.RemoteProtocolError, "the connection was closed before the whole reply came"),
    (httpx.NetworkError, "the connection broke"),
)


def _words_for(error: httpx.HTTPError) -> str:
    words = next((text for kind, text in _WORDS if isinstance(error, kind)), "the request failed")
    detail = log.mask(str(error))[:_LONGEST_WORDS] if isinstance(error, httpx.ConnectError) else type(error).__name__
    return f"{words} ({detail})"


def _hint_for(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError) and "certificate" in str(error).lower():
        return "The certificate was not trusted: check base_url, and the certificates of this machine."
    return "Check base_url and the network if this does not pass by itself."


def _check_status(label: str, response: httpx.Response, body: bytes) -> None:
    """Raise what a status other than 2xx means."""
    status = response.status_code
    if response.is_success:
        return
    said = f"{label}: HTTP {status}{_vendor_words(body)}"
    if status == 429:
        wait_s = waits.asked_wait_s(response.headers)
        raise _Again(RateLimited(said, retry_at=waits.instant_after(wait_s)), wait_s=wait_s, hold=True)
    if status >= 500 or status in _RETRIED_STATUSES:
        wait_s = waits.retry_after_s(response.headers)
        raise _Again(Unreachable(said), wait_s=wait_s, hold=wait_s is not None)
    if status in (401, 403):
        raise CredentialsRefused(said, hint=_REFUSED_HINTS[status])
    if response.is_redirect:
        target = _host_of(response.headers.get("Location", ""))
        said = f"{label}: HTTP {status}, a redirect to {target}, not followed with our key"
        raise ContractBroken(said, hint="Set base_url to the address that the vendor names.")
    raise ContractBroken(said)


_REFUSED_HINTS: Final = {
    401: "The key or the secret is wrong or revoked: make a new one at the vendor and put it where the config says.",
    403: "The key is known, but its plan or role may not read this: ask the vendor's administrator.",
}


def _vendor_words(body: bytes) -> str:
    """Return what the vendor says in its error body, short and without secrets; nothing for HTML."""
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    words = [text for text in _texts(reply) if text]
    return f" ({log.mask('; '.join(words))[:_LONGEST_WORDS]})" if words else ""


def _texts(reply: Any) -> Iterator[str]:
    """Find the sentences in the error forms of our vendors: text, list, or object with message, error, errors."""
    if isinstance(reply, str):
        yield " ".join(reply.split())
    elif isinstance(reply, list):
        for item in reply[:5]:
            yield from _texts(item)
    elif isinstance(reply, dict):
        for name in ("message", "error_code", "error", "errors"):
            yield from _texts(reply.get(name))


def _host_of(location: str) -> str:
    try:
        return httpx.URL(location).host or "the same host"
    except httpx.InvalidURL:
        return "an address that cannot be read"


def _to_json(label: str, response: httpx.Response, body: bytes) -> Any:
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind in _HTML or body.lstrip()[:1] == b"<":
        said = f"{label}: an HTML page in place of JSON (HTTP {response.status_code})"
        raise _Again(Unreachable(said, hint="A proxy or a maintenance page may stand in between: check base_url."))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _Again(
            ContractBroken(
                f"{label}: the reply is not whole JSON ({len(body):,} bytes of {kind or 'unnamed content'}, "
                f"unreadable at character {error.pos:,})"
            )
        ) from None  # the cause would carry the reply, and with it people's numbers


def _gave_up(again: _Again, n_tries: int, pause_s: float) -> SyncError:
    """Return the last error with how often we tried."""
    error = again.error
    error.what = f"{error.what}; gave up after {n_tries} {'try' if n_tries == 1 else 'tries'}"
    if isinstance(error, RateLimited):
        error.retry_at = waits.instant_after(pause_s)
        error.hint = error.hint or "Another program may use the same key: lower requests_per_minute."
    error.args = (error.what,)
    return error
