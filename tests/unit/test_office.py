"""What stands before each request: shared limits, holds, the deadline of the run, the wish to stop, the lease."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sync import clock
from sync.config.load import load_config
from sync.destination.google import RequestCounts
from sync.errors import RateLimited, StopRequested, StoreError
from sync.office import GoogleGate, NoProgress, VendorPace, Waiting, open_office
from sync.store.budget import Budget, Limit
from sync.store.db import Store, open_store
from sync.store.runs import Lease
from tests.unit.scripted_server import json_answer, scripted_server

T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = T0
        self.slept: list[float] = []

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        if stop is not None and stop.is_set():
            raise StopRequested
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    found = Clock()
    clock.set_now(lambda: found.now)
    monkeypatch.setattr(clock, "sleep", found.sleep)
    yield found
    clock.set_now(None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'office.db'}")
    yield opened
    opened.close()


def make_waiting(
    store: Store,
    *limits: Limit,
    deadline: datetime = T0 + 30 * MINUTE,
    stop: threading.Event | None = None,
    on_reserved: Callable[[], None] = lambda: None,
) -> Waiting:
    return Waiting(
        budget=Budget(store),
        limits=limits or (Limit("key", 2, 60.0),),
        deadline=deadline,
        stop=stop or threading.Event(),
        on_reserved=on_reserved,
    )


def test_requests_within_the_limit_do_not_wait(store: Store, time: Clock) -> None:
    waiting = make_waiting(store)
    waiting.until_free()
    waiting.until_free()
    assert time.slept == []


def test_the_next_one_waits_for_the_end_of_the_window(store: Store, time: Clock) -> None:
    waiting = make_waiting(store)
    for _ in range(3):
        waiting.until_free()
    assert T0 + MINUTE <= time.now <= T0 + 1.1 * MINUTE


def test_every_limit_holds_at_once(store: Store, time: Clock) -> None:
    waiting = make_waiting(store, Limit("a minute", 60, 60.0), Limit("a second", 1, 1.0))
    for _ in range(3):
        waiting.until_free()
    assert timedelta(seconds=2) <= time.now - T0 < timedelta(seconds=3)


def test_who_shares_the_store_shares_the_limit(store: Store, time: Clock, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path / 'office.db'}")
    one, two = make_waiting(store), make_waiting(other)
    one.until_free()
    two.until_free()
    two.until_free()
    assert time.now >= T0 + MINUTE
    other.close()


def test_nothing_goes_out_before_the_end_of_a_hold(store: Store, time: Clock) -> None:
    make_waiting(store).hold(T0 + 5 * MINUTE)
    make_waiting(store).until_free()
    assert time.now >= T0 + 5 * MINUTE


def test_a_hold_that_comes_while_one_waits_is_obeyed(store: Store, time: Clock) -> None:
    waiting = make_waiting(store, on_reserved=lambda: told or (told.append(1), waiting.hold(T0 + 3 * MINUTE)))
    told: list[int] = []
    waiting.until_free()
    assert time.now >= T0 + 3 * MINUTE


def test_a_wait_past_the_deadline_ends_the_run_at_once(store: Store, time: Clock) -> None:
    waiting = make_waiting(store, deadline=T0 + timedelta(seconds=30))
    waiting.until_free()
    waiting.until_free()
    with pytest.raises(RateLimited) as caught:
        waiting.until_free()
    assert time.slept == []
    assert "run_deadline" in caught.value.hint


def test_nothing_goes_out_after_the_deadline(store: Store, time: Clock) -> None:
    waiting = make_waiting(store, deadline=T0 + MINUTE)
    time.now = T0 + 2 * MINUTE
    with pytest.raises(RateLimited):
        waiting.until_free()


def test_a_wish_to_stop_is_heard_before_a_request_and_while_waiting(store: Store, time: Clock) -> None:
    stop = threading.Event()
    waiting = make_waiting(store, stop=stop)
    waiting.until_free()
    stop.set()
    with pytest.raises(StopRequested):
        waiting.until_free()
    with pytest.raises(StopRequested):
        waiting.seconds(0)


def test_a_stop_wakes_whoever_waits(store: Store) -> None:
    stop = threading.Event()
    waiting = make_waiting(store, deadline=clock.now() + 5 * MINUTE, stop=stop)
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(StopRequested):
        waiting.seconds(60)


def test_a_request_that_costs_more_takes_more_of_the_limit(store: Store, time: Clock) -> None:
    VendorPace(make_waiting(store))(cost=3)
    assert time.now >= T0 + MINUTE


def test_reads_and_writes_have_budgets_of_their_own(store: Store, time: Clock) -> None:
    gate = GoogleGate(
        make_waiting(store, Limit("read", 1, 60.0)), make_waiting(store, Limit("write", 1, 60.0)), lease=None
    )
    gate.wait("read")
    gate.wait("write")
    assert time.slept == []
    gate.hold("write", T0 + 2 * MINUTE)
    gate.wait("read")
    assert time.now < T0 + 2 * MINUTE
    gate.wait("write")
    assert time.now >= T0 + 2 * MINUTE


def test_a_process_that_lost_its_lease_while_waiting_sends_nothing(store: Store, time: Clock) -> None:
    lease = Lease.acquire(store, "book", holder="host/1/1", ttl_s=10)
    assert lease is not None
    gate = GoogleGate(make_waiting(store), make_waiting(store, Limit("write", 1, 60.0)), lease=lease)
    gate.wait("write")
    with pytest.raises(StoreError):  # the wait for quota is longer than the lease
        gate.wait("write")


def test_a_key_keeps_its_minute_and_its_hour_at_once_whichever_connection_or_process_uses_it(
    time: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TEST_KEY", "the-key")
    with scripted_server() as server:
        server.play(json_answer({"status": "success", "data": []}))
        key = 'vendor = "justcall"\ndialect = "v2.1"\napi_key = "env:A_TEST_KEY"\napi_secret = "env:A_TEST_KEY"\n'
        limits = f'base_url = "{server.url}"\nrequests_per_minute = 2\nrequests_per_hour = 4\n'
        deadline = '[daemon]\nrun_deadline = "3h"\n[google]\ncredentials = "anonymous"\n'
        text = f"[connection.one]\n{key}{limits}[connection.two]\n{key}{limits}{deadline}"
        (tmp_path / "config.toml").write_text(text)
        config = load_config(tmp_path / "config.toml")
        sent_at = []
        with open_office(config) as here, open_office(config) as there:
            asked = [office.source(name, stop=threading.Event()) for office in (here, there) for name in ("one", "two")]
            for source in [*asked, *asked]:
                source.probe()
                sent_at.append(time.now - T0)
        assert sent_at[1] < MINUTE <= sent_at[2]
        assert sent_at[3] < 60 * MINUTE <= sent_at[4]
        assert sent_at[5] == sent_at[4]
        assert sent_at[6] >= sent_at[2] + 60 * MINUTE
        for source in asked:
            source.close()


TWO_NAMES = """
[google]
credentials = "anonymous"
[daemon]
run_deadline = "3h"
[connection.one]
vendor = "justcall"
api_key = "env:FIRST_NAME"
api_secret = "env:FIRST_NAME"
base_url = "{url}"
requests_per_minute = 2
[connection.two]
vendor = "justcall"
api_key = "env:SECOND_NAME"
api_secret = "file:secret.txt"
base_url = "{url}"
requests_per_minute = 2
"""


@pytest.mark.parametrize("is_same", [True, False])
def test_a_secret_under_two_names_has_one_budget(
    time: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_same: bool
) -> None:
    monkeypatch.setenv("FIRST_NAME", "the-very-key")
    monkeypatch.setenv("SECOND_NAME", "the-very-key" if is_same else "another-key")
    (tmp_path / "secret.txt").write_text("the-very-key")
    with scripted_server() as server:
        server.play(json_answer({"status": "success", "data": []}))
        (tmp_path / "config.toml").write_text(TWO_NAMES.format(url=server.url))
        config = load_config(tmp_path / "config.toml")
        with open_office(config) as here, open_office(config) as there:
            asked = [here.source("one", stop=threading.Event()), there.source("two", stop=threading.Event())]
            for source in [*asked, *asked]:
                source.probe()
            for source in asked:
                source.close()
            used = {use.name: use.used for use in here.quotas()}
    assert (time.now - T0 >= MINUTE) is is_same
    assert used["one"] == used["two"] == 2  # of this minute: the first two are past where all four share one
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("callsheet.db*"))
    assert kept
    assert b"the-very-key" not in kept


def test_the_use_of_a_quota_is_seen_where_the_secret_is_not(
    time: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIRST_NAME", "SECOND_NAME"):
        monkeypatch.setenv(name, "the-very-key")
    with scripted_server() as server:
        server.play(json_answer({"status": "success", "data": []}))
        (tmp_path / "config.toml").write_text(TWO_NAMES.format(url=server.url))
        with open_office(load_config(tmp_path / "config.toml")) as office:
            source = office.source("one", stop=threading.Event())
            source.probe()
            source.close()
    monkeypatch.delenv("FIRST_NAME")
    with open_office(load_config(tmp_path / "config.toml")) as elsewhere:
        assert {use.name: use.used for use in elsewhere.quotas()}["one"] == 1


def test_two_keys_of_one_google_account_have_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    account = {"type": "service_account", "client_email": "sheets@project.example", "token_uri": "http://127.0.0.1:9/t"}
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for n in range(2):
        key = {**account, "private_key_id": f"key {n}", "private_key": pem.decode()}
        (tmp_path / f"key{n}.json").write_text(json.dumps(key))
    text = '[google]\ncredentials = "file:key0.json"\nwrites_per_minute = 2\n'
    (tmp_path / "config.toml").write_text(text)
    with open_office(load_config(tmp_path / "config.toml")) as office:
        made: dict[str, Any] = {"lease": None, "stop": threading.Event(), "deadline": T0 + 30 * MINUTE}
        for n in range(3):
            counts, reference = RequestCounts(), f"file:key{n % 2}.json"
            _, gate = office.google(f"book {n}", counts=counts, progress=NoProgress(), reference=reference, **made)
            gate.wait("write")
    assert time.now - T0 >= MINUTE
