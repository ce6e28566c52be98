"""Every template fills from the sandbox: each value is worked out again here from what the vendors hold."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync.check import check_sheet
from sync.config.templates import names
from sync.office import NoProgress, open_office
from sync.report import Outcome
from sync.run import RunRequest, Trigger, plan_sheet
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin
from tests.template_desk import ZONE, TemplateDesk, be_generous

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)  # the clocks of the sheet's zone changed in the period
EPOCH = date(1899, 12, 30)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_S = 86_400
Call = dict[str, Any]


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    options = SandboxOptions(calls=CallOptions(n_calls=700, days=40, until=NOW))
    with SandboxServer(options=options) as server, Admin(server.url) as opened:
        be_generous(opened)
        yield opened


@pytest.fixture
def desk(admin: Admin, tmp_path: Path, freeze: Any) -> Callable[..., TemplateDesk]:
    """Fill a sheet from a template; a second run must find nothing to do."""
    freeze(NOW)

    def fill(template: str, *connections: str, **options: Any) -> TemplateDesk:
        filled = TemplateDesk(admin, tmp_path, template, *connections, **options)
        report = filled.run()
        assert report.outcome is Outcome.OK
        assert filled.run().outcome is Outcome.UNCHANGED
        assert admin.log(service="google", kind="write") == []
        assert list(_cut_headers(filled)) == []
        return filled

    return fill


def _cut_headers(desk: TemplateDesk) -> Iterator[tuple[str, str]]:
    """Yield the headers that are wider than their column; a bold letter takes about 7 pixels."""
    fields = "sheets(properties(title),data(columnMetadata(pixelSize)))"
    tabs = desk.admin.book(desk.spreadsheet, fields)
    widths = {tab["properties"]["title"]: tab["data"][0]["columnMetadata"] for tab in tabs if tab.get("data")}
    for title in desk.config().sheets[0].titles:
        header = desk.admin.tab_values(desk.spreadsheet, title)[0]
        for text, column in zip(header, widths[title], strict=False):
            if len(text) * 6.8 + 6 > column.get("pixelSize", 100):
                yield title, text


def _looks(desk: TemplateDesk, title: str) -> tuple[int, list[str]]:
    """Return how many charts a tab has, and which kinds of rules colour it."""
    found = {tab["properties"]["title"]: tab for tab in desk.admin.book(desk.spreadsheet)}[title]
    rules = [
        key for rule in found.get("conditionalFormats", []) for key in ("gradientRule", "booleanRule") if key in rule
    ]
    return len(found.get("charts", [])), rules


def _answer(word: str, direction: str) -> str:
    """Say how a call ended in the words that all vendors share."""
    if word in ("missed", "no-answer"):
        return "missed" if direction == "inbound" else "unanswered"
    return {"completed": "answered"}.get(word, word)


def _call(connection: str, call: Call, at: Any, word: str, seconds: int, **more: Any) -> Call:
    at = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else datetime.fromisoformat(at)
    status = _answer(word, call["direction"])
    talk = seconds if status == "answered" else 0
    of_call = {"id": str(call.get("call_id", call.get("id"))), "direction": call["direction"], "status": status}
    return {"connection": connection, "at": at.astimezone(ZoneInfo(ZONE)), "seconds": talk, **of_call, **more}


def _calls(admin: Admin, connection: str) -> Iterator[Call]:
    if connection == "justcall":
        for c in admin.calls():
            customer = c["to"] if c["direction"] == "outbound" else c["from"]
            agent = (c["agent_id"], c["agent_name"])
            yield _call(connection, c, c["started_at"], c["status"], c["duration"], customer=customer, agent=agent)
    elif connection == "aircall":
        for c in admin.truth("aircall", "calls"):
            word = "completed" if c["answered_at"] else "voicemail" if c["voicemail"] else "missed"
            seconds = c["ended_at"] - (c["answered_at"] or c["ended_at"])
            agent = (c["user"]["id"], c["user"]["name"]) if c["user"] else None
            yield _call(connection, c, c["started_at"], word, seconds, customer=c["raw_digits"], agent=agent)
    elif connection == "callscaler":
        money = ("source", "value_cents", "cost_cents", "qualified_ai")
        for c in admin.truth("callscaler", "calls"):
            more = {name: c[name] for name in money} | {"customer": c["caller_number"], "agent": None}
            yield _call(connection, c, c["created_at"], c["status"], c["duration_seconds"], **more)


def _period(calls: Iterable[Call], days: int) -> list[Call]:
    first = NOW.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=days - 1)
    return [call for call in calls if call["at"].date() >= first]


def _n(calls: Iterable[Call], **wanted: Any) -> int:
    return sum(all(call[name] == value for name, value in wanted.items()) for call in calls)


def _share(n: int, of: int) -> float | None:
    return n / of if of else None


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def _talk(calls: Iterable[Call]) -> float | None:
    mean = _mean(call["seconds"] for call in calls if call["status"] == "answered")
    return None if mean is None else mean / DAY_S


def _inbound_share(calls: list[Call], status: str) -> float | None:
    inbound = [call for call in calls if call["direction"] == "inbound"]
    return _share(_n(inbound, status=status), len(inbound))


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())


def _to_return(calls: list[Call]) -> list[Call]:
    """Return the inbound calls that nobody answered and after which nobody spoke with that number."""
    spoken: dict[str, list[datetime]] = defaultdict(list)
    for call in calls:
        if call["status"] == "answered":
            spoken[_digits(call["customer"])].append(call["at"])
    open_ = [c for c in calls if c["direction"] == "inbound" and c["status"] != "answered"]
    return [c for c in open_ if not any(at > c["at"] for at in spoken[_digits(c["customer"])])]


def _same(row: dict[str, Any], wanted: dict[str, Any]) -> None:
    for title, value in wanted.items():
        if isinstance(value, float):
            assert row[title] == pytest.approx(value, rel=1e-9), (title, row)
        else:
            assert row[title] == value, (title, row)


def _serial(at: datetime) -> float:
    return (at.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)


def _of_agent(calls: list[Call]) -> dict[str, Any]:
    return {
        "Calls": len(calls),
        "Inbound": _n(calls, direction="inbound"),
        "Outbound": _n(calls, direction="outbound"),
        "Answered": _n(calls, status="answered"),
        "Missed": _n(calls, status="missed"),
        "Answer rate": _inbound_share(calls, "answered"),
        "Average call": _talk(calls),
        "Time on calls": sum(call["seconds"] for call in calls) / DAY_S,
        "Customers": len({call["customer"] for call in calls}),
    }


def test_the_agent_scoreboard_shows_what_each_agent_did(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("agent scoreboard", "justcall")
    for days in (7, 30):
        calls = [call for call in _period(_calls(admin, "justcall"), days) if call["agent"][1]]
        *rows, total = filled.rows(f"Agents, {days} days")
        agents = Counter(call["agent"][0] for call in calls)
        latest = {call["agent"][0]: call["agent"][1] for call in sorted(calls, key=lambda call: call["at"])}
        assert Counter(row["Agent"] for row in rows) == Counter(latest[agent] for agent in agents)
        assert [row["Calls"] for row in rows] == sorted(agents.values(), reverse=True)
        assert total["Agent"] == "Total"
        _same(total, _of_agent(calls))
        for row in rows:
            mine = [
                _of_agent([call for call in calls if call["agent"][0] == agent])
                for agent in agents
                if latest[agent] == row["Agent"]
            ]
            match = [one for one in mine if one["Calls"] == row["Calls"] and one["Customers"] == row["Customers"]]
            assert match
            _same(row, match[0])


def test_the_call_log_shows_every_call_the_newest_on_top(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("call log", "justcall")
    first = NOW.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=29)
    calls = {
        c["call_id"]: c
        for c in admin.calls()
        if datetime.fromisoformat(c["started_at"]).astimezone(ZoneInfo(ZONE)).date() >= first
    }
    rows = filled.rows("Calls")
    assert {row["Call ID"] for row in rows} == set(calls)
    assert len(rows) == len(calls)
    assert [row["Time"] for row in rows] == sorted((row["Time"] for row in rows), reverse=True)
    for row in rows:
        c = calls[row["Call ID"]]
        at = datetime.fromisoformat(c["started_at"]).astimezone(ZoneInfo(ZONE))
        told = {"Phone number": c["from"], "Number called": c["to"], "Agent": c["agent_name"] or None}
        told |= {"Outcome": c["status"], "Direction": c["direction"], "Recording": c["recording_url"] or None}
        _same(row, {**told, "Time": _serial(at), "Duration": c["duration"] / DAY_S})
        if c["notes"] and len(c["notes"]) < 40_000 and "\0" not in c["notes"]:
            assert row["Notes"] == c["notes"]
    assert "booleanRule" in _looks(filled, "Calls")[1]
    assert _looks(filled, "How calls end")[0] == 1
    ends = {row["Outcome"]: row["Calls"] for row in filled.rows("How calls end")}
    assert ends == {**Counter(c["status"] for c in calls.values()), "Total": len(calls)}


@pytest.mark.full
def test_daily_volume_has_a_row_for_each_day_and_week(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("daily volume", "aircall", "callscaler")
    calls = [*_calls(admin, "aircall"), *_calls(admin, "callscaler")]
    *rows, total = filled.rows("By day")
    assert len(rows) == 30
    for row in rows:
        mine = [call for call in calls if call["at"].date() == EPOCH + timedelta(days=row["Date"])]
        _same(
            row,
            {
                "Calls": len(mine),
                "Answered": _n(mine, status="answered"),
                "Missed": _n(mine, status="missed"),
                "Voicemail": _n(mine, status="voicemail"),
                "Missed share": _inbound_share(mine, "missed"),
                "Average call": _talk(mine),
            },
        )
    assert total["Calls"] == len(_period(calls, 30))
    assert _looks(filled, "By day") == (1, ["booleanRule", "booleanRule"])  # the totals, and what is missed
    assert _looks(filled, "By week")[0] == 1
    *weeks, total = filled.rows("By week")
    assert total["Customers"] == len({_digits(call["customer"]) for call in _period(calls, 91)})
    for row in weeks:
        monday = EPOCH + timedelta(days=row["Week of"])
        mine = [c for c in calls if monday <= c["at"].date() < monday + timedelta(days=7)]
        told = {"Calls": len(mine), "Missed": _n(mine, status="missed")}
        _same(row, {**told, "Missed share": _inbound_share(mine, "missed")})


@pytest.mark.full
def test_source_roi_tells_what_each_source_brought_and_cost(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("source ROI", "callscaler")
    calls = _period(_calls(admin, "callscaler"), 30)
    *rows, total = filled.rows("Sources")
    assert {row["Source"] for row in rows} == {call["source"] or "(none)" for call in calls}
    assert [row["Value"] for row in rows] == sorted((row["Value"] for row in rows), reverse=True)
    for row in (*rows, total):
        mine = [call for call in calls if row["Source"] in ("Total", call["source"] or "(none)")]
        value, cost = (sum(call[name] or 0 for call in mine) for name in ("value_cents", "cost_cents"))
        _same(
            row,
            {
                "Calls": len(mine),
                "Answer rate": _share(_n(mine, status="answered"), len(mine)),
                "Qualified": _n(mine, qualified_ai=True),
                "Value": value / 100,
                "Cost": cost / 100,
                "Value per cost": value / cost,
            },
        )


@pytest.mark.full
@pytest.mark.parametrize(("connection", "campaign"), [("callscaler", "utm_campaign"), ("callrail", "utm_campaign")])
def test_campaigns_are_told_with_their_calls(
    desk: Callable[..., TemplateDesk], admin: Admin, connection: str, campaign: str
) -> None:
    filled = desk("campaign performance", connection)
    at = "created_at" if connection == "callscaler" else "start_time"
    calls = [
        {**c, "at": datetime.fromisoformat(c[at]).astimezone(ZoneInfo(ZONE))} for c in admin.truth(connection, "calls")
    ]
    wanted = Counter(call[campaign] for call in _period(calls, 30) if call[campaign])
    header = admin.tab_values(filled.spreadsheet, "Campaigns")[0]
    rows = filled.rows("Campaigns")
    shown = {row[header[0]]: row["Calls"] for row in rows}
    assert shown.pop("Total") == wanted.total()
    cut = [name for name in shown if name.endswith("not shown")]
    assert sum(shown.values()) == wanted.total()
    for name in cut:
        del shown[name]
    assert shown.items() <= wanted.items()
    assert ("Value" in header) == (connection == "callscaler")


@pytest.mark.full
def test_calls_to_return_are_those_after_which_nobody_spoke(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    connections = ("justcall", "aircall", "callscaler")
    filled = desk("missed calls to return", *connections)
    calls = [call for name in connections for call in _calls(admin, name)]
    wanted = {(c["connection"], c["id"]): c for c in _period(_to_return(calls), 14)}
    rows = filled.rows("Calls to return")
    assert {(row["Connection"], str(row["Call ID"])) for row in rows} == set(wanted)
    for row in rows:
        call = wanted[row["Connection"], str(row["Call ID"])]
        assert _digits(str(row["Number"])) == _digits(call["customer"])
        _same(row, {"Called at": _serial(call["at"]), "How it ended": call["status"]})
    days = Counter((call["at"].date() - EPOCH).days for call in wanted.values())
    *by_day, total = filled.rows("Waiting by day")
    assert {row["Date"]: row["Calls to return"] for row in by_day} == days
    assert total["Calls to return"] == len(wanted)


@pytest.mark.full
@pytest.mark.parametrize(("connection", "kind"), [("live", "live_texts"), ("justcall", "texts")])
def test_the_messages_log_shows_every_text(
    desk: Callable[..., TemplateDesk], admin: Admin, connection: str, kind: str
) -> None:
    filled = desk("messages log", connection)
    rows = filled.rows("Messages")
    texts = admin.truth("justcall", kind)
    assert 0 < len(rows) <= len(texts)
    assert [row["Time"] for row in rows] == sorted((row["Time"] for row in rows), reverse=True)
    *days, total = filled.rows("Messages by day")
    assert len(days) == 30
    assert total["Total"] == len(rows)
    of_day = Counter((int(row["Time"]), row["Direction"]) for row in rows)
    assert of_day == {
        (d["Date"], side): d[side]
        for d in days
        for side in ("inbound", "outbound", "Incoming", "Outgoing")
        if d.get(side)
    }


@pytest.mark.full
def test_user_status_time_adds_up_every_status(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("user status time", "aircall")
    rows = filled.rows("Status changes")
    wanted: dict[tuple[str, str], int] = defaultdict(int)
    n_wanted = 0
    for row in admin.truth("aircall", "user_status_history"):
        at = datetime.fromisoformat(row["started_at"]).astimezone(ZoneInfo(ZONE))
        if at.date() >= NOW.astimezone(ZoneInfo(ZONE)).date() - timedelta(days=6):
            wanted[row["user"], row["status"]] += row["duration"] or 0
            n_wanted += 1
    assert len(rows) == n_wanted
    shown = sum((row["How long"] or 0) for row in rows) * DAY_S
    assert shown == pytest.approx(sum(wanted.values()))
    *users, total = filled.rows("Time by status")
    assert total["Total"] * DAY_S == pytest.approx(shown)
    for status in {status for _, status in wanted}:
        found = sorted(round((row[status] or 0) * DAY_S) for row in users)
        assert sum(found) == sum(n for (_, of), n in wanted.items() if of == status)


@pytest.mark.full
def test_the_overview_puts_all_connections_side_by_side(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    connections = ("justcall", "aircall", "callscaler")
    filled = desk("overview", *connections)
    every = [call for name in connections for call in _calls(admin, name)]
    calls, waiting = _period(every, 30), _period(_to_return(every), 30)
    rows = {row["Connection"]: row for row in filled.rows("By connection") if row["Vendor"] != "Total"}
    assert set(rows) == set(connections)
    for name, row in rows.items():
        mine = [call for call in calls if call["connection"] == name]
        told = {key: value for key, value in _of_agent(mine).items() if key != "Answered"}
        told["Customers"] = len({_digits(call["customer"]) for call in mine})
        _same(row, {**told, "Still to return": _n(waiting, connection=name)})
    *days, total = filled.rows("Calls by day")
    titles = {"JustCall": "justcall", "Aircall": "aircall", "CallScaler": "callscaler"}
    for title, name in titles.items():
        of_days = Counter((call["at"].date() - EPOCH).days for call in calls if call["connection"] == name)
        assert Counter({day["Date"]: day[title] for day in days if day[title]}) == of_days
    assert total["Total"] == len(calls)


@pytest.mark.full
def test_best_hours_counts_inbound_calls_by_hour_and_weekday(desk: Callable[..., TemplateDesk], admin: Admin) -> None:
    filled = desk("best hours", "justcall")
    inbound = [c for c in _period(_calls(admin, "justcall"), 30) if c["direction"] == "inbound"]
    wanted = Counter((call["at"].hour, WEEKDAYS[call["at"].weekday()]) for call in inbound)
    assert _looks(filled, "Calls by hour") == (0, ["booleanRule", "gradientRule"])
    *rows, total = filled.rows("Calls by hour")
    assert list(rows[0]) == ["Hour of day", *WEEKDAYS, "Total"]
    assert [row["Hour of day"] for row in rows] == list(range(24))
    assert Counter({key: n for key, n in _cross(rows).items() if n}) == wanted
    assert total["Total"] == len(inbound)
    missed = _cross(filled.rows("Missed by hour")[:-1])
    of_missed = Counter((c["at"].hour, WEEKDAYS[c["at"].weekday()]) for c in inbound if c["status"] == "missed")
    for key, n in wanted.items():
        assert missed[key] == pytest.approx(of_missed[key] / n), key


def _cross(rows: list[dict[str, Any]]) -> dict[tuple[int, str], Any]:
    return {(row["Hour of day"], day): row[day] for row in rows for day in WEEKDAYS}


@pytest.mark.full
def test_check_and_plan_know_the_tabs_of_a_template(admin: Admin, tmp_path: Path, freeze: Any) -> None:
    freeze(NOW)
    made = TemplateDesk(admin, tmp_path, "missed calls to return", "justcall", "aircall", log="Sync log")
    config = made.config()
    request = RunRequest(trigger=Trigger.PERSON, requested_at=NOW)
    with open_office(config) as office:
        lines = check_sheet(office, config.sheets[0])
        assert all(line.ok is not False for line in lines), lines
        told = [line.text for line in lines if line.text.startswith("tab ")]
        titles = ("Calls to return", "Waiting by day", "Sync log")
        assert told == [f'tab "{title}": will be made' for title in titles]
        plan = plan_sheet(
            office, config.sheets[0], request, offline=False, progress=NoProgress(), stop=threading.Event()
        )
    assert plan.error is None
    assert tuple(tab.title for tab in plan.tabs) == titles
    planned = {tab.title: tab.rows_after for tab in plan.tabs}
    made.run()
    assert planned == {title: len(made.rows(title)) for title in titles}


def test_every_template_is_tried_here() -> None:
    text = Path(__file__).read_text()
    assert [name for name in names() if f'desk("{name}"' not in text] == []
