"""The client against a scripted server: retry, waits, translation, bounds and secrets."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sync import clock
from sync.errors import (
    ContractBroken,
    CredentialsRefused,
    RateLimited,
    StopRequested,
    SyncError,
    Unreachable,
)
from sync.http.client import ApiClient, Patience, make_client
from sync.http.replies import Again, translated
from sync.http.waits import asked_wait_s
from tests.unit.scripted_server import Answer, ScriptedServer, json_answer, scripted_server

SECRET = "s3cr3t-half-of-the-key"
HTML = Answer(200, b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"})
NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


@dataclass
class Waiting:
    """Stands for pace and sleep: notes what was asked of them, and never waits."""

    slept: list[float] = field(default_factory=list)
    holds: list[datetime] = field(default_factory=list)
    n_paced: int = 0

    def __call__(self, cost: int = 1) -> None:
        self.n_paced += 1

    def hold(self, until: datetime) -> None:
        self.holds.append(until)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def frozen() -> Iterator[None]:
    clock.set_now(lambda: NOW)
    yield
    clock.set_now(None)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def make(server: ScriptedServer, waiting: Waiting) -> Iterator[Callable[..., ApiClient]]:
    made: list[ApiClient] = []

    def build(url: str = "", **patience: Any) -> ApiClient:
        client = make_client(
            url or server.url,
            headers={"Authorization": f"key-half:{SECRET}"},
            secrets=("key-half", SECRET),
            pace=waiting,
            sleep=waiting.slept.append,
            patience=Patience(**{"read_timeout_s": 5.0, **patience}),
        )
        made.append(client)
        return client

    yield build
    for client in made:
        client.close()


def test_json_is_fetched_below_the_base_address_with_params_that_are_set(server, make, waiting):
    server.play(json_answer({"a": 1}))
    client = make(server.url + "/justcall")
    assert client.get_json("/v2/calls", {"page": 2, "status": None, "number": "+1"}) == {"a": 1}
    assert server.asked[0].path == "/justcall/v2/calls?page=2&number=%2B1"
    assert server.asked[0].headers["Authorization"] == f"key-half:{SECRET}"
    assert "gzip" in server.asked[0].headers["Accept-Encoding"]
    assert (client.n_requests, waiting.n_paced, waiting.slept) == (1, 1, [])


def test_gzip_is_unpacked(server, make):
    packed = gzip.compress(b'{"a": [1, 2]}')
    server.play(Answer(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"}))
    assert make().get_json("/x") == {"a": [1, 2]}


@pytest.mark.parametrize(
    "failure",
    [
        json_answer({"message": "oops"}, 500),
        json_answer({}, 502),
        json_answer({}, 503),
        json_answer({}, 408),
        json_answer({}, 429),
        HTML,
        Answer(200, b'{"a": 1, "b":'),
        Answer(200, b""),
        Answer(200, b'{"a": 1}', cut=3),
        Answer(hang_up=True),
        Answer(200, b"not gzip", {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    ],
    ids=["500", "502", "503", "408", "429", "html", "cut json", "empty", "cut body", "hung up", "bad gzip"],
)
def test_what_may_pass_is_tried_again(server, make, waiting, failure):
    server.play(failure, failure, json_answer([1]))
    client = make()
    assert client.get_json("/x") == [1]
    assert client.n_requests == waiting.n_paced == 3
    assert len(waiting.slept) == 2


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (json_answer({}, 500), Unreachable),
        (HTML, Unreachable),
        (Answer(200, b'{"a": 1, "b":'), ContractBroken),
        (Answer(200, b"a,b", {"Content-Type": "text/csv"}), ContractBroken),
        (Answer(200, b'{"a": 1}', cut=3), Unreachable),
        (Answer(hang_up=True), Unreachable),
        (json_answer({}, 429), RateLimited),
    ],
)
def test_tries_are_counted_and_then_it_gives_up(server, make, waiting, failure, kind):
    server.play(failure)
    with pytest.raises(kind, match=r"gave up after 4 tries") as caught:
        make(max_tries=4).get_json("/x")
    assert len(server.asked) == 4
    assert len(waiting.slept) == 3
    assert caught.value.where.request.startswith("GET 127.0.0.1/x")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, CredentialsRefused),
        (403, CredentialsRefused),
        *((status, ContractBroken) for status in (400, 404, 418, 422)),
    ],
)
def test_what_will_not_pass_is_not_repeated_and_the_vendors_words_are_kept(server, make, status, kind):
    server.play(json_answer({"status": "error", "message": "no such thing", "error_code": "NOPE"}, status))
    with pytest.raises(kind, match=rf"HTTP {status} \(no such thing; NOPE\)"):
        make().get_json("/x")
    assert len(server.asked) == 1


def test_wrong_key_and_missing_right_have_different_hints(server, make):
    hints = []
    for status in (401, 403):
        server.play(json_answer({}, status))
        with pytest.raises(CredentialsRefused) as caught:
            make().get_json("/x")
        hints.append(caught.value.hint)
    assert "wrong or revoked" in hints[0]
    assert "plan or role" in hints[1]


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:30 GMT"}, 30),
        ({"Retry-After": "Mon, 02 Mar 2026 13:00:30 GMT", "Date": "Mon, 02 Mar 2026 13:00:10 GMT"}, 20),
        ({"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "9", "X-RateLimit-Reset": f"{NOW.timestamp() + 50:.0f}"}, 9),
        ({"X-RateLimit-Reset": f"{NOW.timestamp() + 50:.0f}"}, 50),
        ({"X-RateLimit-Reset": f"{(NOW.timestamp() + 50) * 1000:.0f}"}, 50),
        ({"X-AircallApi-Reset": "12"}, 12),
        ({"X-Rate-Limit-Reset": f"{NOW.timestamp() + 900:.0f}", "X-Rate-Limit-Remaining": "12",
          "X-Rate-Limit-Burst-Reset": f"{NOW.timestamp() + 40:.0f}", "X-Rate-Limit-Burst-Remaining": "0"}, 40),
        ({"X-Rate-Limit-Reset": f"{NOW.timestamp() + 900:.0f}", "X-Rate-Limit-Remaining": "0",
          "X-Rate-Limit-Burst-Reset": f"{NOW.timestamp() + 40:.0f}", "X-Rate-Limit-Burst-Remaining": "3"}, 900),
        ({"X-Rate-Limit-Reset": f"{NOW.timestamp() + 900:.0f}",
          "X-Rate-Limit-Burst-Reset": f"{NOW.timestamp() + 40:.0f}"}, 40),
        ({"X-RateLimit-Reset": f"{NOW.timestamp() - 50:.0f}"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "nan"}, None),
        ({"Retry-After": "", "X-RateLimit-Reset": "1e400"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_wait_is_read_from_the_headers(headers, wait_s):
    assert asked_wait_s(httpx.Headers(headers)) == pytest.approx(wait_s)


@pytest.mark.usefixtures("frozen")
def test_a_wait_asked_for_is_slept_and_told_to_everyone(server, make, waiting):
    server.play(json_answer({}, 429, Retry_After="20"), json_answer({"a": 1}))
    assert make().get_json("/x") == {"a": 1}
    assert 20 <= waiting.slept[0] <= 21
    assert timedelta(seconds=20) <= waiting.holds[0] - NOW <= timedelta(seconds=21)


def test_a_limit_without_a_wait_backs_off_and_holds_everyone(server, make, waiting):
    server.play(*[json_answer({}, 429)] * 5, json_answer({}))
    make().get_json("/x")
    assert len(waiting.holds) == len(waiting.slept) == 5
    assert all(1 <= pause <= max(1, 2**n) for n, pause in enumerate(waiting.slept))


def test_other_failures_back_off_with_full_jitter_and_hold_nobody(server, make, waiting):
    server.play(*[json_answer({}, 500)] * 7, json_answer({}))
    make().get_json("/x")
    assert all(0 <= pause <= min(60, 2**n) for n, pause in enumerate(waiting.slept))
    assert waiting.holds == []


def test_a_busy_server_may_say_when_to_come_back(server, make, waiting):
    server.play(json_answer({}, 503, Retry_After="40"), json_answer({}))
    make().get_json("/x")
    assert 40 <= waiting.slept[0] <= 41
    assert len(waiting.holds) == 1


@pytest.mark.usefixtures("frozen")
def test_a_wait_beyond_our_patience_ends_at_once_and_says_when_it_may_go_on(server, make, waiting):
    server.play(json_answer({"message": "slow down"}, 429, Retry_After="3600"))
    with pytest.raises(RateLimited) as caught:
        make(max_total_s=600).get_json("/x")
    assert waiting.slept == []
    assert waiting.holds == [NOW + timedelta(seconds=600)]
    assert timedelta(seconds=3600) <= caught.value.retry_at - NOW <= timedelta(seconds=3601)
    assert "requests_per_minute" in caught.value.hint


def test_total_time_is_capped_not_only_tries(server, make, waiting):
    server.play(json_answer({}, 429, Retry_After="50"))
    with pytest.raises(RateLimited):
        make(max_tries=1000, max_total_s=200).get_json("/x")
    assert sum(waiting.slept) <= 200


def test_a_stop_while_waiting_leaves_at_once(server, make, waiting):
    def stop(seconds: float) -> None:
        raise StopRequested

    client = make()
    client._sleep = stop
    server.play(json_answer({}, 500))
    with pytest.raises(StopRequested):
        client.get_json("/x")
    assert len(server.asked) == 1


def test_when_time_is_over_the_reason_told_is_what_stood_in_the_way(server, make):
    def no_time_left(seconds: float) -> None:
        raise RateLimited("The run's time is over.")

    client = make()
    client._sleep = no_time_left
    server.play(json_answer({}, 500))
    with pytest.raises(Unreachable, match=r"500.*gave up after 1 try"):
        client.get_json("/x")


def test_a_redirect_is_not_followed_with_our_key(server, make):
    with scripted_server() as other:
        server.play(Answer(302, b"", {"Location": f"{other.url}/x?token=abc"}))
        with pytest.raises(ContractBroken, match=r"redirect to 127\.0\.0\.1, not followed") as caught:
            make().get_json("/x")
        assert other.asked == []
        assert "abc" not in caught.value.what


@pytest.mark.parametrize("path", ["https://elsewhere.example/x", "//elsewhere.example/x"])
def test_an_address_of_its_own_is_never_asked(server, make, path):
    with pytest.raises(ContractBroken, match="not a path below"):
        make().get_json(path)
    assert server.asked == []


def test_a_reply_has_a_largest_size_also_when_it_is_packed(server, make):
    packed = gzip.compress(b"[" + b"0," * 2_000_000 + b"0]")
    assert len(packed) < 100_000
    server.play(Answer(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"}))
    with pytest.raises(ContractBroken, match="larger than 1,000,000 bytes"):
        make(max_reply_bytes=1_000_000).get_json("/x")
    assert len(server.asked) == 1


def test_a_reply_that_drips_is_ended(server, make):
    server.play(Answer(200, b"[" + b" " * 400 + b"]", drip_s=0.01))
    with pytest.raises(Unreachable, match=r"took longer than 0\.1 s"):
        make(max_reply_s=0.1, max_tries=2).get_json("/x")


def test_an_answer_that_does_not_come_in_time_is_unreachable(make):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make(f"http://127.0.0.1:{silent.getsockname()[1]}", read_timeout_s=0.05, max_tries=2)
        with pytest.raises(Unreachable, match="no answer in time"):
            client.get_json("/x")


def test_nobody_listening_is_unreachable(make):
    with pytest.raises(Unreachable, match="no connection"):
        make("http://127.0.0.1:9", max_tries=2).get_json("/x")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://[::1", "justcall"])
def test_an_unusable_address_is_named_as_such(make, url):
    with pytest.raises(ContractBroken, match="address cannot be used"):
        make(url).get_json("/x")


@pytest.mark.parametrize("key", ["abcd\nefgh", "abcd ", "abcdé", "ab\0cd"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(waiting, key):
    with pytest.raises(CredentialsRefused, match="Authorization header") as caught:
        make_client("http://x", headers={"Authorization": key}, secrets=(key,), pace=waiting, sleep=print)
    assert "abcd" not in repr(caught.value.what) + caught.value.hint


def all_httpx_errors() -> list[type[Exception]]:
    found, queue = [], [httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError]
    while queue:
        kind = queue.pop()
        found.append(kind)
        queue += kind.__subclasses__()
    exported = [getattr(httpx, name) for name in httpx.__all__]
    found += [k for k in exported if isinstance(k, type) and issubclass(k, Exception) and k not in found]
    return found


@pytest.mark.parametrize("kind", all_httpx_errors(), ids=lambda kind: kind.__name__)
def test_every_httpx_error_becomes_one_of_ours_and_keeps_its_cause(kind):
    try:
        request = httpx.Request("GET", "https://x")
        error = kind("text", request=request, response=httpx.Response(500)) if kind is httpx.HTTPStatusError else (
            kind() if kind in (httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead)
            else kind("text")
        )  # fmt: skip
    except TypeError as problem:
        pytest.fail(f"a new kind of httpx error needs a way to be made here: {problem}")
    with pytest.raises((SyncError, Again)) as caught, translated("GET x"):
        raise error
    ours = caught.value.error if isinstance(caught.value, Again) else caught.value
    assert isinstance(ours, Unreachable | ContractBroken)
    assert caught.value.__cause__ is error


def test_an_untrusted_certificate_has_its_own_hint():
    cause = httpx.ConnectError(str(ssl.SSLCertVerificationError(1, "certificate verify failed")))
    with pytest.raises(Again) as caught, translated("GET x"):
        raise cause
    assert "certificate was not trusted" in caught.value.error.hint


def test_no_secret_is_in_an_error_its_causes_or_a_log_line(server, make, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    echo = f"bad header key-half:{SECRET}"
    cut = Answer(200, b"{", {"Content-Type": "application/json", "X-Echo": SECRET})
    for answer in (json_answer({"message": echo}, 401), json_answer({"error": {"message": echo}}, 500), cut):
        server.play(answer)
        with pytest.raises(SyncError) as caught:
            make(max_tries=2).get_json("/x", {"token": SECRET})
        error: BaseException | None = caught.value
        while error:
            assert SECRET not in f"{error!s} {error!r}"
            error = error.__cause__
        assert SECRET not in caught.value.what + caught.value.hint + caught.value.where.request
    assert SECRET not in caplog.text
    assert SECRET not in "".join(capfd.readouterr())
