"""The check that verify schedules: a tab is read whole and repaired, and the report says what that proves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync.report import Outcome, run_json, run_lines
from tests.people import Person, note_on, text_at
from tests.world import World


def overwrite(world: World, n: int = 3) -> Person:
    """Load the tab; somebody types over cells of ours and beside others."""
    person = Person(world)
    look = person.look()
    person.do(note_on(look.keys[::9]))
    at = look.columns["status"]
    requests = [text_at(look.sheet_id, look.row_of[key], at, "typed over") for key in look.keys[1 : 1 + n]]
    world.admin.edit(world.spreadsheet, requests=requests)
    return person


def n_wrong(world: World) -> int:
    return sum(row["Status"] == "typed over" for row in world.rows_by_header())


@pytest.mark.parametrize(
    ("setting", "days", "is_repaired"),
    [
        ("", 8, True),
        ("", 5, False),
        ('verify = "daily"', 1, True),
        pytest.param('verify = "never"', 40, False, marks=pytest.mark.full),
        pytest.param('verify = "monthly"', 10, False, marks=pytest.mark.full),
    ],
)
def test_cells_that_were_typed_over_are_put_right_when_the_check_is_due(
    world: World, later: Callable[..., None], setting: str, days: int, is_repaired: bool
) -> None:
    world.period = "last 30 days"
    world.more_tab = setting
    assert world.run().error is None
    person = overwrite(world)
    assert world.run().outcome is Outcome.UNCHANGED
    assert n_wrong(world) == 3
    later(days=days - 0.01)
    report = world.run(allow_empty=True)
    assert report.error is None
    assert n_wrong(world) == (0 if is_repaired else 3)
    person.assert_notes()
    assert (report.tabs[0].proof is not None) == is_repaired
    again = world.run(allow_empty=True)
    assert again.outcome is Outcome.UNCHANGED
    assert again.tabs[0].proof is None


def test_the_report_says_that_vendor_mirror_tab_and_summary_agree(world: World) -> None:
    report = world.run()
    n = len(world.wanted())
    proof = report.tabs[0].proof
    assert proof is not None
    assert proof.words == f"vendor = mirror = tab = summary: {n:,}"
    assert any(proof.words in line for line in run_lines(report))
    told = run_json(report)["tabs"][0]["proof"]
    assert (told["vendor"], told["mirror"], told["tab"], told["summaries"]) == (n, n, n, {"By agent": n, "By day": n})


def test_the_report_names_every_gap(world: World, later: Callable[..., None]) -> None:
    world.more_tab = 'where = ["duration >= 60"]'
    assert world.run().error is None
    later(days=2)
    world.admin.arrive(5)
    proof = world.run(rebuild=True).tabs[0].proof
    assert proof is not None
    assert proof.is_whole
    assert proof.kept > 0
    assert f"{proof.kept:,} rows stay from before the period" in proof.words
    assert f"{proof.mirror - proof.wanted:,} are left out by where or by age" in proof.words
    assert proof.tab == len(world.rows_by_header())
