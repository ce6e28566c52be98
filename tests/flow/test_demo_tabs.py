"""The demo's spreadsheet: every tab of every vendor holds what the vendor holds, cell by cell."""

from __future__ import annotations

import threading
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync.clock import Period, to_whole_buckets
from sync.demo import run_demo
from sync.records import LISTED_AT, Buckets, Slice, StreamKind
from sync.report import Outcome
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.registry import VENDORS
from tests.benches.bench import Bench, every_bench
from tests.benches.callscaler import figures_of
from tests.sandbox_admin import Admin

NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)  # the clocks of the sheet's zone changed in the period
TEMPLATE = (resources.files("sheets_templates") / "demo.toml").read_text()
CONFIG = tomllib.loads(TEMPLATE)
(SHEET,) = CONFIG["sheet"]
TABS = {tab["title"]: tab for tab in SHEET["tab"]}
ZONE = ZoneInfo(SHEET["timezone"])


def is_of(bench: Bench, connection: dict[str, Any]) -> bool:
    fields = VENDORS[bench.vendor].options.model_fields
    chosen = {name: connection.get(name, fields[name].default) for name in bench.options}
    return bench.vendor == connection["vendor"] and chosen == dict(bench.options)


def bench_of(tab: dict[str, Any]) -> Bench:
    """Return the bench of a tab's stream, with the tab's own params."""
    connection = CONFIG["connection"][tab["connection"]]
    known = {bench.stream: bench for bench in every_bench() if is_of(bench, connection)}
    bench, params = known[tab["stream"]], tab.get("params", {})
    if not params:
        return bench
    return replace(bench, params=params, truth=partial(figures_of, **params))


def window_of(tab: dict[str, Any], bench: Bench) -> tuple[Slice, Buckets | None]:
    if bench.spec.kind is StreamKind.LIST:
        return Slice(LISTED_AT, LISTED_AT + timedelta(days=1)), None
    window = Period.parse(tab["period"]).slice_at(NOW, ZONE, "monday")
    if bench.spec.kind is StreamKind.ROWS:
        return window, None
    buckets = Buckets(per=tab["per"], zone=ZONE)
    return to_whole_buckets(window, buckets), buckets


def as_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.astimezone(ZONE).replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)
    if isinstance(value, date):
        return (value - date(1899, 12, 30)).days
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else value


def is_same(wanted: Any, shown: Any) -> bool:
    if isinstance(wanted, float) and isinstance(shown, int | float):
        return abs(wanted - shown) < 1e-8
    if isinstance(wanted, str) and len(wanted) > 45_000:  # longer than a cell may be
        return isinstance(shown, str) and shown.startswith(wanted[:45_000])
    return bool(wanted == shown)


@pytest.fixture(scope="module")
def admin() -> Any:
    options = SandboxOptions(calls=CallOptions(n_calls=1500, days=45, until=NOW))
    with SandboxServer(options=options) as server, Admin(server.url) as opened:
        yield opened


def test_each_tab_of_the_demo_equals_its_vendor(admin: Admin, freeze: Any, capsys: Any) -> None:
    freeze(NOW)
    demo = run_demo(admin.url, holdings="the vendors", stop=threading.Event())
    assert [report.outcome for report in demo.reports] == [Outcome.OK, Outcome.UNCHANGED]
    spreadsheet = demo.address.partition("/view/")[2].partition("#")[0]
    assert {tab["connection"] for tab in TABS.values()} == set(CONFIG["connection"])
    for title, tab in TABS.items():
        bench = bench_of(tab)
        shown_fields = [f for f in bench.spec.fields if f.shown]
        header, *rows = admin.tab_values(spreadsheet, title)
        shown = [dict(zip(header, row + [""] * (len(header) - len(row)), strict=True)) for row in rows]
        keys = [bench.spec.field_named(name).title for name in bench.spec.key]
        found = {tuple(row[key] for key in keys): row for row in shown}
        assert len(found) == len(shown)
        truth = {
            tuple(as_cell(values[name]) for name in bench.spec.key): values
            for values in bench.truth(admin, *window_of(tab, bench))
        }
        assert found.keys() == truth.keys(), title
        assert len(found) > (2 if bench.spec.kind is StreamKind.LIST else 20)
        for key, values in truth.items():
            for field in shown_fields:
                assert is_same(as_cell(values[field.name]), found[key][field.title]), (title, key, field.name)
    said = capsys.readouterr().out
    assert all(f"  {title}: " in said for title in TABS)
