"""A person who is forgotten is gone from mirror, tabs and summaries, and stays gone when the calls come again."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sync.errors import ConfigError
from sync.forget import Forgotten, forget, forgotten_lines
from sync.office import open_office
from sync.report import Outcome
from sync.store.persons import IN_PLACE
from tests.world import World


def _forget(world: World, *phones: str, agents: Sequence[str] = (), dry: bool = False) -> Forgotten:
    config = world.config()
    with open_office(config) as office:
        return forget(office, phones=phones, agents=agents, connection=None, dry=dry, stop=threading.Event())


def _caller(world: World) -> str:
    """Return the number of an outside person with several calls of the period."""
    calls = world.wanted().values()
    ours = {number for call in calls for number in (call["From"] if call["Direction"] != "Incoming" else call["To"],)}
    counts = Counter(str(number) for call in calls for number in {call["From"], call["To"]} if number not in ours)
    return max(counts, key=lambda number: (counts[number], number))


def _digits(value: Any) -> str:
    return "".join(re.findall(r"\d", str(value)))


def _ids_of(world: World, number: str) -> set[str]:
    wanted = world.wanted()
    return {i for i, call in wanted.items() if _digits(number) in {_digits(call["From"]), _digits(call["To"])}}


def _store_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("callsheet.db*")))


def _assert_summary_counts(world: World, n: int) -> None:
    *rows, total = [row for row in world.rows_by_header("By agent") if any(row.values())]
    assert sum(row["Calls"] for row in rows) == n
    assert total["Calls"] == n


def test_a_number_leaves_the_tab_the_summaries_and_the_store_and_no_read_brings_it_back(world: World) -> None:
    number = _caller(world)
    others = sorted(set(world.wanted()) - _ids_of(world, number))
    world.admin.edit_calls(call_ids=others[:2], fields={"from": number})
    world.run()
    theirs, everyone = _ids_of(world, number), set(world.wanted())
    assert len(theirs) > 2
    done = _forget(world, f"+{_digits(number)}")
    assert done.records == {"justcall calls": len(theirs)}
    assert [report.outcome for report in done.reports] == [Outcome.OK]
    assert (done.left, done.cells) == ([], {})
    assert _digits(number).encode() not in _store_bytes(world.folder)
    for _ in range(2):
        assert {row["Call ID"] for row in world.rows_by_header()} == everyone - theirs
        _assert_summary_counts(world, len(everyone - theirs))
        world.admin.edit_calls(call_ids=sorted(theirs), fields={"notes": "called back"})
        assert world.run(rebuild=True).error is None
    assert _digits(number) not in str(world.tab())
    assert _digits(number).encode() not in _store_bytes(world.folder)
    world.run()
    assert (world.n_requests("read"), world.n_requests("write")) == (2, 0)


@pytest.mark.full
def test_a_new_call_of_a_forgotten_number_never_comes_in(world: World) -> None:
    world.run()
    number = _caller(world)
    _forget(world, f"+{_digits(number)}")
    (new,) = world.admin.arrive(1)
    world.admin.edit_calls(call_ids=[new["call_id"]], fields={"from": number})
    (other,) = world.admin.arrive(1)
    world.run()
    shown = {row["Call ID"] for row in world.rows_by_header()}
    assert new["call_id"] not in shown
    assert other["call_id"] in shown


def test_cells_where_people_typed_the_number_are_listed_and_left_alone(world: World) -> None:
    world.run()
    number = _caller(world)
    digits = _digits(number)
    typed = {"Calls!R1": f"VIP: +{digits}", "By agent!G3": f"'{digits}", "By day!F4": f"={digits}"}
    world.admin.edit(
        world.spreadsheet,
        values=[{"range": place, "values": [[text]], "input": "USER_ENTERED"} for place, text in typed.items()],
    )
    done = _forget(world, f"+{digits}")
    (found,) = done.cells.values()
    assert {f"{one.tab}!{one.cell}" for one in found} == set(typed)
    lines = forgotten_lines(done, dry=False)
    assert all(any(place in line for line in lines) for place in typed)
    assert str(world.tab()[0][17]) == f"VIP: +{digits}"


def test_what_people_wrote_beside_a_row_goes_with_it_and_is_filed_nowhere(world: World) -> None:
    world.run()
    number = _caller(world)
    theirs = _ids_of(world, number)
    at = next(i for i, row in enumerate(world.tab(), start=1) if row[0] in theirs)
    world.admin.edit(world.spreadsheet, values=[{"range": f"Calls!Q{at}", "values": [["angry"]]}])
    done = _forget(world, f"+{_digits(number)}")
    assert done.left == []
    book = world.admin.http.get(f"/v4/spreadsheets/{world.spreadsheet}", headers={"Authorization": "Bearer t"}).json()
    assert "Removed rows" not in {sheet["properties"]["title"] for sheet in book["sheets"]}
    assert "angry" not in str(world.tab())


def test_a_mention_in_the_notes_of_another_call_is_taken_out_and_the_call_stays(world: World) -> None:
    number = _caller(world)
    other = min(set(world.wanted()) - _ids_of(world, number))
    digits = _digits(number)
    world.admin.edit_calls(call_ids=[other], fields={"notes": f"asked to ring +{digits[:1]} {digits[1:]} after 5"})
    world.run()
    _forget(world, f"+{digits}")
    for _ in range(2):
        (row,) = [row for row in world.rows_by_header() if row["Call ID"] == other]
        assert row["Notes"] == f"asked to ring {IN_PLACE} after 5"
        world.run(rebuild=True)


def test_an_agent_leaves_by_name_and_stays_away_and_the_others_stay(world: World) -> None:
    world.run()
    agents = Counter(row["Agent"] for row in world.rows_by_header() if row["Agent"])
    name, _ = agents.most_common(1)[0]
    theirs = {i for i, call in world.wanted().items() if call["Agent"] == name}
    everyone = set(world.wanted())
    done = _forget(world, agents=[name.upper()])
    assert sum(done.records.values()) == len(theirs)
    world.run(rebuild=True)
    assert {row["Call ID"] for row in world.rows_by_header()} == everyone - theirs
    assert name not in {row["Agent"] for row in world.rows_by_header("By agent")}


@pytest.mark.full
def test_a_dry_run_counts_and_changes_nothing(world: World) -> None:
    world.run()
    number = _caller(world)
    before = world.tab()
    done = _forget(world, f"+{_digits(number)}", dry=True)
    assert done.records == {"justcall calls": len(_ids_of(world, number))}
    world.run(rebuild=True)
    assert world.tab() == before


def test_a_spreadsheet_that_cannot_be_reached_now_is_named_and_cleaned_by_the_next_run(world: World) -> None:
    world.run()
    number = _caller(world)
    theirs, everyone = _ids_of(world, number), set(world.wanted())
    world.admin.fault(
        service="google", do="refuse", status=403, message="The caller does not have permission", times=200
    )
    done = _forget(world, f"+{_digits(number)}")
    assert any("still shows" in line for line in done.left)
    world.admin.clear_faults()
    world.run()
    assert {row["Call ID"] for row in world.rows_by_header()} == everyone - theirs


@pytest.mark.parametrize("phone", ["555", "Jane", "+1415555010011111111", ""])
def test_what_is_no_number_is_refused(world: World, phone: str) -> None:
    with pytest.raises(ConfigError, match="no phone number"):
        _forget(world, phone)


def test_nobody_and_an_agent_whom_no_record_names_are_refused(world: World) -> None:
    world.run()
    with pytest.raises(ConfigError, match="Nobody"):
        _forget(world)
    with pytest.raises(ConfigError, match="No record names"):
        _forget(world, agents=["Nobody Atall"])
