"""What a summary of a million calls costs: loading, summing up, memory; beside plain SQL on the same store.

Figures are printed, and only sizes are asserted: machines differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.large import COLUMNS, write_config

pytestmark = pytest.mark.full

N_CALLS = int(os.environ.get("BENCH_CALLS", "1000000"))
MOST_MB = 500


def step(module: str, *words: object) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_summary_of_a_million_calls_beside_plain_sql(tmp_path: Path) -> None:
    write_config(tmp_path, url="http://127.0.0.1:9", spreadsheet="1AbC", n_columns=len(COLUMNS))
    step("large", "fill", tmp_path, N_CALLS)
    cost = step("summing", tmp_path)
    print(
        f"\n{cost['calls']:,} calls, 3 groups, 6 metrics: {cost['rows']:,} rows\n"
        f"loading {cost['load_s']:.2f} s, summing up {cost['sum_s']:.2f} s, at most {cost['peak_mb']:,.0f} MB; "
        f"plain SQL {cost['sql_s']:.2f} s for {cost['sql_rows']:,} rows"
    )
    assert cost["calls"] == N_CALLS
    assert cost["peak_mb"] < MOST_MB
