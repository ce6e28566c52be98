"""Config files edited while the daemon works, as people and their editors do it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from sync import clock
from sync.config.kept import open_effective
from sync.history import standings_of
from tests.daemon_desk import Desk, eventually, holds_for
from tests.sandbox_admin import Admin

FEWER = '["call_id", "duration"]'


def _problems(desk: Desk) -> list[str]:
    """Return what is wrong with the config as the daemon read it last."""
    return [problem.what for problem in desk.heard.problems[-1]]


def test_a_sheet_that_is_added_runs_and_one_that_is_removed_does_not_any_more(desk: Desk, admin: Admin) -> None:
    desk.write_sheet("first", admin.make_spreadsheet())
    with desk.serving():
        desk.ran("first")
        desk.write_sheet("second", admin.make_spreadsheet())
        desk.ran("second")
        desk.file_of("first").unlink()
        eventually(lambda: "first" not in {s.name for s in desk.daemon.office.config.sheets})
        desk.ask("first")
        desk.ask("second")
        desk.ran("second", 2)
        assert desk.outcomes()["first"] == ["ok"]
    assert _problems(desk) == []


def test_an_edit_touches_only_the_sheet_that_changed(desk: Desk, admin: Admin) -> None:
    for name in ("still", "edited"):
        desk.write_sheet(name, admin.make_spreadsheet())
    with desk.serving():
        desk.ran("still")
        desk.ran("edited")
        before = dict(desk.daemon._rota._posts)
        desk.write_sheet("edited", "3AbCdEfGhIjKlMnOpQrS", schedule='every = "2h"')
        eventually(lambda: desk.daemon._rota._posts["edited"] is not before["edited"])
        assert desk.daemon._rota._posts["still"] is before["still"]
    assert [row.sheet for row in desk.rows()].count("still") == 1


def test_a_run_under_way_finishes_on_the_config_it_began_with(desk: Desk, admin: Admin) -> None:
    book = admin.make_spreadsheet()
    desk.write_sheet("calls", book)
    admin.fault(service="justcall", do="delay", seconds=3, times=1)
    with desk.serving():
        eventually(lambda: admin.log(service="justcall") or [r for r in desk.rows() if r.state == "running"])
        desk.write_sheet("calls", book, columns=FEWER)
        eventually(lambda: len(desk.daemon.office.config.sheets[0].tab[0].columns or ()) == 2)
        assert desk.outcomes() == {}, "the edit is live while the run goes on"
        desk.ran("calls")
        assert admin.tab_values(book, "Calls")[0] == ["Call ID", "Started", "Duration (s)"]
        desk.ask("calls")
        desk.ran("calls", 2)
    assert desk.outcomes()["calls"][0] == "ok"


def test_a_broken_edit_keeps_the_last_good_version_across_restarts_and_is_told(desk: Desk, admin: Admin) -> None:
    books = {name: admin.make_spreadsheet() for name in ("calls", "other")}
    for name, book in books.items():
        desk.write_sheet(name, book)
    with desk.serving():
        desk.ran("calls")
        desk.write_sheet("calls", books["calls"], schedule='every = "soon"')
        eventually(lambda: _problems(desk))
        desk.ask("calls")
        desk.ran("calls", 2)
        desk.write_sheet("other", books["other"], columns=FEWER)  # a good edit beside it goes live
        eventually(lambda: any(len(s.tab[0].columns or ()) == 2 for s in desk.daemon.office.config.sheets))
    with desk.serving():
        desk.ask("calls")
        desk.ran("calls")
        assert _problems(desk)
        with open_effective(desk.main) as (store, effective):
            standings = standings_of(store, effective.config.sheets, effective.broken, clock.now())
        told = {standing.sheet: standing.config_problem for standing in standings}
        assert "calls.toml:5" in told["calls"]
        assert "goes on" in told["calls"]
        assert told["other"] == ""
        desk.write_sheet("calls", books["calls"], columns=FEWER)
        eventually(lambda: not _problems(desk))
        desk.ask("calls")
        desk.ran("calls", 2)


@pytest.mark.full
def test_a_main_file_that_cannot_be_read_keeps_everything_as_it_was(desk: Desk, admin: Admin) -> None:
    desk.write_sheet("calls", admin.make_spreadsheet())
    with desk.serving():
        desk.ran("calls")
        good = desk.main.read_text()
        desk.main.write_text(good.replace("[daemon]", "[daemon"))
        eventually(lambda: _problems(desk))
        desk.ask("calls")
        desk.ran("calls", 2)
    with desk.serving():
        desk.ask("calls")
        desk.ran("calls")
        desk.main.write_text(good)
        eventually(lambda: not _problems(desk))


@pytest.mark.full
def test_of_two_sheets_that_claim_one_tab_the_later_is_refused(desk: Desk, admin: Admin) -> None:
    book = admin.make_spreadsheet()
    desk.write_sheet("a", book)
    with desk.serving():
        desk.ran("a")
        desk.write_sheet("b", book)
        eventually(lambda: _problems(desk))
        assert {sheet.name for sheet in desk.daemon.office.config.sheets} == {"a"}
        desk.write_sheet("b", book, title="Calls of b")
        desk.ran("b")


@pytest.mark.full
def test_nobody_takes_the_tab_that_the_last_good_version_of_a_broken_sheet_writes(desk: Desk, admin: Admin) -> None:
    book = admin.make_spreadsheet()
    desk.write_sheet("a", book)
    with desk.serving():
        desk.ran("a")
        desk.write_sheet("a", book, title="Moved", schedule='every = "soon"')
        desk.write_sheet("b", book)
        eventually(lambda: any("last good version" in what for what in _problems(desk)))
        assert {sheet.name for sheet in desk.daemon.office.config.sheets} == {"a"}


@pytest.mark.full
def test_what_waits_for_a_sheet_that_goes_is_in_the_history_with_the_reason(desk: Desk, admin: Admin) -> None:
    desk.write_main(workers=1)
    for name in ("slow", "waits", "rests"):
        desk.write_sheet(name, admin.make_spreadsheet(), schedule='every = "1h"')
    admin.fault(service="justcall", do="delay", seconds=6, times=1)
    with desk.serving():
        eventually(lambda: [row for row in desk.rows() if row.state == "running"])
        waiting = [row.sheet for row in desk.rows() if row.state == "waiting"]
        assert len(waiting) == 2
        gone, disabled = waiting
        text = desk.file_of(disabled).read_text()
        desk.file_of(gone).unlink()
        desk.file_of(disabled).write_text(text.replace("[[sheet.tab]]", "enabled = false\n[[sheet.tab]]"))
        eventually(lambda: sum(row.state == "ended" and bool(row.reason) for row in desk.rows()) == 2)
    reasons = {row.sheet: row.reason or "" for row in desk.rows()}
    assert "removed" in reasons[gone]
    assert "disabled" in reasons[disabled]


def _rename_over(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


def _move_away_and_write(path: Path, text: str) -> None:
    path.rename(path.with_name(f"{path.name}~"))
    time.sleep(0.3)
    path.write_text(text)


def _write_in_parts(path: Path, text: str) -> None:
    with path.open("w") as file:
        for n in range(0, len(text), len(text) // 3):
            file.write(text[n : n + len(text) // 3])
            file.flush()
            time.sleep(0.3)


def _with_a_swap_file(path: Path, text: str) -> None:
    swap = path.with_name(f".{path.name}.swp")
    swap.write_bytes(b"b0VIM 9.0\x00\xff")
    path.with_name("4913").write_text("")
    path.with_name("4913").unlink()
    path.write_text(text)
    shutil.copy(path, path.with_name(f"{path.name}.bak"))
    time.sleep(0.5)
    swap.unlink()


@pytest.mark.every(2)
@pytest.mark.parametrize("save", [_rename_over, _move_away_and_write, _write_in_parts, _with_a_swap_file])
def test_the_habits_of_editors_cause_no_alarm(desk: Desk, admin: Admin, save: object) -> None:
    desk.write_main()
    desk.main.write_text(desk.main.read_text().replace("sheets.d/*.toml", "sheets.d/*.toml*"))
    book = admin.make_spreadsheet()
    desk.write_sheet("calls", book)
    with desk.serving():
        desk.ran("calls")
        save(desk.file_of("calls"), desk.sheet_text("calls", book, columns=FEWER))  # type: ignore[operator]
        eventually(lambda: len(desk.daemon.office.config.sheets[0].tab[0].columns or ()) == 2)
        holds_for(1.2, lambda: len(desk.daemon.office.config.sheets) == 1)
    assert not any(desk.heard.problems)
    assert [row.reason for row in desk.rows()] == [None]


def test_a_link_that_is_swapped_in_the_folder_above_is_an_edit(desk: Desk, admin: Admin) -> None:
    """As Kubernetes does with a ConfigMap."""
    book = admin.make_spreadsheet()
    for version, columns in (("..1", FEWER), ("..2", '["call_id"]')):
        (desk.folder / version).mkdir()
        (desk.folder / version / "calls.toml").write_text(desk.sheet_text("calls", book, columns=columns))
    (desk.folder / "..data").symlink_to("..1")
    desk.file_of("calls").symlink_to("../..data/calls.toml")
    with desk.serving():
        desk.ran("calls")
        (desk.folder / "..new").symlink_to("..2")
        os.replace(desk.folder / "..new", desk.folder / "..data")
        eventually(lambda: len(desk.daemon.office.config.sheets[0].tab[0].columns or ()) == 1)
    assert not any(desk.heard.problems)


def test_the_same_text_saved_again_is_no_news(desk: Desk, admin: Admin) -> None:
    book = admin.make_spreadsheet()
    desk.write_sheet("calls", book)
    with desk.serving():
        desk.ran("calls")
        office = desk.daemon.office
        desk.file_of("calls").write_text("# a comment\n" + desk.sheet_text("calls", book))
        holds_for(1.5, lambda: desk.daemon.office is office)
        desk.daemon.ask_to_reload()
        eventually(lambda: desk.daemon.office is not office)
