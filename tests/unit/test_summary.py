"""A summary says what the rows say, in an order that stays."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sync.records import FieldType, Role, Table
from sync.shape.cells import serial_of_date
from sync.shape.summary import METRICS, fields_to_sum, make_summary, summary_problems
from sync.sources.justcall.streams import CALLS
from sync.store.mirror_read import DTYPES

NEW_YORK = ZoneInfo("America/New_York")
SCHEMA = {field.name: DTYPES[field.type] for field in CALLS.fields} | {"_key": pl.String()}
NOON = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)


def call(**values: Any) -> dict[str, Any]:
    """Return a call that was answered, of one minute, by agent 1."""
    usual = {"started_at": NOON, "agent_id": 1, "agent_name": "Ann", "status": "completed", "duration": 60}
    return {**dict.fromkeys(SCHEMA), **usual, "from": "+14155550001", **values}


def summed(calls: list[dict[str, Any]], group_by: list[str], metrics: list[str], **options: Any) -> Table:
    numbered = [{**one, "_key": one["_key"] or f"k{n:03}"} for n, one in enumerate(calls)]
    options = {"zone": NEW_YORK, "totals": False, **options}
    return make_summary(pl.DataFrame(numbered, SCHEMA), CALLS, group_by=group_by, metrics=metrics, **options)


def test_each_metric_is_computed_from_the_rows_with_titles_that_people_read() -> None:
    calls = [
        call(duration=10),
        call(duration=25, **{"from": "+2"}),
        call(status="missed", duration=None, **{"from": None}),
        call(status="voicemail", duration=0, **{"from": ""}),
        call(status="busy", duration=None),
    ]
    table = summed(calls, ["direction"], list(METRICS))
    assert [c.title for c in table.columns] == [
        "Direction",
        "Calls",
        "Answered",
        "Missed",
        "Voicemail",
        "Average duration (s)",
        "Total duration (s)",
        "Unique callers",
    ]
    assert list(table.rows) == [("(none)", 5, 2, 1, 1, 35 / 3, 35, 2)]


def test_an_average_of_nothing_is_empty_and_a_sum_of_nothing_is_zero() -> None:
    table = summed([call(duration=None)], ["status"], ["avg_duration", "total_duration"])
    assert list(table.rows) == [("completed", None, 0)]


def test_agents_are_grouped_by_id_and_shown_by_their_latest_name() -> None:
    later = datetime(2026, 7, 2, tzinfo=UTC)
    calls = [
        call(agent_id=1, agent_name="Ann Smith", started_at=later),
        call(agent_id=1, agent_name="Ann Jones"),
        call(agent_id=1, agent_name=None, started_at=datetime(2026, 7, 3, tzinfo=UTC)),
        call(agent_id=2, agent_name="Ann Smith"),
        call(agent_id=None, agent_name="Ann Smith"),
        call(agent_id=3, agent_name=""),
        call(agent_id=None, agent_name=None),
        call(agent_id=None, agent_name=""),
    ]
    table = summed(calls, ["agent_name"], ["count"])
    assert list(zip(table.keys, table.rows, strict=True)) == [
        ("[1]", ("Ann Smith", 3)),
        ("[null]", ("(none)", 2)),
        ("[3]", ("3", 1)),
        ("[2]", ("Ann Smith", 1)),
        ('[["Ann Smith"]]', ("Ann Smith", 1)),
    ]


def test_nothing_and_empty_text_are_one_group_with_a_label_at_the_end() -> None:
    table = summed([call(notes=""), call(notes=None), call(notes="x")], ["notes"], ["count"], sort_by="notes")
    assert list(table.rows) == [("x", 1), ("(none)", 2)]
    table = summed([call(notes=None), call(notes="(none)")], ["notes"], ["count"])
    assert list(table.keys) == ['["(none)"]', "[null]"]


def test_buckets_are_typed_cells_in_the_zone_of_the_sheet() -> None:
    late_on_saturday = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)  # 23:30 on 28 February in New York
    groups = ["date", "month", "week"]
    table = summed([call(started_at=late_on_saturday)], groups, ["count"])
    days = [date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 23)]
    assert table.rows[0][:3] == tuple(serial_of_date(day) for day in days)
    assert [c.number_format for c in table.columns] == ["yyyy-mm-dd", "yyyy-mm", "yyyy-mm-dd", "0"]
    assert {c.type for c in table.columns[:3]} == {FieldType.DATE}
    table = summed([call(started_at=late_on_saturday)], ["hour_of_day", "day_of_week"], ["count"])
    assert list(table.rows) == [(23, "Saturday", 1)]
    assert list(table.keys) == ["[23,6]"]


@pytest.mark.parametrize(
    ("week_starts", "first"),
    [("monday", date(2026, 2, 23)), ("sunday", date(2026, 3, 1)), ("saturday", date(2026, 2, 28))],
)
def test_a_week_is_shown_by_its_first_day(week_starts: str, first: date) -> None:
    sunday = datetime(2026, 3, 1, 12, tzinfo=UTC)
    table = summed([call(started_at=sunday)], ["week"], ["count"], week_starts=week_starts)
    assert table.rows[0][0] == serial_of_date(first)


def test_weekdays_stand_in_the_order_of_the_week() -> None:
    calls = [call(started_at=datetime(2026, 3, day, 12, tzinfo=UTC)) for day in range(1, 8)]
    names = [row[0] for row in summed(calls, ["day_of_week"], ["count"]).rows]
    assert names == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    names = [row[0] for row in summed(calls, ["day_of_week"], ["count"], week_starts="sunday").rows]
    assert names[0] == "Sunday"


def test_the_two_hours_of_a_fold_are_one_bucket_and_the_skipped_hour_is_none() -> None:
    fold = [call(started_at=datetime(2026, 11, 1, hour, 30, tzinfo=UTC)) for hour in (4, 5, 6, 7)]
    assert list(summed(fold, ["hour_of_day"], ["count"]).rows) == [(0, 1), (1, 2), (2, 1)]
    gap = [call(started_at=datetime(2026, 3, 8, hour, 30, tzinfo=UTC)) for hour in (6, 7)]
    assert list(summed(gap, ["hour_of_day"], ["count"]).rows) == [(1, 1), (3, 1)]


def test_a_day_of_25_hours_is_one_date() -> None:
    calls = [
        call(started_at=datetime(2026, 11, 1, 4, tzinfo=UTC)),
        call(started_at=datetime(2026, 11, 2, 4, 59, tzinfo=UTC)),
    ]
    assert list(summed(calls, ["date"], ["count"]).rows) == [(serial_of_date(date(2026, 11, 1)), 2)]


def test_the_default_order_is_time_for_buckets_and_most_calls_first_for_the_rest() -> None:
    days = [call(started_at=datetime(2026, 7, day, 12, tzinfo=UTC)) for day in (3, 1, 3, 2)]
    assert [row[1] for row in summed(days, ["date"], ["count"]).rows] == [1, 1, 2]
    tags = [call(notes=note) for note in "bacaba"]
    assert list(summed(tags, ["notes"], ["avg_duration"]).rows) == [("a", 60.0), ("b", 60.0), ("c", 60.0)]


def test_ties_stand_by_their_groups_without_regard_to_case() -> None:
    calls = [call(notes=note) for note in ("b", "A", "a", "C")]
    for order in ("asc", "desc"):
        table = summed(calls, ["notes"], ["count"], sort_by="count", sort_order=order)
        assert [row[0] for row in table.rows] == ["A", "a", "b", "C"]


def test_rows_can_be_sorted_by_a_group_or_by_a_metric_that_is_not_shown() -> None:
    calls = [call(notes="a", duration=1), call(notes="b", duration=9), call(notes="c", duration=None)]
    by_group = summed(calls, ["notes"], ["count"], sort_by="notes", sort_order="desc")
    assert [row[0] for row in by_group.rows] == ["c", "b", "a"]
    for order, wanted in (("asc", ["a", "b", "c"]), ("desc", ["b", "a", "c"])):
        by_metric = summed(calls, ["notes"], ["count"], sort_by="avg_duration", sort_order=order)
        assert [row[0] for row in by_metric.rows] == wanted


def test_totals_come_last_and_from_the_rows() -> None:
    calls = [call(notes="a", duration=10), call(notes="a", duration=20), call(notes="b", duration=60)]
    table = summed(calls, ["notes", "date"], ["avg_duration", "unique_callers"], totals=True)
    assert table.rows[-1] == ("Total", None, 30.0, 1)
    assert table.keys[-1] == "total"


def test_no_rows_make_a_total_of_nothing() -> None:
    table = summed([], ["agent_name", "day_of_week"], list(METRICS), totals=True)
    assert list(table.rows) == [("Total", None, 0, 0, 0, 0, None, 0, 0)]
    assert list(summed([], ["date"], ["count"]).rows) == []


def test_any_declared_field_can_be_a_group() -> None:
    calls = [call(tags=["x", "y"], voicemail=True, ended_at=NOON), call(tags=[], voicemail=None)]
    assert list(summed(calls, ["tags"], ["count"], sort_by="tags", sort_order="asc").rows) == [
        ("x, y", 1),
        ("(none)", 1),
    ]
    assert list(summed(calls, ["voicemail"], ["count"]).rows) == [(True, 1), ("(none)", 1)]
    assert list(summed(calls, ["ended_at"], ["count"]).rows) == [(46204.5, 1), ("(none)", 1)]
    for field in CALLS.fields:
        assert len(summed(calls, [field.name], ["count"]).rows) in {1, 2}


def test_what_a_summary_reads_is_named() -> None:
    assert fields_to_sum(CALLS, ["agent_name", "date"], ["count", "missed_count", "unique_callers"]) == (
        "agent_name",
        "agent_id",
        "started_at",
        "status",
        "from",
    )


def test_the_fields_named_are_enough() -> None:
    df = pl.DataFrame([call()], SCHEMA)
    for name in (*(f.name for f in CALLS.fields), "date", "week", "month", "hour_of_day", "day_of_week"):
        for metric in METRICS:
            rows = df.select("_key", *fields_to_sum(CALLS, [name], [metric]))
            assert len(make_summary(rows, CALLS, group_by=[name], metrics=[metric], zone=NEW_YORK).rows) == 2


def test_a_good_summary_has_no_problems() -> None:
    assert summary_problems(CALLS, ["agent_name", "date"], list(METRICS), "total_duration") == []


def test_unknown_names_are_answered_with_the_allowed_ones() -> None:
    group, metric, sort = summary_problems(CALLS, ["agnt_name"], ["cont"], "nothing")
    assert group.startswith('"agnt_name" is not a group; allowed: call_id, started_at')
    assert group.endswith('Did you mean "agent_name"?')
    assert metric.endswith('unique_callers. Did you mean "count"?')
    assert sort.startswith('"nothing" is not a metric or group of this summary')


def test_too_many_doubled_or_no_groups_and_metrics_are_problems() -> None:
    assert summary_problems(CALLS, [], []) == [
        "A summary has 1 to 3 groups, but this one has 0.",
        "A summary needs at least one metric.",
    ]
    assert summary_problems(CALLS, ["date", "date"], ["count"]) == ['"date" stands twice among the groups and metrics.']
    assert len(summary_problems(CALLS, ["date", "week", "month", "status"], ["count"])) == 1


def test_a_stream_that_lacks_a_role_cannot_compute_what_needs_it() -> None:
    bare = dataclasses.replace(
        CALLS, fields=tuple(dataclasses.replace(field, role=None) for field in CALLS.fields), status_words=None
    )
    assert len(summary_problems(bare, ["date"], ["count", "avg_duration", "unique_callers", "missed_count"])) == 4
    no_words = dataclasses.replace(CALLS, status_words=None)
    assert summary_problems(no_words, ["date"], ["missed_count"]) == [
        'The stream "calls" does not say which status values "missed_count" counts.'
    ]
    assert CALLS.field_with(Role.CALLER) is not None


def test_a_summary_that_cannot_be_computed_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a metric"):
        summed([], ["date"], ["nope"])
