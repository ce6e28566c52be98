"""Shows how far a run is: bars on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from sync import clock, log

PLAIN_EVERY = timedelta(seconds=5)  # often enough to see that it lives, seldom enough for a log file
BAR_CHANGES_PER_S = 10


class Bars:
    """Bars for pages, rows and quota."""

    def __init__(self, display: RichProgress, sheet: str) -> None:
        self._display = display
        self._sheet = sheet
        self._tasks: dict[str, TaskID] = {}

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Show how many pages of a stream have been read."""
        self._show(f"{connection} {stream}, pages", done, expected)

    def rows(self, done: int, total: int) -> None:
        """Show how many rows have been written."""
        self._show("rows", done, total)

    def quota(self, used: int, limit: int, kind: str) -> None:
        """Show how much of this minute's quota is used."""
        self._show(f"{kind} quota", used, limit)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._display.console.print(f"{self._sheet}: {log.mask(text)}", markup=False, highlight=False)

    def _show(self, name: str, done: int, total: int | None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._display.add_task(f"{self._sheet}: {name}", total=total)
        # A vendor's count may fall behind what it sends while calls arrive.
        self._display.update(self._tasks[name], completed=done, total=total and max(done, total))


class Lines:
    """Plain lines: the first and the last step of each kind, and one every few seconds in between."""

    def __init__(self, console: Console, sheet: str) -> None:
        self._console = console
        self._sheet = sheet
        self._said_at: dict[str, datetime] = {}

    def page(self, connection: str, stream: str, done: int, expected: int | None) -> None:
        """Say how many pages of a stream have been read."""
        of = f" of {expected:,}" if expected is not None else ""
        noun = "page" if (expected or done) == 1 else "pages"
        self._say_seldom(f"{connection} {stream}", f"{done:,}{of} {noun}", is_last=done == expected)

    def rows(self, done: int, total: int) -> None:
        """Say how many rows have been written."""
        self._say_seldom("rows", f"{done:,} of {total:,}", is_last=done == total)

    def quota(self, used: int, limit: int, kind: str) -> None:
        """Say how much of this minute's quota is used, once it matters."""
        if used >= limit:
            self._say_seldom(f"{kind} quota", f"{used:,} of {limit:,} requests of this minute used; waiting")

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(f"{self._sheet}: {log.mask(text)}", markup=False, highlight=False, soft_wrap=True)

    def _say_seldom(self, name: str, text: str, *, is_last: bool = False) -> None:
        now = clock.now()
        said_at = self._said_at.get(name)
        if is_last or said_at is None or now - said_at >= PLAIN_EVERY:
            self._said_at[name] = now
            self.say(f"{name}: {text}")


@contextmanager
def open_display(console: Console, sheet: str) -> Iterator[Bars | Lines]:
    """Give what a run of `sheet` reports its steps to: bars on a terminal that can redraw them, else plain lines.

    The bars are gone at the end of the block; results belong after it.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        yield Lines(console, sheet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Standard output is for results and must not be led through the bars' console, which is standard error.
    with RichProgress(
        *columns, console=console, refresh_per_second=BAR_CHANGES_PER_S, transient=True, redirect_stdout=False
    ) as bars:
        yield Bars(bars, sheet)
