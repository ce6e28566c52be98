"""Every stream of every vendor, from config to tabs: what the mirror and the tabs hold is the vendor's truth."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tomlkit

from sync import clock
from sync.catalogue import pull_sample
from sync.config.load import Config, load_config
from sync.office import NoProgress, Office, open_office
from sync.records import FieldType, Slice, StreamKind
from sync.report import Outcome, RunReport
from sync.run import RunRequest, Trigger, run_sheet
from sync.sandbox.server import SandboxServer
from sync.sources.registry import VENDORS
from sync.tab_refresh import open_tab_stream
from tests.benches.bench import Bench, every_bench
from tests.sandbox_admin import Admin
from tests.world import ZONE

BENCHES = every_bench()
ACCOUNTS = sorted({(bench.vendor, json.dumps(dict(bench.options))) for bench in BENCHES})


def benches_of(account: tuple[str, str]) -> list[Bench]:
    return [bench for bench in BENCHES if (bench.vendor, json.dumps(dict(bench.options))) == account]


def write_config(folder: Path, url: str, spreadsheet: str, benches: list[Bench], monkeypatch: Any) -> Config:
    """Write a sheet with a tab for every stream of an account."""
    bench = benches[0]
    for name, value in bench.secrets.items():
        monkeypatch.setenv(f"TEST_{name.upper()}", value)
    connection = {
        "vendor": bench.vendor,
        "base_url": f"{url}/{bench.vendor}",
        "requests_per_minute": 10_000,
        **VENDORS[bench.vendor].options.needed_examples(),
        **{name: f"env:TEST_{name.upper()}" for name in bench.secrets},
        **bench.options,
    }
    google = {"credentials": "anonymous", "sheets_url": url, "drive_url": url}
    google |= {"writes_per_minute": 100_000, "reads_per_minute": 100_000, "spreadsheet_writes_per_second": 10_000}
    tabs = [
        {
            "title": b.stream,
            "connection": "here",
            "stream": b.stream,
            "period": period_of(b),
            "params": dict(b.params),
        }
        for b in benches
    ]
    for tab, b in zip(tabs, benches, strict=True):
        if b.spec.kind is StreamKind.LIST:
            del tab["period"]
    sheet = {"name": "every", "spreadsheet": spreadsheet, "timezone": ZONE, "tab": tabs}
    text = tomlkit.dumps({"google": google, "connection": {"here": connection}, "sheet": [sheet]})
    (folder / "config.toml").write_text(text)
    return load_config(folder / "config.toml")


def period_of(bench: Bench) -> str:
    """Two weeks, or so little that none of it leaves the vendor's memory while the test runs."""
    spec = bench.spec
    n_days = min(14, spec.retention.days - 2) if spec.retention_is_certain and spec.retention else 14
    return f"last {n_days} days"


def run(office: Office, config: Config) -> RunReport:
    request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
    report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=threading.Event())
    assert report.outcome in (Outcome.OK, Outcome.UNCHANGED), report
    return report


def mirrored(office: Office, config: Config, bench: Bench) -> tuple[dict[Any, dict[str, Any]], Slice, Any]:
    """Return what the mirror holds of a tab's window by key; groups that are gone have no figures and do not count."""
    sheet = config.sheets[0]
    tab = next(tab for tab in sheet.tabs if tab.title == bench.stream)
    opened = open_tab_stream(office, sheet, tab, period=tab.period, requested_at=clock.now())
    spec = opened.mirror.spec
    rows = opened.mirror.read([f.name for f in spec.fields], window=opened.window).to_dicts()
    figures = [
        f.name for f in spec.fields if f.type in (FieldType.INTEGER, FieldType.NUMBER) and f.name not in spec.key
    ]
    if spec.kind is StreamKind.AGGREGATE:
        rows = [row for row in rows if any(row[name] is not None for name in figures)]
    by_key = {tuple(row[name] for name in spec.key): {f.name: row[f.name] for f in spec.fields} for row in rows}
    return by_key, opened.window, opened.buckets


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [item if isinstance(item, str | None) else json.dumps(item) for item in value]
    if isinstance(value, dict):
        return json.loads(json.dumps(value, sort_keys=True))
    return value


def assert_mirror_is_the_truth(office: Office, config: Config, admin: Admin, bench: Bench) -> int:
    found, window, buckets = mirrored(office, config, bench)
    names = [f.name for f in bench.spec.fields]
    objects = {f.name for f in bench.spec.fields if f.type is FieldType.OBJECT}
    truth = {
        tuple(values[name] for name in bench.spec.key): {name: plain(values[name]) for name in names}
        for values in bench.truth(admin, window, buckets)
    }
    assert found.keys() == truth.keys()
    for key, values in found.items():
        read = {n: json.loads(v) if n in objects and v is not None else v for n, v in values.items()}
        assert read == truth[key]
    return len(found)


def shown_keys(admin: Admin, spreadsheet: str, bench: Bench) -> set[tuple[Any, ...]]:
    """Return the keys that a tab shows, as it shows them."""
    header, *rows = admin.tab_values(spreadsheet, bench.stream)
    spec = bench.spec
    places = [header.index(spec.field_named(name).title) for name in spec.key]
    shown = [tuple(as_read((row + [""] * len(header))[at]) for at in places) for row in rows]
    keys = [key for key in shown if any(cell != "" for cell in key)]
    assert len(keys) == len(set(keys))
    return set(keys)


def as_read(cell: Any) -> Any:
    return round(cell, 6) if isinstance(cell, float) else cell


def as_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
        return round((local - datetime(1899, 12, 30)) / timedelta(days=1), 6)
    if isinstance(value, date):
        return (value - date(1899, 12, 30)).days
    return value


@pytest.fixture
def admin(sandbox: SandboxServer) -> Iterator[Admin]:
    with Admin(sandbox.url) as opened:
        opened.reset()
        opened.options(google={"enforce_quota": False})
        yield opened


def assert_a_sample_can_be_shown(office: Office, benches: list[Bench]) -> None:
    for bench in benches:
        sample = pull_sample(office, "here", bench.stream, n=3, stop=threading.Event()).records
        assert 1 <= len(sample) <= 3, bench.id
        assert all(record.values[bench.spec.key[0]] is not None for record in sample)


@pytest.mark.parametrize(
    "account",  # exports are slow: each is made, looked at again and again, and fetched
    [pytest.param(one, id="-".join(one), marks=[pytest.mark.full] if one[0] == "aircall" else []) for one in ACCOUNTS],
)
def test_the_mirror_equals_the_vendor_after_a_full_period_after_late_edits_and_with_new_records(
    account, admin, tmp_path, monkeypatch
):
    benches = benches_of(account)
    vendor = account[0]
    admin.options(**{vendor: {**benches[0].generous, **benches[0].at_once}})
    spreadsheet = admin.make_spreadsheet("Every stream", timezone=ZONE)
    config = write_config(tmp_path, admin.url, spreadsheet, benches, monkeypatch)
    with open_office(config) as office:
        run(office, config)
        assert all(assert_mirror_is_the_truth(office, config, admin, bench) for bench in benches)
        for kind in sorted({bench.arrives for bench in benches} - {""}):
            admin.edit_at(vendor, 40, kind=kind)
            admin.arrive_at(vendor, 15, kind=kind)
        run(office, config)
        for bench in benches:
            assert_mirror_is_the_truth(office, config, admin, bench)
            truth = mirrored(office, config, bench)[0]
            wanted = {tuple(as_cell(value) for value in key) for key in truth}
            assert wanted <= shown_keys(admin, spreadsheet, bench)
        assert run(office, config).outcome is Outcome.UNCHANGED
        assert_a_sample_can_be_shown(office, benches)
