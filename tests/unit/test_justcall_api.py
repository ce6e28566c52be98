"""The requests of the JustCall source, against a scripted server: what is sent, and how replies are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sync.errors import ContractBroken
from sync.http.waits import NoPace
from sync.records import Slice
from sync.sources.base import Source
from sync.sources.justcall.models import JustCallOptions
from sync.sources.registry import make_source
from tests.source_desk import Notes
from tests.unit.scripted_server import Answer, ScriptedServer, json_answer, scripted_server

MARCH = Slice(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))


def make_row(n: int, **changes: Any) -> dict[str, Any]:
    row = {
        "call_id": f"call_{n}", "direction": "inbound", "from": "+14155550100", "to": "+14155550199", "agent_id": 42,
        "agent_name": "Ana", "status": "completed", "duration": 184, "recording_url": None, "voicemail": False,
        "notes": "", "disposition": "", "tags": [], "started_at": "2026-03-02T09:30:00Z", "ended_at": None,
    }  # fmt: skip
    return {**row, **changes}


def reply(rows: list[Any], **changes: Any) -> Answer:
    whole = {"status": "success", "count": len(rows), "data": rows, "page": 1, "per_page": 100, "total_pages": 1}
    return json_answer({**whole, **changes})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def source(server: ScriptedServer) -> Iterator[Source]:
    options = JustCallOptions(api_key="env:A", api_secret="env:B", base_url=server.url)
    secrets = {"api_key": "the-key", "api_secret": "the-secret"}
    made = make_source(options, secrets, pace=NoPace(), sleep=lambda seconds: None, notebook=Notes())
    yield made
    made.close()


@pytest.fixture
def fetch(source: Source) -> Callable[..., list[Any]]:
    return lambda within=MARCH, **params: list(source.fetch("calls", within, params))


def asked(server: ScriptedServer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(server.asked[-1].path).query).items()}


def test_the_request_is_the_documented_one_with_the_bare_pair(server, fetch):
    server.play(reply([]))
    fetch(direction="inbound", agent_id=42, number="+14155550199", status="missed")
    assert urlsplit(server.asked[0].path).path == "/v2/calls"
    assert server.asked[0].headers["Authorization"] == "the-key:the-secret"
    assert asked(server) == {
        "direction": "inbound", "agent_id": "42", "number": "+14155550199", "status": "missed",
        "start_date": "2026-02-28", "end_date": "2026-04-01", "page": "1", "per_page": "100",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 3, 2, 5, tzinfo=UTC)),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 0, 0, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_the_dates_asked_reach_past_the_slice_in_every_zone_with_either_end(server, fetch, start, end):
    server.play(reply([]))
    fetch(Slice(start, end))
    first, last = (datetime.fromisoformat(asked(server)[name]) for name in ("start_date", "end_date"))
    for offset_h in (-12, 0, 14):
        local_first = (start + timedelta(hours=offset_h)).replace(tzinfo=None)
        local_last = (end - timedelta(microseconds=1) + timedelta(hours=offset_h)).replace(tzinfo=None)
        assert first <= local_first
        assert local_last < last  # midnight at which the last date begins, as when the end is excluded


def test_one_odd_record_does_not_stop_a_quiet_day(server, fetch):
    server.play(reply([make_row(1), make_row(2), make_row(3, duration="long")]))
    (page,) = fetch()
    assert [record.values["call_id"] for record in page.records] == ["call_1", "call_2"]
    assert [text.split(":")[0] for text in page.rejected] == ["call_3"]


def test_two_odd_records_of_few_are_a_changed_form(server, fetch):
    server.play(reply([make_row(1), make_row(2, duration="long"), make_row(3, duration="long")]))
    with pytest.raises(ContractBroken, match=r"2 of 3 calls cannot be read.*duration is text.*for example in call_2"):
        fetch()


def test_an_only_record_that_is_odd_is_a_changed_form(server, fetch):
    server.play(reply([make_row(1, duration="long")]))
    with pytest.raises(ContractBroken, match="1 of 1 calls"):
        fetch()


def test_a_whole_odd_page_stops_the_walk_there(server, fetch):
    odd = [make_row(n, duration="long") for n in range(5)]
    server.play(reply(odd, count=500, total_pages=100))
    with pytest.raises(ContractBroken, match="5 of 5 calls"):
        fetch()
    assert len(server.asked) == 1


def test_items_without_a_key_are_counted_all_the_same(server, fetch):
    rows = [make_row(n) for n in range(40)]
    server.play(reply([*rows, None, {"call_id": None}]))
    (page,) = fetch()
    assert len(page.records) == 40
    assert len(page.rejected) == 2
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"count": "3"}, "count text"),
        ({"count": -1}, "count an integer"),
        ({"total_pages": None}, "total_pages null"),
        ({"data": {"calls": []}}, "data an object"),
        ({"status": "failed", "message": "down for the night"}, r"status failed: down for the night"),
    ],
)
def test_a_changed_envelope_is_refused_by_name(server, fetch, changes, said):
    server.play(reply([], **changes))
    with pytest.raises(ContractBroken, match=rf"/v2/calls answered with {said}"):
        fetch()


def test_an_envelope_without_a_part_is_refused_by_name(server, fetch):
    server.play(json_answer({"status": "success", "data": [], "page": 1, "total_pages": 1}))
    with pytest.raises(ContractBroken, match="count missing"):
        fetch()


def test_a_bare_list_is_refused(server, fetch):
    server.play(json_answer([]))
    with pytest.raises(ContractBroken, match="a list in place of an object"):
        fetch()


def test_the_probe_names_the_plan(server, source):
    server.play(json_answer({"status": "success", "data": {"account_id": 1, "email": "a@b.example", "plan": "Team"}}))
    assert source.probe() == "JustCall accepts the key (plan Team)."


def test_the_probe_asks_for_one_call_where_there_is_no_account_address(server, source):
    server.play(
        json_answer({"message": "Not found"}, 404), reply([make_row(1)], count=142, per_page=1, total_pages=142)
    )
    assert source.probe() == "JustCall accepts the key and lists 142 calls."
    assert asked(server) == {"per_page": "1"}


def test_no_request_is_made_before_the_first_page_is_wanted(server, source):
    source.fetch("calls", MARCH, {})
    assert server.asked == []
