from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer, refuse_other_than_loopback
from tests.sandbox_admin import Admin

OPTIONS = SandboxOptions(calls=CallOptions(n_calls=200, days=5, until=datetime(2026, 11, 20, 15, tzinfo=UTC)))
Ask = Any


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=OPTIONS) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as client:
        client.reset()
        yield client


@pytest.fixture
def ask(server: SandboxServer, admin: Admin) -> Iterator[Ask]:
    with httpx.Client(
        base_url=server.url + "/justcall", trust_env=False, verify=False, headers={"Authorization": "k:s"}
    ) as client:

        def get(**params: Any) -> httpx.Response:
            return client.get("/v2/calls", params=params)

        yield get


def test_a_fault_strikes_the_nth_match_and_the_times_after(ask: Ask, admin: Admin) -> None:
    admin.fault(service="justcall", nth=2, times=2, do="refuse", status=503)
    assert [ask().status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert [entry["fault"] for entry in admin.log()] == [None, "refuse", "refuse", None, None]


def test_a_fault_strikes_a_share_of_the_matches_by_chance(ask: Ask, admin: Admin) -> None:
    drawn = []
    for _ in range(2):
        admin.clear_faults()
        admin.fault(service="justcall", nth=3, share=0.5, seed=7, do="refuse", status=503)
        drawn.append([ask().status_code for _ in range(30)])
    assert drawn[0] == drawn[1], "the same seed draws the same"
    assert drawn[0][:2] == [200, 200]
    assert 5 <= drawn[0].count(503) <= 25
    assert admin.faults()[0]["n_played"] == drawn[0].count(503)
    admin.clear_faults()
    admin.fault(share=0.9, times=2, do="refuse", status=503)
    assert [ask().status_code for _ in range(20)].count(503) == 2


def test_a_fault_counts_only_requests_that_match(ask: Ask, admin: Admin) -> None:
    admin.fault(service="google", do="refuse", status=500)
    admin.fault(kind="write", do="refuse", status=500)
    admin.fault(path="[?&]page=3", do="refuse", status=500)
    assert [ask(page=page).status_code for page in (1, 3, 3)] == [200, 500, 200]
    assert [fault["n_matched"] for fault in admin.faults()] == [0, 0, 2]
    admin.clear_faults()
    assert admin.faults() == []


def test_a_refusal_has_the_vendors_form_and_the_wait_asked_for(ask: Ask, admin: Admin) -> None:
    admin.fault(do="refuse", status=429, retry_after=7)
    reply = ask()
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "7")
    assert reply.json() == {"status": "error", "message": "Rate limit exceeded.", "error_code": "RATE_LIMIT_EXCEEDED"}
    admin.fault(do="refuse", status=401, message="Go away.")
    assert ask().json()["message"] == "Go away."


def test_a_gateway_page_comes_in_place_of_json(ask: Ask, admin: Admin) -> None:
    admin.fault(do="html")
    reply = ask()
    assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html; charset=UTF-8")


def test_a_delay_makes_the_answer_late(ask: Ask, admin: Admin) -> None:
    admin.fault(do="delay", seconds=0.3)
    begun = time.monotonic()
    assert ask().status_code == 200
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("do", ["cut_before", "cut_after", "cut_body"])
def test_a_cut_really_closes_the_connection_every_time(ask: Ask, admin: Admin, do: str) -> None:
    for _ in range(10):
        admin.clear_faults()
        admin.fault(do=do)
        with pytest.raises(httpx.RemoteProtocolError):
            ask()
        assert ask().status_code == 200
    cut = admin.log()[0]
    assert cut["status"] == (200 if do == "cut_body" else 0)


def test_only_what_is_cut_after_is_carried_out(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"requests_per_minute": 10})
    for do, remaining in (("cut_before", "9"), ("cut_after", "7")):
        admin.clear_faults()
        admin.fault(do=do)
        with pytest.raises(httpx.RemoteProtocolError):
            ask()
        assert ask().headers["X-RateLimit-Remaining"] == remaining


def test_truncated_json_looks_like_a_whole_answer(ask: Ask, admin: Admin) -> None:
    whole = ask().content
    admin.fault(do="truncate")
    reply = ask()
    assert reply.status_code == 200
    assert reply.content == whole[: len(whole) // 2]
    assert int(reply.headers["Content-Length"]) == len(reply.content)


def test_a_held_request_is_carried_out_on_release_although_the_client_left(ask: Ask, admin: Admin) -> None:
    admin.fault(do="hold")
    with pytest.raises(httpx.ReadTimeout), httpx.Client(trust_env=False, timeout=0.3) as impatient:
        impatient.get(f"{admin.url}/justcall/v2/calls", headers={"Authorization": "k:s"})
    assert admin.log()[0]["status"] is None
    assert ask().headers["X-RateLimit-Remaining"] == "59"
    assert admin.release() == 1
    until = time.monotonic() + 2
    while admin.log()[0]["status"] is None and time.monotonic() < until:
        time.sleep(0.01)
    assert admin.log()[0]["status"] == 200
    assert ask().headers["X-RateLimit-Remaining"] == "57"


def test_a_held_request_answers_a_client_that_still_waits(ask: Ask, admin: Admin) -> None:
    admin.fault(do="hold")
    releaser = threading.Timer(0.2, lambda: Admin(admin.url).release())
    releaser.start()
    assert ask().status_code == 200
    releaser.join()


def test_reset_drops_held_requests_without_carrying_them_out(ask: Ask, admin: Admin) -> None:
    admin.fault(do="hold")
    resetter = threading.Timer(0.2, lambda: Admin(admin.url).reset())
    resetter.start()
    with pytest.raises(httpx.RemoteProtocolError):
        ask()
    resetter.join()
    assert ask().headers["X-RateLimit-Remaining"] == "59"


def test_a_repeated_page_is_the_page_before(ask: Ask, admin: Admin) -> None:
    first = ask(page=1).json()
    admin.fault(do="repeat_page", path="page=2")
    assert ask(page=2).json() == first
    assert ask(page=2).json() != first


def test_calls_arrive_just_before_a_page(ask: Ask, admin: Admin) -> None:
    admin.fault(do="arrive", n=5, nth=2)
    assert [ask(page=page).json()["count"] for page in (1, 2, 3)] == [200, 205, 205]


def test_fields_can_be_dropped_renamed_and_retyped(ask: Ask, admin: Admin) -> None:
    admin.fault(do="drop_field", field="notes")
    admin.fault(do="rename_field", field="call_id", to="id")
    admin.fault(do="retype_field", field="duration")
    for call in ask().json()["data"]:
        assert "notes" not in call
        assert "call_id" not in call
        assert call["id"].startswith("call_")
        assert isinstance(call["duration"], str)
    assert "notes" in ask().json()["data"][0]


def test_a_total_can_be_wrong(ask: Ask, admin: Admin) -> None:
    admin.fault(do="wrong_total", delta=-3)
    body = ask().json()
    assert (body["count"], body["total_pages"]) == (197, 5)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"do": "explode"}, "explode"),
        ({"do": "html", "nth": 0}, "nth"),
        ({"do": "html", "path": "("}, "path"),
        ({"do": "html", "share": 0}, "share"),
        ({"do": "html", "share": "half"}, "share"),
        ({"do": "html", "seed": 0.5}, "seed"),
        ({"do": "html", "kind": "writes"}, "kind"),
        ({"do": "html", "service": "gogle"}, "service"),
        ({"do": "drop_field"}, "field"),
        ({"do": "refuse", "stauts": 500}, "stauts"),
    ],
)
def test_a_fault_that_is_not_understood_is_refused(admin: Admin, fault: dict[str, Any], word: str) -> None:
    reply = admin.http.post("/admin/faults", json=fault)
    assert reply.status_code == 400
    assert word in reply.json()["error"]


def test_the_log_tells_service_kind_path_and_sizes_and_leaves_admin_out(ask: Ask, admin: Admin) -> None:
    size = len(ask(page=2).content)
    (entry,) = admin.log()
    assert (entry["n"], entry["service"], entry["kind"], entry["method"]) == (1, "justcall", "read", "GET")
    assert (entry["path"], entry["query"], entry["n_bytes_out"]) == ("/justcall/v2/calls", "page=2", size)
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    admin.clear_log()
    assert admin.log() == []


def test_a_server_starts_and_stops_within_a_second_and_frees_its_port() -> None:
    begun = time.monotonic()
    server = SandboxServer(options=OPTIONS).start()
    assert httpx.get(server.url + "/admin/log", trust_env=False).json() == []
    assert time.monotonic() - begun < 1
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url + "/admin/log", trust_env=False)
    with SandboxServer(port=int(server.url.rpartition(":")[2]), options=OPTIONS) as again:
        assert again.url == server.url


def test_stopping_does_not_wait_for_held_requests() -> None:
    server = SandboxServer(options=OPTIONS).start()
    Admin(server.url).fault(do="hold")
    waiting = threading.Thread(target=_ignore_errors, args=(server.url + "/justcall/v2/calls",))
    waiting.start()
    time.sleep(0.2)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 2
    waiting.join(timeout=5)
    assert not waiting.is_alive()


def _ignore_errors(url: str) -> None:
    try:
        httpx.get(url, headers={"Authorization": "k:s"}, trust_env=False, timeout=10)
    except httpx.TransportError:
        return


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "8.8.8.8"])
def test_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        SandboxServer(host=host)
    refuse_other_than_loopback("127.0.0.1")
    refuse_other_than_loopback("::1")


def test_a_taken_port_is_an_error_where_the_server_is_started(server: SandboxServer) -> None:
    with pytest.raises(OSError, match="in use"):
        SandboxServer(port=int(server.url.rpartition(":")[2]), options=OPTIONS).start()
