from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rich.console import Console

from sync.progress import open_display

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def test_away_from_a_terminal_progress_is_a_few_plain_lines(freeze: Callable[[datetime], None]) -> None:
    text = io.StringIO()
    with open_display(Console(file=text, width=40), "support-calls") as progress:
        for n in range(1, 42):
            freeze(NOON + timedelta(milliseconds=250 * n))
            progress.page("justcall", "calls", n, 41)
        progress.page("justcall", "users", 1, 1)
        progress.rows(4711, 4711)
        progress.quota(12, 60, "write")
        progress.quota(60, 60, "write")
        progress.say("read again: the last 3 days, [not] markup")
    assert text.getvalue().splitlines() == [
        "support-calls: justcall calls: 1 of 41 pages",
        "support-calls: justcall calls: 21 of 41 pages",
        "support-calls: justcall calls: 41 of 41 pages",
        "support-calls: justcall users: 1 of 1 page",
        "support-calls: rows: 4,711 of 4,711",
        "support-calls: write quota: 60 of 60 requests of this minute used; waiting",
        "support-calls: read again: the last 3 days, [not] markup",
    ]


def test_on_a_terminal_there_are_bars_for_pages_rows_and_quota() -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, _environ={"TERM": "xterm"})
    with open_display(console, "support-calls") as progress:
        progress.page("justcall", "calls", 3, None)
        progress.page("justcall", "calls", 50, 41)  # calls arrived while it read
        progress.rows(10, 4711)
        progress.quota(2, 60, "read")
    shown = text.getvalue()
    for words in ("justcall calls, pages", "50/50", "rows", "10/4711", "read quota", "2/60"):
        assert words in shown
