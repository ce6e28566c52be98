from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sync.config.load import Config, load_config
from sync.config.schedule import Cron, Schedule
from sync.timetable import loads_of, quota_lines, schedule_words

NOON = datetime(2026, 3, 9, 12, 5, tzinfo=UTC)  # a Monday
SEVEN = Schedule(zone=ZoneInfo("America/New_York"), cron=Cron.parse("0 7 * * 1-5"))

CONFIG = """
[google]
credentials = "anonymous"

[connection.justcall]
vendor = "justcall"
api_key = "env:KEY"
api_secret = "env:SECRET"
requests_per_minute = 30
"""
SHEET = """
[[sheet]]
name = "sheet {n}"
spreadsheet = "1AbCdEfGhIjKlMnOp{n}"
{schedule}

[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "last 7 days"
"""


def _config(folder: Path, *schedules: str) -> Config:
    path = folder / "config.toml"
    path.write_text(CONFIG + "".join(SHEET.format(n=n, schedule=text) for n, text in enumerate(schedules)))
    return load_config(path)


def test_next_times_are_told_in_the_zone_of_the_schedule() -> None:
    assert schedule_words(SEVEN, NOON) == (
        "Tue 2026-03-10 07:00, Wed 2026-03-11 07:00, Thu 2026-03-12 07:00 America/New_York"
    )
    asked = Schedule(zone=ZoneInfo("UTC"))
    assert schedule_words(asked, NOON) == "never by itself; run it with callsheet run-now"


def test_the_busiest_hour_counts_what_is_due_together(tmp_path: Path) -> None:
    config = _config(tmp_path, 'every = "15m"', 'every = "15m"', 'cron = "0 7 * * mon"')
    loads = {load.name: load for load in loads_of(config, {}, NOON)}
    assert loads["Google reads"].n_runs == 9
    assert loads["Google reads"].n_requests == 18
    assert loads["justcall"].n_requests == 9


def test_what_a_run_took_before_counts_more_than_a_guess(tmp_path: Path) -> None:
    config = _config(tmp_path, 'every = "1h"')
    loads = {load.name: load for load in loads_of(config, {"sheet 0": {"justcall": 50, "google_write": 0}}, NOON)}
    assert loads["justcall"].n_requests == 50
    assert loads["Google writes"].n_requests == 2, "the next run may have something to write"


def test_sheets_that_fit_when_spread_wait_when_they_are_due_together(tmp_path: Path) -> None:
    together = _config(tmp_path, *['cron = "0 9 * * *"'] * 120)
    (reads,) = [load for load in loads_of(together, {}, NOON) if load.name == "Google reads"]
    assert reads.wait == timedelta(minutes=3)
    spread = _config(tmp_path, *[f'cron = "{n % 60} 9 * * *"' for n in range(120)])
    (reads,) = [load for load in loads_of(spread, {}, NOON) if load.name == "Google reads"]
    assert reads.wait <= timedelta(0)


@pytest.mark.parametrize(("n", "words"), [(3, "allowed: fits"), (40, "DOES NOT FIT")])
def test_schedules_beyond_a_quota_are_told(tmp_path: Path, n: int, words: str) -> None:
    config = _config(tmp_path, *['every = "1m"'] * n)
    assert words in quota_lines(config, {}, NOON)[0]


def test_a_disabled_sheet_takes_no_quota(tmp_path: Path) -> None:
    config = _config(tmp_path, 'every = "1m"\nenabled = false')
    assert quota_lines(config, {}, NOON) == ["quota: nothing runs by itself"]
