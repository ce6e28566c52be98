"""A summary that compares: the period before is read too, and the changes follow it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sync import clock
from sync.advice import retention_warnings
from sync.config.load import load_config
from sync.report import Outcome
from tests.world import ZONE, World

BY_DAY = 'title = "By day"\nof = "Calls"\ngroup_by = ["date"]\nmetrics = ["count", "unique_callers"]\n'
COMPARED = BY_DAY.replace('["date"]', '["status"]').replace(', "unique_callers"', ', "avg_duration"')


def _calls_of(world: World, first: int, last: int) -> list[dict[str, object]]:
    """Return the calls of some days, counted back from today."""
    today, zone = clock.local_date(clock.now(), ZoneInfo(ZONE)), ZoneInfo(ZONE)
    days = {today - timedelta(days=n) for n in range(last, first + 1)}
    return [c for c in world.admin.calls() if clock.local_date(datetime.fromisoformat(c["started_at"]), zone) in days]


def _assert_compares(world: World) -> None:
    now, before = (Counter(str(c["status"]) for c in _calls_of(world, *days)) for days in ((6, 0), (13, 7)))
    *rows, total = world.rows_by_header("By day")
    assert {row["Status"]: row["Calls"] for row in rows} == now
    for row in [*rows, total]:
        n, was = (of[row["Status"]] if row is not total else of.total() for of in (now, before))
        assert row["Calls · change"] == n - was
        share = row["Calls · change in %"]
        assert share is None if not was else share == pytest.approx((n - was) / was, abs=1e-6)


def test_changes_are_from_the_days_before_which_no_tab_shows(world: World) -> None:
    world.swaps = {BY_DAY: COMPARED + 'compare = "previous period"\n'}
    world.run()
    _assert_compares(world)
    header = world.tab("By day")[0]
    assert header[1:4] == ["Calls", "Calls · change", "Calls · change in %"]
    assert {row["Call ID"] for row in world.rows_by_header()} == set(world.wanted())
    assert world.run().outcome is Outcome.UNCHANGED
    assert (world.n_requests("write"), world.n_requests("read") <= 2) == (0, True)


def test_calls_and_their_share_have_changes_of_different_headers(world: World) -> None:
    metrics = '"count", "missed_count", "missed_pct", "answered_count", "total_duration"'
    world.swaps = {
        BY_DAY: COMPARED.replace('"count", "avg_duration"', metrics) + 'compare = "previous period"\n',
    }
    assert world.run().error is None
    header = world.tab("By day")[0]
    assert len(set(header)) == len(header) == 1 + 3 * 5


@pytest.mark.full
def test_the_next_day_is_compared_with_the_days_before_it(world: World) -> None:
    world.swaps = {BY_DAY: COMPARED + 'compare = "previous period"\n'}
    world.run()
    tomorrow = clock.now() + timedelta(days=1)
    clock.set_now(lambda: tomorrow)
    try:
        world.run()
        _assert_compares(world)  # though the tab still shows the day that left the period
        assert world.run().outcome is Outcome.UNCHANGED
    finally:
        clock.set_now(None)


def test_what_the_vendor_forgot_of_the_period_before_is_told_too(tmp_path: Path) -> None:
    text = """
[google]
credentials = "anonymous"
[connection.air]
vendor = "aircall"
api_id = "env:AIR_ID"
api_token = "env:AIR_TOKEN"
[[sheet]]
name = "s"
spreadsheet = "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh"
[[sheet.summary]]
title = "By line"
connection = "air"
stream = "calls_history"
period = "last 120 days"
group_by = ["line"]
"""
    found = []
    for more in ("", 'compare = "previous period"\n'):
        (tmp_path / "config.toml").write_text(text + more)
        config = load_config(tmp_path / "config.toml")
        found.append(list(retention_warnings(config, config.sheets[0], clock.now())))
    assert found[0] == []
    assert len(found[1]) == 1
    assert "cannot be had any more" in found[1][0]
