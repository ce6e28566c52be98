"""One step of the large publish, run as a process of its own so that its memory can be told from all else.

`python -m tests.benchmarks.large fill|publish|age|change|floor|peer FOLDER ...` prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from tests.memory import peak_bytes

COLUMNS = (
    "call_id", "started_at", "direction", "from", "to", "agent_id", "agent_name", "status", "duration", "notes",
    "voicemail", "disposition",
)  # fmt: skip
DAYS = 300
BODY_BYTES = 2_000_000
_NAMES = ("Ana Müller", "Bob O'Neill", "Chen Wei", "Dörte Groß", "Eve Smith", "Farid Aziz", "Grace Hopper")
_NOTES = (
    "",
    "",
    "called back",
    "wants an offer by Friday",
    '=HYPERLINK("https://example.com","x")',
    "left a message 📞",
)

CONFIG = """
[google]
credentials = "anonymous"
sheets_url = "{url}"
drive_url = "{url}"
writes_per_minute = 100000
reads_per_minute = 100000
spreadsheet_writes_per_second = 10000

[store]
url = "sqlite:///{store}"

[connection.justcall]
vendor = "justcall"
api_key = "env:JUSTCALL_API_KEY"
api_secret = "env:JUSTCALL_API_SECRET"
base_url = "{url}/justcall"

[[sheet]]
name = "large"
spreadsheet = "{spreadsheet}"
timezone = "America/New_York"

[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
period = "last {days} days"
max_rows = 2000000
columns = [{columns}]
"""


def write_config(folder: Path, *, url: str, spreadsheet: str, n_columns: int) -> None:
    """Write a config with so many columns."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS[:n_columns])
    text = CONFIG.format(
        url=url, store=folder / "callsheet.db", spreadsheet=spreadsheet, days=DAYS + 5, columns=columns
    )
    (folder / "config.toml").write_text(text)


def make_calls(n: int, *, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Make calls, oldest first."""
    chance = random.Random(seed)
    now = datetime.now(UTC).replace(microsecond=0)
    step = timedelta(days=DAYS) / n
    for i in range(n):
        started_at = now - timedelta(days=DAYS) + step * i
        duration = chance.randrange(0, 1_800)
        agent = chance.randrange(len(_NAMES))
        yield {
            "call_id": f"call_{seed}_{i:08x}",
            "started_at": started_at.replace(microsecond=0),
            "ended_at": started_at + timedelta(seconds=duration),
            "direction": "inbound" if chance.random() < 0.6 else "outbound",
            "from": f"+1415{chance.randrange(10**7):07}",
            "to": f"+1212{chance.randrange(10**7):07}",
            "agent_id": 100 + agent,
            "agent_name": _NAMES[agent],
            "status": "completed" if chance.random() < 0.8 else "missed",
            "duration": duration,
            "recording_url": None,
            "voicemail": chance.random() < 0.1,
            "notes": chance.choice(_NOTES) or None,
            "disposition": "sale" if chance.random() < 0.2 else None,
            "tags": None,
        }


def fill(folder: Path, n: int, seed: str = "1") -> dict[str, Any]:
    """Put calls into the mirror, as if they had all just been read."""
    from sync import clock  # noqa: PLC0415 - each step loads no more than it measures
    from sync.records import Record  # noqa: PLC0415
    from sync.store.pieces import in_pieces  # noqa: PLC0415

    with _asked(folder) as asked:
        for piece in in_pieces(make_calls(n, seed=int(seed)), 10_000):
            asked.mirror.upsert([Record(call) for call in piece], seen_at=clock.now())
        asked.mirror.save_slice(asked.window, read_at=clock.now() + timedelta(days=300))
    return {}


def change(folder: Path, n_changed: int, n_new: int) -> dict[str, Any]:
    """Change some of the calls that are there, and add others."""
    from sync import clock  # noqa: PLC0415
    from sync.records import Record  # noqa: PLC0415

    with _asked(folder) as asked:
        df = asked.mirror.read([f.name for f in asked.mirror.spec.fields], window=asked.window)
        old = df.sample(n_changed, seed=int(time.time())).to_dicts()
        edited = [
            {k: v for k, v in row.items() if not k.startswith("_")} | {"notes": f"edited {time.time()}"} for row in old
        ]
        now = clock.now()
        new = [{**edited[0], "call_id": f"new_{time.time_ns()}_{i}", "started_at": now} for i in range(n_new)]
        asked.mirror.upsert([Record(call) for call in edited + new], seen_at=now)
    return {}


def age(folder: Path) -> dict[str, Any]:
    """Let the last whole comparison be long ago, so that the next run compares the tab."""
    from dataclasses import replace  # noqa: PLC0415

    from sync.config.load import load_config  # noqa: PLC0415
    from sync.office import open_office  # noqa: PLC0415
    from sync.store import published  # noqa: PLC0415

    with open_office(load_config(folder / "config.toml")) as office:
        for state in published.load_tabs(office.store, office.config.sheets[0].spreadsheet_id):
            published.save_tab(office.store, replace(state, verified_at=None), upserts=())
    return {}


def publish(folder: Path) -> dict[str, Any]:
    """Run the sheet; nothing is asked of the vendor."""
    from sync import clock  # noqa: PLC0415
    from sync.config.load import load_config  # noqa: PLC0415
    from sync.office import NoProgress, open_office  # noqa: PLC0415
    from sync.run import RunRequest, Trigger, run_sheet  # noqa: PLC0415

    config = load_config(folder / "config.toml")
    with open_office(config) as office:
        request = RunRequest(trigger=Trigger.PERSON, requested_at=clock.now())
        base = _rss_mb()
        started, cpu = time.perf_counter(), time.process_time()
        report = run_sheet(office, config.sheets[0], request, progress=NoProgress(), stop=threading.Event())
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert report.error is None, report.error
    assert all(tab.error is None for tab in report.tabs), report.tabs
    tab = report.tabs[0]
    return {
        "seconds": seconds,
        "cpu": cpu,
        "base_mb": base,
        "reads": report.requests["google_read"],
        "writes": report.requests["google_write"],
        "rows": tab.rows,
        "added": tab.added,
        "changed": tab.changed,
        "asked_vendor": report.requests.get("justcall", 0),
    }


def floor(folder: Path, n: int, url: str, spreadsheet: str, n_columns: int) -> dict[str, Any]:
    """Make the same rows, encode them into bodies and send them; nothing else."""
    import requests  # noqa: PLC0415

    names = COLUMNS[:n_columns]
    session = requests.Session()
    started = time.perf_counter()
    resize = [
        {
            "updateSheetProperties": {
                "properties": {"sheetId": 0, "gridProperties": {name: size}},
                "fields": f"gridProperties.{name}",
            }
        }
        for name, size in (("columnCount", n_columns), ("rowCount", n + 1))
    ]
    address = f"{url}/v4/spreadsheets/{spreadsheet}"
    answer = session.post(f"{address}:batchUpdate", json={"requests": resize})
    assert answer.ok, answer.text
    epoch = datetime(1899, 12, 30, tzinfo=UTC)
    n_sent = n_bodies = n_bytes = size = 0
    rows: list[bytes] = []

    def send() -> None:
        nonlocal n_sent, n_bodies, n_bytes, size
        head = b'{"valueInputOption":"RAW","data":[{"range":"Sheet1!A' + str(n_sent + 2).encode() + b'","values":['
        body = head + b",".join(rows) + b"]}]}"
        headers = {"Content-Type": "application/json"}
        session.post(f"{address}/values:batchUpdate", data=body, headers=headers).raise_for_status()
        n_sent, n_bodies, n_bytes = n_sent + len(rows), n_bodies + 1, n_bytes + len(body)
        rows.clear()
        size = 0

    for call in make_calls(n):
        call["started_at"] = (call["started_at"] - epoch) / timedelta(days=1)
        row = orjson.dumps([call[name] for name in names])
        if size + len(row) > BODY_BYTES:
            send()
        rows.append(row)
        size += len(row) + 1
    send()
    return {"seconds": time.perf_counter() - started, "writes": n_bodies + 1, "bytes": n_bytes, "reads": 0}


def peer(_: Path, name: str, n: int, url: str, spreadsheet: str) -> dict[str, Any]:
    """Send the same rows with one of the packages that write data frames."""
    import pandas as pd  # noqa: PLC0415
    from gspread_dataframe import set_with_dataframe  # type: ignore[import-untyped]  # noqa: PLC0415

    from tests.doc_programs import program  # noqa: PLC0415

    found: dict[str, Any] = {}
    heading = "gspread" if name == "gspread-dataframe" else name
    with contextlib.redirect_stdout(io.StringIO()):
        exec(program(heading, "python", address=url), found)
    tab = found["client"].open_by_key(spreadsheet).sheet1
    started = time.perf_counter()
    frame = pd.DataFrame(make_calls(n))[list(COLUMNS)]
    frame["started_at"] = frame["started_at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    if name == "pygsheets":
        tab.set_dataframe(frame.fillna(""), "A1", fit=True)
    else:
        set_with_dataframe(tab, frame, resize=True)
    return {"seconds": time.perf_counter() - started}


def _asked(folder: Path) -> Any:
    from contextlib import contextmanager  # noqa: PLC0415

    from sync import clock  # noqa: PLC0415
    from sync.config.load import load_config  # noqa: PLC0415
    from sync.office import open_office  # noqa: PLC0415
    from sync.tab_refresh import open_tab_stream  # noqa: PLC0415

    @contextmanager
    def opened() -> Iterator[Any]:
        config = load_config(folder / "config.toml")
        with open_office(config) as office:
            (sheet,) = config.sheets
            tab = sheet.tab[0]
            yield open_tab_stream(office, sheet, tab, period=tab.period, requested_at=clock.now())

    return opened()


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Carry out one step, and print what it cost."""
    os.environ.setdefault("JUSTCALL_API_KEY", "bench-key")
    os.environ.setdefault("JUSTCALL_API_SECRET", "bench-secret")
    step, folder, *rest = sys.argv[1:]
    steps: dict[str, Any] = {
        "fill": fill,
        "publish": publish,
        "age": age,
        "change": change,
        "floor": floor,
        "peer": peer,
    }
    result = steps[step](Path(folder), *[int(word) if word.isdigit() else word for word in rest])
    peak_mb = peak_bytes() / 2**20
    print(json.dumps({**result, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
