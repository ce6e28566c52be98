"""CallScaler's many forms: envelopes, errors, cursors, both ends of a date; and answers that are cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync import clock
from sync.errors import ConfigError, ContractBroken, CredentialsRefused
from sync.records import Buckets, Page, Slice
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.base import Source
from sync.sources.callscaler.models import CallScalerOptions, read_groups, read_list
from sync.sources.callscaler.streams import ANALYTICS, CALLS, find_mistakes, narrow
from tests.benches.callscaler import figures_of
from tests.sandbox_admin import Admin
from tests.source_desk import Sources
from tests.unit.scripted_server import json_answer

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
PERIOD = Slice(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
DAY = Slice(datetime(2026, 3, 11, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC))
UTC_ZONE = ZoneInfo("UTC")
MONTH = Buckets(per="month", zone=UTC_ZONE)
PER_DAY = Buckets(per="day", zone=UTC_ZONE)


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    options = SandboxOptions(calls=CallOptions(n_calls=3000, days=30, until=UNTIL))
    with SandboxServer(options=options) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as opened:
        opened.reset()
        opened.options(callscaler={"requests_per_minute": 100_000})
        yield opened


@pytest.fixture
def make(sources: Sources) -> Callable[..., Source]:
    def build(url: str, *, key: str = "cs_key_for_tests", **options: Any) -> Source:
        return sources.make(CallScalerOptions(api_key="env:X", base_url=url, **options), api_key=key)

    return build


@pytest.fixture
def source(admin: Admin, make: Callable[..., Source]) -> Source:
    return make(f"{admin.url}/callscaler", end_date="included")


def report(source: Source, within: Slice = PERIOD, buckets: Buckets = MONTH, **params: Any) -> list[Page]:
    return list(source.fetch("analytics_calls", within, params, buckets=buckets))


def counted(pages: list[Page]) -> dict[tuple[Any, ...], int]:
    return {tuple(v for n, v in r.values.items() if n != "count"): r.values["count"] for p in pages for r in p.records}


def n_calls_of(admin: Admin, day: str) -> int:
    return sum(call["created_at"].startswith(day) for call in admin.truth("callscaler", "calls"))


ROW = {"id": "a", "created_at": "2026-03-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("reply", "cursor", "total"),
    [
        ({"data": {"calls": [ROW], "next_cursor": "x", "total": 9}}, "x", 9),
        ({"data": {"calls": [ROW]}, "next_cursor": "x"}, "x", None),
        ({"calls": [ROW], "next_cursor": None}, None, None),
        ({"data": [ROW], "next_cursor": "x"}, "x", None),
        ({"data": {"data": [ROW], "total": 1}}, None, 1),
        ([ROW], None, None),
    ],
)
def test_a_list_is_found_in_every_envelope_and_its_cursor_at_either_level(reply, cursor, total):
    read = read_list(reply, "calls")
    assert (read.rows, read.cursor, read.n_total) == ([ROW], cursor, total)


@pytest.mark.parametrize("wrap", [lambda inner: inner, lambda inner: {"data": inner}, lambda inner: {"result": inner}])
def test_figures_are_found_with_and_without_the_outer_envelope(wrap):
    read = read_groups(wrap({"data": [{"source": "a", "count": 3}], "totals": {"count": "40"}, "count": 5}))
    assert (len(read.rows), read.n_calls, read.n_groups) == (1, 40, 5)


def test_a_reply_without_a_list_names_what_it_holds():
    with pytest.raises(ContractBroken, match="holds calls, pages"):
        read_groups({"calls": {}, "pages": 1})


@pytest.mark.parametrize("form", ["object", "string", "message"])
def test_the_words_of_an_error_are_told_in_each_of_its_forms(admin, make, form):
    admin.options(callscaler={"error_form": form, "accepted_keys": ["cs_key_good"]})
    with pytest.raises(CredentialsRefused, match=r"401.*Invalid API key"):
        make(f"{admin.url}/callscaler").probe()


def test_a_key_that_does_not_look_like_one_is_told_so(admin, make):
    admin.options(callscaler={"strict_auth": True})
    with pytest.raises(CredentialsRefused) as caught:
        make(f"{admin.url}/callscaler", key="sk_other").probe()
    assert "begin with cs_key_" in caught.value.hint
    assert "sk_other" not in str(caught.value.hint)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "401", "message": "Invalid API key"}, CredentialsRefused),
        ({"code": 403, "message": "Viewer role needed"}, CredentialsRefused),
        ("something broke", ContractBroken),
        (True, ContractBroken),
    ],
)
def test_an_error_with_a_good_status_is_still_an_error(vendor, make, error, kind):
    vendor.play(json_answer({"error": error}))
    with pytest.raises(kind):
        list(make(vendor.url).fetch("calls", PERIOD, {}))


@pytest.mark.parametrize("per", [PER_DAY, MONTH])
def test_both_meanings_of_the_end_date_give_the_same_figures(admin, make, per):
    params = {"group_by": ["source", "direction"], "metrics": ["count"]}
    included = counted(report(make(f"{admin.url}/callscaler"), buckets=per, **params))
    admin.options(callscaler={"end_date": "excluded"})
    excluded = counted(report(make(f"{admin.url}/callscaler", end_date="excluded"), buckets=per, **params))
    assert included == excluded
    assert sum(included.values()) == sum(
        "2026-03" in call["created_at"][:7] for call in admin.truth("callscaler", "calls")
    )


@pytest.mark.parametrize("within", [DAY, Slice(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))])
@pytest.mark.parametrize("vendor_means", ["included", "excluded"])
def test_what_the_end_date_means_is_found_out_once_where_the_connection_does_not_say(
    admin, make, freeze, vendor_means, within
):
    freeze(UNTIL)
    admin.options(callscaler={"end_date": vendor_means})
    first = make(f"{admin.url}/callscaler")
    n_calls = sum(counted(report(first, within, PER_DAY, group_by=["source"])).values())
    assert n_calls == n_calls_of(admin, f"{within.start:%Y-%m-%d}")
    assert "end_date " + vendor_means in first.probe()
    n_before = first.n_requests
    report(first, DAY, PER_DAY, group_by=["source"])
    assert first.n_requests == n_before + 1


def test_an_empty_answer_alone_does_not_prove_that_the_end_date_is_excluded(vendor, make, freeze):
    freeze(UNTIL)
    nothing = json_answer({"data": {"data": [], "totals": {"count": 0}, "count": 0}})
    days = json_answer({"data": {"data": [{"date": "2026-03-11", "count": 4}], "totals": {"count": 4}, "count": 1}})
    vendor.play(days, nothing, nothing)
    assert "cannot be seen" in make(vendor.url).probe()


@pytest.mark.parametrize("vendor_means", ["included", "excluded"])
@pytest.mark.parametrize("we_say", ["included", "excluded"])
def test_check_finds_out_whether_the_end_date_is_included_and_says_when_the_option_is_wrong(
    admin, make, freeze, vendor_means, we_say
):
    freeze(UNTIL)
    admin.options(callscaler={"end_date": vendor_means})
    source = make(f"{admin.url}/callscaler", end_date=we_say)
    if vendor_means == we_say:
        assert f"end_date {we_say}" in source.probe()
    else:
        with pytest.raises(ConfigError, match=f'says end_date = "{we_say}"') as caught:
            source.probe()
        assert f'end_date = "{vendor_means}"' in caught.value.hint
    assert source.n_requests <= 3


def test_check_says_that_it_cannot_see_where_there_are_no_calls(admin, make, freeze):
    freeze(datetime(2020, 1, 1, tzinfo=UTC))
    source = make(f"{admin.url}/callscaler", end_date="excluded")
    assert "cannot be seen" in source.probe()


def test_an_end_date_that_brings_other_days_is_told(admin, make):
    admin.options(callscaler={"end_date": "included"})
    (page,) = report(make(f"{admin.url}/callscaler", end_date="excluded"), DAY, PER_DAY, group_by=["date"])
    assert [record.values["date"] for record in page.records] == [date(2026, 3, 11)]
    assert "end_date may be set wrongly" in page.warnings[0]


def test_groups_without_value_get_a_stand_in_that_stays(source, admin):
    pages = report(source, group_by=["utm_medium"])
    found = {r.values["utm_medium"]: r.values["count"] for r in pages[0].records}
    raw = [call["utm_medium"] for call in admin.truth("callscaler", "calls") if call["created_at"] >= "2026-03-01"]
    assert found["(none)"] == raw.count(None)
    assert found["(empty)"] == raw.count("")
    assert not pages[0].warnings


def test_the_answer_of_a_long_period_by_date_is_whole_though_no_answer_may_hold_it(source, admin):
    (page,) = report(source, group_by=["date", "source", "utm_campaign"])
    raw = [call for call in admin.truth("callscaler", "calls") if call["created_at"] >= "2026-03-01"]
    wanted = {(c["created_at"][:10], c["source"] or "(none)", c["utm_campaign"] or "(none)") for c in raw}
    assert len(wanted) > 1000
    assert {tuple(str(r.values[n]) for n in ("date", "source", "utm_campaign")) for r in page.records} == wanted
    assert sum(r.values["count"] for r in page.records) == len(raw)
    assert (page.warnings, page.whole) == ([], True)


def test_a_group_that_is_a_filter_too_makes_the_answer_whole(source, admin):
    (page,) = report(source, group_by=["direction", "utm_campaign", "hour_of_day"])
    raw = [call for call in admin.truth("callscaler", "calls") if call["created_at"] >= "2026-03-01"]
    assert sum(r.values["count"] for r in page.records) == len(raw)
    assert len(page.records) > 1000
    assert page.whole


def test_what_cannot_be_had_whole_is_told_with_its_numbers(source, admin):
    (page,) = report(source, group_by=["utm_campaign", "utm_term", "hour_of_day"])
    n_calls = sum(r.values["count"] for r in page.records)
    n_all = sum(call["created_at"] >= "2026-03-01" for call in admin.truth("callscaler", "calls"))
    assert len(page.records) == 1000
    assert not page.whole
    assert f"hold {n_calls:,} of {n_all:,} calls" in page.warnings[0]
    assert 'per = "day"' in page.warnings[0]


def test_a_limit_that_somebody_asked_for_is_kept_and_told(source, admin):
    admin.clear_log()
    (page,) = report(source, group_by=["source"], limit=3)
    assert len(page.records) == 3
    assert "shows 3 of 11 groups" in page.warnings[0]
    assert "limit = 3" in page.warnings[0]
    assert page.whole  # so that what left the ranking loses its figures
    assert len(admin.log(service="callscaler")) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_limit_keeps_the_first_of_the_ranking_and_equal_ones_do_not_take_turns(source, admin, order):
    params = {"group_by": ["source", "utm_campaign", "hour_of_day"], "sort_by": "total_duration", "sort_order": order}
    groups: dict[tuple[Any, ...], int] = {}
    for call in admin.truth("callscaler", "calls"):
        if call["created_at"].startswith("2026-03-11"):
            name = (call["source"], call["utm_campaign"], call["created_at"][11:13])
            groups[name] = groups.get(name, 0) + call["duration_seconds"]
    ranked = sorted(groups.values(), reverse=order == "desc")
    params["limit"] = next(n for n in range(5, len(ranked)) if ranked[n - 1] == ranked[n])  # equal ones at the edge
    answers = [report(source, DAY, PER_DAY, **params, metrics=["count", "total_duration"]) for _ in range(4)]
    found = [{tuple(r.values.values()) for r in page.records} for (page,) in answers]
    assert found[1:] == found[:-1]
    assert sorted((values[-1] for values in found[0]), reverse=order == "desc") == ranked[: params["limit"]]


def test_what_ranks_the_rows_is_not_shown_unless_it_is_asked_for(source):
    (page,) = report(source, group_by=["status"], metrics=["unique_callers"], sort_by="avg_duration", limit=2)
    assert [list(r.values)[3:] for r in page.records] == [["status", "unique_callers"]] * 2
    assert not any(r.extra for r in page.records)


def test_a_group_whose_average_is_left_out_has_none(vendor, make):
    rows = [{"status": "completed", "avg_ai_score": 3.5}, {"status": "busy"}]
    vendor.play(json_answer({"data": rows, "totals": {"count": 0}, "count": 2}))
    asked = {"group_by": ["status"], "metrics": ["avg_ai_score"]}
    (page,) = report(make(vendor.url, end_date="included"), DAY, PER_DAY, **asked)
    assert {r.values["status"]: r.values["avg_ai_score"] for r in page.records} == {"completed": 3.5, "busy": None}


def test_calls_that_are_in_no_group_are_told(vendor, make):
    vendor.play(json_answer({"data": [{"source": "a", "count": 3}], "totals": {"count": 5}, "count": 1}))
    (page,) = report(make(vendor.url, end_date="included"), DAY, PER_DAY, group_by=["source"])
    assert "3 of 5 calls" in page.warnings[0]
    assert not page.whole


def test_the_largest_page_is_always_asked_for(source, admin):
    report(source, group_by=["source"])
    list(source.fetch("calls", DAY, {}))
    queries = [entry["query"] for entry in admin.log(service="callscaler")]
    assert "limit=1000" in queries[0]
    assert "limit=500" in queries[1]


def test_figures_that_come_as_text_are_numbers(vendor, make):
    rows = [{"hour_of_day": "7", "count": "12", "avg_duration": "33.5", "total_value_cents": 5.0}]
    vendor.play(json_answer({"data": rows, "totals": {"count": 12}, "count": 1}))
    metrics = ["count", "avg_duration", "total_value_cents"]
    (page,) = report(make(vendor.url), DAY, PER_DAY, group_by=["hour_of_day"], metrics=metrics)
    assert [page.records[0].values[n] for n in ("hour_of_day", *metrics)] == [7, 12, 33.5, 5]


def test_calls_that_changed_come_wherever_they_lie_and_none_else(source, admin):
    since = clock.now()
    edited = [call["id"] for call in admin.edit_at("callscaler", 7)]
    oldest = admin.truth("callscaler", "calls")[-1]["id"]
    admin.edit_at("callscaler", ids=[oldest], fields={"value_cents": 4200})
    pages = list(source.fetch_changes("calls", since - timedelta(seconds=1), {}))
    found = {r.values["id"]: r.values for page in pages for r in page.records}
    assert set(found) == {*edited, oldest}
    assert found[oldest]["value_cents"] == 4200


def test_what_the_ai_finds_out_later_makes_a_call_come_again(source, admin):
    admin.options(callscaler={"ai_delay_s": 10_000_000_000})
    before = [r for p in source.fetch("calls", PERIOD, {}) for r in p.records]
    assert {r.values["ai_score"] for r in before} == {None}
    asked_at = clock.now() - timedelta(days=1)
    assert not [r for p in source.fetch_changes("calls", asked_at, {}) for r in p.records]
    newest = datetime.fromisoformat(admin.truth("callscaler", "calls")[0]["created_at"])
    admin.options(callscaler={"ai_delay_s": (clock.now() - newest).total_seconds() - 3600})
    again = [r.values for p in source.fetch_changes("calls", asked_at, {}) for r in p.records]
    assert again
    assert all(newest - timedelta(days=2) < values["created_at"] for values in again)
    assert any(values["ai_score"] is not None for values in again)


@pytest.mark.parametrize("cursor_at", ["inside", "top", "none"])
def test_calls_that_arrive_between_pages_push_none_out(source, admin, cursor_at):
    admin.options(callscaler={"cursor_at": cursor_at})
    before = {call["id"] for call in admin.truth("callscaler", "calls")}
    for nth in (2, 3, 4):
        admin.fault(service="callscaler", nth=nth, do="arrive", n=7)
    pages = list(source.fetch("calls", Slice(UNTIL - timedelta(days=31), UNTIL + timedelta(days=1)), {}))
    assert before <= {r.values["id"] for page in pages for r in page.records}


def test_the_params_decide_the_fields_and_the_key():
    spec = narrow(ANALYTICS, {"group_by": ["status", "date"], "metrics": ["count", "total_value_cents"]})
    names = [f.name for f in spec.fields]
    assert names[3:] == ["status", "date", "count", "total_value_cents"]
    assert spec.key == ("period_start", "status", "date")
    assert narrow(CALLS, {"status": "busy"}) is CALLS
    for nonsense in ({}, {"group_by": "status"}, {"group_by": [[], 3]}, {"group_by": ["no"]}):
        assert narrow(ANALYTICS, nonsense) is ANALYTICS


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "group_by is required"),
        ({"group_by": []}, "one to three"),
        ({"group_by": ["source", "date", "week", "month"]}, "one to three"),
        ({"group_by": ["source", "source"]}, "each name once"),
        ({"group_by": ["sauce"]}, "'sauce': allowed are source"),
        ({"group_by": ["date"], "metrics": ["total"]}, "'total': allowed are count"),
        ({"group_by": ["date"], "sort_by": "source"}, "groups asked for, date"),
        ({"group_by": ["date"], "limit": 1001}, "1 to 1000"),
        ({"group_by": ["date"], "limit": 0}, "1 to 1000"),
        ({"group_by": ["date"], "min_ai_score": 101}, "0 to 100"),
        ({"group_by": ["date"], "min_ai_score": 60, "max_ai_score": 50}, "min_ai_score or more"),
        ({"group_by": ["date"], "number_id": "7"}, "UUID"),
        ({"group_by": ["date"], "qualified": "yes"}, "boolean"),
        ({"group_by": ["date"], "status": "answered"}, "completed, no-answer"),
    ],
)
def test_params_are_checked_against_the_documented_values_before_a_request(source, params, said):
    mistakes = find_mistakes(ANALYTICS, params)
    assert len(mistakes) == 1
    assert said in mistakes[0]
    with pytest.raises(ConfigError, match=r"."):
        source.fetch("analytics_calls", PERIOD, params, buckets=MONTH)
    assert source.n_requests == 0


def test_figures_are_those_of_the_raw_calls_by_every_group(source, admin):
    groups = ["status", "day_of_week", "number_id"]
    pages = report(source, DAY, PER_DAY, group_by=groups, metrics=["count", "total_duration"])
    raw = [call for call in admin.truth("callscaler", "calls") if call["created_at"].startswith("2026-03-11")]
    assert sum(r.values["count"] for p in pages for r in p.records) == len(raw) == n_calls_of(admin, "2026-03-11")
    assert sum(r.values["total_duration"] for p in pages for r in p.records) == sum(c["duration_seconds"] for c in raw)
    assert {r.values["day_of_week"] for p in pages for r in p.records} == {3}  # a Wednesday; 0 is Sunday
    assert figures_of(admin, DAY, PER_DAY)
