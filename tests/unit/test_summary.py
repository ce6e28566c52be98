"""A summary says what the rows say, in an order that stays."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sync.errors import TooLarge
from sync.records import FieldType, Role, Slice, StreamSpec, Table
from sync.shape.cells import serial_of_date
from sync.shape.conditions import parse_condition
from sync.shape.metrics import METRICS, Metric, metric_problems
from sync.shape.summary import Question, fields_to_sum, make_summary, summary_problems
from sync.sources.callscaler.streams import CALLS as AD_CALLS
from sync.sources.justcall.streams import CALLS
from sync.store.mirror_read import DTYPES

NEW_YORK = ZoneInfo("America/New_York")
SCHEMA = {field.name: DTYPES[field.type] for field in CALLS.fields} | {"_key": pl.String()}
KNOWN = [name for name in METRICS if not any(metric_problems(CALLS, Metric(name=name)))]
NOON = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)


def call(**values: Any) -> dict[str, Any]:
    """Return a call that was answered, of one minute, by agent 1."""
    usual = {"started_at": NOON, "agent_id": 1, "agent_name": "Ann", "status": "completed", "duration": 60}
    return {**dict.fromkeys(SCHEMA), **usual, "from": "+14155550001", **values}


def ask(group_by: list[str], metrics: Any, **options: Any) -> Question:
    where = [parse_condition(text) for text in options.pop("where", ())]
    return Question(group_by=group_by, metrics=[Metric.of(one) for one in metrics], where=where, **options)


def summed(calls: list[dict[str, Any]], group_by: list[str], metrics: Any, **options: Any) -> Table:
    numbered = [{**one, "_key": one["_key"] or f"k{n:03}"} for n, one in enumerate(calls)]
    how = {name: options.pop(name) for name in ("zone", "week_starts", "period", "earlier") if name in options}
    question = ask(group_by, metrics, **{"totals": False, **options})
    return make_summary(pl.DataFrame(numbered, SCHEMA), CALLS, question, **{"zone": NEW_YORK, **how})


def problems(spec: StreamSpec, *asked: Any, **options: Any) -> list[str]:
    return summary_problems(spec, ask(*asked, **options))


def test_each_metric_is_computed_from_the_rows_with_titles_that_people_read() -> None:
    calls = [
        call(duration=10),
        call(duration=25, **{"from": "+2"}),
        call(status="missed", duration=None, **{"from": None}),
        call(status="voicemail", duration=0, **{"from": ""}),
        call(status="busy", duration=None),
    ]
    table = summed(calls, ["direction"], KNOWN)
    found = dict(zip([c.title for c in table.columns], table.rows[0], strict=True))
    assert found == {
        "Direction": "(none)",
        "Calls": 5,
        "Answered": 2,
        "Missed": 1,
        "Voicemail": 1,
        "Answered (%)": 40.0,
        "Missed (%)": 20.0,
        "Voicemail (%)": 20.0,
        "Average duration (s)": 35 / 3,
        "Median duration (s)": 10.0,
        "90% last at most (s)": 22.0,
        "Total duration (s)": 35,
        "Unique callers": 2,
    }


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
    table = summed([], ["agent_name", "day_of_week"], KNOWN, totals=True)
    of_nothing = [0, 0, 0, 0, None, None, None, None, None, None, 0, 0]
    assert list(table.rows) == [("Total", None, *of_nothing)]
    assert list(summed([], ["date"], ["count"]).rows) == []


def test_any_declared_field_can_be_a_group() -> None:
    calls = [call(tags=["x", "y"], voicemail=True, ended_at=NOON), call(tags=[], voicemail=None)]
    assert list(summed(calls, ["voicemail"], ["count"]).rows) == [(True, 1), ("(none)", 1)]
    assert list(summed(calls, ["ended_at"], ["count"]).rows) == [(46204.5, 1), ("(none)", 1)]
    for field in CALLS.fields:
        assert len(summed(calls, [field.name], ["count"]).rows) in {1, 2, 3}


def test_a_call_counts_under_each_of_its_tags_and_once_in_all() -> None:
    calls = [call(tags=["x", "y", "x"]), call(tags=["y"]), call(tags=[]), call(tags=None)]
    table = summed(calls, ["tag"], ["count"], totals=True)
    assert list(table.rows) == [("y", 2), ("(none)", 2), ("x", 1), ("Total", 4)]
    table = summed(calls, ["tags"], ["count"], totals=True, limit=1)
    assert list(table.rows) == [("y", 2), ("2 more, not shown", 3), ("Total", 4)]


def test_figures_of_any_field_are_computed_of_what_is_there() -> None:
    calls = [call(duration=4, notes="a"), call(duration=None, notes="a"), call(duration=10, notes="")]
    names = ["sum", "average", "min", "max", "median", "p90", "distinct"]
    table = summed(calls, ["status"], [f"{name} of duration" for name in names])
    assert table.rows[0][1:] == (14, 7.0, 4, 10, 7.0, 9.4, 2)
    assert [c.title for c in table.columns[1:3]] == ["Sum: Duration (s)", "Average: Duration (s)"]
    table = summed(calls, ["status"], ["distinct of notes", "max of started_at", "distinct of tags"])
    assert table.rows[0][1:] == (1, pytest.approx(46204.5), 0)
    assert table.columns[2].number_format == "yyyy-mm-dd hh:mm:ss"


def test_a_metric_may_count_some_rows_only_under_a_title_of_its_own() -> None:
    calls = [call(duration=5), call(duration=50, status="missed"), call(duration=500)]
    long = (parse_condition("duration >= 50"),)
    metrics = [
        Metric(name="count"),
        Metric(name="count", where=long, title="Long"),
        Metric(name="answered_pct", where=long),
        Metric(name="avg_duration", where=long),
    ]
    table = summed(calls, ["direction"], metrics, totals=True)
    assert [c.title for c in table.columns][2:4] == ["Long", "Answered (%); duration >= 50"]
    assert list(table.rows) == [("(none)", 3, 2, 50.0, 275.0), ("Total", 3, 2, 50.0, 275.0)]
    assert summed(calls, ["status"], metrics, sort_by="Long", sort_order="asc").rows[0][0] == "completed"


def test_rows_that_do_not_pass_count_nowhere() -> None:
    calls = [call(duration=5), call(duration=50), call(notes="x", duration=None)]
    table = summed(calls, ["notes"], ["count"], where=["duration >= 10"], totals=True)
    assert list(table.rows) == [("(none)", 1), ("Total", 1)]


def test_a_limit_tells_what_it_cut_and_the_totals_are_of_all() -> None:
    calls = [call(notes=note, duration=n) for n, note in enumerate("aaabbcd")]
    table = summed(calls, ["notes"], ["count", "avg_duration"], limit=2, totals=True)
    assert list(table.rows) == [("a", 3, 1.0), ("b", 2, 3.5), ("2 more, not shown", 2, 5.5), ("Total", 7, 3.0)]
    assert list(table.keys)[-2:] == ["cut", "total"]
    assert len(summed(calls, ["notes"], ["count"], limit=4).rows) == 4


def test_what_a_limit_cuts_of_agents_is_told_by_all_their_calls() -> None:
    later = datetime(2026, 7, 2, tzinfo=UTC)
    calls = [call(agent_id=n % 3, agent_name=f"Agent {n % 3}") for n in range(7)]
    calls += [call(agent_id=2, agent_name="Renamed", started_at=later), call(agent_id=None, agent_name="Nobody")]
    table = summed(calls, ["agent"], ["count"], limit=1, totals=True)
    assert list(table.rows) == [("Agent 0", 3), ("3 more, not shown", 6), ("Total", 9)]
    assert [row[0] for row in summed(calls, ["agent"], ["count"]).rows] == ["Agent 0", "Renamed", "Agent 1", "Nobody"]


def test_half_hours_are_those_of_the_clock_on_the_wall() -> None:
    calls = [call(started_at=datetime(2026, 7, 1, 13, minute, tzinfo=UTC)) for minute in (0, 29, 30, 59)]
    assert list(summed(calls, ["half_hour"], ["count"]).rows) == [("09:00", 2), ("09:30", 2)]
    table = summed(calls, ["half_hour"], ["count"], zone=ZoneInfo("Asia/Kathmandu"))
    assert list(table.rows) == [("18:30", 1), ("19:00", 2), ("19:30", 1)]


@pytest.mark.parametrize("name", ["agent", "status", "direction", "line", "caller", "disposition", "tag"])
def test_what_vendors_call_otherwise_has_one_name_here(name: str) -> None:
    spec = dataclasses.replace(CALLS, fields=tuple(dataclasses.replace(f, name=f"v_{f.name}") for f in CALLS.fields))
    frame = pl.DataFrame(schema={f"v_{name}" if name != "_key" else name: kind for name, kind in SCHEMA.items()})
    role = {"agent": Role.AGENT_NAME, "tag": Role.TAGS}.get(name) or Role(name)
    if spec.field_with(role) is None:
        assert problems(spec, [name], ["count"]) == [
            f'The stream "calls" has no field that tells the {role.value}, as "{name}" needs.'
        ]
        return
    spec = dataclasses.replace(spec, cursor_field=f"v_{spec.cursor_field}")
    table = make_summary(frame, spec, ask([name], ["count"]), zone=NEW_YORK)
    assert table.columns[0].title == spec.field_with(role).title  # type: ignore[union-attr]


FEBRUARY = Slice(datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC))


def test_empty_days_are_rows_of_zeros_where_that_is_asked() -> None:
    calls = [call(started_at=datetime(2026, 2, 3, 16, tzinfo=UTC), duration=8)]
    metrics = ["count", "answered_pct", "avg_duration", "total_duration"]
    table = summed(calls, ["date"], metrics, fill="zero", period=FEBRUARY)
    first = serial_of_date(date(2026, 2, 1))
    assert [row[0] for row in table.rows] == list(range(first, first + 28))
    assert table.rows[2][1:] == (1, 100.0, 8.0, 8)
    assert {row[1:] for n, row in enumerate(table.rows) if n != 2} == {(0, None, None, 0)}
    assert len(summed(calls, ["date"], metrics, period=FEBRUARY).rows) == 1
    assert len(summed([], ["date"], metrics, fill="zero", period=FEBRUARY).rows) == 28


def test_every_agent_that_is_seen_has_every_day_and_one_whose_calls_do_not_count_has_zeros() -> None:
    at = datetime(2026, 2, 3, 16, tzinfo=UTC)
    calls = [call(started_at=at), call(started_at=at, agent_id=2, agent_name="Bob", status="missed")]
    table = summed(calls, ["agent", "week"], ["count"], fill="zero", period=FEBRUARY, where=["status = completed"])
    assert [(row[0], row[2]) for row in table.rows if row[2]] == [("Ann", 1)]
    assert len(table.rows) == 2 * 5
    table = summed(calls, ["agent"], ["count"], fill="zero", where=["status = completed"])
    assert list(table.rows) == [("Ann", 1), ("Bob", 0)]


def test_an_agent_who_was_there_before_the_period_is_shown_with_zeros() -> None:
    before = [call(_key="e", agent_id=7, agent_name="Idle"), call(_key="f", agent_id=1, agent_name="Ann once")]
    table = summed([call()], ["agent"], ["count"], fill="zero", earlier=pl.DataFrame(before, SCHEMA), totals=True)
    assert list(table.rows) == [("Ann", 1), ("Idle", 0), ("Total", 1)]


def test_an_hour_that_the_clocks_leave_out_is_no_row_of_zeros() -> None:
    day = Slice(datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC))
    table = summed([], ["date", "hour_of_day"], ["count"], fill="zero", period=day)
    assert [row[1] for row in table.rows] == [0, 1, *range(3, 24)]
    fold = Slice(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC))
    assert len(summed([], ["date", "hour_of_day"], ["count"], fill="zero", period=fold).rows) == 24


def test_more_rows_of_zeros_than_anybody_wants_are_refused() -> None:
    calls = [call(notes=str(n), **{"from": str(n)}) for n in range(200)]
    year = Slice(datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 6, 1, 4, tzinfo=UTC))
    with pytest.raises(TooLarge, match="rows, and more than"):
        summed(calls, ["notes", "date", "hour_of_day"], ["count"], fill="zero", period=year)


def test_the_metrics_of_a_vendors_ai_and_money_are_there_where_it_tells_them() -> None:
    asked = ["avg_ai_score", "avg_robo_score", "qualified_count", "qualified_pct", "total_value_cents"]
    assert problems(AD_CALLS, ["source", "call_flow"], [*asked, "total_cost_cents"]) == []
    assert problems(CALLS, ["date"], asked[:1]) == [
        'The stream "calls" has no field that tells the AI score, as "avg_ai_score" needs.'
    ]


def waiting(spec: StreamSpec) -> StreamSpec:
    fields = [dataclasses.replace(f, role=Role.WAIT) if f.name == "agent_id" else f for f in spec.fields]
    return dataclasses.replace(spec, fields=tuple(fields))


def test_service_and_abandonment_are_computed_where_a_vendor_tells_the_wait_and_refused_elsewhere() -> None:
    names = ["avg_wait", "service_level_pct", "abandoned_count", "abandoned_pct"]
    assert problems(CALLS, ["date"], names)[1] == (
        'The stream "calls" has no field that tells the wait, as "service_level_pct" needs.'
    )
    waits = [("completed", 5), ("completed", 30), ("missed", 60), ("missed", None), ("voicemail", 9)]
    calls = [call(_key=str(n), status=status, agent_id=wait) for n, (status, wait) in enumerate(waits)]
    metrics = [*map(Metric.of, names), Metric(name="service_level_pct", within_s=60)]
    question = ask(["direction"], metrics, totals=False)
    table = make_summary(pl.DataFrame(calls, SCHEMA), waiting(CALLS), question, zone=NEW_YORK)
    assert table.rows[0][1:] == (26.0, 100 / 3, 1, 100 / 3, 200 / 3)


def test_what_a_summary_reads_is_named() -> None:
    assert fields_to_sum(CALLS, ask(["agent_name", "date"], ["count", "missed_count", "unique_callers"])) == (
        "agent_name",
        "agent_id",
        "started_at",
        "status",
        "from",
    )


def test_the_fields_named_are_enough() -> None:
    df = pl.DataFrame([call()], SCHEMA)
    for name in (*(f.name for f in CALLS.fields), "date", "week", "month", "hour_of_day", "day_of_week"):
        for metric in KNOWN:
            question = ask([name], [metric])
            rows = df.select("_key", *fields_to_sum(CALLS, question))
            assert len(make_summary(rows, CALLS, question, zone=NEW_YORK).rows) == 2


def test_a_good_summary_has_no_problems() -> None:
    assert problems(CALLS, ["agent_name", "date"], KNOWN, sort_by="total_duration") == []


def test_unknown_names_are_answered_with_the_allowed_ones() -> None:
    group, metric, sort = problems(CALLS, ["agnt_name"], ["cont"], sort_by="nothing")
    assert group.startswith('"agnt_name" is not a group; allowed: call_id, started_at')
    assert group.endswith('Did you mean "agent_name"?')
    assert metric.endswith('distinct of FIELD. Did you mean "count"?')
    assert sort.startswith('"nothing" is not a metric or group of this summary')


def test_too_many_doubled_or_no_groups_and_metrics_are_problems() -> None:
    assert problems(CALLS, [], []) == [
        "A summary has 1 to 3 groups, but this one has 0.",
        "A summary needs at least one metric.",
    ]
    assert problems(CALLS, ["date", "date"], ["count"]) == ['"date" stands twice among the groups and metrics.']
    assert len(problems(CALLS, ["date", "week", "month", "status"], ["count"])) == 1


def test_a_stream_that_lacks_a_role_cannot_compute_what_needs_it() -> None:
    bare = dataclasses.replace(
        CALLS, fields=tuple(dataclasses.replace(field, role=None) for field in CALLS.fields), status_words=None
    )
    assert len(problems(bare, ["date"], ["count", "avg_duration", "unique_callers", "missed_count"])) == 4
    no_words = dataclasses.replace(CALLS, status_words=None)
    assert problems(no_words, ["date"], ["missed_count"]) == [
        'The stream "calls" does not say which status values "missed_count" counts.'
    ]
    assert CALLS.field_with(Role.CALLER) is not None


def test_a_summary_that_cannot_be_computed_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a metric"):
        summed([], ["date"], ["nope"])
