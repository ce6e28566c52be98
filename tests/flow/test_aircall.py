"""A sheet on Aircall's exports: what is told of its memory and its hours, and what a failed export leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.catalogue import pull_sample
from sync.office import open_office
from sync.report import Outcome
from sync.sandbox.server import SandboxServer
from tests.aircall_world import HISTORY, STATUSES, AircallWorld, open_aircall_world

SUMS = {"connection": "aircall", "stream": "user_activity_calls_handled", "period": "last 2 days", "title": "Handled"}


@pytest.fixture
def world(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AircallWorld]:
    monkeypatch.setenv("AIRCALL_API_ID", "id")
    monkeypatch.setenv("AIRCALL_API_TOKEN", "token")
    with open_aircall_world(tmp_path, sandbox, [dict(HISTORY)]) as opened:
        yield opened


def _warnings(world: AircallWorld) -> list[str]:
    return [line.text for line in world.check() if line.ok is None]


def test_check_plan_and_report_tell_what_the_vendor_no_longer_remembers(world: AircallWorld) -> None:
    world.tabs = [{**STATUSES, "period": "last 30 days"}]
    world.schedule = {"every": "1h", "run_between": "20:00-06:00"}
    (checked,) = _warnings(world)
    (offline,) = [said for said in world.plan(offline=True).warnings if "user_status_history" in said]
    (planned,) = [said for said in world.plan().warnings if "user_status_history" in said]
    report = world.good_run()
    (told,) = report.tabs[0].warnings
    for said in (checked, offline, planned, told):
        assert "keeps user_status_history for 7 days only" in said
    world.tabs = [dict(STATUSES)]
    assert _warnings(world) == []


def test_a_period_within_the_memory_is_no_matter(world: AircallWorld) -> None:
    world.tabs = [{**HISTORY, "period": "last 30 days"}, {**SUMS, "period": "last 2 days"}]
    world.schedule = {"every": "1h", "run_between": "20:00-06:00"}
    assert _warnings(world) == []
    assert [said for tab in world.good_run().tabs for said in tab.warnings if "keeps" in said] == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"every": "5 days"}, ""),
        ({"every": "6 days"}, "may run 6 days after"),
        ({"cron": "0 22 * * mon,fri"}, ""),
        ({"cron": "0 22 * * mon"}, "may run 7 days after"),
        ({}, "never runs by itself"),
        ({"every": "1h", "enabled": False}, "never runs by itself"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_statuses_read_so_rarely_that_some_are_lost_get_a_warning(
    world: AircallWorld, schedule: dict[str, object], words: str
) -> None:
    world.tabs = [dict(STATUSES)]
    world.schedule = {"run_between": "20:00-06:00", **schedule} if "every" in schedule else schedule
    for said in (_warnings(world), list(world.plan(offline=True).warnings[1:])):
        assert len(said) == bool(words)
        assert all(words in one and "lost unless it is read every 5 days" in one for one in said)


def test_the_report_warns_of_a_sheet_that_runs_too_rarely(world: AircallWorld) -> None:
    world.tabs, world.schedule = [dict(STATUSES)], {"cron": "0 22 * * mon"}
    (told,) = world.good_run().tabs[0].warnings
    assert "lost unless it is read every 5 days" in told


@pytest.mark.parametrize(
    ("schedule", "is_told"),
    [
        ({"every": "1h"}, True),
        ({"every": "1h", "run_between": "20:00-06:00"}, False),
        ({"every": "1h", "run_between": "06:00-09:00"}, True),
        ({"cron": "0 12 * * sat,sun"}, False),
        ({"cron": "0 12 * * fri"}, True),
        ({"cron": "30 4 * * *"}, False),
        ({}, False),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_exports_in_business_hours_get_the_advice_to_run_at_night(
    world: AircallWorld, schedule: dict[str, object], is_told: bool
) -> None:
    world.tabs, world.schedule = [dict(HISTORY), {**HISTORY, "title": "Lines", "stream": "calls"}], schedule
    found = [line for line in world.check() if "business hours" in line.text]
    assert len(found) == is_told
    assert all("run_between" in line.hint and '"History"' in line.text and "Lines" not in line.text for line in found)


def test_a_failed_export_is_told_in_the_vendors_words_and_not_asked_for_again(world: AircallWorld) -> None:
    world.admin.options(aircall={"fail_words": "teamIDs cannot be combined with this report"})
    first, n_first = world.run(), world.n_created()
    again, n_again = world.run(), world.n_created()
    assert (n_first, n_again) == (1, 0)
    for report in (first, again):
        assert report.outcome is Outcome.FAILED
        error = report.error or report.tabs[0].error
        assert error is not None
        assert "teamIDs cannot be combined with this report" in error.message
    world.tabs = [{**HISTORY, "params": {"userIDs": [1001]}}]
    world.admin.options(aircall={"fail_words": ""})
    world.good_run()
    assert world.n_created() == 1


def test_a_load_of_several_exports_that_ends_in_the_midst_goes_on_where_it_was(world: AircallWorld) -> None:
    world.tabs = [{**HISTORY, "period": "last 70 days"}]
    world.admin.fault(service="aircall", path="/files/", nth=3, do="refuse", status=418)
    assert world.run().outcome is Outcome.FAILED
    n_before = world.n_created()
    world.admin.clear_faults()
    world.good_run()
    assert (n_before, world.n_created()) == (3, 0)


def test_a_sample_shows_the_columns_that_the_account_really_gives_and_which_field_each_is(world: AircallWorld) -> None:
    world.admin.options(aircall={"manner": {"rename_columns": {"waiting_time": "Patience (s)"}}})
    with open_office(world.config()) as office:
        sample = pull_sample(office, "aircall", "calls_history", n=5, stop=threading.Event())
        of_rest = pull_sample(office, "aircall", "calls", n=5, stop=threading.Event())
    assert len(sample.records) == len(of_rest.records) == 5
    assert '"Call start time" is started_at' in sample.taught
    assert '"Patience (s)" is not known, and kept as "Patience (s)"' in sample.taught
    assert len(sample.taught) == 26
    assert "Patience (s)" in sample.records[0].extra
    assert of_rest.taught == ()
