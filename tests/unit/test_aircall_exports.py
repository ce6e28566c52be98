"""One export after another: taken up again, expired, failed, cut in two, lost; and files in every form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync import clock
from sync.errors import ContractBroken, CredentialsRefused, RateLimited, Unreachable
from sync.records import Buckets, Page, Record, Slice
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.aircall.exports import FAILED_FOR
from sync.sources.aircall.filters import EXPORT_PARAMS, make_payload
from sync.sources.aircall.models import AircallOptions
from sync.sources.aircall.streams import SPECS, find_mistakes
from sync.sources.base import Source
from tests.aircall_world import zone_at_noon
from tests.sandbox_admin import Admin
from tests.source_desk import Notes, Sources

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
WEEK = Slice(datetime(2026, 3, 24, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
DAY = Slice(datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC))
BY_DAY = Buckets(per="day", zone=ZoneInfo("UTC"))
FILES = "/files/"


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=SandboxOptions(calls=CallOptions(n_calls=800, days=20, until=UNTIL))) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as opened:
        opened.reset()
        opened.options(aircall={"requests_per_minute": 100_000})
        yield opened


@dataclass
class Account:
    """One connection whose notes outlive its sources."""

    admin: Admin
    sources: Sources
    notes: Notes = field(default_factory=Notes)

    @property
    def slept(self) -> list[float]:
        return self.sources.slept

    def source(self, *, sleep: Callable[[float], None] | None = None, **options: Any) -> Source:
        wanted = AircallOptions(api_id="env:A", api_token="env:B", base_url=f"{self.admin.url}/aircall", **options)
        return self.sources.make(wanted, notes=self.notes, sleep=sleep, api_id="id", api_token="token")

    def pages(self, source: Source | None = None, within: Slice = WEEK, **asked: Any) -> Iterator[Page]:
        stream, params = asked.pop("stream", "calls_history"), asked.pop("params", {})
        return (source or self.source()).fetch(stream, within, params, **asked)

    def read(self, source: Source | None = None, within: Slice = WEEK, **asked: Any) -> list[Record]:
        return [record for page in self.pages(source, within, **asked) for record in page.records]

    def said(self, source: Source | None = None, **asked: Any) -> str:
        return " / ".join(text for page in self.pages(source, **asked) for text in page.warnings)

    def n_created(self) -> int:
        return len(self.admin.log(service="aircall", method="POST"))

    def n_looked(self) -> int:
        return len([e for e in self.admin.log(service="aircall", method="GET") if "/export/" in e["path"]])

    def n_downloaded(self) -> int:
        return len([e for e in self.admin.log(service="aircall") if FILES in e["path"]])


@pytest.fixture
def account(admin: Admin, sources: Sources) -> Account:
    return Account(admin, sources)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move our own clock on."""
    real = clock.now

    def move(by: timedelta) -> None:
        monkeypatch.setattr(clock, "now", lambda: real() + by)

    return move


def truth(admin: Admin, within: Slice = WEEK) -> set[str]:
    calls = admin.truth("aircall", "calls")
    return {str(c["id"]) for c in calls if within.start.timestamp() <= c["started_at"] < within.end.timestamp()}


def ids(records: list[Record]) -> list[Any]:
    return [record.values["call_id"] for record in records]


def stop_midway(account: Account) -> None:
    """Begin to read, and leave after the first page of records, as a process does that is stopped."""
    assert len(list(islice(account.pages(), 1))) == 1


# From the request to the file


def test_one_export_is_asked_for_asked_after_and_downloaded_once(account: Account) -> None:
    account.admin.options(aircall={"n_pending": 3})
    assert set(ids(account.read())) == truth(account.admin)
    assert (account.n_created(), account.n_looked(), account.n_downloaded()) == (1, 4, 1)
    assert account.slept == sorted(account.slept)
    assert account.slept[0] < account.slept[-1]


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_good_status_of_the_request_will_do(account: Account, status: int) -> None:
    account.admin.options(aircall={"create_status": status, "n_pending": -1})
    assert account.read()


def test_a_restart_goes_on_with_the_same_export(account: Account) -> None:
    stop_midway(account)
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 1
    account.read()
    assert account.n_created() == 2, "what was read to its end is asked for anew the next time"


def test_a_deadline_while_it_waits_leaves_the_export_to_the_next_run(account: Account) -> None:
    account.admin.options(aircall={"n_pending": 5})
    pauses = iter([None, None])

    def until_deadline(_: float) -> None:
        if next(pauses, "over") == "over":
            raise RateLimited("the run's time is over")

    with pytest.raises(RateLimited, match="still running"):
        account.read(account.source(sleep=until_deadline))
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 1


def test_other_params_zones_and_days_are_other_exports(account: Account) -> None:
    stop_midway(account)
    account.read(params={"userIDs": [1001]})
    account.read(account.source(export_timezone="Europe/Madrid"))
    account.read(within=DAY)
    assert account.n_created() == 4
    account.read()
    assert account.n_created() == 4


def test_an_export_of_today_is_taken_up_for_an_hour_only(account: Account, later: Callable[..., None]) -> None:
    today = Slice(clock.now() - timedelta(days=1), clock.now())
    account.admin.fault(service="aircall", path=FILES, do="refuse", status=418)
    for n_created in (1, 2):
        with pytest.raises(ContractBroken):
            account.read(account.source(export_timezone=zone_at_noon()), within=today)
        assert account.n_created() == n_created
        later(timedelta(hours=2))
        account.admin.fault(service="aircall", path=FILES, do="refuse", status=418)


def test_an_answer_that_got_lost_is_asked_for_once_more(account: Account) -> None:
    account.admin.fault(service="aircall", path="export$", do="cut_after")
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 2


def test_a_vendor_that_never_answers_is_not_made_to_work_over_and_over(
    account: Account, later: Callable[..., None]
) -> None:
    account.admin.fault(service="aircall", path="export$", do="cut_after", times=1000)
    for _ in range(5):
        with pytest.raises(Unreachable):
            account.read()
    assert account.n_created() == 3
    account.admin.clear_faults()
    later(timedelta(minutes=16))
    assert account.read()


def test_pending_for_ever_ends_after_hours_and_the_next_run_asks_anew(account: Account) -> None:
    for word, n_hours in (("PENDING", 6), ("DREAMING", 1)):
        account.slept.clear()
        account.admin.options(aircall={"n_pending": 10**6, "pending_word": word})
        with pytest.raises(Unreachable, match=f"still {word}"):
            account.read()
        assert n_hours * 3600 <= sum(account.slept) <= n_hours * 3600 + 60
        assert max(account.slept) == 60
    account.admin.options(aircall={"n_pending": 1, "pending_word": "QUEUED"})
    assert account.read()
    assert account.n_created() == 3


# What expires


def test_a_link_that_has_expired_is_fetched_anew(account: Account) -> None:
    account.admin.fault(service="aircall", path=FILES, do="refuse", status=403)
    assert set(ids(account.read())) == truth(account.admin)
    assert (account.n_created(), account.n_downloaded()) == (1, 2)
    stop_midway(account)
    account.admin.options(aircall={"clock_ahead_s": 7200})
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 2


def test_an_export_that_has_expired_is_made_anew(account: Account) -> None:
    stop_midway(account)
    account.admin.options(aircall={"clock_ahead_s": 100_000})
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 2


def test_links_that_never_work_end_in_an_error(account: Account) -> None:
    account.admin.options(aircall={"link_s": 0})
    with pytest.raises(ContractBroken, match="403"):
        account.read()
    assert account.n_created() == 2
    assert account.n_downloaded() == 8


# Refusals


def test_a_failure_is_told_in_the_vendors_words_and_not_asked_for_again_for_hours(
    account: Account, later: Callable[..., None]
) -> None:
    account.admin.options(aircall={"fail_words": "unsupported combination of filters"})
    for _ in range(3):
        with pytest.raises(ContractBroken, match="unsupported combination of filters"):
            account.read()
    assert account.n_created() == 1
    account.admin.options(aircall={"fail_words": ""})
    later(FAILED_FOR + timedelta(minutes=1))
    assert account.read()


def test_a_request_that_is_refused_is_told_and_leaves_no_export_behind(account: Account) -> None:
    account.admin.fault(service="aircall", path="export$", do="refuse", status=400, message="teamIDs unknown")
    with pytest.raises(ContractBroken, match="teamIDs unknown"):
        account.read()
    assert account.notes.kept == {}
    assert account.read()


def test_without_the_plan_the_hint_says_so_and_a_wrong_key_is_told_from_it(account: Account) -> None:
    account.admin.options(aircall={"forbidden_keys": ["id:token"]})
    with pytest.raises(CredentialsRefused) as lacking:
        account.read()
    assert "Analytics+" in lacking.value.hint
    account.admin.options(aircall={"forbidden_keys": [], "accepted_keys": ["another:key"]})
    with pytest.raises(CredentialsRefused) as wrong:
        account.read()
    assert "wrong or revoked" in wrong.value.hint


# Too many rows


def test_too_many_rows_halve_the_days_until_each_part_fits(account: Account) -> None:
    whole = account.read()
    n_of_a_day = max(len(truth(account.admin, Slice(at, at + timedelta(days=2)))) for at in days_of(WEEK))
    account.admin.options(aircall={"max_rows": n_of_a_day})
    before = account.n_created()
    assert sorted(ids(account.read())) == sorted(ids(whole))
    assert account.n_created() - before > 3
    assert account.n_downloaded() - 1 == (account.n_created() - before + 1) // 2, "halves of halves, each read once"


def days_of(within: Slice) -> list[datetime]:
    return [within.start + timedelta(days=n) for n in range((within.end - within.start).days)]


def test_halves_are_known_after_a_restart(account: Account) -> None:
    n_of_a_day = max(len(truth(account.admin, Slice(at, at + timedelta(days=2)))) for at in days_of(WEEK))
    account.admin.options(aircall={"max_rows": n_of_a_day})
    account.read()
    n_whole = account.n_created()
    stop_midway(account)
    assert set(ids(account.read())) == truth(account.admin)
    assert account.n_created() == 2 * n_whole


@pytest.mark.parametrize(
    ("stream", "buckets"), [("calls_history", None), ("user_activity_calls_handled", BY_DAY)], ids=["rows", "sums"]
)
def test_what_cannot_be_halved_is_refused_in_the_vendors_words(
    account: Account, stream: str, buckets: Buckets | None
) -> None:
    account.admin.options(aircall={"max_rows": 0})
    with pytest.raises(ContractBroken, match=r"so large an export: Too many rows") as caught:
        account.read(stream=stream, within=DAY, buckets=buckets)
    assert "lineIDs" in caught.value.hint


# What is sent


def test_the_time_zone_and_whole_days_are_always_sent() -> None:
    params = {"teamIDs": [11], "minConnectedDuration": 5, "dateBreakdown": "DAILY", "slaTimeToAnswerInSeconds": 20}
    first, last = date(2026, 2, 1), date(2026, 2, 7)
    asked = make_payload("CALLS_HISTORY", first=first, last=last, zone="Europe/Madrid", params=params)["input"]
    assert asked["filter"] == {
        "timezone": "Europe/Madrid",
        "dateFilter": {"absoluteRange": {"fromDate": "2026-02-01", "toDate": "2026-02-07"}},
        "teamIDs": [11],
        "minConnectedDuration": 5,
    }
    assert asked["options"] == {"dateBreakdown": "DAILY", "slaTimeToAnswerInSeconds": 20}
    assert (asked["reportName"], asked["exportOptions"]["format"]) == ("CALLS_HISTORY", "CSV")
    bare = make_payload("CALLS_HISTORY", first=first, last=last, zone="UTC", params={})["input"]
    assert bare["filter"]["timezone"] == "UTC"
    assert "options" not in bare


def test_every_filter_and_option_that_the_api_names_is_a_param() -> None:
    known = {
        *("userIDs", "teamIDs", "teamFilterOption", "hours", "callIDs", "lineIDs", "customerNumbers", "tagIDs"),
        *("callTypes", "duration", "minConnectedDuration", "ivrBranches", "virtualVoiceAgentIDs", "withAiIntervention"),
        *("withVoicemail", "ringAttemptOrigin", "userStatuses", "nextUserStatuses", "dateBreakdown"),
        *("slaTimeToAnswerInSeconds", "slaIncludedCallUnansweredReasons"),
    }
    assert {param.name for param in EXPORT_PARAMS} == known
    assert len([name for name, spec in SPECS.items() if {p.name for p in spec.params} == known]) == 12


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"userIDs": 5}, "userIDs"),
        ({"userIDs": []}, "userIDs"),
        ({"userIDs": [{"id": 5}]}, "userIDs"),
        ({"withVoicemail": "yes"}, "withVoicemail"),
        ({"minConnectedDuration": "5"}, "minConnectedDuration"),
        ({"nobody": 1}, "nobody"),
    ],
)
def test_params_are_checked_before_anything_is_sent(params: dict[str, Any], wrong: str) -> None:
    (mistake,) = find_mistakes(SPECS["calls_history"], params)
    assert wrong in mistake


def test_filters_choose(account: Account) -> None:
    found = account.read(params={"userIDs": [1001, 1002], "minConnectedDuration": 30})
    calls = {str(call["id"]): call for call in account.admin.truth("aircall", "calls")}
    wanted = [
        one
        for one in truth(account.admin)
        if (user := calls[one]["user"]) and user["id"] in (1001, 1002)
        if calls[one]["answered_at"] and calls[one]["ended_at"] - calls[one]["answered_at"] >= 30
    ]
    assert wanted
    assert sorted(ids(found)) == sorted(wanted)


@pytest.mark.parametrize("is_included", [True, False])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_no_call_is_lost_or_doubled_at_the_edges_whatever_the_end_means(
    account: Account, zone: str, is_included: bool
) -> None:
    account.admin.options(aircall={"export_end_included": is_included})
    middle = datetime(2026, 3, 27, 15, 30, tzinfo=UTC)
    source = account.source(export_timezone=zone)
    parts = [account.read(source, within=part) for part in (Slice(WEEK.start, middle), Slice(middle, WEEK.end))]
    assert sorted(ids(parts[0]) + ids(parts[1])) == sorted(truth(account.admin))


# Files


MANNERS: list[dict[str, Any]] = [
    {"headers": "camel"},
    {"headers": "snake"},
    {"reverse_columns": True},
    {"byte_order_mark": True, "line_end": "\r\n"},
    {"packed": "zip"},
    {"packed": "gzip", "byte_order_mark": True},
    {"separator": ";"},
    {"separator": "\t", "line_end": "\r\n", "packed": "zip"},
    {"ends_with_line_end": False},
    {"double_columns": ["user", "tags"]},
]


@pytest.mark.parametrize("manner", MANNERS, ids=lambda manner: "-".join(map(str, manner)))
def test_a_file_in_any_manner_gives_the_same_records(account: Account, manner: dict[str, Any]) -> None:
    plain = [record.values for record in account.read()]
    account.admin.options(aircall={"manner": manner})
    account.notes.kept.clear()
    assert [record.values for record in account.read()] == plain


def test_a_column_that_is_missing_leaves_its_field_empty_and_one_that_is_new_is_kept(account: Account) -> None:
    account.read()
    account.admin.options(aircall={"manner": {"drop_columns": ["tags"]}, "extra_fields": {"Sentiment": "good"}})
    pages = list(account.pages())
    records = [record for page in pages for record in page.records]
    assert {record.extra["Sentiment"] for record in records} == {"good"}
    assert all(record.values["tags"] is None for record in records)
    (said,) = [text for page in pages for text in page.warnings]
    assert "without Tags and with Sentiment" in said


def test_a_renamed_column_is_told_at_the_first_file_and_the_connection_may_say_which_it_is(account: Account) -> None:
    plain = [record.values for record in account.read()]
    account.notes.kept.clear()
    account.admin.options(aircall={"manner": {"rename_columns": {"waiting_time": "Patience"}}})
    assert 'told to be waiting_time; those that nobody knows are "Patience", "Call quality"' in account.said()
    account.notes.kept.clear()
    source = account.source(export_columns={"calls_history": {"waiting_time": "patience"}})
    assert [record.values for record in account.read(source)] == plain


def test_a_file_without_its_key_is_refused_with_the_columns_that_it_has(account: Account) -> None:
    account.admin.options(aircall={"manner": {"drop_columns": ["call_id_internal", "call_uuid"]}})
    with pytest.raises(ContractBroken, match="call_id") as caught:
        account.read()
    assert '"Call start time"' in caught.value.hint
    assert "export_columns" in caught.value.hint


def test_a_key_from_another_column_than_before_stops(account: Account) -> None:
    account.read()
    account.admin.options(aircall={"manner": {"drop_columns": ["call_id_internal"]}})
    with pytest.raises(ContractBroken, match="the key came from other columns"):
        account.read()
    account.notes.kept.clear()
    assert all(str(one).startswith("CA") for one in ids(account.read()))


def test_a_file_of_nothing_but_a_header_is_no_error(account: Account) -> None:
    assert account.read(within=Slice(UNTIL - timedelta(days=900), UNTIL - timedelta(days=890))) == []
    assert account.n_downloaded() == 1


@pytest.mark.parametrize("do", ["truncate", "cut_body", "html", "cut_before"])
def test_a_file_that_does_not_come_whole_is_fetched_again(account: Account, do: str) -> None:
    account.admin.fault(service="aircall", path=FILES, do=do)
    assert set(ids(account.read())) == truth(account.admin)
    assert (account.n_created(), account.n_downloaded()) == (1, 2)


@pytest.mark.parametrize("packed", ["no", "zip", "gzip"])
def test_nothing_of_a_file_that_never_comes_whole_becomes_a_record(account: Account, packed: str) -> None:
    account.admin.options(aircall={"manner": {"packed": packed}})
    account.admin.fault(service="aircall", path=FILES, do="truncate", times=1000)
    found: list[Page] = []
    with pytest.raises(ContractBroken):
        found.extend(account.pages())
    assert found == []
    account.admin.clear_faults()
    assert account.read()
    assert account.n_created() == 2, "the next run asks for another file"


def test_rows_of_sums_are_told_apart_by_all_that_the_file_divides_by(account: Account) -> None:
    stream, month = "user_activity_calls_handled", Buckets(per="month", zone=ZoneInfo("UTC"))
    march = Slice(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    params = {"dateBreakdown": "DAILY"}
    daily = account.read(stream=stream, within=march, buckets=month, params=params)
    whole = account.read(stream=stream, within=march, buckets=month)
    keys = [record.values["row_key"] for record in daily]
    assert len(keys) == len(set(keys)) > len(whole)
    assert sum(r.values["calls_handled"] for r in daily) == sum(r.values["calls_handled"] for r in whole)
