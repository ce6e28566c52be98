"""Everything at a glance: how sheets stand, what is wrong and what to do, how much of the quotas is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sync.config.sheet import Sheet
from sync.history import Standing, standing_json
from sync.incidents import CONFIG, RUN_KINDS, title_of
from sync.live import Live
from sync.office import Office, QuotaUse
from sync.store.due_runs import waiting
from sync.store.incidents import Incident, open_incidents
from sync.store.presence import DAEMON, is_anyone_present

Json = dict[str, Any]

_WELL = ("ok", "unchanged")
_ORDER = ("broken config", "failed", "stopped", "interrupted", "running", "never ran", "ok", "unchanged", "disabled")


def overview_json(
    office: Office,
    standings: Sequence[Standing],
    *,
    now: datetime,
    is_all: bool = True,
    live: Live | None = None,
) -> Json:
    """Return what `status --json` and the status page show; incidents of other sheets only where it is all."""
    from importlib import metadata

    by_name = {sheet.name: sheet for sheet in office.config.sheets}
    told = [_sheet_json(standing, by_name.get(standing.sheet), live) for standing in standings]
    shown = {"", *(standing.sheet for standing in standings)}
    wrong = [one for one in open_incidents(office.store) if is_all or shown & set(one.sheets)]
    return {
        "at": now,
        "version": metadata.version("callsheet"),
        "daemon": {"is_up": is_anyone_present(office.store, DAEMON), "waiting": len(waiting(office.store))},
        "states": dict(Counter(one["state"] for one in told)),
        "sheets": told,
        "incidents": [_incident_json(one) for one in wrong],
        "quota": [_quota_json(use) for use in office.quotas()],
    }


def _sheet_json(standing: Standing, sheet: Sheet | None, live: Live | None) -> Json:
    told = standing_json(standing)
    is_running = standing.state == "running"
    return {
        **told,
        "schedule": str(sheet.schedule) if sheet else None,
        "running_since": standing.last_run.started_at if is_running and standing.last_run else None,
        "progress": live.progress_json(standing.sheet) if is_running and live else None,
    }


def _incident_json(incident: Incident) -> Json:
    return {
        "kind": incident.kind,
        "sheets": [name for name in incident.sheets if name],
        "title": title_of(incident),
        "message": incident.message,
        "hint": incident.hint,
        "since": incident.opened_at,
        "told_at": incident.told_at,
    }


def _quota_json(use: QuotaUse) -> Json:
    return {
        "name": use.name,
        "used": use.used,
        "limit": use.limit,
        "window_s": use.window_s,
        "held_until": use.held_until,
    }


def urgency(sheet: Json) -> tuple[int, str]:
    """Sort what needs people first, then what works, then what rests."""
    state = sheet["state"]
    place = _ORDER.index(state) if state in _ORDER else 0
    return (0 if sheet["config_problem"] and place > 0 else place), sheet["sheet"].casefold()


def is_shown_with_sheet(incident: Json) -> bool:
    """Tell whether an incident says no more than the last run of its one sheet does."""
    return incident["kind"] in RUN_KINDS and len(incident["sheets"]) == 1


def headline(overview: Json) -> str:
    """Say in one line how all sheets stand."""
    states = overview["states"]
    n_well = sum(states.get(state, 0) for state in _WELL)
    n_sheets = sum(states.values()) - states.get("disabled", 0)
    if not n_sheets:
        return f"no sheet is enabled{'' if overview['daemon']['is_up'] else '; no daemon runs'}"
    rest = [f"{states[state]:,} {state}" for state in _ORDER if state in states and state not in _WELL]
    daemon = "" if overview["daemon"]["is_up"] else "; NO DAEMON RUNS, nothing runs by itself"
    return f"{n_well:,} of {n_sheets:,} sheets are up to date{''.join(f', {one}' for one in rest)}{daemon}"


def quota_lines(overview: Json) -> list[str]:
    """Say how much of each quota is used; what rests is left out."""
    lines = []
    for use in overview["quota"]:
        held = f", on hold until {use['held_until']:%H:%M:%S} UTC" if use["held_until"] else ""
        if use["used"] or held:
            seconds = use["window_s"]
            window = "minute" if seconds == 60 else f"{seconds:,.0f} s"
            lines.append(f"quota: {use['name']}: {use['used']:,} of {use['limit']:,} in the last {window}{held}")
    return lines


def incident_lines(overview: Json) -> list[str]:
    """Say what is wrong beside failed runs, and what to do."""
    lines = []
    for one in overview["incidents"]:
        if not is_shown_with_sheet(one) and one["kind"] != CONFIG:
            lines += ["", f"{one['title']}, since {one['since']:%Y-%m-%d %H:%M} UTC", f"hint: {one['hint']}"]
    return lines
