"""The lines of a sheet's sync log: what became of each run, in plain words, from the history that the store keeps.

Runs that changed nothing are told together, a line for those of one day that follow one another; so are runs that
failed for the same reason. No network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import orjson

from sync import clock
from sync.config.sheet import Sheet, Tab, masks_numbers
from sync.records import Field, FieldType, Record, Slice, StreamSpec
from sync.report import ErrorReport, Outcome, in_brief
from sync.shape.cells import KEY_COLUMN
from sync.shape.masking import hide_numbers
from sync.store import published
from sync.store.db import Store
from sync.store.mirror import Mirror, open_mirror
from sync.store.runs import FORGOTTEN_FOR, INTERRUPTED, Run, ended_runs
from sync.tabs import DataJob

KEPT_LINES, SLACK_LINES = 500, 100  # lines leave a hundred at a time, as each leaving costs requests
_FIRST_LINES = 500  # of the history, when a log is new
_EVER = Slice(datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_LATELY = timedelta(days=3)
_CONNECTION = "callsheet"
STREAM = "runs"

_OUTCOMES = {
    Outcome.OK: "Updated",
    Outcome.UNCHANGED: "No change",
    Outcome.STOPPED: "Stopped",
    Outcome.FAILED: "Failed",
    INTERRUPTED: "Interrupted",
}
_TRIGGERS = {"person": "By hand", "schedule": "Schedule", FORGOTTEN_FOR: "Forget a person"}


def _field(name: str, kind: FieldType, title: str, about: str, *, shown: bool = True) -> Field:
    return Field(name=name, type=kind, title=title, description=about, shown=shown)


SPEC = StreamSpec(
    name=STREAM,
    description="The runs of a sheet.",
    fields=(
        _field("started_at", FieldType.INSTANT, "Time", "When the run, or the first of several, began."),
        _field("outcome", FieldType.TEXT, "Outcome", "How it ended."),
        _field("added", FieldType.INTEGER, "New", "Rows that came in, all data tabs together."),
        _field("changed", FieldType.INTEGER, "Changed", "Rows that were changed."),
        _field("removed", FieldType.INTEGER, "Removed", "Rows that left."),
        _field("words", FieldType.TEXT, "What happened", "Tab by tab, or the reason."),
        _field("started_by", FieldType.TEXT, "Started by", "The schedule, or a person."),
        _field("requests", FieldType.INTEGER, "Requests", "Requests to the vendors and to Google."),
        _field("seconds", FieldType.INTEGER, "Seconds", "How long it took."),
        _field("run", FieldType.TEXT, "Run", "The number under which the history keeps the run."),
        _field("ended_at", FieldType.INSTANT, "Ended", "When it ended; the cursor field.", shown=False),
    ),
    key=("run",),
    cursor_field="ended_at",
    params=(),
    page_size=1,
    slice_days=1,
    lookback=clock.ONE_DAY,
    reread=clock.ONE_DAY,
    retention=None,
    limits="",
)


_WIDTHS = {
    "started_at": 140,
    "outcome": 105,
    "added": 60,
    "changed": 80,
    "removed": 80,
    "words": 420,
    "started_by": 100,
    "requests": 80,
    "seconds": 75,
    "run": 120,
}


def _tab(title: str) -> Tab:
    """Return the log as the config would say it."""
    columns = [{"field": name, "width": width} for name, width in _WIDTHS.items()]
    columns[0]["format"] = "date and time"
    for column in columns[2:5]:
        column["format"] = "number"
    told = {"title": title, "connection": _CONNECTION, "stream": STREAM, "order": "newest first", "columns": columns}
    return Tab.model_validate(told)


@dataclass(kw_only=True)
class LogJob(DataJob):
    """The tab of a sync log, and the run that is going on."""

    is_full: bool = False
    run_id: str = ""
    trigger: str = ""
    started_at: datetime = field(default_factory=clock.now)
    vendors: Mapping[str, str] = field(default_factory=dict)
    n_requests: Callable[[], int] = int

    def too_old(self) -> list[str]:
        """Return the keys of lines that have left, or are to leave."""
        assert self.mirror is not None
        found: list[str] = self.mirror.read((), window=Slice(_EVER.start, self.window.start))[KEY_COLUMN].to_list()
        return found


def make_log_job(
    store: Store,
    sheet: Sheet,
    vendors: Mapping[str, str],
    *,
    run_id: str,
    trigger: str,
    started_at: datetime,
    n_requests: Callable[[], int],
) -> LogJob | None:
    """Bring the lines up to the latest run that has ended, and return the log's tab; None where no log is wanted.

    `vendors` are their titles by connection, `n_requests` counts the requests of the run that is going on.
    """
    if sheet.log is None:
        return None
    params = {"spreadsheet": sheet.spreadsheet_id, "sheet": sheet.name}
    mirror = open_mirror(store, connection=_CONNECTION, spec=SPEC, params=params)
    since = _latest_end(mirror)
    runs = ended_runs(store, sheet.name, since=since, limit=_FIRST_LINES if since is None else None)
    runs = [run for run in runs if run.spreadsheet == sheet.spreadsheet_id]
    mirror.upsert(list(to_lines(runs, sheet, vendors)), seen_at=clock.now())
    oldest, is_full = _oldest_shown(store, sheet, mirror)
    return LogJob(
        sheet=sheet,
        tab=_tab(sheet.log),
        spec=SPEC,
        mirror=mirror,
        window=Slice(oldest, _EVER.end),
        is_full=is_full,
        store=store,
        zone=sheet.zone,
        run_id=short(run_id),
        trigger=trigger,
        started_at=started_at,
        vendors=vendors,
        n_requests=n_requests,
    )


def _latest_end(mirror: Mirror) -> datetime | None:
    """Return when the latest run that has a line ended; of a long log only the last days are read."""
    for window in (Slice(clock.now() - _LATELY, _EVER.end), _EVER):
        ends = mirror.read(("ended_at",), window=window)["ended_at"]
        if len(ends):
            latest: datetime = ends.max()  # type: ignore[assignment]
            return latest
    return None


def _oldest_shown(store: Store, sheet: Sheet, mirror: Mirror) -> tuple[datetime, bool]:
    """Return from when on lines are shown, and whether some are to leave now, as there are too many."""
    uid = f"{sheet.name}/{sheet.log}"
    state = published.load_tab(store, sheet.spreadsheet_id, uid)
    if state is None or published.extent(store, sheet.spreadsheet_id, uid).n < KEPT_LINES + SLACK_LINES:
        return state.window_start if state else _EVER.start, False
    ends = mirror.read(("ended_at",), window=_EVER)["ended_at"]
    return ends[-min(KEPT_LINES, len(ends))], True


def short(run_id: str) -> str:
    """Return the part of a run's id that a line shows; no two of a log have the same."""
    return run_id[:12]


def trigger_words(trigger: str) -> str:
    """Say who asked for a run."""
    return _TRIGGERS.get(trigger, trigger)


def to_lines(runs: Sequence[Run], sheet: Sheet, vendors: Mapping[str, str]) -> Iterator[Record]:
    """Yield the lines of runs in the order in which they ended. What wrote has a line of its own."""
    told = [_Told.of(run, sheet, vendors) for run in runs]
    for _, group in groupby(told, key=lambda one: one.folds_with):
        yield _line_of(list(group), sheet)


@dataclass(frozen=True, slots=True)
class _Told:
    run: Run
    outcome: str
    words: str
    counts: tuple[int, int, int]
    requests: int
    seconds: float
    folds_with: tuple[str, ...]

    @classmethod
    def of(cls, run: Run, sheet: Sheet, vendors: Mapping[str, str]) -> _Told:
        report: dict[str, Any] = orjson.loads(run.report_json) if run.report_json else {}
        outcome = _OUTCOMES.get(run.outcome or "", run.outcome or "")
        tabs = _data_tabs(report, sheet)
        words = _words(report, tabs, vendors, sheet.log)
        if outcome == "Failed" and any(tab["outcome"] in ("ok", "unchanged") for tab in tabs):
            outcome = "Partly updated"
        added, changed, removed = (sum(tab.get(n, 0) for tab in tabs) for n in ("added", "changed", "removed"))
        requests: Mapping[str, int] = report.get("requests", {})
        seconds = report.get("seconds") or 0.0
        # One that wrote, or may have, is told by itself: its line can be in the tab already
        alone = requests.get("google_write", 1) > 0
        day = str(run.started_at.astimezone(sheet.zone).date())
        folds_with = (run.id,) if alone else (day, outcome, words, run.trigger)
        return cls(run, outcome, words, (added, changed, removed), sum(requests.values()), seconds, folds_with)


def _line_of(group: Sequence[_Told], sheet: Sheet) -> Record:
    first, last = group[0], group[-1]
    words = first.words
    if len(group) > 1:
        until = f"{last.run.started_at.astimezone(sheet.zone):%H:%M}"
        times = f"{len(group)} runs until {until}"
        words = f"{times}: {words}" if words else times
    added, changed, removed = first.counts if len(group) == 1 else (0, 0, 0)
    return Record(
        {
            "started_at": first.run.started_at,
            "outcome": first.outcome,
            "added": added,
            "changed": changed,
            "removed": removed,
            "words": hide_numbers(words) if masks_numbers(sheet) else words,
            "started_by": trigger_words(first.run.trigger),
            "requests": sum(one.requests for one in group),
            "seconds": round(sum(one.seconds for one in group)),
            "run": short(first.run.id),
            "ended_at": first.run.finished_at,
        }
    )


def _data_tabs(report: Mapping[str, Any], sheet: Sheet) -> list[dict[str, Any]]:
    """Return what a report says of data tabs; summaries, indexes and the log itself hold no records."""
    others = {summary.title for summary in sheet.summary} | {sheet.log}
    tabs: list[dict[str, Any]] = report.get("tabs", [])
    return [tab for tab in tabs if tab["title"] not in others and not tab["title"].endswith(" index")]


def _words(
    report: Mapping[str, Any], tabs: Sequence[Mapping[str, Any]], vendors: Mapping[str, str], log: str | None
) -> str:
    if report.get("error"):
        return f"{in_brief(ErrorReport(**report['error']), vendors)}."
    failed = {tab["title"]: ErrorReport(**tab["error"]) for tab in report.get("tabs", []) if tab.get("error")}
    reasons = {in_brief(error, vendors) for error in failed.values()}
    n_others = sum(tab["title"] not in failed and tab["title"] != log for tab in report.get("tabs", []))
    if len(reasons) == 1 and not n_others:  # no need to name every tab
        return f"{reasons.pop()}."
    return " ".join([*failure_words(failed, vendors), *tab_words((tab["title"], _counts(tab)) for tab in tabs)])


def _counts(tab: Mapping[str, Any]) -> tuple[int, int, int]:
    return tab.get("added", 0), tab.get("changed", 0), tab.get("removed", 0)


def failure_words(errors: Mapping[str, ErrorReport], vendors: Mapping[str, str]) -> Iterator[str]:
    """Say which tabs, by their titles, are not updated and why; those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for title, error in errors.items():
        by_reason.setdefault(in_brief(error, vendors), []).append(title)
    yield from (f"{', '.join(titles)} not updated: {reason}." for reason, titles in by_reason.items())


def tab_words(tabs: Iterable[tuple[str, tuple[int, int, int]]]) -> Iterator[str]:
    """Say of each tab, given with how many rows are new, changed and removed, what happened to it, if anything."""
    for title, counts in tabs:
        said = [f"{n:,} {word}" for n, word in zip(counts, ("new", "changed", "removed"), strict=True) if n]
        if said:
            yield f"{title}: {', '.join(said)}."
