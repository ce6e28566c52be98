"""The calls of several vendors in one tab: all of them, once, in one form, and which of those missed were returned."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tomlkit

from sync import clock
from sync.catalogue import pull_sample
from sync.check import check_sheet
from sync.config.load import load_config
from sync.forget import forget
from sync.housekeeping import keep_house
from sync.office import NoProgress, open_office
from sync.report import Outcome, RunReport
from sync.run import RunRequest, Trigger, plan_sheet, run_sheet
from tests.sandbox_admin import Admin
from tests.world import ZONE, World

_ANSWERED = {"completed", "answered", "Answered"}
_MISSED = {"missed", "no-answer", "Missed"}
_EPOCH = datetime(1899, 12, 30)
CONNECTIONS: dict[str, dict[str, Any]] = {
    "justcall": {"vendor": "justcall", "api_key": "env:ALL_KEY", "api_secret": "env:ALL_SECRET"},
    "live": {
        "vendor": "justcall",
        "dialect": "v2.1",
        "api_key": "env:ALL_KEY",
        "api_secret": "env:ALL_SECRET",
    },
    "aircall": {"vendor": "aircall", "api_id": "env:ALL_KEY", "api_token": "env:ALL_SECRET"},
    "callscaler": {"vendor": "callscaler", "api_key": "env:ALL_KEY"},
    "callrail": {"vendor": "callrail", "api_key": "env:ALL_KEY", "account_id": "ACC111"},
}


class Several:
    """A sheet with tabs over several connections, on a sandbox that was just reset."""

    def __init__(self, world: World, *names: str) -> None:
        self.world, self.admin, self.folder = world, world.admin, world.folder
        self.names = names or ("justcall", "aircall", "callscaler")
        self.sheet: dict[str, Any] = {}
        self.tab: dict[str, Any] = {"period": "last 7 days"}
        self.summaries: list[dict[str, Any]] = []
        self.store: dict[str, Any] = {}

    def config(self) -> Any:
        """Write the config and read it."""
        url = self.admin.url
        google = {
            "credentials": "anonymous",
            "sheets_url": url,
            "drive_url": url,
            "spreadsheet_writes_per_second": 9999,
        }
        google |= {"writes_per_minute": 100_000, "reads_per_minute": 100_000}
        of_each = {
            name: {**CONNECTIONS[name], "base_url": f"{url}/{CONNECTIONS[name]['vendor']}", "requests_per_minute": 9999}
            for name in self.names
        }
        tab = {"title": "All", "connection": list(self.names), "stream": "all_calls", **self.tab}
        sheet = {"name": "all", "spreadsheet": self.world.spreadsheet, "timezone": ZONE, **self.sheet, "tab": [tab]}
        if self.summaries:
            sheet["summary"] = self.summaries
        path = self.folder / "all.toml"
        path.write_text(tomlkit.dumps({"google": google, "store": self.store, "connection": of_each, "sheet": [sheet]}))
        return load_config(path)

    def run(self, **wanted: Any) -> RunReport:
        """Run the sheet; the log then holds this run alone."""
        self.admin.clear_log()
        config = self.config()
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now(), **wanted)
        with open_office(config) as office:
            report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=threading.Event())
        assert report.error is None, report.error
        for tab in report.tabs:
            assert tab.error is None, tab.error
        return report

    def rows(self, title: str = "All") -> list[dict[str, Any]]:
        return self.world.rows_by_header(title)

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls of every vendor's own data, in a form of the test's own."""
        return [call for name in self.names for call in _CALLS_OF[name](self.admin)]


def _call(connection: str, **told: Any) -> dict[str, Any]:
    word, is_out = told.pop("word"), told["direction"] == "outbound"
    answered, at = word in _ANSWERED, told.pop("at")
    missed = word in _MISSED and not is_out
    return {
        **told,
        "connection": connection,
        "at": at if isinstance(at, datetime) else datetime.fromisoformat(at),
        "answered": answered,
        "missed": missed,
        "seconds": told["seconds"] if answered else 0,
    }


def _of_justcall(admin: Admin, connection: str) -> Iterator[dict[str, Any]]:
    for c in admin.calls():
        is_out = c["direction"] == "outbound"
        call_id = c["call_id"] if connection == "justcall" else str(int(c["call_id"][5:], 16) >> 11)
        yield _call(
            connection,
            id=call_id,
            at=c["started_at"],
            direction=c["direction"],
            customer=c["to"] if is_out else c["from"],
            word=c["status"],
            seconds=c["duration"],
        )


def _of_aircall(admin: Admin) -> Iterator[dict[str, Any]]:
    for c in admin.truth("aircall", "calls"):
        word = "completed" if c["answered_at"] else "voicemail" if c["voicemail"] else "missed"
        yield _call(
            "aircall",
            id=str(c["id"]),
            at=datetime.fromtimestamp(c["started_at"], UTC),
            direction=c["direction"],
            customer=c["raw_digits"],
            word=word,
            seconds=c["ended_at"] - c["answered_at"] if c["answered_at"] else 0,
        )


def _of_callscaler(admin: Admin) -> Iterator[dict[str, Any]]:
    for c in admin.truth("callscaler", "calls"):
        told = {"id": c["id"], "at": c["created_at"], "direction": c["direction"], "customer": c["caller_number"]}
        yield _call("callscaler", **told, word=c["status"], seconds=c["duration_seconds"])


def _of_callrail(admin: Admin) -> Iterator[dict[str, Any]]:
    for c in admin.truth("callrail", "calls"):
        word = "answered" if c["answered"] else "voicemail" if c["voicemail"] else "missed"
        told = {"id": c["id"], "at": c["start_time"], "direction": c["direction"], "seconds": c["duration"]}
        yield _call("callrail", **told, customer=c["customer_phone_number"], word=word)


_CALLS_OF = {
    "justcall": lambda admin: list(_of_justcall(admin, "justcall")),
    "live": lambda admin: list(_of_justcall(admin, "live")),
    "aircall": lambda admin: list(_of_aircall(admin)),
    "callscaler": lambda admin: list(_of_callscaler(admin)),
    "callrail": lambda admin: list(_of_callrail(admin)),
}


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())


def _returned(call: dict[str, Any], calls: list[dict[str, Any]]) -> tuple[bool | None, int | None]:
    """Return whether a call was returned, and how often that was tried, by looking at all calls."""
    if call["direction"] == "outbound" or call["answered"]:
        return None, None
    later = [c for c in calls if c["at"] > call["at"] and _digits(c["customer"]) == _digits(call["customer"])]
    spoken = min((c["at"] for c in later if c["answered"]), default=None)
    tried = [c for c in later if c["direction"] == "outbound" and (spoken is None or c["at"] <= spoken)]
    return spoken is not None, len(tried)


def _day(at: datetime) -> Any:
    return at.astimezone(ZoneInfo(ZONE)).date()


def _in_period(calls: list[dict[str, Any]], days: int = 7) -> list[dict[str, Any]]:
    first = clock.local_date(clock.now(), ZoneInfo(ZONE)) - timedelta(days=days - 1)
    return [call for call in calls if _day(call["at"]) >= first]


def _assert_shows(several: Several) -> None:
    every = several.calls()
    wanted = {(call["connection"], call["id"]): call for call in _in_period(every)}
    rows = several.rows()
    keys = [(row["Connection"], str(row["Call ID"])) for row in rows]
    assert Counter(keys) == Counter(list(wanted))
    for key, row in zip(keys, rows, strict=True):
        call = wanted[key]
        told = (row["Direction"], row["Answered"], row["Missed"], row["Duration (s)"])
        assert told == (call["direction"], call["answered"], call["missed"], call["seconds"]), (key, row, call)
        assert (_EPOCH + timedelta(days=row["Started"])).isoformat(timespec="seconds") == call["at"].astimezone(
            ZoneInfo(ZONE)
        ).replace(tzinfo=None).isoformat(timespec="seconds")
        assert _digits(str(row["Customer number"])) == _digits(call["customer"])
        assert (row["Returned"], row["Attempts"]) == _returned(call, every), (key, row)


@pytest.fixture
def several(world: World, monkeypatch: pytest.MonkeyPatch) -> Several:
    monkeypatch.setenv("ALL_KEY", "cs_key_test")
    monkeypatch.setenv("ALL_SECRET", "secret")
    world.admin.options(
        aircall={"requests_per_minute": 100_000},
        callscaler={"requests_per_minute": 100_000, "ai_delay_s": -3600},
        callrail={"requests_per_minute": 100_000},
    )
    return Several(world)


def test_one_tab_shows_the_calls_of_several_vendors_once_each_in_one_form(several: Several) -> None:
    (tab,) = several.run().tabs
    n = len(_in_period(several.calls()))
    assert tab.proof is not None
    assert (tab.proof.vendor, tab.proof.mirror, tab.proof.tab, tab.proof.missing) == (n, n, n, 0)
    _assert_shows(several)
    assert several.run().outcome is Outcome.UNCHANGED
    assert len(several.admin.log(service="google", kind="write")) == 0
    assert len(several.admin.log(service="google", kind="read")) <= 2


@pytest.mark.full
def test_a_connection_that_cannot_be_read_is_named_and_the_tab_stays_as_it_is(several: Several) -> None:
    several.run()
    before = several.rows()
    several.admin.arrive_at("aircall", 2)
    several.admin.fault(service="callscaler", do="refuse", status=401, times=99)
    with open_office(several.config()) as office:
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        sheet = office.config.sheets[0]
        report = run_sheet(office, sheet, request, progress=NoProgress(), stop=threading.Event())
    (error,) = {tab.error for tab in report.tabs}
    assert error is not None
    assert (error.kind, error.connection) == ("CredentialsRefused", "callscaler")
    assert several.rows() == before
    several.admin.clear_faults()
    several.run()
    _assert_shows(several)


@pytest.mark.full
@pytest.mark.parametrize("names", [("live", "callrail"), ("aircall",), tuple(CONNECTIONS)], ids=" ".join)
@pytest.mark.parametrize("mode", ["upsert", "append", "replace"])
def test_any_connections_and_every_mode_show_them(several: Several, names: tuple[str, ...], mode: str) -> None:
    several.names = names
    several.tab |= {"mode": mode, "order": "newest first" if mode == "append" else "oldest first"}
    several.run()
    _assert_shows(several)
    for name in dict.fromkeys(CONNECTIONS[name]["vendor"] for name in names):
        several.admin.arrive_at(name, 3)
    several.run()
    if mode != "append":  # whose rows stay as they came
        _assert_shows(several)
    assert several.run().outcome is Outcome.UNCHANGED


@pytest.mark.full
def test_a_summary_over_several_vendors_counts_what_their_calls_say(several: Several) -> None:
    several.summaries = [
        {
            "title": "By vendor",
            "of": "All",
            "group_by": ["vendor"],
            "metrics": ["count", "answered_count", "missed_count", "total_duration", "unique_callers"],
        },
        {
            "title": "Own",
            "connection": list(several.names),
            "stream": "all_calls",
            "period": "last 3 days",
            "group_by": ["connection", "direction"],
            "metrics": ["count"],
        },
    ]
    several.run()
    calls = _in_period(several.calls())
    titles = {"JustCall": "justcall", "Aircall": "aircall", "CallScaler": "callscaler"}
    for row in several.rows("By vendor"):
        mine = [c for c in calls if row["Vendor"] == "Total" or c["connection"] == titles[row["Vendor"]]]
        told = (row["Calls"], row["Answered"], row["Missed"], row["Total duration (s)"], row["Unique callers"])
        n_answered, n_missed = sum(c["answered"] for c in mine), sum(c["missed"] for c in mine)
        n_callers = len({c["customer"] for c in mine})
        assert told == (len(mine), n_answered, n_missed, sum(c["seconds"] for c in mine), n_callers)
    wanted = Counter((c["connection"], c["direction"]) for c in _in_period(several.calls(), 3))
    *groups, total = several.rows("Own")
    assert {(row["Connection"], row["Direction"]): row["Calls"] for row in groups} == wanted
    assert total["Calls"] == wanted.total()
    assert several.run().outcome is Outcome.UNCHANGED
    assert len(several.admin.log(service="google", kind="write")) == 0


def _missed_once(several: Several) -> dict[str, Any]:
    """Return a missed call of some days ago whose customer called, or was called, never again."""
    every = several.calls()
    alone = Counter(call["customer"] for call in every)
    before = clock.now() - timedelta(days=1)
    of_first = (c for c in _in_period(every) if c["connection"] == "justcall" and c["missed"] and c["at"] < before)
    return next(call for call in of_first if alone[call["customer"]] <= len(several.names))


def test_a_missed_call_leaves_the_list_when_another_vendor_returned_it_and_takes_its_notes_along(
    several: Several,
) -> None:
    several.tab |= {
        "where": ["missed = yes", "returned = no"],
        "columns": ["connection", "call_id", "started_at", "caller", "attempts"],
    }
    several.run()
    every = several.calls()
    wanted = {(c["connection"], c["id"]) for c in _in_period(every) if c["missed"] and _returned(c, every)[0] is False}
    assert {(row["Connection"], str(row["Call ID"])) for row in several.rows()} == wanted
    call = _missed_once(several)
    assert (call["connection"], call["id"]) in wanted
    header, *rows = several.world.tab("All")
    at = next(n for n, row in enumerate(rows, 2) if row[header.index("Call ID")] == call["id"])
    several.admin.edit(several.world.spreadsheet, values=[{"range": f"All!H{at}", "values": [["rang twice"]]}])
    later = next(
        c
        for c in several.admin.truth("callscaler", "calls")
        if c["direction"] == "outbound" and datetime.fromisoformat(c["created_at"]) > call["at"] + timedelta(hours=1)
    )
    digits = _digits(call["customer"])
    returned = {"caller_number": f"({digits[1:4]}) {digits[4:7]}-{digits[7:]}", "status": "no-answer"}
    several.admin.edit_at("callscaler", kind="calls", ids=[later["id"]], fields=returned)
    several.run()
    tried = next(row for row in several.rows() if row["Call ID"] == call["id"])
    assert tried["Attempts"] == 1  # nobody answered, so it stays
    several.admin.edit_at("callscaler", kind="calls", ids=[later["id"]], fields={"status": "completed"})
    several.run()
    assert call["id"] not in {row["Call ID"] for row in several.rows()}
    removed = several.world.tab("Removed rows")
    assert any(call["id"] in row and "rang twice" in row for row in removed)
    assert several.run().outcome is Outcome.UNCHANGED


@pytest.mark.full
def test_a_call_of_a_period_that_is_over_is_known_to_be_returned_after_it(several: Several) -> None:
    yesterday = clock.local_date(clock.now(), ZoneInfo(ZONE)) - timedelta(days=4)
    several.tab["period"] = f"{yesterday - timedelta(days=2)}..{yesterday}"
    several.run()
    every = several.calls()
    wanted = {(c["connection"], c["id"]): _returned(c, every) for c in every}
    rows = several.rows()
    assert rows
    for row in rows:
        assert (row["Returned"], row["Attempts"]) == wanted[row["Connection"], str(row["Call ID"])]


@pytest.mark.full
def test_a_plan_a_check_and_a_forgotten_person_know_all_calls_too(several: Several) -> None:
    config = several.config()
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    with open_office(config) as office:
        sheet = config.sheets[0]
        sample = pull_sample(office, "aircall", "all_calls", n=2, stop=threading.Event())
        assert [record.values["connection"] for record in sample.records] == ["aircall"] * 2
        plan = plan_sheet(office, sheet, request, offline=False, progress=NoProgress(), stop=threading.Event())
        lines = check_sheet(office, sheet)
    n = len(_in_period(several.calls()))
    assert (plan.error, plan.tabs[0].rows_after) == (None, n)
    assert all(line.ok is not False for line in lines)
    assert {line.text.partition(":")[0] for line in lines} >= set(several.names)
    several.run()
    number = several.rows()[0]["Customer number"]
    agent = next(row["Agent"] for row in several.rows() if row["Agent"] and row["Connection"] == "aircall")
    with open_office(several.config()) as office:
        done = forget(
            office,
            phones=[f"+{_digits(number)}"],
            agents=[agent],
            connection="aircall",
            dry=False,
            stop=threading.Event(),
        )
    assert (done.left, [report.outcome for report in done.reports]) == ([], [Outcome.OK])
    left = several.rows()
    assert _digits(number) not in {_digits(row["Customer number"]) for row in left}
    assert not [row for row in left if (row["Agent"], row["Connection"]) == (agent, "aircall")]
    assert [row for row in left if row["Agent"] == agent]  # of the same name at another vendor
    several.run()
    assert json.dumps(several.rows()) == json.dumps(left)


@pytest.mark.full
def test_a_connection_may_come_to_the_others_later_and_one_that_goes_takes_no_row_along(several: Several) -> None:
    several.names = ("justcall", "aircall")
    several.run()
    notes = [{"range": "All!AA2", "values": [["seen"]]}]
    several.admin.edit(
        several.world.spreadsheet,
        requests=[{"appendDimension": {"sheetId": _sheet_id(several), "dimension": "COLUMNS", "length": 12}}],
        values=notes,
    )
    noted = str(several.world.tab("All")[1][:3])
    several.names = ("justcall", "aircall", "callscaler")
    several.run()
    _assert_shows(several)
    assert [str(row[:3]) for row in several.world.tab("All") if row[-1] == "seen"] == [noted]
    several.names = ("justcall",)
    several.run()
    assert {row["Connection"] for row in several.rows()} == {"justcall", "aircall", "callscaler"}
    assert several.run().outcome is Outcome.UNCHANGED


def _sheet_id(several: Several) -> int:
    url = f"/v4/spreadsheets/{several.world.spreadsheet}"
    found = several.admin.http.get(url, headers={"Authorization": "Bearer test"}).json()["sheets"]
    return next(tab["properties"]["sheetId"] for tab in found if tab["properties"]["title"] == "All")


@pytest.mark.full
def test_all_calls_are_compared_with_those_of_the_days_before(several: Several) -> None:
    several.tab["period"] = "last 5 days"
    several.summaries = [
        {
            "title": "Changes",
            "of": "All",
            "group_by": ["connection"],
            "metrics": ["count"],
            "compare": "previous period",
        }
    ]
    several.run()
    every = several.calls()
    now = Counter(call["connection"] for call in _in_period(every, 5))
    before = Counter(call["connection"] for call in _in_period(every, 10)) - now
    for row in several.rows("Changes")[:-1]:
        name = row["Connection"]
        assert (row["Calls"], row["Calls · change"]) == (now[name], now[name] - before[name])
    assert several.run().outcome is Outcome.UNCHANGED


@pytest.mark.full
def test_records_that_no_tab_shows_are_trimmed_from_all_mirrors_and_rows_that_stay_keep_theirs(
    several: Several,
) -> None:
    several.store = {"keep_records": "2 days"}
    several.tab["period"] = "last 9 days"
    several.run()
    shown = sorted(str(row) for row in several.rows())
    several.tab["period"] = "last 3 days"
    several.run()
    later = clock.now() + timedelta(days=2)
    clock.set_now(lambda: later)
    try:
        with open_office(several.config()) as office:
            n_gone = keep_house(office, now=later)["records"]
        assert n_gone > 0
        several.run(rebuild=True)
    finally:
        clock.set_now(None)
    assert sorted(str(row) for row in several.rows()) == shown
