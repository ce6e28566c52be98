"""gspread and its transport: endpoint, timeouts, pacing, retry, and translation of every error of Google.

Nothing else in the project talks to Google. Reads are repeated here when they fail; a write is repeated here only
when Google said that it was refused (429) or when it never left, since anything else may have been carried out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol

import google.auth
import gspread
import orjson
import requests
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.oauth2 import service_account

from sync import clock
from sync.errors import (
    ContractBroken,
    CredentialsRefused,
    NotShared,
    RateLimited,
    RetriableError,
    StoppedByGuard,
    SyncError,
    TooLarge,
    Unreachable,
)

Kind = Literal["read", "write"]

SCOPES = ("https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive.metadata.readonly")
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 200.0  # Google gives up on a call after 180 s; leaving earlier would make every slow write unknown
MAX_READ_TRIES = 6
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 64.0  # after a failure, doubled with each try; tests make it shorter
SHEETS_HOST = "https://sheets.googleapis.com"
DRIVE_HOST = "https://www.googleapis.com"


class PayloadTooBig(RetriableError):
    """One body was more than the server takes; the same rows in smaller bodies may pass."""


class ProtectedCells(StoppedByGuard):
    """Somebody protected cells that a write of ours would touch."""


class Gate(Protocol):
    """What stands before each request: the lease, the budget, the deadline and the wish to stop."""

    def wait(self, kind: Kind) -> None:
        """Return when a request of this kind may go out now; raise when it must not go out at all."""

    def sending(self, kind: Kind) -> AbstractContextManager[None]:
        """Surround one request that goes out."""

    def hold(self, kind: Kind, until: datetime) -> None:
        """Tell every process on the store that Google wants no such request before `until`."""

    def pause(self, seconds: float) -> None:
        """Wait, but not past the deadline of the run and not when asked to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where Google is, and as whom we come."""

    sheets_url: str = SHEETS_HOST
    drive_url: str = DRIVE_HOST
    account: str = ""


@dataclass(slots=True)
class RequestCounts:
    """How many requests of each kind went out, tries included."""

    read: int = 0
    write: int = 0
    listeners: list[Callable[[Kind], None]] = field(default_factory=list)

    def add(self, kind: Kind) -> None:
        """Count one request."""
        setattr(self, kind, getattr(self, kind) + 1)
        for listener in self.listeners:
            listener(kind)


def make_credentials(reference: str, text: str) -> Credentials:
    """Make credentials from a reference ("anonymous", "adc") or from the JSON text of a key file.

    Raises:
        CredentialsRefused: the text is not a key that google-auth knows.

    """
    if reference == "anonymous":
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    try:
        if reference == "adc":
            return google.auth.default(scopes=SCOPES)[0]
        payload = json.loads(text)
        if payload.get("type") == "service_account":
            from_key: Callable[..., Credentials] = service_account.Credentials.from_service_account_info
            return from_key(payload, scopes=SCOPES)
        loaded, _ = google.auth.load_credentials_from_dict(payload, scopes=SCOPES)  # type: ignore[no-untyped-call]
        return loaded  # type: ignore[no-any-return, unused-ignore]
    except (GoogleAuthError, ValueError, AttributeError, TypeError) as error:
        raise CredentialsRefused(
            f"The Google credentials named by {reference!r} cannot be used.",
            hint="Download the key of the service account again as JSON, and name that file in [google] credentials.",
        ) from error


def account_of(credentials: Credentials) -> str:
    """Return the e-mail address that a spreadsheet must be shared with, or "" when the credentials have none."""
    return str(getattr(credentials, "service_account_email", "") or getattr(credentials, "account", "") or "")


class SheetsHttpClient(gspread.HTTPClient):
    """gspread's transport with an endpoint, timeouts, pacing and retry of ours."""

    def __init__(self, auth: Credentials, *, endpoint: Endpoint, gate: Gate, counts: RequestCounts) -> None:
        super().__init__(auth)
        self.set_timeout((CONNECT_TIMEOUT_S, READ_TIMEOUT_S))
        self.session.headers.update({"Accept-Encoding": "gzip", "User-Agent": "callsheet (gzip)"})
        self._endpoint, self._gate, self._counts = endpoint, gate, counts

    @property
    def n_reads(self) -> int:
        """How many reads went out, tries included."""
        return self._counts.read

    def send(
        self, method: str, path: str, *, kind: Kind, params: Mapping[str, Any] | None = None, body: bytes | None = None
    ) -> Any:
        """Send one request to Sheets, wait and repeat where that is safe, and return the decoded JSON.

        Raises:
            Unreachable: with `outcome_unknown` for a write that may have been carried out.
            SyncError: any other class of the tree; nothing was carried out then.

        """
        n_tries = 0
        while True:
            n_tries += 1
            self._gate.wait(kind)
            self._counts.add(kind)
            try:
                with self._gate.sending(kind):
                    return self._once(method, path, params=params, body=body)
            except RateLimited as error:
                self._hold(kind, error, n_tries)
            except Unreachable as error:
                if kind == "write" and error.outcome_unknown:
                    raise
                error.outcome_unknown = False  # of a read: asking in vain changes nothing
                if n_tries >= MAX_READ_TRIES:
                    raise
                self._gate.pause(_backoff_s(n_tries))

    def _hold(self, kind: Kind, error: RateLimited, n_tries: int) -> None:
        until = error.retry_at or clock.now() + timedelta(seconds=_backoff_s(n_tries + 1))
        self._gate.hold(kind, until)

    def _once(self, method: str, path: str, *, params: Mapping[str, Any] | None, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else None
        with _translated(self._endpoint):
            response = self.session.request(
                method=method, url=self._address(path), params=params, data=body, headers=headers, timeout=self.timeout
            )
        if not response.ok:
            raise error_of(response, self._endpoint)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            raise Unreachable("Google answered with something that is not JSON.", outcome_unknown=True) from error

    def _address(self, path: str) -> str:
        base = self._endpoint.drive_url if path.startswith("/drive/") else self._endpoint.sheets_url
        return base.rstrip("/") + path

    def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> requests.Response:
        """Carry a request of gspread's own to the configured endpoint; for reading and administration only."""
        address = endpoint.replace(SHEETS_HOST, self._endpoint.sheets_url.rstrip("/"))
        address = address.replace(DRIVE_HOST, self._endpoint.drive_url.rstrip("/"))
        kind: Kind = "read" if method.lower() == "get" else "write"
        self._gate.wait(kind)
        self._counts.add(kind)
        with self._gate.sending(kind):
            return super().request(method, address, *args, **kwargs)


def send_requests(client: SheetsHttpClient, spreadsheet_id: str, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Carry out requests of one `spreadsheets.batchUpdate`, all or none; what it answers is of no use to anybody."""
    path = f"/v4/spreadsheets/{spreadsheet_id}:batchUpdate"
    body = orjson.dumps({"requests": wanted})
    client.send("POST", path, kind="write", params={"fields": "spreadsheetId"}, body=body)


def _backoff_s(n_tries: int) -> float:
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**n_tries)
    return ceiling * (0.5 + random.random() / 2)


@contextmanager
def _translated(endpoint: Endpoint) -> Iterator[None]:
    """Turn errors of requests and google-auth into ours."""
    try:
        yield
    except requests.exceptions.ConnectTimeout as error:
        raise Unreachable("Google could not be reached in time.", hint="Check the network.") from error
    except requests.exceptions.ReadTimeout as error:
        raise Unreachable(f"Google did not answer within {READ_TIMEOUT_S:.0f} s.", outcome_unknown=True) from error
    except requests.exceptions.ConnectionError as error:
        raise Unreachable(
            f"The connection to {endpoint.sheets_url} failed.",
            outcome_unknown=not _never_sent(error),
            hint="Check the network; if it works, check sheets_url in [google].",
        ) from error
    except requests.exceptions.RequestException as error:
        raise Unreachable(f"The answer of {endpoint.sheets_url} was cut short.", outcome_unknown=True) from error
    except RefreshError as error:
        if error.retryable:
            raise Unreachable("Google's token address gave no token.") from error
        raise CredentialsRefused(
            f"Google refused the credentials of {endpoint.account or 'this account'}.",
            hint="Make a new key for the service account and replace the file named in [google] credentials.",
        ) from error
    except TransportError as error:
        raise Unreachable("Google's token address could not be reached.") from error
    except GoogleAuthError as error:
        raise CredentialsRefused(
            f"The Google credentials cannot be used: {error}.", hint="Check [google] credentials."
        ) from error


def _never_sent(error: BaseException) -> bool:
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)


def error_of(response: requests.Response, endpoint: Endpoint) -> SyncError:
    """Turn a refusal of Google into the class of our tree that says what happens next."""
    status, message, reason = response.status_code, *_words(response)
    if status == 429 or (status == 403 and reason in ("rateLimitExceeded", "userRateLimitExceeded")):
        return RateLimited(f"Google's quota is used up: {message}", retry_at=_retry_at(response))
    if status == 413 or "payload size exceeds" in message.lower():
        return PayloadTooBig(f"Google refused a body as too big: {message}")
    if status >= 500 or status == 408:
        return Unreachable(f"Google answered {status}: {message}", outcome_unknown=True)
    if status == 401:
        return CredentialsRefused(
            f"Google does not accept the credentials: {message}",
            hint="Check [google] credentials, and make a new key if the old one was deleted.",
        )
    if status in (403, 404):
        return _refused_access(status, message, endpoint)
    return _refused_request(status, message, endpoint)


def _refused_access(status: int, message: str, endpoint: Endpoint) -> SyncError:
    if status == 404:
        return NotShared(
            "There is no spreadsheet with this id, or it was deleted.",
            hint="Open the spreadsheet in a browser, copy its address, and put it into `spreadsheet` of the sheet.",
        )
    if "has not been used in project" in message or "SERVICE_DISABLED" in message:
        return CredentialsRefused(
            f"The Google Sheets API is switched off: {message}", hint="Open the address in the message and enable it."
        )
    if "api key" in message.lower() or "unregistered callers" in message.lower():
        return CredentialsRefused(
            f"Google got no credentials from us: {message}",
            hint='Name a key in [google] credentials; "anonymous" is for stand-ins that ask for none.',
        )
    if "scope" in message.lower():
        return CredentialsRefused(
            f"Google says that the credentials lack a scope: {message}", hint=f"Grant them {SCOPES[0]}."
        )
    who = endpoint.account or "the account of [google] credentials"
    return NotShared(
        f"Google says that {who} has no permission to edit this spreadsheet ({message}).",
        hint=f"Open the spreadsheet, press Share, and add {who} as Editor.",
    )


def _refused_request(status: int, message: str, endpoint: Endpoint) -> SyncError:
    lowered = message.lower()
    if "protected cell" in lowered:
        who = endpoint.account or "the account of [google] credentials"
        return ProtectedCells(
            f"Google refused the write: {message}",
            hint=f"Remove the protection, or add {who} to those who may edit it (Data > Protect sheets and ranges).",
        )
    if "above the limit of" in lowered:
        return TooLarge(
            f"The spreadsheet is full: {message}", hint="Delete tabs that nobody needs, or use a new spreadsheet."
        )
    return ContractBroken(f"Google refused a request as wrong ({status}): {message}")


def _words(response: requests.Response) -> tuple[str, str]:
    """Return Google's message and reason; both envelopes are known, and HTML pages come from gateways."""
    try:
        error = orjson.loads(response.content)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"{response.status_code} {response.reason}, not JSON", ""
    if not isinstance(error, dict):
        return str(error), ""
    listed = error.get("errors") or error.get("details") or [{}]
    first = listed[0] if isinstance(listed[0], dict) else {}
    return str(error.get("message", "")).strip(), str(first.get("reason", ""))


def _retry_at(response: requests.Response) -> datetime | None:
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return clock.now() + timedelta(seconds=int(value))
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
