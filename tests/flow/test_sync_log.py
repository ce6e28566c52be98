"""The tab that tells what became of each run: what its lines say, what they cost, and whose notes they spare."""

from __future__ import annotations

from typing import Any

import pytest

from sync import sync_log
from tests.world import ZONE, World

LOG = f'timezone = "{ZONE}"\nlog = "Sync log"'


@pytest.fixture
def logged(world: World) -> World:
    world.swaps = {f'timezone = "{ZONE}"': LOG}
    return world


def _lines(world: World) -> list[dict[str, Any]]:
    return world.rows_by_header("Sync log")


def test_the_log_tells_in_plain_words_what_a_run_did_and_stands_newest_first(logged: World) -> None:
    first = logged.run()
    n_calls = len(logged.wanted())
    (line,) = _lines(logged)
    assert (line["Outcome"], line["New"], line["Changed"], line["Removed"]) == ("Updated", n_calls, 0, 0)
    assert (line["What happened"], line["Started by"]) == (f"Calls: {n_calls:,} new.", "By hand")
    assert line["Run"] == first.run_id[:12]
    edited = list(logged.wanted())[:2]
    logged.admin.edit_calls(call_ids=edited, fields={"notes": "told apart from those that arrive"})
    logged.admin.arrive(3)
    second = logged.run()
    newest, older = _lines(logged)
    assert newest["Run"] == second.run_id[:12]
    assert newest["What happened"].startswith("Calls: 3 new")
    assert newest["Changed"] == len(edited)
    assert older["Run"] == first.run_id[:12]
    assert older["Requests"] == sum(first.requests.values())  # put right once the run had ended
    logged.assert_tab_equals_vendor()


def test_a_run_that_changes_nothing_writes_nothing_and_the_next_that_does_tells_of_it_for_no_request_more(
    logged: World,
) -> None:
    logged.run()
    for _ in range(3):
        assert logged.run().outcome == "unchanged"
        assert (logged.n_requests("read"), logged.n_requests("write")) == (2, 0)
    logged.admin.arrive(2)
    with_log = logged.run()
    newest, folded, _ = _lines(logged)
    assert newest["Outcome"] == "Updated"
    assert (folded["Outcome"], folded["New"], folded["Requests"] > 6) == ("No change", 0, True)
    assert folded["What happened"].startswith("3 runs until ")
    logged.swaps = {}
    logged.admin.arrive(2)
    without = logged.run()
    google = ("google_read", "google_write")
    assert [with_log.requests[n] for n in google] == [without.requests[n] for n in google]


def test_failures_are_told_once_by_the_next_run_that_can_write(logged: World) -> None:
    logged.run()
    logged.admin.fault(
        service="google", do="refuse", status=403, message="The caller does not have permission", times=50
    )
    for _ in range(2):
        assert logged.run().outcome == "failed"
    logged.admin.clear_faults()
    assert logged.run().outcome == "unchanged"
    assert len(_lines(logged)) == 1
    logged.admin.arrive(1)
    logged.run()
    newest, unchanged, failed, _ = _lines(logged)
    assert [newest["Outcome"], unchanged["Outcome"], failed["Outcome"]] == ["Updated", "No change", "Failed"]
    assert failed["What happened"].startswith("2 runs until ")
    assert failed["What happened"].endswith(": Google does not let us into this spreadsheet.")


@pytest.mark.full
def test_a_vendor_that_refuses_the_key_is_told_in_a_few_words(logged: World) -> None:
    logged.run()
    logged.admin.options(justcall={"accepted_keys": ["other:key"]})
    assert logged.run().outcome == "failed"
    logged.admin.options(justcall={"accepted_keys": None})
    logged.admin.arrive(1)
    logged.run()
    assert _lines(logged)[1]["What happened"] == "JustCall refused the key."


@pytest.mark.full
def test_a_tab_that_could_not_be_updated_is_named_with_the_reason(logged: World) -> None:
    logged.more_tab = '\n[[sheet.tab]]\ntitle = "Agents"\nconnection = "justcall"\nstream = "analytics_agents"\n'
    logged.run()
    logged.admin.arrive(2)
    logged.admin.fault(service="justcall", do="refuse", status=500, path="analytics", times=50)
    report = logged.run()
    assert report.outcome == "failed"
    newest = _lines(logged)[0]
    assert newest["Outcome"] == "Partly updated"
    assert newest["What happened"] == "Agents not updated: JustCall could not be reached. Calls: 2 new."
    logged.admin.clear_faults()
    logged.admin.arrive(1)
    logged.run()
    assert _lines(logged)[1]["What happened"] == newest["What happened"]


@pytest.mark.full
def test_an_answer_that_gets_lost_doubles_no_line(logged: World) -> None:
    logged.run()
    for do in ("cut_after", "cut_before"):
        logged.admin.arrive(2)
        logged.admin.fault(service="google", kind="write", do=do)
        logged.run()
    logged.admin.arrive(1)
    logged.run()
    runs = [line["Run"] for line in _lines(logged)]
    assert len(runs) == len(set(runs)) == 4
    logged.assert_tab_equals_vendor()


@pytest.mark.full
def test_old_lines_leave_and_notes_beside_lines_stay_beside_them(
    logged: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_log, "KEPT_LINES", 3)
    monkeypatch.setattr(sync_log, "SLACK_LINES", 2)
    logged.run()
    noted = _lines(logged)[0]["Run"]
    n_columns = len(logged.tab("Sync log")[0])
    column = "ABCDEFGHIJKLMN"[n_columns]
    logged.admin.edit(logged.spreadsheet, values=[{"range": f"Sync log!{column}2", "values": [["we moved office"]]}])
    for _ in range(3):
        logged.admin.arrive(1)
        logged.run()
    rows = {row[n_columns - 1]: row[n_columns:] for row in logged.tab("Sync log")[1:] if any(row)}
    assert rows[noted] == ["we moved office"]
    for _ in range(5):
        logged.admin.arrive(1)
        logged.run()
        assert len(_lines(logged)) <= 5
    assert noted not in [line["Run"] for line in _lines(logged)]
    assert any("we moved office" in row for row in logged.tab("Removed rows"))


@pytest.mark.full
def test_a_log_that_is_asked_for_later_comes_at_once_with_the_runs_before(world: World) -> None:
    world.run()
    world.run()
    world.swaps = {f'timezone = "{ZONE}"': LOG}
    world.run()
    assert [line["Outcome"] for line in _lines(world)] == ["Updated", "No change", "Updated"]
    world.run()
    assert world.n_requests("write") == 0


@pytest.mark.full
def test_a_log_follows_its_new_title_and_the_new_name_of_its_sheet(logged: World) -> None:
    logged.run()
    renamed = {f'timezone = "{ZONE}"': LOG.replace("Sync log", "What ran")}
    for n, logged.swaps in enumerate((renamed, renamed | {'name = "support"': 'name = "desk"'}), 2):
        logged.admin.arrive(1)
        report = logged.run()
        assert report.outcome == "ok", report
        assert len(logged.rows_by_header("What ran")) == n


def test_a_tab_of_the_logs_title_is_refused_in_the_config(logged: World) -> None:
    logged.swaps = {f'timezone = "{ZONE}"': LOG.replace("Sync log", "Calls")}
    with pytest.raises(Exception, match="1 problem") as caught:
        logged.config()
    assert "claimed already" in caught.value.problems[0].what  # type: ignore[attr-defined]
