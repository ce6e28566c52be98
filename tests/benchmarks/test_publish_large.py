"""What the publish of a large tab costs, beside a bare floor and the packages that write data frames. Prints figures.

Each step is a process of its own, so that its memory is its own; the sandbox is another. Pacing is off, and the mirror
is filled before the clock starts. A floor run stands beside each run of ours, and ratios are of medians.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.large import BODY_BYTES, write_config
from tests.benchmarks.test_publish_cost import _wait_for
from tests.sandbox_admin import Admin

pytestmark = pytest.mark.full

PORT = 8398
Figures = dict[str, Any]


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    command = [sys.executable, "-c", f"from sync.sandbox.server import serve; serve({PORT})"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with Admin(f"http://127.0.0.1:{PORT}") as opened:
            _wait_for(opened)
            opened.options(google={"enforce_quota": False})
            opened.http.timeout = 300
            yield opened
    finally:
        process.terminate()
        process.wait(10)


def step(*words: object) -> Figures:
    """Run one step of `large`, and return what it prints."""
    command = [sys.executable, "-m", "tests.benchmarks.large", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_200)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1]
        return {"failed": reason[:150]}
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass
class Bench:
    """A mirror of so many calls, and the spreadsheets that are filled from copies of it."""

    admin: Admin
    folder: Path
    n_rows: int
    n_columns: int
    books: list[str] = field(default_factory=list)

    def fill(self) -> None:
        """Put the calls into the mirror."""
        self.folder.mkdir()
        self._point_at("none", self.folder)
        assert "failed" not in (filled := step("fill", self.folder, self.n_rows)), filled

    def copy(self) -> Path:
        """Return a folder with a store that has the calls, whose sheet is a new spreadsheet."""
        folder = self.folder.with_name(f"{self.folder.name}-{len(self.books)}")
        folder.mkdir()
        for path in self.folder.glob("callsheet.db*"):
            shutil.copy(path, folder)
        self._point_at(self.make_book(), folder)
        return folder

    def make_book(self) -> str:
        """Make a spreadsheet; those made before go, as each takes much memory."""
        for book in self.books[-1:]:
            self.admin.http.delete(f"/drive/v3/files/{book}", headers={"Authorization": "Bearer bench"})
        self.books.append(self.admin.make_spreadsheet("Bench"))
        return self.books[-1]

    def _point_at(self, book: str, folder: Path) -> None:
        write_config(folder, url=self.admin.url, spreadsheet=book, n_columns=self.n_columns)

    def floor(self) -> Figures:
        """Send the same rows with nothing else."""
        return step("floor", self.folder, self.n_rows, self.admin.url, self.make_book(), self.n_columns)

    def peer(self, name: str) -> Figures:
        """Send the same rows with another package."""
        return step("peer", self.folder, name, self.n_rows, self.admin.url, self.make_book())


def say(name: str, measured: list[Figures], *, beside: float | None = None) -> float:
    """Print a line of figures, and return the median of the seconds."""
    if failed := [one["failed"] for one in measured if "failed" in one]:
        print(f"  {name:<46} {failed[0]}")
        return 0.0
    times = [one["seconds"] for one in measured]
    middle, last = statistics.median(times), measured[-1]
    ratio = f"{middle / beside:6.2f} x" if beside else " " * 8
    asked = f"{last['reads']} reads, {last['writes']} writes" if "writes" in last else ""
    spread = f"{min(times):.2f} to {max(times):.2f} s"
    print(f"  {name:<46}{middle:8.2f} s {ratio}  {spread:<20}{asked:<22}{last['peak_mb']:5.0f} MB at most")
    return middle


def first_loads(bench: Bench, n_times: int) -> Path:
    """Measure first loads beside floors, in turn; return the folder of the last."""
    ours, floors = [], []
    folder = bench.folder
    for _ in range(n_times):
        floors.append(bench.floor())
        folder = bench.copy()
        ours.append(step("publish", folder))
    floor = say("bare floor, the same rows", floors)
    say("Callsheet, first load", ours, beside=floor)
    most = 2 + -(-floors[-1]["bytes"] // BODY_BYTES)
    print(f"  {'':<46}writes allowed: 2 + bytes / 2 MB = {most}")
    return folder


def test_first_load_of_100_000_rows_beside_its_peers(admin: Admin, tmp_path: Path) -> None:
    bench = Bench(admin=admin, folder=tmp_path / "large", n_rows=100_000, n_columns=12)
    bench.fill()
    print(f"\nfirst load, {bench.n_rows:,} rows x {bench.n_columns} columns")
    floor = statistics.median(bench.floor()["seconds"] for _ in range(3))
    for name in ("gspread-dataframe", "pygsheets"):
        say(name, [bench.peer(name)], beside=floor)
    folder = first_loads(bench, 5)
    _sort(bench, folder)


def _sort(bench: Bench, folder: Path) -> None:
    """Change 1,000 rows after a person has sorted the tab."""
    book = bench.books[-1]
    tab = bench.admin.http.get(f"/v4/spreadsheets/{book}", headers={"Authorization": "Bearer bench"}).json()["sheets"]
    sheet_id = next(s["properties"]["sheetId"] for s in tab if s["properties"]["title"] == "Calls")
    by_name = {"dimensionIndex": 3, "sortOrder": "DESCENDING"}
    rows = {"sheetId": sheet_id, "startRowIndex": 1}
    bench.admin.edit(book, requests=[{"sortRange": {"range": rows, "sortSpecs": [by_name]}}])
    step("change", folder, 1_000, 0)
    say("1,000 rows changed after a person's sort", [step("publish", folder)])


def test_first_load_of_990_000_rows_and_small_changes_of_it(admin: Admin, tmp_path: Path) -> None:
    large = Bench(admin=admin, folder=tmp_path / "large", n_rows=990_000, n_columns=10)
    large.fill()
    print(f"\nfirst load, {large.n_rows:,} rows x {large.n_columns} columns")
    folder = first_loads(large, 3)
    small = Bench(admin=admin, folder=tmp_path / "small", n_rows=10_000, n_columns=10)
    small.fill()
    beside = small.copy()
    step("publish", beside)
    print("\nin a tab of 990,000 rows, beside one of 10,000")
    runs = [(step("publish", beside), step("publish", folder)) for _ in range(7)]
    middle = say("nothing changed, 10,000 rows", [run[0] for run in runs])
    say("nothing changed, 990,000 rows", [run[1] for run in runs], beside=middle)
    changes = []
    for _ in range(7):
        step("change", beside, 100, 20)
        step("change", folder, 100, 20)
        changes.append((step("publish", beside), step("publish", folder)))
    middle = say("100 changed, 20 new, of 10,000", [run[0] for run in changes])
    say("100 changed, 20 new, of 990,000", [run[1] for run in changes], beside=middle)
    step("age", folder)
    say("all of 990,000 rows compared", [step("publish", folder)])
