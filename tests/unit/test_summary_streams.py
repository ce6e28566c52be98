"""The language of summaries holds for every call stream of every vendor, and for all calls."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from sync.records import FieldType, Role, StreamKind, StreamSpec
from sync.shape.all_calls import call_stream, make_spec
from sync.shape.cross import When, make_cross
from sync.shape.groups import BUCKETS, GROUP_ROLES, NONE_LABEL, can_group, field_of_group
from sync.shape.metrics import METRICS, Metric, metric_problems
from sync.shape.summary import Question, make_summary, summary_problems
from sync.sources.registry import VENDORS
from sync.store.mirror_read import DTYPES

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 28, 20, tzinfo=UTC)  # the clocks change that night
OF_A_CALL = (Role.STARTED_AT, Role.DURATION, Role.STATUS)


def _streams() -> list[Any]:
    found = []
    for vendor in VENDORS.values():
        for options, spec in vendor.every_stream():
            if spec.kind is StreamKind.ROWS and spec.status_words and all(spec.field_with(role) for role in OF_A_CALL):
                found.append(pytest.param(spec, id=" ".join([vendor.title, *options.values(), spec.name])))
    calls = [found_in for v in VENDORS.values() if (found_in := call_stream(v.specs.values())) is not None]
    return [*found, pytest.param(make_spec(calls), id="all calls")]


def _values(kind: FieldType, spec: StreamSpec, name: str, rng: random.Random) -> Any:
    field = spec.field_named(name)
    if name == spec.cursor_field:
        return START + timedelta(minutes=rng.randrange(2_000))
    if rng.random() < 0.2:
        return None
    if field is not None and field.role is Role.STATUS and spec.status_words:
        return rng.choice([*spec.status_words.answered, *spec.status_words.missed, "busy"])
    made: dict[FieldType, Any] = {
        FieldType.TEXT: rng.choice(["", "a", "B"]),
        FieldType.INTEGER: rng.randrange(4),
        FieldType.NUMBER: rng.choice([0.5, 2.25, 40.0]),
        FieldType.BOOLEAN: rng.random() < 0.5,
        FieldType.INSTANT: START + timedelta(hours=rng.randrange(3)),
        FieldType.DATE: date(2026, 3, 1 + rng.randrange(3)),
        FieldType.LIST: rng.sample(["x", "y", ""], rng.randrange(3)),
        FieldType.OBJECT: "{}",
    }
    return made[kind]


def _calls(spec: StreamSpec, n: int = 40) -> pl.DataFrame:
    rng = random.Random(spec.name)
    rows = [{f.name: _values(f.type, spec, f.name, rng) for f in spec.fields} | {"_key": f"k{i:02}"} for i in range(n)]
    return pl.DataFrame(rows, {f.name: DTYPES[f.type] for f in spec.fields} | {"_key": pl.String()})


@pytest.mark.parametrize("spec", _streams())
def test_every_group_and_every_metric_can_be_asked_or_is_refused_with_the_reason(spec: StreamSpec) -> None:
    df = _calls(spec)
    metrics = [Metric(name=name) for name in METRICS if not any(metric_problems(spec, Metric(name=name)))]
    needed = {"count", "answered_count", "missed_pct", "median_duration", "p90_duration", "total_duration"}
    assert needed <= {metric.name for metric in metrics}
    for name in set(METRICS) - {metric.name for metric in metrics}:
        (problem,) = metric_problems(spec, Metric(name=name))
        assert f'"{spec.name}"' in problem
        assert name in problem
    groups = [*(f.name for f in spec.fields if can_group(f)), *(name for name in BUCKETS if not spec.field_named(name))]
    groups += [name for name in GROUP_ROLES if field_of_group(spec, name) and not spec.field_named(name)]
    assert {"date", "half_hour", "status", "tag"} & set(groups)
    shuffled = df.sample(fraction=1, shuffle=True, seed=1)
    for name in groups:
        question = Question(group_by=[name], metrics=[metric for metric in metrics if metric.id != name])
        assert summary_problems(spec, question) == []
        table = make_summary(df, spec, question, zone=ZONE)
        assert make_summary(shuffled, spec, question, zone=ZONE) == table  # unchanged calls cost no write
        field = field_of_group(spec, name)
        counts = [row[1] for row in table.rows]
        if field is None or field.type is not FieldType.LIST:
            assert sum(counts[:-1]) == counts[-1]
        assert counts[-1] == df.height
        assert [row[0] for row in table.rows].count(NONE_LABEL) <= 1 + (
            field is not None and field.role is Role.AGENT_NAME
        )


@pytest.mark.every(3)
@pytest.mark.parametrize("spec", _streams())
def test_three_groups_zeros_and_columns_of_any_stream_agree_with_each_other(spec: StreamSpec) -> None:
    df, status = _calls(spec), spec.field_with(Role.STATUS)
    assert status is not None
    question = Question(group_by=["date", "hour_of_day", status.name], metrics=[Metric.of("count")], limit=5)
    table = make_summary(df, spec, question, zone=ZONE)
    assert sum(row[-1] for row in table.rows[:-1]) == table.rows[-1][-1] == df.height
    crossed = make_cross(df, spec, Question(group_by=question.group_by, metrics=question.metrics), When(zone=ZONE))
    assert sum(sum(cell or 0 for cell in row[2:-1]) for row in crossed.rows[:-1]) == df.height
    assert crossed.rows[-1][-1] == df.height
