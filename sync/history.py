"""What ran, what is next, what failed and why: the run history of the store beside the schedules of the config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from sync.config.kept import Broken
from sync.config.load import Config
from sync.config.schedule import next_times
from sync.config.sheet import Sheet
from sync.store.db import Store, open_store
from sync.store.due_runs import PERSON_LANE, WAITING, DueRun, not_run, waiting
from sync.store.runs import Run, last_good, latest_good, latest_runs, mark_interrupted, recent_runs

LONGEST_WHY = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one sheet stands; `rows` are those that its tabs showed after the last good run.

    `queued_since` is when the run was due that waits for its turn, `config_problem` says what is wrong with its config.
    """

    sheet: str
    state: str
    last_run: Run | None
    last_good_at: datetime | None
    rows: int | None
    next_at: datetime | None
    errors: tuple[dict[str, Any], ...]
    queued_since: datetime | None = None
    config_problem: str = ""


@contextmanager
def open_history(config: Config) -> Iterator[Store]:
    """Open the store for reading what ran; runs whose process has died are told as interrupted."""
    store = open_store(config.store_url())
    try:
        mark_interrupted(store)
        yield store
    finally:
        store.close()


def runs_of(store: Store, sheets: Sequence[str] | None, *, limit: int) -> list[Run]:
    """Return the latest runs of these sheets, `limit` of each, or of all together; latest first."""
    if sheets is None:
        return recent_runs(store, None, limit)
    found = [run for sheet in sheets for run in recent_runs(store, sheet, limit)]
    return sorted(found, key=lambda run: run.started_at, reverse=True)


def left_out_of(store: Store, sheets: Sequence[str] | None, *, limit: int) -> list[DueRun]:
    """Return the times that had no run of their own, `limit` of each sheet, or of all together; latest first."""
    if sheets is None:
        return not_run(store, None, limit)
    found = [due for sheet in sheets for due in not_run(store, sheet, limit)]
    return sorted(found, key=lambda due: due.due_at, reverse=True)


def standings_of(store: Store, sheets: Iterable[Sheet], broken: Iterable[Broken], now: datetime) -> list[Standing]:
    """Look up how sheets stand, those included whose config is broken and that have no earlier version."""
    queued = {due.sheet: due.first_due_at for due in reversed(waiting(store))}
    problems = {one.name: _goes_on(one) for one in broken}
    sheets = list(sheets)
    names = [sheet.name for sheet in sheets]
    last = latest_runs(store, names)
    good = latest_good(store, names, last)
    due = {schedule: next_times(schedule, now, 1) for schedule in {sheet.schedule for sheet in sheets}}
    standings = [
        replace(
            _standing_of(sheet, last.get(sheet.name), good.get(sheet.name), due[sheet.schedule]),
            queued_since=queued.get(sheet.name),
            config_problem=problems.get(sheet.name, ""),
        )
        for sheet in sheets
    ]
    return standings + [_without_config(one) for one in broken if one.name and one.kept_from is None]


def _goes_on(one: Broken) -> str:
    problem = one.problems[0] if one.problems else None
    where = f" ({problem.file}:{problem.line})" if problem and problem.line else ""
    if one.kept_from is None:
        return f"Its config has problems{where} and no earlier version: it does not run."
    return f"Its config has problems{where}; the version of {in_words(one.kept_from)} goes on."


def goes_on_lines(broken: Iterable[Broken]) -> list[str]:
    """Say what a daemon does about everything that is broken."""
    return [f"{one.name or 'all sheets'}: {_goes_on(one)}" for one in broken]


def _without_config(one: Broken) -> Standing:
    return Standing(
        sheet=one.name,
        state="broken config",
        last_run=None,
        last_good_at=None,
        rows=None,
        next_at=None,
        errors=(),
        config_problem=_goes_on(one),
    )


def _standing_of(sheet: Sheet, last: Run | None, good: Run | None, due: Sequence[datetime]) -> Standing:
    return Standing(
        sheet=sheet.name,
        state=state_of(last) if sheet.enabled else "disabled",
        last_run=last,
        last_good_at=good.finished_at if good else None,
        rows=sum(tab["rows"] for tab in _report(good)["tabs"]) if good else None,
        next_at=due[0] if due and sheet.enabled else None,
        errors=errors_in(last) if last else (),
    )


def requests_of_last_run(store: Store, sheet: str) -> dict[str, int]:
    """Return what the last good run of a sheet asked for, by quota; nothing when there was none."""
    good = last_good(store, sheet)
    return dict(_report(good)["requests"]) if good else {}


def state_of(run: Run | None) -> str:
    """Name the state that a run leaves its sheet in."""
    if run is None:
        return "never ran"
    return run.outcome or "running"


def _report(run: Run) -> dict[str, Any]:
    """Return the report that the run left, whole in form also when it left none."""
    report = orjson.loads(run.report_json) if run.report_json else {}
    return {"tabs": [], "error": None, "requests": {}, **report}


def errors_in(run: Run) -> tuple[dict[str, Any], ...]:
    """Return what went wrong in a run: its own error, and those of its tabs."""
    report = _report(run)
    tabs = [{**tab["error"], "tab": tab["title"]} for tab in report["tabs"] if tab.get("error")]
    return (report["error"], *tabs) if report["error"] else tuple(tabs)


def standing_json(standing: Standing) -> dict[str, Any]:
    """Return one sheet of `status --json`."""
    return {
        "sheet": standing.sheet,
        "state": standing.state,
        "last_run_at": standing.last_run.started_at if standing.last_run else None,
        "last_good_at": standing.last_good_at,
        "rows": standing.rows,
        "next_at": standing.next_at,
        "errors": list(standing.errors),
        "queued_since": standing.queued_since,
        "config_problem": standing.config_problem or None,
    }


def run_json(run: Run) -> dict[str, Any]:
    """Return one run of `history --json`."""
    return {
        **_report(run),
        "sheet": run.sheet,
        "outcome": run.outcome or "running",
        "trigger": run.trigger,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def due_json(due: DueRun) -> dict[str, Any]:
    """Return one entry of what did not run by itself in `history --json`."""
    return {
        "sheet": due.sheet,
        "trigger": "person" if due.lane == PERSON_LANE else "schedule",
        "first_due_at": due.first_due_at,
        "last_due_at": due.due_at,
        "times": due.n_times,
        "state": due.state,
        "ran_as": due.run_id if due.reason is None else None,
        "reason": why_not(due),
    }


def why_not(due: DueRun) -> str:
    """Say what became of the times of one entry."""
    if due.reason is not None:
        return due.reason
    one = f"came before the run could begin: one run for all {due.n_times:,}"
    return f"waits; {one}" if due.state == WAITING else one


def due_row(due: DueRun) -> tuple[object, ...]:
    """Return one line of what did not run by itself: when it was due, which, how many times, what became of it."""
    asked = "person" if due.lane == PERSON_LANE else "schedule"
    return (in_words(due.first_due_at), in_words(due.due_at), due.sheet, asked, due.n_times, why_not(due))


def history_row(run: Run) -> tuple[object, ...]:
    """Return one line of the history: when, which, how it ended, how long, how many rows it changed, why it failed."""
    tabs = _report(run)["tabs"]
    seconds = f"{(run.finished_at - run.started_at).total_seconds():,.1f} s" if run.finished_at else "-"
    counts = tuple(sum(tab[name] for tab in tabs) for name in ("added", "changed", "removed"))
    requests = sum(_report(run)["requests"].values())
    return (in_words(run.started_at), run.sheet, run.trigger, state_of(run), seconds, *counts, requests, _why(run))


def _why(run: Run) -> str:
    """Say in a few words why a run failed; `status` and `history --json` tell the rest."""
    errors = errors_in(run)
    if not errors:
        return ""
    first = str(errors[0]["message"]).partition("\n")[0]
    words = f"{errors[0]['tab']}: {first}" if errors[0].get("tab") else first
    return words if len(words) <= LONGEST_WHY else f"{words[: LONGEST_WHY - 1]}…"


def in_words(instant: datetime | None) -> str:
    """Name an instant, in UTC."""
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else "-"


def why_lines(sheet: str, errors: Sequence[dict[str, Any]]) -> list[str]:
    """Say why a run of a sheet failed and what to do."""
    lines: list[str] = []
    told: set[str] = set()
    for error in errors:
        if error["message"] in told:
            continue
        told.add(error["message"])
        place = f"{sheet}, {error['tab']}" if error.get("tab") else sheet
        lines += ["", f"{place}: {error['message']}", *([f"hint: {error['hint']}"] if error["hint"] else [])]
    return lines
