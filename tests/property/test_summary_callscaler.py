"""Our summary of CallScaler's raw calls is what its own analytics answer, to the last digit that it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sync import clock
from sync.http.waits import NoPace
from sync.records import Slice, Table
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.shape.conditions import parse_condition
from sync.shape.groups import NONE_LABEL, WEEKDAYS
from sync.shape.metrics import Metric
from sync.shape.summary import Question, make_summary
from sync.sources.callscaler.models import CallScalerOptions
from sync.sources.callscaler.streams import CALLS, DIRECTIONS, GROUPS, METRICS, STATUSES
from sync.sources.registry import make_source
from sync.store.mirror_read import DTYPES
from tests.sandbox_admin import Admin
from tests.source_desk import Notes

UNTIL = datetime(2026, 3, 25, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 2, 20), date(2026, 3, 26)  # the clocks of New York change on 8 March
ZONES = ("UTC", "America/New_York")
TOLD_DIGITS = {
    "avg_duration": 2,
    "avg_ai_score": 2,
    "avg_robo_score": 2,
    "qualified_pct": 1,
}  # of the sandbox's answers
OFFERED = {
    "status": STATUSES,
    "direction": DIRECTIONS,
    "source": ("Google Ads", "Größe & Söhne", "=Partner", "nobody"),
    "ai_category": ("sales", "wrong number"),
    "qualified": ("true", "false"),
    "min_ai_score": ("0", "50", "100"),
    "max_ai_score": ("0", "49", "100"),
    "min_duration": ("0", "60", "600"),
    "call_flow_id": ("seen", "seen too"),
    "number_id": ("seen", "seen too"),
    "number_group_id": ("seen",),
}
WORDS = {
    "min_ai_score": "ai_score >= {}",
    "max_ai_score": "ai_score <= {}",
    "min_duration": "duration_seconds >= {}",
}


@dataclass(frozen=True)
class World:
    """The vendor, and its raw calls as our source reads them."""

    url: str
    calls: pl.DataFrame

    def analytics(self, query: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": "Bearer cs_key_tests"}
        reply = httpx.get(f"{self.url}/callscaler/api/v1/analytics/calls", params=query, headers=headers)
        assert reply.status_code == 200, reply.text
        return dict(reply.json()["data"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    options = SandboxOptions(calls=CallOptions(n_calls=900, days=32, until=UNTIL))
    with SandboxServer(options=options) as server, Admin(server.url) as admin:
        admin.options(callscaler={"requests_per_minute": 1_000_000, "shows_ids": True})
        # What is empty and what is not there are one group to us, and two to a database
        empty = [call["id"] for call in admin.truth("callscaler", "calls") if call["utm_medium"] == ""]
        admin.edit_at("callscaler", ids=empty, fields={"utm_medium": None})
        wanted = CallScalerOptions(api_key="env:X", base_url=f"{server.url}/callscaler")
        secrets = {"api_key": "cs_key_tests"}
        source = make_source(wanted, secrets, pace=NoPace(), sleep=lambda s: None, notebook=Notes())
        whole = Slice(UNTIL - timedelta(days=40), UNTIL + timedelta(days=1))
        rows = [r.values for page in source.fetch("calls", whole, {}) for r in page.records]
        source.close()
        schema = {field.name: DTYPES[field.type] for field in CALLS.fields} | {"_key": pl.String()}
        yield World(server.url, pl.DataFrame([{**row, "_key": row["id"]} for row in rows], schema))


def chosen_filters(drawn: Mapping[str, str], calls: pl.DataFrame) -> dict[str, str]:
    """Put ids that there are in place of the words for them."""
    ids = {name: sorted(calls[name].drop_nulls().unique()) for name in OFFERED if name.endswith("_id")}
    return {name: ids[name][len(value) % 2] if value.startswith("seen") else value for name, value in drawn.items()}


def as_condition(name: str, value: str) -> str:
    if name == "qualified":
        return "qualified_ai = true" if value == "true" else "qualified_ai != true"
    return WORDS.get(name, f"{name} = {{}}").format(value)


def as_told(name: str, cell: Any) -> Any:
    """Turn a cell of a group into what the vendor writes for it."""
    day = date(1899, 12, 30) + timedelta(days=cell) if name in ("date", "week", "month") else None
    if day is not None:
        forms = {"date": day.isoformat(), "month": f"{day:%Y-%m}"}
        return forms.get(name) or f"{day.isocalendar().year}-W{day.isocalendar().week:02d}"
    if name == "day_of_week":
        return WEEKDAYS.index(str(cell).lower())
    return None if cell == NONE_LABEL else cell


def is_same(metric: str, ours: Any, told: Any) -> bool:
    """Compare to the last digit that is told; a sum of fractions may differ beyond it, whoever adds it up."""
    if metric not in TOLD_DIGITS or ours is None:
        return bool(ours == told)
    return abs(ours - told) <= 0.5 * 10 ** -TOLD_DIGITS[metric] + 1e-9


ASKED = st.fixed_dictionaries(
    {
        "group_by": st.lists(st.sampled_from(GROUPS), min_size=1, max_size=3, unique=True),
        "metrics": st.lists(st.sampled_from(METRICS), min_size=1, unique=True),
        "sort_by": st.sampled_from(METRICS),
        "sort_order": st.sampled_from(["asc", "desc"]),
        "limit": st.integers(1, 40),
        "days": st.tuples(st.dates(FIRST, LAST), st.dates(FIRST, LAST)).map(sorted),
        "filters": st.lists(st.sampled_from(sorted(OFFERED)), max_size=3, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: st.sampled_from(OFFERED[name]) for name in names})
        ),
    }
)


def summed(world: World, asked: Mapping[str, Any], zone: ZoneInfo, *, limit: int | None = None) -> Table:
    first, last = asked["days"]
    start, end = clock.day_start(first, zone), clock.day_start(last + timedelta(days=1), zone)
    question = Question(
        group_by=asked["group_by"],
        metrics=[Metric(name=name) for name in asked["metrics"]],
        where=[parse_condition(as_condition(*one)) for one in chosen_filters(asked["filters"], world.calls).items()],
        sort_by=asked["sort_by"],
        sort_order=asked["sort_order"],
        limit=limit,
    )
    calls = world.calls.filter((pl.col("created_at") >= start) & (pl.col("created_at") < end))
    return make_summary(calls, CALLS, question, zone=zone)


def told_by(world: World, asked: Mapping[str, Any], limit: int) -> dict[str, Any]:
    first, last = asked["days"]
    metrics = dict.fromkeys([*asked["metrics"], asked["sort_by"]])
    query = {"group_by": ",".join(asked["group_by"]), "metrics": ",".join(metrics), "limit": limit}
    query |= {"start_date": first.isoformat(), "end_date": last.isoformat()}
    query |= {name: asked[name] for name in ("sort_by", "sort_order")}
    return world.analytics(query | chosen_filters(asked["filters"], world.calls))


def rows_by_group(table: Table, asked: Mapping[str, Any]) -> dict[Any, dict[str, Any]]:
    n = len(asked["group_by"])
    found = {}
    for key, row in zip(table.keys, table.rows, strict=True):
        if key.startswith("["):
            group = tuple(as_told(*pair) for pair in zip(asked["group_by"], row[:n], strict=True))
            found[group] = dict(zip(asked["metrics"], row[n:], strict=True))
    return found


def any_question(n: int) -> Any:
    """Give a test so many questions."""
    slow = [HealthCheck.function_scoped_fixture]
    return lambda test: settings(max_examples=n, deadline=None, suppress_health_check=slow)(given(ASKED)(test))


@pytest.mark.parametrize("zone_name", ZONES)
@any_question(20)
def test_our_summary_equals_the_vendors_own_answer(world: World, zone_name: str, asked: dict[str, Any]) -> None:
    assert_equal(world, zone_name, asked)


@pytest.mark.full
@pytest.mark.parametrize("zone_name", [*ZONES, "Asia/Kathmandu", "Australia/Lord_Howe"])
@any_question(150)
def test_our_summary_equals_the_vendors_own_answer_to_many(world: World, zone_name: str, asked: dict[str, Any]) -> None:
    assert_equal(world, zone_name, asked)


def assert_equal(world: World, zone_name: str, asked: Mapping[str, Any]) -> None:
    with Admin(world.url) as admin:
        admin.options(callscaler={"dates_zone": zone_name})
    told, zone = told_by(world, asked, 1000), ZoneInfo(zone_name)
    assume(told["count"] <= 1000)
    table = summed(world, asked, zone)
    ours = rows_by_group(table, asked)
    theirs = {tuple(row[name] for name in asked["group_by"]): row for row in told["data"]}
    assert ours.keys() == theirs.keys()
    for group, figures in ours.items():
        assert all(is_same(name, figures[name], theirs[group][name]) for name in asked["metrics"]), (group, figures)
    assert_totals_are_the_same(table, told, asked)
    assert_the_first_are_the_same(world, asked, zone, told["data"])


def assert_totals_are_the_same(table: Table, told: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    total = dict(zip(asked["metrics"], table.rows[-1][len(asked["group_by"]) :], strict=True))
    assert table.keys[-1] == "total"
    for name in asked["metrics"]:
        if told["totals"]["count"] or not name.endswith("_pct"):  # a share of nothing is nothing to us, and 0 to them
            assert is_same(name, total[name], told["totals"][name])


def assert_the_first_are_the_same(
    world: World, asked: Mapping[str, Any], zone: ZoneInfo, every: Sequence[Mapping[str, Any]]
) -> None:
    """Of equal ones any may stand first at the vendor's; what has no value stands last with us."""
    by, limit = asked["sort_by"], asked["limit"]
    if any(row[by] is None for row in every):
        return
    shown = {**asked, "metrics": list(dict.fromkeys([*asked["metrics"], by]))}
    table = summed(world, shown, zone, limit=limit)
    values = [figures[by] for figures in rows_by_group(table, shown).values()]
    told = [row[by] for row in told_by(world, asked, limit)["data"]]
    assert len(values) == len(told) == min(limit, len(every))
    assert all(is_same(by, one, other) for one, other in zip(values, told, strict=True))
    n_cut = max(0, len(every) - limit)
    assert [row[0] for row, key in zip(table.rows, table.keys, strict=True) if key == "cut"] == (
        [f"{n_cut:,} more, not shown"] if n_cut else []
    )
