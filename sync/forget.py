"""Removes a person for good: from every mirror, from every tab, and from what vendors send later."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from sync import clock, log
from sync.config.sheet import Sheet
from sync.destination.google import RequestCounts
from sync.destination.mentions import Mention, find_mentions
from sync.errors import ConfigError, SyncError
from sync.office import NoProgress, Office, Progress
from sync.report import ErrorReport, RunReport
from sync.run import RunRequest, Trigger, run_sheet
from sync.store.forgotten import (
    Agent,
    clean_history,
    find_agents,
    forget_removed,
    known_mirrors,
    remember,
    salted,
    strike,
    tabs_to_clean,
)
from sync.store.persons import AGENT, PHONE, Persons, digits_of

FEWEST_DIGITS, MOST_DIGITS = 6, 18
SHORTEST_NAME = 3  # shorter ones are in too many words of people's to be looked for

_log = log.get("forget")
Display = Callable[[str], AbstractContextManager[Progress]]


@dataclass(kw_only=True)
class Forgotten:
    """What was done: records by connection and stream, runs, cells of people by spreadsheet, and what is left to do."""

    records: dict[str, int] = field(default_factory=dict)
    reports: list[RunReport] = field(default_factory=list)
    cells: dict[str, list[Mention]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    errors: list[ErrorReport] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    persons: Persons
    digests: dict[str, list[str]]
    words: frozenset[str]

    def is_meant(self, text: str) -> bool:
        """Tell whether what stands in a cell speaks of the person."""
        folded = text.casefold()
        return self.persons.without(text) != text or any(word in folded for word in self.words)


def forget(
    office: Office,
    *,
    phones: Sequence[str],
    agents: Sequence[str],
    connection: str | None,
    dry: bool,
    stop: threading.Event,
    display: Display | None = None,
) -> Forgotten:
    """Remove persons; with `dry`, only count and look.

    Raises:
        ConfigError: a number or an agent cannot be told from others.

    """
    wanted = _wanted(office, phones, agents, connection)
    done = Forgotten()
    if not dry:  # first, so that no other process brings back what is removed here
        for kind, digests in wanted.digests.items():
            remember(office.store, kind, digests, at=clock.now())
    for mirror in known_mirrors(office.store):
        n_gone = strike(office.store, mirror, wanted.persons, dry=dry)
        name = f"{mirror.connection} {mirror.stream}"
        if n_gone:
            done.records[name] = done.records.get(name, 0) + n_gone
    if not dry:
        clean_history(office.store, wanted.persons)
        _clean_tabs(office, done, stop=stop, display=display)
    for sheet in {sheet.spreadsheet_id: sheet for sheet in office.config.sheets}.values():
        _look_for_cells(office, sheet, wanted, done, stop=stop)
    if not dry:
        office.store.checkpoint()
    _log.info("persons forgotten", action="forgotten", records=sum(done.records.values()), dry=dry)
    return done


def _wanted(office: Office, phones: Sequence[str], agents: Sequence[str], connection: str | None) -> _Wanted:
    if not phones and not agents:
        raise ConfigError("Nobody is named.", hint="Give --phone with a number, or --agent with an id or a name.")
    salt = salted(office.store).salt
    blank = Persons(salt, frozenset())
    digests: dict[str, list[str]] = {}
    for phone in phones:
        _check_phone(phone)
        digests.setdefault(PHONE, []).extend(blank.digests_of_phone(phone))
    words: set[str] = set()
    for wanted in agents:
        for agent in _agents_meant(office, wanted, connection):
            texts = {*agent.texts, *agent.ids}
            digests.setdefault(AGENT, []).extend(blank.digest_of_agent(agent.connection, text) for text in texts)
            words |= {t.casefold() for t in agent.texts if len(t) >= SHORTEST_NAME and re.search(r"[^\W\d]", t)}
    found = frozenset(digest for some in digests.values() for digest in some)
    persons = Persons(salt, found, frozenset(digests))
    return _Wanted(persons=persons, digests=digests, words=frozenset(words))


def _check_phone(phone: str) -> None:
    n_digits = len(digits_of(phone))
    if not FEWEST_DIGITS <= n_digits <= MOST_DIGITS or re.search(r"[^\d\s()+.\-/]", phone):
        raise ConfigError(
            f'"{phone}" is no phone number.', hint="Write it with + and the country, such as +14155550100."
        )


def _agents_meant(office: Office, wanted: str, connection: str | None) -> list[Agent]:
    """Return one agent for each connection that knows one; ConfigError where the text may mean several."""
    found: dict[str, dict[frozenset[str], set[str]]] = {}
    for mirror in known_mirrors(office.store):
        if connection is None or mirror.connection == connection:
            for agent in find_agents(office.store, mirror, wanted):
                found.setdefault(agent.connection, {}).setdefault(agent.ids, set()).update(agent.texts)
    if not found:
        raise ConfigError(
            f'No record names an agent "{wanted}".', hint="Give the id, the name or the address as the records have it."
        )
    is_id = all(any(wanted in ids for ids in some) for some in found.values()) and wanted.isdigit()
    if is_id and len(found) > 1:
        raise ConfigError(
            f'The id "{wanted}" belongs to different people at {", ".join(sorted(found))}.',
            hint="Name one of them with --connection.",
        )
    return [_only(wanted, name, some) for name, some in found.items()]


def _only(wanted: str, connection: str, found: dict[frozenset[str], set[str]]) -> Agent:
    ids = frozenset(one for some in found for one in some)
    if len(ids) > 1:
        raise ConfigError(
            f'{connection} has several agents "{wanted}": {", ".join(sorted(ids))}.', hint="Give the id of one of them."
        )
    return Agent(connection=connection, ids=ids, texts=frozenset(text for texts in found.values() for text in texts))


def _clean_tabs(office: Office, done: Forgotten, *, stop: threading.Event, display: Display | None) -> None:
    """Publish every sheet that still shows a removed record; vendors are not asked."""
    shown = tabs_to_clean(office.store)
    for sheet in office.config.sheets:
        if any(book == sheet.spreadsheet_id and uid.startswith(f"{sheet.name}/") for book, uid in shown):
            request = RunRequest(trigger=Trigger.FORGET, requested_at=clock.now(), reads_vendors=False)
            with display(sheet.name) if display else nullcontext(NoProgress()) as progress:
                done.reports.append(run_sheet(office, sheet, request, progress=progress, stop=stop))
    forget_removed(office.store)
    for spreadsheet_id, uid in sorted(tabs_to_clean(office.store)):
        done.left.append(
            f"The tab {uid!r} of the spreadsheet {spreadsheet_id} still shows the person; the next good run of its "
            "sheet removes the rows, and a sheet that has left the config has to be cleaned by hand."
        )


def _look_for_cells(office: Office, sheet: Sheet, wanted: _Wanted, done: Forgotten, *, stop: threading.Event) -> None:
    try:
        client, _ = office.google(
            sheet.spreadsheet_id,
            lease=None,
            stop=stop,
            deadline=office.deadline(),
            counts=RequestCounts(),
            progress=NoProgress(),
            reference=sheet.credentials,
        )
        found = list(find_mentions(client, sheet.spreadsheet_id, wanted.is_meant))
    except SyncError as error:
        done.errors.append(ErrorReport.of(error))
        done.left.append(f"The spreadsheet of {sheet.name!r} could not be searched for cells that people typed.")
        return
    if found:
        done.cells[sheet.spreadsheet_id] = found


def forgotten_json(done: Forgotten, tabs: Callable[[Iterable[RunReport]], object]) -> dict[str, object]:
    """Return what `forget --json` prints; `tabs` puts reports into JSON."""
    return {
        "records": done.records,
        "runs": tabs(done.reports),
        "cells": [
            {"spreadsheet": book, "tab": one.tab, "cell": one.cell, "in_note": one.in_note}
            for book, found in done.cells.items()
            for one in found
        ],
        "left": done.left,
    }


def forgotten_lines(done: Forgotten, *, dry: bool) -> list[str]:
    """Say what was removed, which cells people typed, and what is left to do."""
    verb = "would be removed" if dry else "removed"
    lines = [f"{name}: {n:,} records {verb}" for name, n in sorted(done.records.items())] or ["No record is theirs."]
    n_cells = sum(map(len, done.cells.values()))
    if n_cells:
        still = " so far; those of ours go with the records" if dry else "; Callsheet does not touch what people typed"
        lines += ["", f"{n_cells:,} cells speak of them{still}:"]
    for book, found in done.cells.items():
        lines += [f"  {book}  {one.tab}!{one.cell}{' (note)' if one.in_note else ''}" for one in found]
    return [*lines, *(["", *done.left] if done.left else [])]
