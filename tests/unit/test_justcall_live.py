"""JustCall's dialect v2.1 against a scripted server: what is sent, how links are followed, what becomes of a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from sync.errors import ContractBroken, CredentialsRefused
from sync.http.waits import NoPace
from sync.records import LISTED_AT, Buckets, Page, Slice
from sync.sources.base import Source
from sync.sources.justcall.models import JustCallOptions
from sync.sources.justcall.streams import find_mistakes, specs_for
from sync.sources.registry import make_source
from tests.source_desk import Notes
from tests.unit.scripted_server import Answer, ScriptedServer, json_answer, scripted_server

DAY = Slice(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
REFS = {"vendor": "justcall", "api_key": "env:A", "api_secret": "env:B", "dialect": "v2.1"}
CALL = {
    "id": 7, "call_sid": "CA7", "contact_number": "14155550100", "contact_name": "=Bo", "contact_email": "",
    "justcall_number": "14155550199", "justcall_line_name": "", "agent_id": 42, "agent_name": "Ana",
    "agent_email": "ana@example.com", "agent_active": "Yes", "call_date": "2026-03-02", "call_time": "8:25:43",
    "call_user_date": "2026-03-01", "call_user_time": "23:25:43", "cost_incurred": 0.02,
    "call_info": {
        "direction": "Incoming", "type": "Answered", "missed_call_reason": "", "status": "Unarchived",
        "disposition": "Sale", "notes": "", "rating": "4", "recording": "", "recording_child": "",
        "voicemail_transcription": "", "call_traits": ["QUEUE"],
    },
    "call_duration": {
        "ring_time": 3, "friendly_duration": "00:01:05", "total_duration": 65, "queue_wait_time": 0, "hold_time": 5,
        "conversation_time": 60, "wrap_up_time": 2, "handle_time": 67,
    },
    "ivr_info": {"digit_pressed": "", "content": ""},
    "queue": [],
    "justcall_ai": {},
}  # fmt: skip
Ask = Callable[..., list[Page]]


def listing(rows: list[Any], link: Any = "", **more: Any) -> Answer:
    return json_answer({"status": "success", "count": len(rows), "next_page_link": link, "data": rows, **more})


def queries(server: ScriptedServer) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(asked.path).query) for asked in server.asked]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def source(server: ScriptedServer) -> Iterator[Source]:
    options = JustCallOptions(**REFS, base_url=server.url)
    secrets = {"api_key": "the-key", "api_secret": "the-secret"}
    made = make_source(options, secrets, pace=NoPace(), sleep=lambda seconds: None, notebook=Notes())
    yield made
    made.close()


@pytest.fixture
def fetch(source: Source) -> Ask:
    def _fetch(stream: str = "calls", within: Slice = DAY, buckets: Buckets | None = None, **params: Any) -> list[Page]:
        return list(source.fetch(stream, within, params, buckets=buckets))

    return _fetch


def values(pages: list[Page]) -> list[Any]:
    return [record.values for page in pages for record in page.records]


def test_the_request_is_the_documented_one_with_the_bare_pair(server, fetch):
    server.play(listing([CALL]))
    fetch(call_direction="Incoming", disposition_codes=["List: Code", "List: Other"], fetch_ai_data=True)
    assert server.asked[0].headers["Authorization"] == "the-key:the-secret"
    assert urlsplit(server.asked[0].path).path == "/v2.1/calls"
    assert queries(server) == [
        {
            "from_datetime": ["2026-03-01 10:00:00"],
            "to_datetime": ["2026-03-03 14:00:00"],
            "sort": ["datetime"],
            "order": ["asc"],
            "per_page": ["100"],
            "call_direction": ["Incoming"],
            "disposition_codes[]": ["List: Code", "List: Other"],
            "fetch_ai_data": ["true"],
        }
    ]


def test_a_nested_record_becomes_named_columns_and_its_instant_is_the_utc_one(server, fetch):
    server.play(listing([CALL]))
    (found,) = values(fetch())
    assert found["started_at"] == datetime(2026, 3, 2, 8, 25, 43, tzinfo=UTC)
    assert (found["type"], found["status"], found["disposition"]) == ("Answered", "Unarchived", "Sale")
    assert (found["total_duration"], found["conversation_time"], found["ring_time"]) == (65, 60, 3)
    assert found["call_traits"] == ["QUEUE"]
    assert found["contact_name"] == "=Bo"
    assert found["queue_exit_reason"] is None
    assert found["call_score"] is None


def test_calls_outside_the_slice_are_left_to_its_neighbours(server, fetch):
    edges = [
        ("2026-03-01", "23:59:59"),
        ("2026-03-02", "0:00:00"),
        ("2026-03-02", "23:59:59"),
        ("2026-03-03", "0:00:00"),
    ]
    server.play(listing([{**CALL, "id": n, "call_date": d, "call_time": t} for n, (d, t) in enumerate(edges)]))
    assert [found["id"] for found in values(fetch())] == [1, 2]


@pytest.mark.parametrize("last", ["", None, "absent"])
@pytest.mark.parametrize(
    "link",
    [
        "https://api.justcall.io/v2.1/calls?page=2&per_page=20",
        "https://elsewhere.example.com/take?page=2",
        "/v2.1/calls?per_page=20&page=2&from_datetime=2020-01-01",
        "?page=2",
    ],
)
def test_of_a_link_only_the_page_is_taken_and_our_filters_are_sent_again(server, fetch, link, last):
    end = listing([{**CALL, "id": 8}], last)
    if last == "absent":
        end = json_answer({"status": "success", "data": [{**CALL, "id": 8}]})
    server.play(listing([CALL], link), end)
    assert [found["id"] for found in values(fetch(agent_id=42))] == [7, 8]
    first, second = queries(server)
    assert second == {**first, "page": ["2"]}
    assert "page" not in first


def test_a_link_that_leads_nowhere_or_round_is_refused(server, fetch):
    server.play(listing([CALL], "https://api.justcall.io/v2.1/calls?cursor=x"))
    with pytest.raises(ContractBroken, match="names no page"):
        fetch()
    pages = [listing([{**CALL, "id": n}], f"?page={2 + n % 2}") for n in range(9)]
    server.play(*pages)
    with pytest.raises(ContractBroken, match="would never end"):
        fetch()


@pytest.mark.parametrize("name", ["total_count", "total_texts"])
def test_a_total_that_is_not_reached_means_that_the_list_is_walked_again(server, fetch, name):
    moved = [
        listing([CALL], "", **{name: 2}),
        listing([CALL], "?page=2", **{name: 2}),
        listing([{**CALL, "id": 8}], "", **{name: 2}),
    ]
    server.play(*moved)
    assert {found["id"] for found in values(fetch())} == {7, 8}


def test_a_total_that_is_wrong_time_after_time_is_said(server, fetch):
    server.play(listing([CALL], "", total_count=3))
    assert "announces 3 rows and lists 1" in " ".join(w for page in fetch() for w in page.warnings)


@pytest.mark.parametrize("body", [[CALL], CALL, {"data": [CALL]}, {"status": "success", "data": {"records": [CALL]}}])
def test_an_envelope_may_be_a_bare_array_a_bare_object_or_lack_parts(server, fetch, body):
    server.play(json_answer(body))
    assert [found["id"] for found in values(fetch())] == [7]


@pytest.mark.parametrize("first_page", [0, 1])
def test_bare_arrays_are_counted_on_whichever_number_the_first_page_has(server, fetch, first_page):
    rows = [{**CALL, "id": n} for n in range(230)]

    def answer(n: int) -> Answer:
        page = int(parse_qs(urlsplit(server.asked[n].path).query).get("page", [str(first_page)])[0]) - first_page
        return json_answer(rows[100 * page : 100 * (page + 1)])

    server.script = answer
    assert [found["id"] for found in values(fetch())] == list(range(230))


def test_a_list_is_whole_and_has_no_dates(server, fetch):
    user = {"id": 1, "name": "Ana", "groups": [{"id": 3, "name": "Sales"}], "extension": 101, "available": True}
    server.play(listing([user]))
    (found,) = values(fetch("users", Slice(LISTED_AT, datetime(2000, 1, 2, tzinfo=UTC))))
    assert (found["listed_at"], found["groups"], found["extension"]) == (LISTED_AT, ["Sales"], "101")
    assert queries(server) == [{"per_page": ["100"]}]


@pytest.mark.parametrize("level", ["account", "agent", "number"])
def test_a_report_is_asked_once_for_each_period_and_its_sums_become_columns(server, fetch, level):
    who = {"agent": {"agent_id": 42, "agent_name": "Ana"}, "number": {"justcall_number": "14155550199"}}.get(level, {})
    sums = {"total_calls": 7, "sla_rate_30sec": 80.5, "avg_ring_time": 3}
    records = {"records": [{**who, "summary": sums}]} if who else {"summary": sums}
    server.play(json_answer({"metadata": {"from_date": "2026-03-02", "to_date": "2026-03-02"}, **records}))
    utc_days = Buckets(per="day", zone=ZoneInfo("UTC"))
    (found,) = values(fetch(f"analytics_{level}", DAY, utc_days))
    assert (found["total_calls"], found["sla_rate_30sec"], found["avg_ring_time"]) == (7, 80.5, 3)
    assert (found["period_start"], found["period_end"]) == (date(2026, 3, 2), date(2026, 3, 2))
    assert queries(server) == [{"from_date": ["2026-03-02"], "to_date": ["2026-03-02"]}]
    assert urlsplit(server.asked[0].path).path == f"/v2.1/calls/analytics/{level}"


def test_the_key_is_proved_by_listing_one_user(server, source):
    server.play(listing([]))
    assert "accepts the key" in source.probe()
    assert queries(server) == [{"per_page": ["1"]}]
    server.play(json_answer({"status": "failed", "message": "Unauthorized"}, status=401))
    with pytest.raises(CredentialsRefused) as caught:
        source.probe()
    assert "Authorization: <key>:<secret>" in caught.value.hint


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"call_direction": "incoming"}, ["call_direction"]),
        ({"call_type": "ANSWERED"}, ["call_type"]),
        ({"justcall_number": "+14155550100"}, ["justcall_number"]),
        ({"call_traits": ["QUEUE"], "call_direction": "Incoming"}, ["call_direction"]),
        ({"ivr_digit": 1, "call_type": "INCOMING_MISSED"}, ["call_type"]),
        ({"call_traits": ["QUEUE"], "agent_id": 42}, []),
        ({"call_direction": "Incoming", "call_type": "INCOMING_MISSED"}, []),
    ],
)
def test_params_are_checked_before_a_request_those_too_that_would_be_ignored(params, names):
    spec = specs_for(JustCallOptions(**REFS))["calls"]
    assert [mistake.split()[0] for mistake in find_mistakes(spec, params)] == names


@pytest.mark.parametrize(
    ("chosen", "rates"),
    [
        ({}, ((30, 60.0), (1800, 3600.0))),
        ({"plan": "pro"}, ((60, 60.0), (3600, 3600.0))),
        ({"plan": "business", "requests_per_minute": 8}, ((8, 60.0), (5400, 3600.0))),
        ({"requests_per_hour": 200}, ((30, 60.0), (200, 3600.0))),
        ({"dialect": "v2"}, ((60, 60.0),)),
        ({"dialect": "v2", "plan": "business"}, ((300, 60.0),)),
        ({"dialect": "v2", "requests_per_hour": 500}, ((60, 60.0), (500, 3600.0))),
    ],
)
def test_the_plan_sets_the_limits_and_what_is_written_wins(chosen, rates):
    assert JustCallOptions(**{**REFS, **chosen}).rate_limits() == rates
