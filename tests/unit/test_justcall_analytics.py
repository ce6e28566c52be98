"""JustCall's analytics exports of v2 against a scripted server: requests, pieces of 90 days, undocumented names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from sync.clock import to_whole_buckets
from sync.errors import ConfigError, ContractBroken, CredentialsRefused
from sync.http.waits import NoPace
from sync.records import Buckets, Page, Slice
from sync.sources.base import Source
from sync.sources.justcall.models import JustCallOptions
from sync.sources.registry import make_source
from tests.source_desk import Notes
from tests.unit.scripted_server import Answer, ScriptedServer, json_answer, scripted_server

MARCH = Slice(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
NOON = "2026-03-02T12:00:00Z"
SUMS = {"total_calls": 7, "avg_call_duration": "00:01:30", "incoming_answer_rate": "74.5%"}
Ask = Callable[..., list[Page]]


def export(rows: Any, **paging: Any) -> Answer:
    n = len(rows) if isinstance(rows, list) else 1
    pagination = {"current_page": 1, "per_page": 250, "total_records": n, "total_pages": 1, **paging}
    return json_answer({"status": "success", "data": rows, "pagination": pagination})


def queries(server: ScriptedServer) -> list[dict[str, str]]:
    return [{k: v[0] for k, v in parse_qs(urlsplit(asked.path).query).items()} for asked in server.asked]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def make(server: ScriptedServer, notes: Notes) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def _make(**options: Any) -> Source:
        model = JustCallOptions(api_key="env:A", api_secret="env:B", base_url=server.url, **options)
        secrets = {"api_key": "the-key", "api_secret": "the-secret"}
        made.append(make_source(model, secrets, pace=NoPace(), sleep=lambda seconds: None, notebook=notes))
        return made[-1]

    yield _make
    for source in made:
        source.close()


@pytest.fixture
def fetch(make: Callable[..., Source]) -> Ask:
    def _fetch(stream: str, within: Slice = MARCH, *, buckets: Buckets | None = None, **options: Any) -> list[Page]:
        params = options.pop("params", {})
        return list(make(**options).fetch(stream, within, params, buckets=buckets))

    return _fetch


def values(pages: list[Page]) -> list[Any]:
    return [record.values for page in pages for record in page.records]


def warned(pages: list[Page]) -> str:
    return " ".join(warning for page in pages for warning in page.warnings)


@pytest.mark.parametrize("stream", ["analytics_calls", "analytics_sms", "analytics_agents", "analytics_summary"])
def test_all_seven_parameters_are_sent_with_the_bearer_pair(server, fetch, stream):
    server.play(export([]))
    params = {"agent_id": 42, "phone_number": "+14155550100", "direction": "inbound"}
    march_2 = to_whole_buckets(
        Slice(MARCH.start, MARCH.start + timedelta(days=1)), Buckets(per="day", zone=ZoneInfo("UTC"))
    )
    fetch(stream, march_2, params=params, buckets=Buckets(per="day", zone=ZoneInfo("UTC")))
    (query,) = queries(server)
    margin = timedelta(days=1 if stream in ("analytics_calls", "analytics_sms") else 0)
    assert query == {
        "start_date": str(date(2026, 3, 1) - margin),
        "end_date": str(date(2026, 3, 1) + margin),
        "agent_id": "42",
        "phone_number": "+14155550100",
        "direction": "inbound",
        "page": "1",
        "per_page": "250",
    }
    assert server.asked[0].headers["Authorization"] == "Bearer the-key:the-secret"
    assert urlsplit(server.asked[0].path).path == f"/v2/analytics/{stream.removeprefix('analytics_')}"


@pytest.mark.parametrize("n_days", [1, 88, 89, 90, 91, 180, 400])
def test_pieces_of_at_most_ninety_days_touch_and_cover_the_slice_in_every_zone(server, fetch, n_days):
    server.play(export([]))
    within = Slice(MARCH.start, MARCH.start + timedelta(days=n_days))
    fetch("analytics_calls", within)
    pieces = [(date.fromisoformat(q["start_date"]), date.fromisoformat(q["end_date"])) for q in queries(server)]
    assert all(0 <= (last - first).days <= 89 for first, last in pieces)
    assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(pieces))
    assert pieces[0][0] < within.start.date()
    assert pieces[-1][1] >= within.end.date()
    assert len(pieces) == -(-(n_days + 2) // 90)


def test_sums_are_asked_once_for_each_period_with_both_its_days(server, fetch):
    server.play(export(SUMS))
    weeks = Buckets(per="week", zone=ZoneInfo("America/New_York"))
    pages = fetch("analytics_summary", to_whole_buckets(MARCH, weeks), buckets=weeks)
    asked = [(q["start_date"], q["end_date"]) for q in queries(server)]
    assert asked[:2] == [("2026-02-23", "2026-03-01"), ("2026-03-02", "2026-03-08")]
    told = [(str(v["period_start"]), str(v["period_end"])) for v in values(pages)]
    assert told == asked
    assert values(pages)[1]["period_began_at"] == datetime(2026, 3, 2, 5, tzinfo=UTC)


def test_a_period_longer_than_ninety_days_is_refused_before_any_request(server, fetch):
    whole = Buckets(per="period", zone=ZoneInfo("UTC"))
    with pytest.raises(ConfigError, match=r"91 days long.*at most 90 days"):
        fetch("analytics_agents", Slice(MARCH.start, MARCH.start + timedelta(days=91)), buckets=whole)
    assert server.asked == []


@pytest.mark.parametrize("data", [SUMS, [SUMS], {"summary": SUMS}, [{"metrics": SUMS}]])
def test_a_summary_may_be_an_object_a_list_of_one_or_lie_in_an_object_of_its_own(server, fetch, data):
    server.play(export(data))
    whole = Buckets(per="period", zone=ZoneInfo("UTC"))
    (found,) = values(fetch("analytics_summary", MARCH, buckets=whole))
    assert (found["total_calls"], found["avg_call_duration"], found["incoming_answer_rate"]) == (7, 90, 74.5)


ROWS_OF_CALLS = [
    {"call_id": "c1", "started_at": NOON, "agent_name": "Ana", "duration": 65},
    {"id": "c1", "start_time": "2026-03-02 12:00:00", "agent": {"id": 4, "name": "Ana"}, "call_duration": "00:01:05"},
    {"CallID": "c1", "call_date": "2026-03-02", "call_time": "12:00:00", "agent": "Ana", "duration_seconds": "65"},
    {"uuid": "c1", "timestamp": 1772452800, "user": {"name": "Ana"}, "total_duration": 65.2},
    {
        "call_sid": "c1",
        "date": "2026-03-02T07:00:00-05:00",
        "user_name": "Ana",
        "call_duration": {"total_duration": 65},
    },
]


@pytest.mark.parametrize("row", ROWS_OF_CALLS)
def test_fields_are_found_under_every_name_that_is_plausible(server, fetch, row):
    server.play(export([row]))
    (found,) = values(fetch("analytics_calls"))
    assert found["call_id"] == "c1"
    assert found["started_at"] == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert (found["agent_name"], found["duration"]) == ("Ana", 65)


def test_the_connection_names_what_is_not_found_by_itself(server, fetch):
    row = {"ref": "c1", "day": "2026-03-02", "hour": "12:00:00", "took": {"s": 65}}
    server.play(export([row]))
    with pytest.raises(ContractBroken, match="call_id is missing") as caught:
        fetch("analytics_calls")
    assert "day, hour, ref, took.s" in caught.value.what
    assert "fields = {" in caught.value.hint
    names = {"analytics_calls": {"call_id": "ref", "started_at": "day+hour", "duration": "took.s"}}
    (found,) = values(fetch("analytics_calls", fields=names))
    assert (found["call_id"], found["duration"]) == ("c1", 65)
    assert found["started_at"] == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_times_without_a_zone_are_meant_in_the_zone_of_the_connection_and_that_is_said(server, fetch):
    server.play(export([{"id": "c1", "datetime": "2026-03-02 12:00:00"}]))
    (found,) = values(pages := fetch("analytics_calls", times_zone="America/New_York"))
    assert found["started_at"] == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert "without a zone" in warned(pages)


def test_what_stays_empty_and_what_comes_beside_is_said_once(server, fetch):
    server.play(export([{"id": "c1", "started_at": NOON, "mood": "good"}]))
    pages = fetch("analytics_calls")
    assert "recording_url" in warned(pages)
    assert "it sends beside: mood" in warned(pages)
    assert pages[0].records[0].extra == {"mood": "good"}
    assert warned(fetch("analytics_calls")) == ""


def test_a_name_that_was_found_once_is_expected_ever_after_also_by_another_process(server, fetch):
    rows = [{"id": f"c{n}", "started_at": NOON, "disposition": "Sale", "mood": "good"} for n in range(6)]
    server.play(export(rows))
    fetch("analytics_calls")
    server.play(export([{**{k: v for k, v in row.items() if k != "disposition"}, "outcome": "Sale"} for row in rows]))
    with pytest.raises(ContractBroken, match="disposition is missing"):
        fetch("analytics_calls")


def test_other_names_chosen_later_are_looked_for_anew(server, fetch):
    server.play(export([{"id": "c1", "ref": "r1", "started_at": NOON}]))
    assert values(fetch("analytics_calls"))[0]["call_id"] == "c1"
    assert values(fetch("analytics_calls", fields={"analytics_calls": {"call_id": "ref"}}))[0]["call_id"] == "r1"


def test_an_answer_that_is_not_paged_is_whole_unless_it_is_full(server, fetch):
    row = {"started_at": NOON}
    server.play(json_answer({"status": "success", "data": [{**row, "id": "c1"}]}))
    assert len(values(fetch("analytics_calls"))) == 1
    server.play(json_answer([{**row, "id": f"c{n}"} for n in range(250)]))
    with pytest.raises(ContractBroken, match="without saying how many there are"):
        fetch("analytics_calls")


@pytest.mark.parametrize(
    "body", [{"status": "error", "message": "no such plan"}, {"status": "failed", "error": "no such plan"}]
)
def test_a_refusal_with_a_good_status_is_told_in_the_vendors_words(server, fetch, body):
    server.play(json_answer(body))
    with pytest.raises(ContractBroken, match="no such plan"):
        fetch("analytics_calls")


@pytest.mark.parametrize(("status", "words"), [(401, "wrong or revoked"), (403, "Team plan")])
def test_a_refused_key_says_how_it_was_sent_and_what_may_be_missing(server, fetch, status, words):
    server.play(json_answer({"status": "error", "message": "no"}, status=status))
    with pytest.raises(CredentialsRefused) as caught:
        fetch("analytics_calls")
    assert words in caught.value.hint
    assert "Bearer <key>:<secret>" in caught.value.hint
