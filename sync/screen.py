"""Lays out what the commands show on a terminal: tables and lines. Decides nothing and asks nobody."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import orjson

from sync import log
from sync.declared import FIELD_HEADS, PARAM_HEADS, facts_of, field_rows, key_of, memory_of, param_rows, pieces_of
from sync.history import Standing, due_row, history_row, in_words, why_lines
from sync.later import Later
from sync.report import failure_lines
from sync.store.due_runs import DueRun
from sync.store.runs import Run

if TYPE_CHECKING:
    import rich.cells as rich_cells
    import rich.console as rich_console
    import rich.table as rich_table

    from sync.catalogue import Sample, Shelf
    from sync.check import CheckLine
    from sync.plan import SheetPlan
    from sync.records import StreamSpec
else:
    rich_cells, rich_console, rich_table = Later("rich.cells"), Later("rich.console"), Later("rich.table")

PLAIN_WIDTH = 200  # of tables that go to a file or a pipe, so that they are not folded


class Screen:
    """Standard output or standard error. Rich, which takes long to load, is there for what has to be drawn."""

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name

    @property
    def stream(self) -> TextIO:
        """The stream; asked for anew each time, since a test may have replaced it."""
        stream: TextIO = getattr(sys, self._name)
        return stream

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it as it comes."""
        return self.stream.isatty()

    @property
    def width(self) -> int:
        """How many columns a table may take."""
        return self.console.width if self.is_terminal else PLAIN_WIDTH

    @cached_property
    def console(self) -> rich_console.Console:
        """What draws tables and bars on it."""
        return rich_console.Console(width=None if self.is_terminal else PLAIN_WIDTH, stderr=self._name == "stderr")


out, err = Screen("stdout"), Screen("stderr")


def say(lines: Iterable[str], on: Screen = out) -> None:
    """Print lines as they are: nothing folded, coloured or read as markup."""
    for line in lines:
        on.stream.write(_safe(line) + "\n")
    on.stream.flush()


_CONTROLS = {code: None for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def _safe(text: str) -> str:
    """Mask secrets, and drop what would steer the terminal: names and titles are other people's words."""
    return log.mask(text).translate(_CONTROLS)


def say_json(value: object) -> None:
    """Print one JSON object on standard output, whatever the terminal is like."""
    sys.stdout.write(log.mask(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()) + "\n")
    sys.stdout.flush()


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; numbers are aligned to the right."""
    values = [list(row) for row in rows]
    are_numbers = [any(isinstance(row[n], int | float) for row in values) for n in range(len(columns))]
    cells = [[_cell(value) for value in row] for row in values]
    widths = [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]
    is_one_line_each = not any("\n" in text or "\t" in text for row in cells for text in row)
    if is_one_line_each and sum(widths) + len(_GAP) * len(widths) <= out.width:
        _show_as_it_is(title, [columns, *cells], widths=widths, are_numbers=are_numbers)
    else:
        _show_folded(title, columns, cells, are_numbers=are_numbers)


def _show_as_it_is(
    title: str, rows: Iterable[Sequence[str]], *, widths: Sequence[int], are_numbers: Sequence[bool]
) -> None:
    """Print a table in which nothing has to be folded, as rich would, which takes half a second for a thousand rows."""
    heads, *lines = [
        _GAP.join(
            " " * (width - _width(text)) + text if is_number else text + " " * (width - _width(text))
            for text, width, is_number in zip(row, widths, are_numbers, strict=True)
        )
        for row in rows
    ]
    heads = "\n".join([title, heads] if title else [heads])
    if out.is_terminal:
        out.console.print(heads, style="bold", markup=False, highlight=False, soft_wrap=True)
    else:
        say([heads])
    say(lines)


def _show_folded(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, are_numbers: Sequence[bool]
) -> None:
    table = rich_table.Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for column, is_number in zip(columns, are_numbers, strict=True):
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.console.print(table, highlight=False, markup=False)


_GAP = "  "


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return len(text) if text.isascii() else rich_cells.cell_len(text)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else _safe(str(value))


_MARKS = {True: "ok", None: "warning", False: "FAILED"}


def show_check(sheet: str, lines: Sequence[CheckLine], next_times: str) -> None:
    """Print what a check found, one line each, with its hint below; then the next runs."""
    say([f"{sheet}:"])
    for line in lines:
        say([f"  {_MARKS[line.ok]:8}{line.text}", *([f"          hint: {line.hint}"] if line.hint else [])])
    say([f"  next    {next_times}"])


def show_plan(sheet: str, plan: SheetPlan) -> None:
    """Print what a run would do."""
    if plan.error and not plan.tabs:
        say([f"{sheet}: no plan", *failure_lines(plan.error)])
        return
    rows = [(t.title, t.rows_now, t.rows_after, t.added, t.changed, t.cells_after) for t in plan.tabs]
    show_table(sheet, ("tab", "rows now", "rows after", "added", "changed", "cells after"), rows)
    size = f"{plan.bytes / 1000:,.0f} kB" if plan.bytes >= 1000 else f"{plan.bytes:,} bytes"
    say(
        [
            f"  requests: google read {plan.requests_read:,}, google write {plan.requests_write:,}, {size}; "
            f"{plan.minutes_of_quota:.1f} minutes of quota",
            f"  cells: {plan.cells_total:,} of {plan.cells_limit:,} ({plan.cells_total / plan.cells_limit:.1%} full); "
            f"{plan.forecast}",
            *(f"  warning: {warning}" for warning in plan.warnings),
            *failure_lines(plan.error),
        ]
    )


def show_streams(shelf: Shelf) -> None:
    """Print the streams of a connection or vendor, one line each."""
    rows = [(s.name, s.description, key_of(s), pieces_of(s), memory_of(s)) for s in shelf.specs]
    show_table(shelf.title, ("stream", "what it is", "key", "asked for", "vendor remembers"), rows)
    say([*([f"requests: {shelf.pace}"] if shelf.pace else []), ""])


def show_stream(shelf: Shelf, spec: StreamSpec) -> None:
    """Print all that one stream declares: columns, params, and how it is read."""
    say([f"{shelf.title}, {spec.name}: {spec.description}"])
    show_table("columns", FIELD_HEADS, field_rows(spec))
    if spec.params:
        show_table("params", PARAM_HEADS, param_rows(spec))
    facts = [*facts_of(spec), *([("this connection", f"sends {shelf.pace} at most")] if shelf.pace else [])]
    say([*(f"{name}: {what}" for name, what in facts), ""])


def show_sample(sample: Sample) -> None:
    """Print pulled records, one field a line: they have too many columns for a table."""
    if sample.taught:
        say(["columns as the vendor writes them:", *(f"  {line}" for line in sample.taught), ""])
    for n, record in enumerate(sample.records, start=1):
        values = {**record.values, **record.extra}
        say([f"record {n}:", *(f"  {name}: {_sample(value)}".rstrip() for name, value in values.items()), ""])
    if not sample.records:
        say(["No records in the last 30 days."])


def _sample(value: object) -> str:
    """Write a value of a record as people read it; nothing is nothing."""
    if isinstance(value, datetime):
        return in_words(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def show_standings(standings: Sequence[Standing]) -> None:
    """Print how each sheet stands, then why those failed that did."""
    rows = [(s.sheet, s.state, in_words(s.last_good_at), s.rows, _next_in_words(s)) for s in standings]
    show_table("", ("sheet", "state", "last good run", "rows", "next run"), rows)
    for standing in standings:
        say(["", f"{standing.sheet}: {standing.config_problem}"] if standing.config_problem else [])
        say(why_lines(standing.sheet, standing.errors))


def _next_in_words(standing: Standing) -> str:
    if standing.queued_since:
        return f"queued since {in_words(standing.queued_since)}"
    return in_words(standing.next_at)


def show_history(runs: Sequence[Run], left_out: Sequence[DueRun] = ()) -> None:
    """Print runs, latest first, and then the times that had no run of their own."""
    if not runs:
        say(["No runs yet."])
    else:
        columns = ("started", "sheet", "asked by", "outcome", "took", "added", "changed", "removed", "requests", "why")
        show_table("", columns, [history_row(run) for run in runs])
    if left_out:
        names = ("first due", "last due", "sheet", "asked by", "times", "what became of them")
        show_table("Due without a run of their own", names, [due_row(due) for due in left_out])


def show_sandbox(url: str, vendors: Mapping[str, str], *, kept_in: Path | None = None) -> None:
    """Print where the stand-ins are; `vendors` are the first parts of addresses by what the vendors are called."""
    say(
        [
            f"page for people  {url}/",
            f"Google           {url}  (sheets_url and drive_url)",
            *(f"{title:15}  {url}/{name}  (base_url)" for title, name in vendors.items()),
            f"dials            {url}/admin/",
            f"Ctrl-C ends it; {f'spreadsheets are kept in {kept_in}' if kept_in else 'everything lives in memory'}.",
        ]
    )
