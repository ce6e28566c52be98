"""Any calls, any question: a cross table says cell for cell what summaries of the same calls say in rows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import TooLarge
from sync.records import Slice, Table
from sync.shape.conditions import parse_condition
from sync.shape.cross import When, make_cross, name_of_total
from sync.shape.metrics import Metric
from sync.shape.summary import Question, make_summary
from sync.sources.justcall.streams import CALLS
from tests.property.test_summary import CALL, GROUPS, KNOWN, to_frame

ZONE = ZoneInfo("America/New_York")
TAGS = st.lists(st.sampled_from(["a", "B", ""]), max_size=3)


def _keyed(table: Table, metrics: int) -> dict[str, tuple[Any, ...]]:
    return dict(zip(table.keys, (tuple(row[-metrics:]) for row in table.rows), strict=True))


def _ask(groups: list[str], metrics: list[str], **more: Any) -> Question:
    return Question(group_by=groups, metrics=[Metric.of(name) for name in metrics], **more)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(CALL, TAGS), max_size=14),
    st.lists(st.sampled_from([*GROUPS, "tags"]), min_size=2, max_size=3, unique=True),
    st.lists(st.sampled_from(KNOWN), min_size=1, max_size=3, unique=True),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_a_cross_table_says_what_summaries_say(
    calls: list[Any], groups: list[str], metrics: list[str], limit: int, rng: random.Random
) -> None:
    keyed = [{**call, "tags": tags, "_key": f"k{n:02}"} for n, (call, tags) in enumerate(calls)]
    df, n = to_frame(keyed), len(metrics)
    question = _ask(groups, metrics, pivot=True)
    table = make_cross(df, CALLS, question, When(zone=ZONE))
    alone = replace(question, pivot=False)
    in_rows = _keyed(make_summary(df, CALLS, alone, zone=ZONE), n)
    down = make_summary(df, CALLS, replace(alone, group_by=groups[:-1]), zone=ZONE)
    across = make_summary(
        df, CALLS, replace(alone, group_by=groups[-1:], sort_by=groups[-1], sort_order="asc"), zone=ZONE
    )
    keys = list(across.keys[:-1])
    width = len(groups) - 1
    assert len(table.columns) == width + (len(keys) + 1) * n
    assert list(table.keys) == list(down.keys)
    assert [tuple(row[:width]) for row in table.rows] == [tuple(row[:width]) for row in down.rows]
    assert [tuple(row[-n:]) for row in table.rows] == [tuple(row[-n:]) for row in down.rows]
    empty = (None,) * n
    for key, row in zip(table.keys, table.rows, strict=True):
        cells = [tuple(row[width + at * n : width + at * n + n]) for at in range(len(keys))]
        wanted = [key[:-1] + "," + one[1:] for one in keys]
        if key == "total":
            assert cells == [_keyed(across, n)[one] for one in keys]
        else:
            assert cells == [in_rows.get(one, empty) for one in wanted]
    shuffled = df.sample(fraction=1, shuffle=True, seed=rng.randrange(2**31)) if len(calls) else df
    assert make_cross(shuffled, CALLS, question, When(zone=ZONE)) == table
    cut = make_cross(df, CALLS, replace(question, limit=limit), When(zone=ZONE))
    assert list(cut.rows[:limit]) == list(table.rows[: len(cut.rows[:limit])])
    of_cut = make_summary(df, CALLS, replace(alone, group_by=groups[:-1], limit=limit), zone=ZONE)
    assert [tuple(row[-n:]) for row in cut.rows] == [tuple(row[-n:]) for row in of_cut.rows]


def _calls(*told: dict[str, Any]) -> Any:
    at = datetime(2026, 7, 1, 16, tzinfo=UTC)
    return to_frame([{"started_at": at, "_key": f"k{n}", **one} for n, one in enumerate(told)])


def _headers(table: Table) -> list[str]:
    return [column.title for column in table.columns]


def test_headers_name_value_and_metric_and_the_order_is_that_of_the_values() -> None:
    df = _calls({"direction": "outbound"}, {"direction": "inbound"}, {"direction": None})
    one = make_cross(df, CALLS, _ask(["status", "direction"], ["count"], pivot=True), When(zone=ZONE))
    assert _headers(one) == ["Status", "inbound", "outbound", "(none)", "Total"]
    two = _ask(["status", "direction"], ["count", "answered_count"], pivot=True, totals=False)
    titles = _headers(make_cross(df, CALLS, two, When(zone=ZONE)))
    assert titles[1:5] == ["Calls · inbound", "Answered · inbound", "Calls · outbound", "Answered · outbound"]
    assert len(titles) == 7
    falling = replace(two, sort_by="direction", sort_order="desc", totals=True)
    assert _headers(make_cross(df, CALLS, falling, When(zone=ZONE)))[1] == "Calls · outbound"


def test_a_value_that_has_no_rows_any_more_keeps_its_columns_where_they_were() -> None:
    question = _ask(["status", "direction"], ["count"], pivot=True)
    before = make_cross(
        _calls({"direction": "a"}, {"direction": "b"}, {"direction": "c"}), CALLS, question, When(zone=ZONE)
    )
    known = {column.name: column.title for column in before.columns}
    after = make_cross(
        _calls({"direction": "a"}, {"direction": "bb"}, {"direction": "c"}),
        CALLS,
        question,
        When(zone=ZONE),
        known=known,
    )
    assert _headers(after) == ["Status", "a", "b", "bb", "c", "Total"]
    assert list(after.rows) == [("(none)", 1, None, 1, 1, 3), ("Total", 1, None, 1, 1, 3)]


def test_days_that_move_on_take_the_columns_of_those_that_leave() -> None:
    question = _ask(["status", "date"], ["count"], pivot=True, fill="zero", where=(parse_condition("duration > 5"),))
    names = []
    for day in (1, 2):
        period = Slice(datetime(2026, 7, day, 4, tzinfo=UTC), datetime(2026, 7, day + 2, 4, tzinfo=UTC))
        table = make_cross(_calls({"duration": 9, "status": "x"}), CALLS, question, When(zone=ZONE, period=period))
        names.append([column.name for column in table.columns])
        assert f"2026-07-0{day + 1}" in _headers(table)
    assert names[0][:3] == names[1][:3]
    assert table.rows[0][-1] == 1


def test_more_columns_than_anybody_reads_are_refused_with_their_number() -> None:
    df = _calls(*({"notes": f"n{n}"} for n in range(201)))
    with pytest.raises(TooLarge, match="would make 201 columns"):
        make_cross(df, CALLS, _ask(["status", "notes"], ["count"], pivot=True), When(zone=ZONE))


def test_two_agents_of_one_name_have_two_headers() -> None:
    df = _calls(
        {"agent_id": 1, "agent_name": "Kim"}, {"agent_id": 2, "agent_name": "Kim"}, {"agent_id": 3, "agent_name": "Al"}
    )
    table = make_cross(df, CALLS, _ask(["status", "agent"], ["count"], pivot=True), When(zone=ZONE))
    assert _headers(table) == ["Status", "Al", "Kim (1)", "Kim (2)", "Total"]
    assert table.columns[-1].name == name_of_total("count")
