"""What runs share in one process: store, budget, credentials; and what stands before each request of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol

import orjson

from sync import clock
from sync.config.load import Config
from sync.config.settings import resolve_secret
from sync.errors import ConfigError, RateLimited, StopRequested
from sync.request import StopEvent
from sync.sources.base import Source
from sync.sources.registry import make_source
from sync.store.budget import Budget, Limit, Turn
from sync.store.db import Store, open_store
from sync.store.notes import ConnectionNotes
from sync.store.runs import Lease
from sync.store.salt import digest, salt_in

if TYPE_CHECKING:  # slow to load, and not needed to look at how things stand
    from google.auth.credentials import Credentials

    from sync.destination.google import Kind, RequestCounts, SheetsHttpClient

MINUTE_S = 60.0
ACCOUNTS_IN_A_PROJECT = 5  # Google's quota of a project is five times that of one account


class Progress(Protocol):
    """Who wants to know how far a run is."""

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Hear how many pages of a stream have been read."""

    def rows(self, done: int, total: int) -> None:
        """Hear how many rows have been written."""

    def quota(self, used: int, limit: int, kind: str) -> None:
        """Hear how much of this minute's quota is used."""

    def say(self, text: str) -> None:
        """Hear a sentence."""


class NoProgress:
    """Nobody wants to know."""

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Say nothing."""

    def rows(self, done: int, total: int) -> None:
        """Say nothing."""

    def quota(self, used: int, limit: int, kind: str) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


@dataclass(kw_only=True)
class Waiting:
    """Waits for requests of one run: shared limits, the deadline of the run, and the wish to stop."""

    budget: Budget
    limits: tuple[Limit, ...]
    deadline: datetime
    stop: threading.Event
    on_reserved: Callable[[], None] = field(default=lambda: None)
    turn: Turn | None = None

    def until_free(self) -> None:
        """Reserve one request, and return when it may go out.

        Raises:
            RateLimited: that would be after the deadline.
            StopRequested: the run was asked to stop.

        """
        while True:
            if not self._waited_out(self.budget.reserve(self.limits, self.turn)):
                continue
            held = [until for limit in self.limits if (until := self.budget.held_until(limit.bucket))]
            if not held:
                return
            self.until(max(held))

    def _waited_out(self, at: datetime) -> bool:
        """Wait for an instant that was reserved; False when somebody with a better turn has taken it meanwhile."""
        self.on_reserved()
        has_to_wait = at > clock.now()
        try:
            self.until(at)
        except BaseException:
            if self.turn is not None:
                self.budget.give_back(self.turn, at)
            raise
        return not has_to_wait or self.turn is None or self.budget.confirm(self.turn, at)

    def until(self, at: datetime) -> None:
        """Wait for an instant."""
        self.seconds((at - clock.now()).total_seconds())

    def seconds(self, seconds: float) -> None:
        """Wait so long."""
        if self.stop.is_set():
            raise StopRequested
        if clock.now() + timedelta(seconds=max(0.0, seconds)) > self.deadline:
            raise RateLimited(
                "The run's time is over, and requests still have to wait for quota.",
                hint="Run fewer sheets at once, make them less frequent, or raise run_deadline in [daemon].",
            )
        if seconds > 0:
            clock.sleep(seconds, self.stop)

    def hold(self, until: datetime) -> None:
        """Tell every process on the store to wait; the rarest limit is the one that was passed."""
        self.budget.hold(self.limits[0].bucket, until)


class VendorPace:
    """The pace of one vendor credential."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    def __call__(self, cost: int = 1) -> None:
        """Block until a request may go out."""
        for _ in range(cost):
            self._waiting.until_free()

    def hold(self, until: datetime) -> None:
        """Tell everyone that nothing may go out before that instant."""
        self._waiting.hold(until)


class GoogleGate:
    """What stands before each request to Google: lease, budget, deadline, stop."""

    def __init__(self, reads: Waiting, writes: Waiting, *, lease: Lease | None) -> None:
        self._waiting: dict[Kind, Waiting] = {"read": reads, "write": writes}
        self._lease = lease

    def wait(self, kind: Kind) -> None:
        """Return when a request may go out, with the lease just seen to be ours."""
        self._waiting[kind].until_free()
        if self._lease is not None:
            self._lease.check()

    @contextmanager
    def sending(self, kind: Kind) -> Iterator[None]:
        """Let those who may stop the run know that a write is under way, during the block."""
        stop = self._waiting[kind].stop
        if not isinstance(stop, StopEvent) or kind != "write":
            yield
            return
        stop.is_writing = True
        try:
            yield
        finally:
            stop.is_writing = False

    def hold(self, kind: Kind, until: datetime) -> None:
        """Tell everyone on the store that Google wants no such request before `until`."""
        self._waiting[kind].hold(until)

    def pause(self, seconds: float) -> None:
        """Wait after a failure."""
        self._waiting["read"].seconds(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaUse:
    """How many requests of `limit` were used in the last `window_s` seconds, and until when none may go out."""

    name: str
    used: int
    limit: int
    window_s: float
    held_until: datetime | None


class Office:
    """Everything that runs of one config share. Safe to share between threads."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.budget = Budget(store)
        self._credentials: dict[str, Credentials] = {}
        self._noted: dict[tuple[str, str], str] = {}  # what stands for credentials, as the store knows it
        self._lock = threading.Lock()

    def source(
        self,
        connection: str,
        *,
        stop: threading.Event,
        deadline: datetime | None = None,
        on_wait: Callable[[], None] | None = None,
        turn: Turn | None = None,
    ) -> Source:
        """Make the source of a connection; its requests go through the budget of its credential. Close it."""
        options, secrets = self.config.connections[connection], self.config.connection_secrets(connection)
        waiting = Waiting(
            budget=self.budget,
            limits=self._vendor_limits(connection),
            deadline=deadline or self.deadline(),
            stop=stop,
            on_reserved=on_wait or (lambda: None),
            turn=turn.again() if turn else None,
        )
        notebook = ConnectionNotes(self.store, connection)
        return make_source(options, secrets, pace=VendorPace(waiting), sleep=waiting.seconds, notebook=notebook)

    def quotas(self) -> list[QuotaUse]:
        """Return how much of every quota has been used, by all processes on the store together."""
        google = self.config.google
        kinds: tuple[tuple[Kind, int], ...] = (("read", google.reads_per_minute), ("write", google.writes_per_minute))
        limits: dict[str, tuple[Limit, ...]] = {
            f"Google {kind}s{f' of {own}' if own else ''}": (Limit(self._bucket(kind, own), n, MINUTE_S),)
            for own in dict.fromkeys([None, *(sheet.credentials for sheet in self.config.sheets)])
            for kind, n in kinds
        }
        limits |= {name: self._vendor_limits(name) for name in self.config.connections}
        return [
            QuotaUse(
                name=name,
                used=self.budget.usage(limit.bucket, limit.window_s),
                limit=limit.n,
                window_s=limit.window_s,
                held_until=self.budget.held_until(limit.bucket),
            )
            for name, some in limits.items()
            for limit in some
        ]

    def _vendor_limits(self, connection: str) -> tuple[Limit, ...]:
        options = self.config.connections[connection]
        references = " ".join(str(getattr(options, name)) for name in options.secrets_named())
        # Not told with its line where it cannot be read: to look for that takes long in a large file
        read = partial(resolve_secret, folder=self.config.folder)
        key = self._key(
            connection,
            references,
            lambda: "\0".join(read(str(getattr(options, name))) for name in options.secrets_named()),
        )
        bucket = f"{options.vendor} {options.base_url} {key}"
        return tuple(Limit(bucket, n, window_s) for n, window_s in options.rate_limits())

    def _key(self, connection: str, references: str, read: Callable[[], str]) -> str:
        """Return what stands for a credential in the names of budgets, whatever names the config gives to it.

        Where it cannot be read, as it need not be to look at how things stand: what stood for it last.
        """
        notes, name = ConnectionNotes(self.store, connection), f"budget of {references}"
        try:
            key = digest(self._salt, read())
        except ConfigError:
            return notes.read(name) or references
        if self._noted.get((connection, name)) != key and notes.read(name) != key:
            notes.write(name, key)
        self._noted[connection, name] = key
        return key

    def deadline(self) -> datetime:
        """Return when a run that starts now must end."""
        return clock.now() + self.config.daemon.run_deadline

    def google_account(self, reference: str | None = None) -> str:
        """Return the e-mail address of a Google account, or "" when it has none."""
        from sync.destination.google import account_of

        return account_of(self._google_credentials(reference))

    def google(
        self,
        spreadsheet_id: str,
        *,
        lease: Lease | None,
        stop: threading.Event,
        deadline: datetime,
        counts: RequestCounts,
        progress: Progress,
        turn: Turn | None = None,
        reference: str | None = None,
    ) -> tuple[SheetsHttpClient, GoogleGate]:
        """Make the client of one run for one spreadsheet, with the credentials of a sheet or those of all."""
        from sync.destination.google import Endpoint, SheetsHttpClient, account_of

        google = self.config.google
        credentials = self._google_credentials(reference)
        endpoint = Endpoint(sheets_url=google.sheets_url, drive_url=google.drive_url, account=account_of(credentials))
        wait = partial(Waiting, budget=self.budget, deadline=deadline, stop=stop)
        reads = Limit(self._bucket("read", reference), google.reads_per_minute, MINUTE_S)
        writes = Limit(self._bucket("write", reference), google.writes_per_minute, MINUTE_S)
        gate = GoogleGate(
            wait(
                limits=(reads, *self._of_project(credentials, "read", google.reads_per_minute)),
                on_reserved=partial(self._tell_quota, progress, reads, "read"),
                turn=turn.again() if turn else None,
            ),
            wait(
                turn=turn.again() if turn else None,
                limits=(
                    writes,
                    self._spreadsheet_limit(spreadsheet_id),
                    *self._of_project(credentials, "write", google.writes_per_minute),
                ),
                on_reserved=partial(self._tell_quota, progress, writes, "write"),
            ),
            lease=lease,
        )
        return SheetsHttpClient(credentials, endpoint=endpoint, gate=gate, counts=counts), gate

    def _bucket(self, kind: Kind, reference: str | None) -> str:
        reference = reference or self.config.google.credentials
        key = reference
        if reference not in {"adc", "anonymous"}:
            key = self._key("", reference, lambda: _account_in(resolve_secret(reference, self.config.folder)))
        return f"google {self.config.google.sheets_url} {key} {kind}"

    def _of_project(self, credentials: Credentials, kind: Kind, per_account: int) -> tuple[Limit, ...]:
        """Return what all accounts of one project may do together."""
        project = getattr(credentials, "project_id", None)
        bucket = f"google {self.config.google.sheets_url} project {project} {kind}"
        return (Limit(bucket, ACCOUNTS_IN_A_PROJECT * per_account, MINUTE_S),) if project else ()

    def _spreadsheet_limit(self, spreadsheet_id: str) -> Limit:
        rate = self.config.google.spreadsheet_writes_per_second
        n = max(1, int(rate))
        return Limit(f"spreadsheet {spreadsheet_id} write", n, n / rate)

    def _tell_quota(self, progress: Progress, limit: Limit, kind: Kind) -> None:
        progress.quota(self.budget.usage(limit.bucket, MINUTE_S), limit.n, kind)

    def _google_credentials(self, reference: str | None) -> Credentials:
        from sync.destination.google import make_credentials

        reference = reference or self.config.google.credentials
        with self._lock:
            if reference not in self._credentials:
                self._credentials[reference] = make_credentials(reference, self.config.google_key(reference) or "")
            return self._credentials[reference]

    @cached_property
    def _salt(self) -> str:
        return salt_in(self.store)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def _account_in(key: str) -> str:
    """Return the account of a key, which may have several keys and has one quota; else the key itself."""
    try:
        return str(orjson.loads(key)["client_email"])
    except (ValueError, TypeError, KeyError):
        return key


@contextmanager
def open_office(config: Config) -> Iterator[Office]:
    """Open the store of a config, and close everything at the end."""
    office = Office(config, open_store(config.store_url()))
    try:
        yield office
    finally:
        office.close()
