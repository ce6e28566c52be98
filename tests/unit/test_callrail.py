"""CallRail: its pages by link and by number, its account, its status; what is common to vendors is in the contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.errors import ContractBroken, CredentialsRefused
from sync.records import Slice
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.base import Source
from sync.sources.callrail.models import CallRailOptions, read_page, with_status
from tests.sandbox_admin import Admin
from tests.source_desk import Sources
from tests.unit.scripted_server import json_answer

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
LONG_AGO = Slice(UNTIL - timedelta(days=29), UNTIL)
RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "recordings/callrail/calls.json").read_text())
JANUARY = Slice(datetime(2026, 1, 24, tzinfo=UTC), datetime(2026, 1, 25, tzinfo=UTC))


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    options = SandboxOptions(calls=CallOptions(n_calls=1200, days=30, until=UNTIL))
    with SandboxServer(options=options) as running, Admin(running.url) as opened:
        opened.options(callrail={"requests_per_minute": 100_000})
        yield opened


@pytest.fixture
def make(sources: Sources) -> Callable[..., Source]:
    def build(url: str, **options: Any) -> Source:
        wanted = CallRailOptions(**{"api_key": "env:X", "base_url": url, "account_id": "ACC111", **options})
        return sources.make(wanted, api_key="a-key")

    return build


def test_a_recorded_page_is_read_with_its_status_and_types(vendor, make):
    last = {**RECORDED, "has_next_page": False, "next_page": None}
    vendor.play(json_answer(last))
    (page,) = make(vendor.url).fetch("calls", JANUARY, {})
    missed, answered = (record.values for record in page.records)
    assert (missed["answer_status"], answered["answer_status"]) == ("missed", "answered")
    assert missed["start_time"] == datetime(2026, 1, 24, 16, 27, 48, 119_000, tzinfo=UTC)
    assert (answered["recording_duration"], answered["tags"]) == (263, ["new customer"])
    assert answered["lead_status"] is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"answered": True, "voicemail": False}, "answered"),
        ({"answered": False, "voicemail": True}, "voicemail"),
        ({"answered": False, "voicemail": None}, "missed"),
        ({"answered": None}, None),
    ],
)
def test_the_status_is_made_of_what_a_record_tells(fields, status):
    assert with_status(fields).get("answer_status") == status


def test_a_link_is_followed_at_our_own_address_with_our_filters_beside(vendor, make):
    hostile = {**RECORDED, "next_page": "http://127.0.0.1:1/elsewhere.json?offset=7&start_date=1999-01-01"}
    vendor.play(json_answer(hostile), json_answer({"has_next_page": False, "calls": []}))
    list(make(vendor.url).fetch("calls", JANUARY, {"direction": "inbound"}))
    first, second = (urlsplit(asked.path) for asked in vendor.asked)
    assert first.path == second.path == "/v3/a/ACC111/calls.json"
    asked = parse_qs(second.query)
    assert asked.pop("offset") == ["7"]
    assert asked == parse_qs(first.query)
    assert (asked["start_date"], asked["direction"]) == (["2026-01-23"], ["inbound"])


def test_a_next_page_without_an_address_is_no_end():
    with pytest.raises(ContractBroken, match="does not say where"):
        read_page({**RECORDED, "next_page": None}, "calls")


@pytest.mark.parametrize(
    ("reply", "said"),
    [({"error": "Account gone"}, "Account gone"), ([], "a list in place"), ({"texts": []}, "holds texts")],
)
def test_replies_of_another_form_are_told(reply, said):
    with pytest.raises(ContractBroken, match=said):
        read_page(reply, "calls")


@pytest.mark.parametrize("relative", [True, False])
def test_every_call_comes_whichever_way_the_vendor_pages_and_older_than_its_silent_month(admin, make, relative):
    admin.options(callrail={"relative_paging": relative})
    source = make(f"{admin.url}/callrail")
    found = [record.values["id"] for page in source.fetch("calls", LONG_AGO, {}) for record in page.records]
    times = {call["id"]: datetime.fromisoformat(call["start_time"]) for call in admin.truth("callrail", "calls")}
    assert sorted(found) == sorted(one for one, at in times.items() if LONG_AGO.start <= at < LONG_AGO.end)
    assert source.n_requests >= 4


def test_check_names_the_accounts_that_the_key_sees(admin, make):
    assert "ACC111 (Demo Account)" in make(f"{admin.url}/callrail").probe()
    with pytest.raises(CredentialsRefused, match="does not see the account ACC9") as caught:
        make(f"{admin.url}/callrail", account_id="ACC9").probe()
    assert "ACC111 (Demo Account), ACC222" in caught.value.hint


def test_the_limits_of_the_hour_and_the_day_hold_beside_that_of_the_minute():
    options = CallRailOptions(api_key="env:X", account_id="ACC1")
    assert options.rate_limits() == ((60, 60.0), (1000, 3600.0), (10_000, 86_400.0))
