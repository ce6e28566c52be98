"""Aircall at its real sizes: more calls than one list shows, and a file of a million rows in flat memory."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.http.waits import NoPace
from sync.records import Slice
from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sources.aircall.models import AircallOptions
from sync.sources.registry import make_source
from tests.sandbox_admin import Admin
from tests.source_desk import Notes

UNTIL = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
ALL = Slice(UNTIL - timedelta(days=21), UNTIL + timedelta(days=1))


@pytest.mark.full
def test_more_calls_than_one_list_shows_are_all_found() -> None:
    options = SandboxOptions(calls=CallOptions(n_calls=21_000, days=20, until=UNTIL))
    with SandboxServer(options=options) as server, Admin(server.url) as admin:
        admin.options(aircall={"requests_per_minute": 1_000_000})
        wanted = AircallOptions(api_id="env:A", api_token="env:B", base_url=f"{server.url}/aircall")
        keys = {"api_id": "id", "api_token": "token"}
        source = make_source(wanted, keys, pace=NoPace(), sleep=lambda _: None, notebook=Notes())
        found = [record.values["id"] for page in source.fetch("calls", ALL, {}) for record in page.records]
        source.close()
        assert sorted(found) == sorted(call["id"] for call in admin.truth("aircall", "calls"))
        assert [entry for entry in admin.log(service="aircall") if entry["status"] == 400] == []


_READ = """
import json, re, sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
from sync.records import Slice
from sync.sources.aircall.files import check_file
from sync.sources.aircall.reports import REPORTS
from sync.sources.aircall.tables import Reader, TableOptions
from sync.sources.aircall.values import Reading

options = TableOptions(wanted={}, reading=Reading(zone=ZoneInfo("UTC")))
within = Slice(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
reader = Reader(report=REPORTS["calls_history"], options=options, within=within)
with open(sys.argv[1], "rb") as file:
    facts = check_file(file)
    n_records = sum(len(page.records) for page in reader.pages(file))
    reader.finish()
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])  # since this program began
print(json.dumps({"n_rows": facts.n_rows, "n_records": n_records, "peak_kb": peak}))
"""


def _write_history(path: Path, n_rows: int) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write(
            "Call ID (internal),Call start time,Call direction,Call type,Duration (total),User,User ID,Comments\n"
        )
        for n in range(n_rows):
            at = first + timedelta(seconds=30 * n)
            file.write(f'{n + 1},{at:%Y-%m-%d %H:%M:%S},Inbound,Answered,00:02:05,Ann,7,"said ""yes"",\nthen left"\n')


def _read_in_a_process(path: Path) -> dict[str, int]:
    ran = subprocess.run([sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True)
    return dict(json.loads(ran.stdout))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory; Linux alone has it")
@pytest.mark.parametrize("n_rows", [20_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_a_file_is_read_in_flat_memory_however_many_rows_it_has(tmp_path: Path, n_rows: int) -> None:
    _write_history(tmp_path / "few.csv", 5_000)
    _write_history(tmp_path / "many.csv", n_rows)
    few, many = (_read_in_a_process(tmp_path / name) for name in ("few.csv", "many.csv"))
    assert (many["n_rows"], many["n_records"]) == (n_rows, n_rows)
    # The keys of the first hundred thousand rows are watched for doubles, which takes some megabytes and no more
    assert many["peak_kb"] - few["peak_kb"] < 30_000
