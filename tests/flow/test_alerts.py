"""Alerts go out once for each incident, with the next step; the heartbeat follows good runs; neither harms a run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from sync import clock, log
from sync.clock import parse_duration
from sync.errors import Problem
from sync.incidents import note_problems, note_run
from sync.office import Office, open_office
from sync.report import ErrorReport, Outcome, RunReport, TabReport
from sync.store.incidents import open_incidents
from sync.watch import Watch, after_run_by_hand, tell_incidents
from tests.daemon_desk import eventually
from tests.receiver import Receiver, receiver
from tests.world import World, stopped_ahead

PATIENCE_S = 20
WORD = "t0p-secret-word"


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Give the world's config an address for alerts and one for the heartbeat."""
    with receiver() as listening:
        monkeypatch.setenv("AN_ALERT_ADDRESS", f"json://{listening.host}/{WORD}")
        monkeypatch.setenv("A_HEARTBEAT", f"http://{listening.host}/ping/{WORD}")
        world.swaps = {
            "[connection.justcall]": '[alerts]\nurls = ["env:AN_ALERT_ADDRESS"]\nheartbeat = "env:A_HEARTBEAT"\n\n'
            "[connection.justcall]",
            'name = "support"': 'name = "support"\nevery = "15m"',
        }
        yield listening


@pytest.fixture
def office(world: World, there: Receiver) -> Iterator[Office]:
    with open_office(world.config()) as opened:
        yield opened


def _tell(office: Office, report: RunReport) -> bool:
    note_run(office.store, report, at=clock.now())
    return tell_incidents(office)


def _report(sheet: str = "support", **words: object) -> RunReport:
    values = {"outcome": Outcome.OK, "started_at": clock.now(), "seconds": 1.0, **words}
    return RunReport(sheet=sheet, **values)  # type: ignore[arg-type]


def _failed(sheet: str, kind: str = "Unreachable", **words: object) -> RunReport:
    values = {"message": "It broke.", "hint": "Mend it.", "exit_code": 7, **words}
    return _report(sheet, outcome=Outcome.FAILED, error=ErrorReport(kind=kind, **values))  # type: ignore[arg-type]


def test_a_refused_key_is_told_once_with_the_next_step_and_its_end_once(
    world: World, there: Receiver, office: Office
) -> None:
    world.admin.options(justcall={"accepted_keys": ["other:key"]})
    for _ in range(3):
        _tell(office, world.run())
    (alert,) = there.alerts
    assert alert["title"] == "Callsheet: credentials refused for support"
    assert alert["type"] == "failure"
    assert "Next step: " in alert["message"]
    world.admin.options(justcall={"accepted_keys": None})
    for _ in range(2):
        _tell(office, world.run())
    assert there.titles[1:] == ["Callsheet: over: credentials refused for support"]
    assert there.alerts[1]["type"] == "success"
    assert open_incidents(office.store) == []


def test_one_key_that_several_sheets_use_is_one_incident_and_over_when_the_last_of_them_is_well(
    there: Receiver, office: Office
) -> None:
    for sheet in ("a", "b", "c"):
        _tell(office, _failed(sheet, "CredentialsRefused", exit_code=5, connection="justcall"))
    assert len(there.alerts) == 1
    for sheet in ("a", "b"):
        _tell(office, _report(sheet))
    assert len(there.alerts) == 1
    _tell(office, _report("c"))
    assert [title.startswith("Callsheet: over") for title in there.titles] == [False, True]


def test_a_guard_that_stops_one_tab_is_told_and_names_the_tab(there: Receiver, office: Office) -> None:
    error = ErrorReport(kind="UnexpectedlyEmpty", message="Nothing came.", hint="Give --allow-empty.", exit_code=4)
    tab = TabReport(title="Calls", outcome=Outcome.STOPPED, error=error)
    _tell(office, _report(outcome=Outcome.STOPPED, tabs=(tab,)))
    (alert,) = there.alerts
    assert alert["title"] == "Callsheet: support was stopped to do no harm"
    assert "support, Calls: Nothing came." in alert["message"]
    assert alert["message"].endswith("Next step: Give --allow-empty.")


@pytest.mark.parametrize(
    ("kind", "exit_code", "title"),
    [
        ("Unreachable", 7, "support failed"),
        ("NotShared", 5, "the spreadsheet of support cannot be opened"),
        ("Unforeseen", 1, "support met a mistake of the program"),
    ],
)
def test_a_failure_is_told_once_by_its_kind_with_the_next_step_and_its_end_once(
    there: Receiver, office: Office, kind: str, exit_code: int, title: str
) -> None:
    for _ in range(3):
        _tell(office, _failed("support", kind, exit_code=exit_code))
    (alert,) = there.alerts
    assert alert["title"] == f"Callsheet: {title}"
    assert alert["message"].endswith("Next step: Mend it.")
    for _ in range(2):
        _tell(office, _report("support"))
    assert there.titles[1:] == [f"Callsheet: over: {title}"]


def test_a_spreadsheet_that_is_nearly_full_is_a_warning_until_it_has_room_again(
    there: Receiver, office: Office
) -> None:
    _tell(office, _report(fullness=0.89))
    assert there.alerts == []
    for _ in range(2):
        _tell(office, _report(fullness=0.93))
    (alert,) = there.alerts
    assert alert["type"] == "warning"
    assert "93%" in alert["message"]
    _tell(office, _report(fullness=0.5))
    assert len(there.alerts) == 2


def test_the_same_mistakes_of_a_config_are_told_once_and_others_anew(there: Receiver, office: Office) -> None:
    first = Problem(file="config.toml", line=3, field="sheet.every", what="It is wrong.")
    other = Problem(file="config.toml", line=9, field="sheet.name", what="It is missing.")
    for problems in ([first], [first], [other], []):
        note_problems(office.store, problems, at=clock.now())
        tell_incidents(office)
    assert there.titles == ["Callsheet: the config is broken"] * 2 + ["Callsheet: over: the config is broken"]
    assert "config.toml:3" in there.alerts[0]["message"]
    assert "callsheet check" in there.alerts[0]["message"]


def test_an_address_that_takes_nothing_breaks_no_run_is_told_without_its_secret_and_hears_of_itstopped_ahead(
    world: World, there: Receiver, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    log.setup("info", json=True)
    there.status = 500
    world.admin.options(justcall={"accepted_keys": ["other:key"]})
    report = world.run()
    after_run_by_hand(office, report)  # what a person sees is no incident
    assert there.alerts == []
    assert not _tell(office, report)
    errors = capsys.readouterr().err
    (line,) = [found for text in errors.splitlines() if (found := json.loads(text))["action"] == "alert-failed"]
    assert line["address"] == "env:AN_ALERT_ADDRESS"
    assert WORD not in errors
    there.status = 200
    assert tell_incidents(office)
    assert len(there.alerts) == 1


def test_the_heartbeat_follows_good_runs_only(world: World, there: Receiver, office: Office) -> None:
    watch = Watch(lambda: office)
    watch.start()
    watch.run_ended(world.run())
    eventually(lambda: len(there.beats) == 1)
    watch.run_ended(_failed("support"))
    eventually(lambda: len(there.alerts) == 1)
    watch.stop(within=timedelta(seconds=PATIENCE_S))
    assert not watch.is_alive
    assert there.beats == [f"/ping/{WORD}"]


def test_a_sheet_without_a_good_run_for_twice_its_interval_is_told_once_and_over_with_the_next_good_run(
    world: World, there: Receiver, office: Office
) -> None:
    world.run()
    for minutes, told in ((29, 0), (46, 1), (50, 1)):
        with stopped_ahead(minutes=minutes):
            _look_once(office)
        assert there.titles == ["Callsheet: support has not been updated for too long"] * told
    assert "callsheet status support" in there.alerts[0]["message"]
    with stopped_ahead(minutes=55):
        _tell(office, world.run())
    assert there.titles[1:] == ["Callsheet: over: support has not been updated for too long"]


def test_calls_that_the_vendor_is_about_to_forget_unread_are_told(
    world: World, there: Receiver, office: Office
) -> None:
    world.run()
    with stopped_ahead(days=60):
        _look_once(office)
        assert not any("lose data" in title for title in there.titles)
    with stopped_ahead(days=80):
        _look_once(office)
    (alert,) = [alert for alert in there.alerts if "lose data" in alert["title"]]
    assert "90 days" in alert["message"]
    lost_at = alert["message"].split("not read before ")[1][:10]
    left = datetime.fromisoformat(lost_at).date() - clock.now().date()
    assert parse_duration("88 days") <= left <= parse_duration("91 days")


def test_a_sheet_that_has_left_the_config_is_not_told_of_any_more(there: Receiver, office: Office) -> None:
    _tell(office, _failed("gone"))
    _look_once(office)
    assert len(there.alerts) == 1
    assert open_incidents(office.store) == []


def test_two_that_tell_at_the_same_time_tell_once(there: Receiver, office: Office) -> None:
    note_run(office.store, _failed("support"), at=clock.now())
    threads = [threading.Thread(target=tell_incidents, args=(office,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(there.alerts) == 1


def _look_once(office: Office) -> None:
    """Let a watch that begins now look, tell, and end."""
    watch = Watch(lambda: office)
    watch.start()
    eventually(lambda: watch.has_looked)
    watch.stop(within=timedelta(seconds=PATIENCE_S))
