"""One summary of many calls, in a process of its own so that its memory can be told from all else.

`python -m tests.benchmarks.summing FOLDER` prints one line of JSON: loading, summing, and the same by SQL.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.large import _asked
from tests.memory import peak_bytes

GROUP_BY = ["date", "agent_name", "direction"]
METRICS = ["count", "answered_count", "avg_duration", "total_duration", "unique_callers", "missed_pct"]
ZONE = "America/New_York"
RUNS = 3


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the middle of some runs, in seconds, and what came of the last."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), result


def sum_up(folder: Path) -> dict[str, Any]:
    """Load the calls and sum them up."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - each process loads no more than it measures

    from sync.shape.metrics import Metric  # noqa: PLC0415
    from sync.shape.summary import Question, fields_to_sum, make_summary  # noqa: PLC0415

    question = Question(group_by=GROUP_BY, metrics=[Metric(name=name) for name in METRICS])
    with _asked(folder) as asked:
        spec = asked.mirror.spec
        started = time.perf_counter()
        calls = asked.mirror.read(fields_to_sum(spec, question), window=asked.window)
        load_s = time.perf_counter() - started
        sum_s, table = timed(lambda: make_summary(calls, spec, question, zone=ZoneInfo(ZONE)))
        peak_mb = peak_bytes() / 2**20
        layout = asked.mirror._layout
        columns = {name: f'"{column}"' for name, column in layout.column_of.items()}
        name = layout.table.name
    sql_s, n_sql = by_sql(folder / "callsheet.db", name, columns)
    return {
        "calls": calls.height,
        "rows": len(table.rows),
        "load_s": load_s,
        "sum_s": sum_s,
        "peak_mb": peak_mb,
        "sql_s": sql_s,
        "sql_rows": n_sql,
    }


def by_sql(path: Path, table: str, columns: dict[str, str]) -> tuple[float, int]:
    """Compute the same by one statement, with days of UTC, as SQLite knows no zones."""
    c = columns
    query = (
        f"SELECT date({c['started_at']} / 1000000, 'unixepoch') AS day, {c['agent_id']}, {c['direction']}, count(*), "
        f"sum({c['status']} = 'completed'), avg({c['duration']}), sum({c['duration']}), count(DISTINCT {c['from']}), "
        f"100.0 * sum({c['status']} = 'missed') / count(*) FROM \"{table}\" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        seconds, found = timed(lambda: connection.execute(query).fetchall())
    finally:
        connection.close()
    return seconds, len(found)


if __name__ == "__main__":
    os.environ.setdefault("JUSTCALL_API_KEY", "bench-key")
    os.environ.setdefault("JUSTCALL_API_SECRET", "bench-secret")
    print(json.dumps(sum_up(Path(sys.argv[1]))))
