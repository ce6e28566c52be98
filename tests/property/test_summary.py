"""Any calls, any zone, any question: the summary is what a slow model in plain Python says."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import Cell
from sync.shape.groups import WEEKDAYS
from sync.shape.metrics import METRICS, Metric, metric_problems
from sync.shape.summary import Question, make_summary
from sync.sources.justcall.streams import CALLS
from sync.store.mirror_read import DTYPES

SCHEMA = {field.name: DTYPES[field.type] for field in CALLS.fields} | {"_key": pl.String()}
KNOWN = [name for name in METRICS if not any(metric_problems(CALLS, Metric(name=name)))]
GROUPS = [
    "date",
    "week",
    "month",
    "hour_of_day",
    "day_of_week",
    "agent_name",
    "status",
    "notes",
    "duration",
    "agent_id",
]
CHANGES = [  # instants around which the clocks of one of the zones change, and a year's end
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 12, 31, 22, tzinfo=UTC),
]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati"]
Call = Mapping[str, Any]


def _maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


CALL = st.fixed_dictionaries(
    {
        "started_at": st.builds(
            lambda change, minutes: change + timedelta(minutes=minutes),
            st.sampled_from(CHANGES),
            st.integers(-3000, 3000),
        ),
        "agent_id": _maybe(1, 2, 3),
        "agent_name": _maybe("", "Ann", "bob", "Zoë"),
        "status": _maybe("completed", "missed", "voicemail", "busy", ""),
        "notes": _maybe("", "a", "A", "b", "(none)", "Total"),
        "duration": _maybe(0, 1, 7, 60, 3600),
        "from": _maybe("", "+1", "+2", "+3"),
    }
)


def to_frame(calls: Sequence[Call]) -> pl.DataFrame:
    return pl.DataFrame([{**dict.fromkeys(SCHEMA), **call} for call in calls], SCHEMA)


def latest_names(calls: Sequence[Call]) -> dict[Any, str]:
    named = sorted((c for c in calls if c["agent_name"]), key=lambda c: (c["started_at"], c["_key"]))
    return {c["agent_id"]: c["agent_name"] for c in named if c["agent_id"] is not None}


def model_group(call: Call, name: str, zone: ZoneInfo, week_starts: str, names: Mapping[Any, str]) -> tuple[Any, ...]:
    """Return what tells the group apart, its cell, and its rank."""
    local = call["started_at"].astimezone(zone)
    into_week = (local.isoweekday() - WEEKDAYS.index(week_starts)) % 7
    first_of = {"date": local.date(), "month": local.date().replace(day=1)}
    first_of["week"] = local.date() - timedelta(days=into_week)
    if name in first_of:
        number = (first_of[name] - date(1899, 12, 30)).days
        return number, number, number
    if name == "hour_of_day":
        return local.hour, local.hour, local.hour
    if name == "day_of_week":
        return into_week, local.strftime("%A"), into_week
    value = call[name] if call[name] != "" else None
    if name == "agent_name":
        agent = call["agent_id"]
        value = value if agent is None else names.get(agent, str(agent))
        return (agent, value), value, value and value.lower()
    return value, value, value.lower() if isinstance(value, str) else value


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which that share lies, between two values by their distance."""
    if not values:
        return None
    ordered, at = [*sorted(values), 0], share * (len(values) - 1)
    return ordered[int(at)] + (at - int(at)) * (ordered[int(at) + 1] - ordered[int(at)])


def model_metric(calls: Sequence[Call], name: str) -> Cell:
    durations = [c["duration"] for c in calls if c["duration"] is not None]
    words = {"answered_count": "completed", "missed_count": "missed", "voicemail_count": "voicemail"}
    if name.replace("_pct", "_count") in words:
        n = sum(c["status"] == words[name.replace("_pct", "_count")] for c in calls)
        share = 100 * n / len(calls) if calls else None
        return share if name.endswith("_pct") else n
    if name == "avg_duration":
        return sum(durations) / len(durations) if durations else None
    if name in ("median_duration", "p90_duration"):
        return quantile(durations, 0.5 if name == "median_duration" else 0.9)
    if name == "total_duration":
        return sum(durations)
    return len({c["from"] for c in calls if c["from"]}) if name == "unique_callers" else len(calls)


def nulls_last(value: Any) -> tuple[bool, Any]:
    if isinstance(value, tuple):
        return False, tuple(nulls_last(one) for one in value)
    return value is None, 0 if value is None else value


def model_rows(calls: Sequence[Call], question: Mapping[str, Any], zone: ZoneInfo) -> list[tuple[Any, ...]]:
    """Return the rows of the summary, in the order in which ties and default orders put them."""
    names = latest_names(calls)
    found: dict[Any, tuple[Any, list[Call]]] = {}
    for call in calls:
        parts = [model_group(call, name, zone, question["week_starts"], names) for name in question["group_by"]]
        entry = found.setdefault(tuple(part[0] for part in parts), (parts, []))
        entry[1].append(call)
    ordered = sorted(
        found.values(), key=lambda e: [nulls_last(x) for key, cell, rank in e[0] for x in (rank, cell, key)]
    )
    sort_by, is_time = question["sort_by"], question["group_by"][0] in GROUPS[:5]
    if sort_by in KNOWN or (sort_by is None and not is_time):
        is_down = sort_by is None or question["sort_order"] == "desc"
        values = [(model_metric(e[1], sort_by or "count"), e) for e in ordered]
        ranked = [(v, e) for v, e in values if v is not None]
        ranked.sort(key=lambda pair: -pair[0] if is_down else pair[0])  # type: ignore[operator, return-value]
        ordered = [e for _, e in ranked] + [e for v, e in values if v is None]
    label = [tuple("(none)" if part[1] is None else part[1] for part in e[0]) for e in ordered]
    return [
        (*cells, *(model_metric(e[1], m) for m in question["metrics"])) for cells, e in zip(label, ordered, strict=True)
    ]


QUESTION = st.fixed_dictionaries(
    {
        "group_by": st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3, unique=True),
        "metrics": st.lists(st.sampled_from(KNOWN), min_size=1, unique=True),
        "sort_by": st.sampled_from([None, *KNOWN]),
        "sort_order": st.sampled_from(["asc", "desc"]),
        "week_starts": st.sampled_from(WEEKDAYS),
    }
)


def summed(calls: pl.DataFrame, question: Mapping[str, Any], zone: ZoneInfo) -> Any:
    """Compute a summary; the question says its metrics by their names."""
    asked = {name: value for name, value in question.items() if name != "week_starts"}
    asked["metrics"] = [Metric.of(name) for name in question["metrics"]]
    return make_summary(calls, CALLS, Question(**asked), zone=zone, week_starts=question.get("week_starts", "monday"))


def plain(rows: Sequence[Sequence[Cell]]) -> list[list[Any]]:
    return [[pytest.approx(cell) if type(cell) is float else cell for cell in row] for row in rows]


@settings(max_examples=200, deadline=None)
@given(st.lists(CALL, max_size=40), QUESTION, st.sampled_from(ZONES), st.randoms(use_true_random=False))
def test_a_summary_is_what_the_model_says(
    drawn: list[dict[str, Any]], question: dict[str, Any], zone_name: str, chance: random.Random
) -> None:
    calls = [{**call, "_key": f"k{n:02}"} for n, call in enumerate(drawn)]
    zone = ZoneInfo(zone_name)
    table = summed(to_frame(calls), question, zone)
    assert [list(row) for row in table.rows[:-1]] == plain(model_rows(calls, question, zone))
    total = ["Total", *[None] * (len(question["group_by"]) - 1), *(model_metric(calls, m) for m in question["metrics"])]
    assert list(table.rows[-1]) == plain([total])[0]
    assert len(set(table.keys)) == len(table.keys) == len(table.rows)

    shuffled = chance.sample(calls, len(calls))
    again = summed(to_frame(shuffled), question, zone)
    assert (list(again.keys), list(again.rows)) == (list(table.keys), list(table.rows))


@settings(deadline=None)
@given(st.lists(CALL, max_size=30), st.sampled_from(GROUPS))
def test_counts_of_the_groups_add_up_to_all_rows(drawn: list[dict[str, Any]], group: str) -> None:
    calls = [{**call, "_key": f"k{n:02}"} for n, call in enumerate(drawn)]
    table = summed(to_frame(calls), {"group_by": [group], "metrics": ["count"]}, ZoneInfo("Europe/Berlin"))
    assert sum(row[1] for row in table.rows[:-1]) == table.rows[-1][1] == len(calls)  # type: ignore[misc]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.randoms(use_true_random=False))
def test_sums_of_fractions_do_not_depend_on_the_order_of_rows(seconds: list[float], chance: random.Random) -> None:
    def _sum(durations: list[float]) -> Sequence[Cell]:
        calls = to_frame([{"_key": f"k{n}"} for n in range(len(durations))])
        rows = calls.with_columns(duration=pl.Series(durations, dtype=pl.Float64))
        metrics = ["total_duration", "avg_duration"]
        return summed(rows, {"group_by": ["status"], "metrics": metrics}, ZoneInfo("UTC")).rows[0]

    assert list(_sum(seconds)) == plain([_sum(chance.sample(seconds, len(seconds)))])[0]
