from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin

UNTIL = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
OPTIONS = SandboxOptions(calls=CallOptions(n_calls=600, days=12, until=UNTIL))
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
    with httpx.Client(base_url=server.url + "/justcall", trust_env=False, verify=False) as client:

        def get(path: str = "/v2/calls", key: str | None = "key:secret", **params: Any) -> httpx.Response:
            return client.get(path, params=params, headers={} if key is None else {"Authorization": key})

        yield get


def test_the_envelope_is_flat_and_counts_all_that_match(ask: Ask) -> None:
    body = ask(per_page=50).json()
    assert {name: body[name] for name in body if name != "data"} == {
        "status": "success", "count": 600, "page": 1, "per_page": 50, "total_pages": 12,
    }  # fmt: skip
    assert len(body["data"]) == 50
    assert len(ask().json()["data"]) == 25


def test_pages_hold_every_call_once_newest_first(ask: Ask, admin: Admin) -> None:
    walked = [call for page in range(1, 7) for call in ask(page=page, per_page=100).json()["data"]]
    assert walked == admin.calls()
    started = [call["started_at"] for call in walked]
    assert started == sorted(started, reverse=True)


def test_past_the_last_page_there_is_nothing(ask: Ask) -> None:
    body = ask(page=99).json()
    assert (body["data"], body["count"], body["page"]) == ([], 600, 99)


def test_the_end_day_is_included_unless_told_otherwise(ask: Ask, admin: Admin) -> None:
    days = {
        call["started_at"][:10]
        for call in ask(start_date="2026-11-12", end_date="2026-11-13", per_page=100).json()["data"]
    }
    assert days == {"2026-11-12", "2026-11-13"}
    one = ask(start_date="2026-11-12", end_date="2026-11-12").json()["count"]
    assert one == sum(call["started_at"].startswith("2026-11-12") for call in admin.calls())
    admin.options(justcall={"end_included": False})
    assert ask(start_date="2026-11-12", end_date="2026-11-12").json()["count"] == 0
    assert ask(start_date="2026-11-12", end_date="2026-11-13").json()["count"] == one


def test_days_can_be_those_of_another_zone(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"dates_zone": "America/New_York"})
    body = ask(start_date="2026-11-12", end_date="2026-11-12", per_page=100).json()
    assert min(call["started_at"] for call in body["data"]) >= "2026-11-12T05:00:00Z"
    assert max(call["started_at"] for call in body["data"]) >= "2026-11-13T00:00:00Z"


@pytest.mark.parametrize(
    ("params", "holds"),
    [
        ({"direction": "inbound"}, lambda call: call["direction"] == "inbound"),
        ({"direction": "all"}, lambda call: True),
        ({"status": "missed"}, lambda call: call["status"] == "missed"),
        ({"agent_id": 1003}, lambda call: call["agent_id"] == 1003),
        ({"number": "+14155550100"}, lambda call: "+14155550100" in (call["from"], call["to"])),
        (
            {"status": "completed", "direction": "outbound", "start_date": "2026-11-10"},
            lambda call: (
                (call["status"], call["direction"]) == ("completed", "outbound") and call["started_at"] >= "2026-11-10"
            ),
        ),
    ],
)
def test_filters_keep_what_they_say(ask: Ask, admin: Admin, params: dict[str, Any], holds: Any) -> None:
    assert ask(**params).json()["count"] == sum(holds(call) for call in admin.calls())


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"per_page": 0}, 400),
        ({"per_page": 101}, 400),
        ({"per_page": "many"}, 400),
        ({"page": 0}, 400),
        ({"start_date": "20.11.2026"}, 400),
        ({"start_date": "2026-02-30"}, 422),
        ({"start_date": "2026-11-10", "end_date": "2026-11-09"}, 422),
        ({"direction": "Incoming"}, 422),
        ({"status": "answered"}, 422),
        ({"agent_id": "ava"}, 400),
        ({"number": "14155550100"}, 422),
        ({"from_datetime": "2026-11-10"}, 400),
    ],
)
def test_values_that_make_no_sense_are_refused_in_the_vendors_form(
    ask: Ask, params: dict[str, Any], status: int
) -> None:
    reply = ask(**params)
    assert reply.status_code == status
    assert reply.json().keys() == {"status", "message", "error_code"}
    assert next(iter(params)) in reply.json()["message"] or len(params) > 1


@pytest.mark.parametrize("key", [None, "", "key", "Basic a2V5OnNlY3JldA==", "Bearer key"])
def test_a_missing_or_malformed_key_is_401(ask: Ask, key: str | None) -> None:
    reply = ask(key=key)
    assert reply.status_code == 401
    assert reply.json() == {"status": "error", "message": "Invalid API key or secret."}


def test_both_spellings_of_the_key_are_taken_unless_strict(ask: Ask, admin: Admin) -> None:
    assert ask(key="Bearer key:secret").status_code == 200
    admin.options(justcall={"strict_auth": True})
    assert ask(key="Bearer key:secret").status_code == 401
    assert ask(key="key:secret").status_code == 200


def test_only_accepted_keys_get_in_and_forbidden_ones_are_403(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"accepted_keys": ["a:b"], "forbidden_keys": ["c:d"]})
    assert [ask(key=key).status_code for key in ("a:b", "a:x", "c:d")] == [200, 401, 403]
    assert ask("/v2/account", key="a:b").json()["data"].keys() == {"account_id", "email", "plan"}
    assert ask("/v2/account", key="a:x").status_code == 401


def test_the_rate_is_kept_for_each_key_and_says_when_to_come_back(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"requests_per_minute": 3, "window_s": 0.6})
    remaining = [ask().headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    refused = ask()
    assert refused.status_code == 429
    assert refused.json()["error_code"] == "RATE_LIMIT_EXCEEDED"
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-RateLimit-Limit"] == "3"
    assert int(refused.headers["X-RateLimit-Reset"]) >= int(time.time())
    assert ask(key="other:key").status_code == 200
    time.sleep(0.65)
    assert ask().status_code == 200


def test_the_wait_and_the_rate_headers_can_be_left_out_or_spelt_differently(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"requests_per_minute": 1, "retry_after": False, "rate_headers": "live"})
    assert "X-Rate-Limit-Burst-Remaining" in ask().headers
    assert "Retry-After" not in ask().headers
    admin.options(justcall={"rate_headers": "none"})
    assert not [name for name in ask().headers if "limit" in name.lower()]


def test_fields_that_nobody_announced_can_be_added(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"extra_fields": {"sentiment": "calm", "score": 7}})
    assert all(call["sentiment"] == "calm" for call in ask().json()["data"])


def test_an_option_that_does_not_exist_or_fit_is_refused(admin: Admin) -> None:
    for wrong in ({"requests_per_day": 3}, {"requests_per_minute": "many"}):
        reply = admin.http.patch("/admin/options", json={"justcall": wrong})
        assert reply.status_code == 400
        assert next(iter(wrong)) in reply.json()["error"]


def test_calls_that_arrive_move_the_pages(ask: Ask, admin: Admin) -> None:
    last_of_first = ask(per_page=100).json()["data"][-1]
    arrived = admin.arrive(3)
    assert ask(per_page=100, page=2).json()["data"][2] == last_of_first
    assert {call["call_id"] for call in arrived} <= {call["call_id"] for call in ask().json()["data"]}


def test_an_edit_shows_in_the_next_page(ask: Ask, admin: Admin) -> None:
    key = ask().json()["data"][7]["call_id"]
    admin.edit_calls(call_ids=[key], fields={"notes": "=later"})
    assert ask().json()["data"][7]["notes"] == "=later"
    assert admin.http.post("/admin/justcall/edit", json={"call_ids": ["call_x"]}).status_code == 404


def test_a_page_of_a_hundred_costs_a_few_milliseconds(ask: Ask, admin: Admin) -> None:
    admin.options(justcall={"requests_per_minute": 1000})
    begun = time.perf_counter()
    for page in range(1, 51):
        ask(per_page=100, page=page % 6 + 1, direction="inbound")
    assert (time.perf_counter() - begun) / 50 < 0.02


def test_unknown_paths_are_404(ask: Ask) -> None:
    assert ask("/v3/calls").status_code == 404
