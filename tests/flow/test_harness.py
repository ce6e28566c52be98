"""Every mode through every request, with everything that can happen to it: the next good run makes all of it good.

Whoever looks meanwhile never sees a blank or short tab, and what people wrote stands beside its row, or with it in
"Removed rows".
"""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest

from sync.report import Outcome
from tests import mishaps
from tests.flow.test_reader import _reading
from tests.people import NOTE, Look, Person, insert_column, note_on, sort_by
from tests.world import World, _same

MODES = {
    "upsert": "",
    "upsert, newest first": 'order = "newest first"',
    "append": 'mode = "append"',
    "append, newest first": 'mode = "append"\norder = "newest first"',
    "replace": 'mode = "replace"',
    "replace, newest first": 'mode = "replace"\norder = "newest first"',
    "next tab": "max_rows = 100",
    "remove oldest": 'max_rows = 150\noverflow = "remove_oldest"',
    "a tab a month": 'split = "month"',
}
FAULTS: dict[str, dict[str, Any]] = {
    "429": {"do": "refuse", "status": 429},
    "500": {"do": "refuse", "status": 500},
    "503": {"do": "refuse", "status": 503},
    "HTML with 502": {"do": "html"},
    "answer lost": {"do": "cut_after"},
    "cut before": {"do": "cut_before"},
    "cut answer": {"do": "cut_body"},
    "killed": {"do": "killed"},
    "killed, landed": {"do": "killed", "applied": True},
    "a sort": {"do": "edit", "make": sort_by("agent_name", "call_id")},
    "a column": {"do": "edit", "make": insert_column("direction")},
}
REQUESTS = range(1, 7)
OF_RUNS = r"(:batchUpdate|ByDataFilter|/spreadsheets/[^/:]+)$"  # whoever looks asks for values by their range
PAGE = re.compile(r"Calls( \d{4}-\d{2})?( \(\d+\))?")
SAMPLE = {
    ("append, newest first", "answer lost", 3),
    ("replace", "503", 3),
    ("replace, newest first", "a sort", 3),
    ("next tab", "cut before", 4),
    ("remove oldest", "answer lost", 4),
    ("a tab a month", "a column", 3),
}
EACH = [
    pytest.param(
        mode, (fault, n), id=f"{mode}-{fault}-{n}", marks=() if (mode, fault, n) in SAMPLE else pytest.mark.full
    )
    for mode, fault, n in itertools.product(MODES, FAULTS, REQUESTS)
]
_ONE = [(fault, n) for fault in FAULTS if not fault.startswith("killed") for n in REQUESTS]
PAIRS = [
    pytest.param(mode, pair, id=f"{mode}-{pair[0][0]}-{pair[0][1]}-{pair[1][0]}-{pair[1][1]}", marks=pytest.mark.full)
    for mode in MODES
    for pair in random.Random(mode).sample([p for p in itertools.product(_ONE, _ONE) if p[0][1] < p[1][1]], 12)
]


def titles(world: World) -> list[str]:
    path, headers = f"/v4/spreadsheets/{world.spreadsheet}", {"Authorization": "Bearer test"}
    return [sheet["properties"]["title"] for sheet in world.admin.http.get(path, headers=headers).json()["sheets"]]


def first_page(world: World) -> str:
    return next(title for title in titles(world) if PAGE.fullmatch(title))


def rows_of(world: World) -> list[dict[str, Any]]:
    return [row for title in titles(world) if PAGE.fullmatch(title) for row in world.rows_by_header(title)]


def notes_in(rows: list[list[Any]]) -> list[tuple[str, str]]:
    """What each note is about, and the call beside which it stands."""
    at = rows[0].index("Call ID")
    return [(m[1], row[at]) for row in rows[1:] for cell in row if (m := NOTE.match(str(cell)))]


def prepare(world: World, mode: str) -> tuple[Person, Look]:
    """Load the tab, write beside every few calls, and let calls change and arrive."""
    world.more_tab = MODES[mode]
    assert world.run().error is None
    person = Person(world, first_page(world))
    person.do(note_on(person.look().keys[::5]))
    mishaps.edit_recent(world, 25)
    world.admin.arrive(20)
    return person, person.look()


def play(world: World, person: Person, *faults: tuple[str, int]) -> None:
    """Arrange for what happens to the requests of the next run."""
    look, due = person.look(), [(dict(FAULTS[name]), n) for name, n in faults]
    for fault, _ in due:
        if fault["do"] == "edit":
            fault["edits"] = {"requests": person.remember(fault.pop("make")(look)).requests}
    for fault, n in due:
        world.admin.fault(service="google", path=OF_RUNS, nth=n, **fault)


def assert_all_is_well(world: World, mode: str, person: Person) -> None:
    """The wanted rows, each once and right; notes beside their rows or filed with them; nothing left to do."""
    wanted = world.wanted()
    if mode == "remove oldest":
        newest = sorted(wanted, key=lambda key: (wanted[key]["Started"], key))[-150:]
        wanted = {key: wanted[key] for key in newest}
    rows = rows_of(world)
    ids = [row["Call ID"] for row in rows]
    assert len(ids) == len(set(ids)), "a call is there twice"
    assert set(ids) == set(wanted)
    if not mode.startswith("append"):
        for row in rows:
            call = wanted[row["Call ID"]]
            assert all(_same(call[title], row[title]) for title in ("Status", "Agent", "Duration (s)", "Notes")), row
    shown = [title for title in titles(world) if PAGE.fullmatch(title) or title == "Removed rows"]
    notes = [note for title in shown for note in notes_in(world.tab(title))]
    assert all(about == key for about, key in notes), "a note stands beside another row"
    assert sorted(f"note of {about}" for about, _ in notes) == sorted(person.notes)
    again = world.run()
    assert again.outcome is Outcome.UNCHANGED, again
    assert world.n_requests("write") == 0


def suffer(world: World, mode: str, *faults: tuple[str, int]) -> None:
    """Run with faults while somebody looks, then once more without, and check everything."""
    person, look = prepare(world, mode)
    n_least = len(look.keys) - 20 if mode == "remove oldest" else len(look.keys)
    if FAULTS[faults[0][0]]["do"] == "killed":
        mishaps.kill_at(world, faults[0][1], applied=FAULTS[faults[0][0]].get("applied", False))
    else:
        play(world, person, *faults)
    with _reading(world, look.title) as seen:
        if FAULTS[faults[0][0]]["do"] != "killed":
            world.run()
        world.admin.clear_faults()
        report = world.run()
        assert report.error is None, report
        assert all(tab.error is None for tab in report.tabs), report.tabs
    assert all(sum(any(cell != "" for cell in row) for row in rows) > n_least for rows in seen), "a short tab was seen"
    assert_all_is_well(world, mode, person)


@pytest.mark.every(2)
@pytest.mark.parametrize(("mode", "what"), EACH)
def test_each_mode_survives_whatever_happens_to_each_request(world: World, mode: str, what: tuple[str, int]) -> None:
    suffer(world, mode, what)


@pytest.mark.parametrize(("mode", "pair"), PAIRS)
def test_each_mode_survives_two_things_in_one_run(
    world: World, mode: str, pair: tuple[tuple[str, int], tuple[str, int]]
) -> None:
    suffer(world, mode, *pair)
