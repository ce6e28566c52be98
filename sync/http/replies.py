"""What an exception of httpx, a status or a body means in our error tree, and whether another try may mend it.

Messages carry the request without its query, and the vendor's words only masked and short.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from sync import log
from sync.errors import ContractBroken, CredentialsRefused, RateLimited, SyncError, Unreachable
from sync.http import waits
from sync.later import Later

if TYPE_CHECKING:
    import httpx
else:
    httpx = Later("httpx")

_HTML = ("text/html", "application/xhtml+xml")
_RETRIED_STATUSES = (408, 425)  # the vendor gave up waiting for us; all of 5xx comes on top
_LONGEST_WORDS = 300


class Again(Exception):
    """One try failed in a way that may pass; `error` is what to raise when it does not.

    `not_done` says that the request was surely not carried out, so that even one that changes something may be sent
    again.
    """

    def __init__(
        self, error: SyncError, *, wait_s: float | None = None, hold: bool = False, not_done: bool = False
    ) -> None:
        super().__init__(error.what)
        self.error = error
        self.wait_s = wait_s
        self.hold = hold
        self.not_done = not_done


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
        said = Unreachable(f"{label}: {_words_for(error)}", hint=_hint_for(error))
        never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
        raise Again(said, not_done=isinstance(error, never_sent)) from error


_WORDS = (
    ("ConnectTimeout", "no connection in time"),
    ("TimeoutException", "no answer in time"),
    ("ConnectError", "no connection"),
    ("ProxyError", "the proxy refused the connection"),
    ("DecodingError", "the reply could not be unpacked"),
    ("RemoteProtocolError", "the connection was closed before the whole reply came"),
    ("NetworkError", "the connection broke"),
)
"""What to say, by exceptions of httpx; the first that fits counts."""


def _words_for(error: httpx.HTTPError) -> str:
    words = next((text for kind, text in _WORDS if isinstance(error, getattr(httpx, kind))), "the request failed")
    detail = log.mask(str(error))[:_LONGEST_WORDS] if isinstance(error, httpx.ConnectError) else type(error).__name__
    return f"{words} ({detail})"


def _hint_for(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectError) and "certificate" in str(error).lower():
        return "The certificate was not trusted: check base_url, and the certificates of this machine."
    return "Check base_url and the network if this does not pass by itself."


def check_status(label: str, response: httpx.Response, body: bytes) -> None:
    """Raise what a status other than 2xx means."""
    if response.is_success:
        return
    try:
        _raise_for(label, response, body)
    except Again as again:
        again.error.status = response.status_code
        raise
    except SyncError as error:
        error.status = response.status_code
        raise


def _raise_for(label: str, response: httpx.Response, body: bytes) -> None:
    status = response.status_code
    said = f"{label}: HTTP {status}{_vendor_words(body)}"
    if status == 429:
        wait_s = waits.asked_wait_s(response.headers)
        limited = RateLimited(said, retry_at=waits.instant_after(wait_s))
        raise Again(limited, wait_s=wait_s, hold=True, not_done=True)
    if status >= 500 or status in _RETRIED_STATUSES:
        wait_s = waits.retry_after_s(response.headers)
        raise Again(Unreachable(said), wait_s=wait_s, hold=wait_s is not None)
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
        for name in ("message", "error_code", "error", "errors", "troubleshoot"):
            yield from _texts(reply.get(name))


def _host_of(location: str) -> str:
    try:
        return httpx.URL(location).host or "the same host"
    except httpx.InvalidURL:
        return "an address that cannot be read"


def to_json(label: str, response: httpx.Response, body: bytes) -> Any:
    """Read the body of a good reply."""
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind in _HTML or body.lstrip()[:1] == b"<":
        said = f"{label}: an HTML page in place of JSON (HTTP {response.status_code})"
        raise Again(Unreachable(said, hint="A proxy or a maintenance page may stand in between: check base_url."))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Again(
            ContractBroken(
                f"{label}: the reply is not whole JSON ({len(body):,} bytes of {kind or 'unnamed content'}, "
                f"unreadable at character {error.pos:,})"
            )
        ) from None  # the cause would carry the reply, and with it people's numbers
