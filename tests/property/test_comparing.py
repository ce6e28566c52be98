"""Any calls of two periods: the changes of a summary are the differences of two summaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.clock import Period
from sync.records import Table
from sync.shape.comparing import CHANGE, SHARE, Before, Since, with_changes
from sync.shape.metrics import Metric
from sync.shape.summary import Question, make_summary
from sync.sources.justcall.streams import CALLS
from tests.property.test_summary import CALL, KNOWN, to_frame

ZONE = ZoneInfo("America/New_York")
FIRST, BEFORE = date(2026, 7, 1), date(2026, 6, 1)
SINCE = Since(first=FIRST, before=BEFORE, by_months=True)
STILL = ["agent_name", "status", "notes", "hour_of_day", "day_of_week"]


def _frame(calls: list[dict[str, Any]], first: date) -> pl.DataFrame:
    """Put calls into a month, on the day and at the time that a number says."""
    start = datetime(first.year, first.month, first.day, 4, tzinfo=UTC)
    return to_frame(
        [{**c, "started_at": start + timedelta(hours=7 * n % 600), "_key": f"k{n:02}"} for n, c in enumerate(calls)]
    )


def _compared(now: pl.DataFrame, before: pl.DataFrame, question: Question, since: Since = SINCE) -> Table:
    table = make_summary(now, CALLS, question, zone=ZONE)
    was = Before(rows=before, zone=ZONE, week_starts="monday", since=since)
    return with_changes(now, table, CALLS, question, before=was)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(CALL, max_size=12),
    st.lists(CALL, max_size=12),
    st.lists(st.sampled_from(STILL), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from(KNOWN), min_size=1, max_size=3, unique=True),
)
def test_changes_are_the_differences_of_two_summaries(
    now: list[Any], before: list[Any], groups: list[str], metrics: list[str]
) -> None:
    question = Question(group_by=groups, metrics=[Metric.of(name) for name in metrics])
    df, earlier = _frame(now, FIRST), _frame(before, BEFORE)
    plain, was = (make_summary(frame, CALLS, question, zone=ZONE) for frame in (df, earlier))
    old = dict(zip(was.keys, was.rows, strict=True))
    table, n = _compared(df, earlier, question), len(groups)
    assert [column.name for column in table.columns[n:]] == [
        name for one in metrics for name in (one, one + CHANGE, one + SHARE)
    ]
    assert list(table.keys) == list(plain.keys)
    for key, row, unchanged in zip(table.keys, table.rows, plain.rows, strict=True):
        assert row[:n] + row[n::3] == tuple(unchanged)
        for at, name in enumerate(metrics):
            is_sum = name.endswith("_count") or name in ("count", "unique_callers", "total_duration")
            cell, then = unchanged[n + at], old[key][n + at] if key in old else 0 if is_sum else None
            change, share = row[n + 3 * at + 1], row[n + 3 * at + 2]
            if cell is None or then is None:
                assert (change, share) == (None, None)
            else:
                assert change == pytest.approx(cell - then, abs=1e-6)
                assert share is None if not then else share == pytest.approx((cell - then) / then, abs=1e-6)


def test_the_nth_day_is_compared_with_the_nth_day_and_a_month_with_the_month_before() -> None:
    told = {"status": "completed"}
    now = to_frame([{**told, "started_at": datetime(2026, 7, d, 16, tzinfo=UTC), "_key": f"{d}"} for d in (1, 2, 2)])
    was = to_frame([{**told, "started_at": datetime(2026, 6, d, 16, tzinfo=UTC), "_key": f"{d}"} for d in (2, 3)])
    by_day = _compared(now, was, Question(group_by=["date"], metrics=[Metric.of("count")]))
    assert [row[1:] for row in by_day.rows] == [(1, 1, None), (2, 1, 1.0), (3, 1, 0.5)]
    by_month = _compared(now, was, Question(group_by=["month"], metrics=[Metric.of("count")], totals=False))
    assert [row[1:] for row in by_month.rows] == [(3, 1, 0.5)]
    leap = Since(first=date(2025, 1, 1), before=date(2024, 1, 1), by_months=True)
    at = [datetime(2025, 3, 31, 16, tzinfo=UTC), datetime(2024, 3, 31, 16, tzinfo=UTC)]
    one, other = (to_frame([{**told, "started_at": when, "_key": "k"}]) for when in at)
    by_month = _compared(one, other, Question(group_by=["month"], metrics=[Metric.of("count")], totals=False), leap)
    assert [row[1:] for row in by_month.rows] == [(1, 0, 0.0)]


def test_what_a_limit_cuts_is_compared_with_the_same_groups() -> None:
    calls = [
        {"status": s, "started_at": datetime(2026, 7, 1, 16, tzinfo=UTC), "_key": f"{s}{n}"}
        for s in "aab"
        for n in (1, 2)
    ]
    was = [
        {"status": s, "started_at": datetime(2026, 6, 1, 16, tzinfo=UTC), "_key": f"{s}{n}"}
        for s in "bc"
        for n in (1, 2, 3)
    ]
    question = Question(group_by=["status"], metrics=[Metric.of("count")], limit=1)
    table = _compared(to_frame(calls), to_frame(was), question)
    assert list(table.rows) == [("a", 4, 4, None), ("1 more, not shown", 2, -1, round(-1 / 3, 6)), ("Total", 6, 0, 0.0)]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("last 30 days", "2026-09-23", "2026-10-22"),
        ("today", "2026-11-20", "2026-11-20"),
        ("yesterday", "2026-11-19", "2026-11-19"),
        ("last working day", "2026-11-19", "2026-11-19"),
        ("this week", "2026-11-09", "2026-11-14"),
        ("last week", "2026-11-02", "2026-11-08"),
        ("this month", "2026-10-01", "2026-10-21"),
        ("last month", "2026-09-01", "2026-09-30"),
        ("this quarter", "2026-07-01", "2026-08-21"),
        ("last quarter", "2026-04-01", "2026-06-30"),
        ("this year", "2025-01-01", "2025-11-21"),
        ("last year", "2024-01-01", "2024-12-31"),
        ("since 2026-11-02", "2026-10-13", "2026-11-01"),
        ("2026-03-01..2026-03-31", "2026-01-29", "2026-02-28"),
        ("2026-11-20..2026-11-29", "2026-11-10", "2026-11-11"),
    ],
)
def test_each_period_has_one_before(period: str, first: str, last: str) -> None:
    found = Period.parse(period).dates_before(date(2026, 11, 21))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_longer_month_before_a_short_one_is_cut_at_its_end() -> None:
    assert Period.parse("this month").dates_before(date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))
    first, last = Period.parse("2026-12-01..2026-12-31").dates_before(date(2026, 11, 21))
    assert last < first  # nothing of it has passed


def test_what_a_limit_cuts_of_groups_that_are_filled_are_those_of_both_periods() -> None:
    now, was = (
        to_frame(
            [
                {"status": s, "started_at": datetime(2026, month, 1, 16, tzinfo=UTC), "_key": f"{n}"}
                for n, s in enumerate(statuses)
            ]
        )
        for month, statuses in ((7, "aaaabb"), (6, "bbbccc"))
    )
    question = Question(group_by=["status"], metrics=[Metric.of("count")], limit=1, fill="zero")
    table = make_summary(now, CALLS, question, zone=ZONE, earlier=was)
    before = Before(rows=was, zone=ZONE, week_starts="monday", since=SINCE)
    found = with_changes(now, table, CALLS, question, before=before)
    assert [row[:3] for row in found.rows] == [("a", 4, 4), ("2 more, not shown", 2, -4), ("Total", 6, 0)]
