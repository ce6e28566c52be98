from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest

from sync.sandbox.call_book import CallBook, Selection
from sync.sandbox.calls import Call, CallOptions, make_calls

UNTIL = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # the window holds both autumn clock changes
OPTIONS = CallOptions(until=UNTIL)


@pytest.fixture(scope="module")
def calls() -> tuple[Call, ...]:
    return make_calls(OPTIONS)


def book(n_calls: int = 500, days: int = 20) -> CallBook:
    return CallBook(CallOptions(n_calls=n_calls, days=days, until=UNTIL))


def test_the_number_asked_for_is_made_within_the_window(calls: tuple[Call, ...]) -> None:
    assert len(calls) == 20_000
    assert min(call["started_at"] for call in calls) >= "2026-07-23T15:00:00Z"
    assert max(call["ended_at"] for call in calls) <= "2026-11-20T15:00:00Z"
    assert len({call["call_id"] for call in calls}) == 20_000


@pytest.mark.parametrize(("n_calls", "days", "hour"), [(0, 3, 12), (1, 1, 0), (60, 5, 0), (1000, 2, 23), (300, 400, 7)])
def test_small_and_odd_windows_hold_the_number_asked_for(n_calls: int, days: int, hour: int) -> None:
    made = make_calls(CallOptions(n_calls=n_calls, days=days, until=UNTIL.replace(hour=hour, minute=1)))
    assert len(made) == n_calls


def test_twenty_thousand_calls_are_made_in_less_than_two_seconds() -> None:
    begun = time.process_time()
    make_calls(CallOptions(seed=987, until=UNTIL))
    assert time.process_time() - begun < 2


def test_another_process_makes_the_same_calls() -> None:
    script = (
        "import sys, hashlib, orjson; from datetime import datetime, UTC;"
        "from sync.sandbox.calls import CallOptions, make_calls;"
        "made = make_calls(CallOptions(n_calls=300, days=9, until=datetime(2026, 11, 20, 15, tzinfo=UTC)));"
        "sys.stdout.buffer.write(orjson.dumps(made))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert orjson.loads(other) == list(make_calls(CallOptions(n_calls=300, days=9, until=UNTIL)))


def test_another_seed_makes_other_calls() -> None:
    one = {call["call_id"] for call in make_calls(CallOptions(n_calls=100, days=5, until=UNTIL, seed=1))}
    two = {call["call_id"] for call in make_calls(CallOptions(n_calls=100, days=5, until=UNTIL, seed=2))}
    assert not one & two


def test_a_day_later_the_calls_of_earlier_days_are_the_same(calls: tuple[Call, ...]) -> None:
    before = {call["call_id"]: call for call in calls}
    after = {call["call_id"]: call for call in make_calls(CallOptions(until=UNTIL + timedelta(days=1)))}
    shared = before.keys() & after.keys()
    assert len(shared) > 19_000
    assert [before[key] for key in shared] == [after[key] for key in shared]


def test_every_call_has_exactly_the_documented_fields_and_types(calls: tuple[Call, ...]) -> None:
    types = {
        "call_id": str, "direction": str, "from": str, "to": str, "agent_id": int, "agent_name": str, "status": str,
        "duration": int, "recording_url": str | None, "voicemail": bool, "notes": str | None, "disposition": str,
        "tags": list, "started_at": str, "ended_at": str,
    }  # fmt: skip
    for call in calls:
        assert call.keys() == types.keys()
        assert all(isinstance(call[name], kind) for name, kind in types.items())
        begun, ended = (datetime.fromisoformat(call[name]) for name in ("started_at", "ended_at"))
        assert (ended - begun).total_seconds() == call["duration"]
        assert call["voicemail"] == (call["status"] == "voicemail")


def test_it_looks_like_a_call_centre(calls: tuple[Call, ...]) -> None:
    weekdays = Counter(datetime.fromisoformat(call["started_at"]).weekday() for call in calls)
    hours = Counter(call["started_at"][11:13] for call in calls)
    assert min(weekdays[day] for day in range(5)) > 2 * max(weekdays[5], weekdays[6])
    assert hours["15"] > 10 * hours["04"]
    assert {call["status"] for call in calls} == {"completed", "missed", "voicemail", "busy"}
    assert len({call["agent_id"] for call in calls}) == 12


def test_two_agents_share_a_name_and_one_is_renamed_half_way(calls: tuple[Call, ...]) -> None:
    assert {call["agent_id"] for call in calls if call["agent_name"] == "Maria Garcia"} == {1003, 1009}
    names = [call["agent_name"] for call in calls if call["agent_id"] == 1006]
    assert list(dict.fromkeys(names)) == ["Emily Clark", "Emily Clark-Tanaka"]
    assert names == sorted(names)  # once renamed, never back


def test_awkward_texts_are_there(calls: tuple[Call, ...]) -> None:
    notes = {call["notes"] for call in calls}
    for wanted in (
        "+1",
        "-foo",
        "@x",
        "0042",
        "first line\nsecond line\n\nfourth line",
        "a\ttab\tin\tbetween",
        "",
        None,
    ):
        assert wanted in notes
    texts = "".join(note for note in notes if note)
    assert "=HYPERLINK" in texts
    assert "😀" in texts
    assert "שלום" in texts
    assert "\x07" in texts
    assert "\x00" not in texts
    assert [len(note) for note in (call["notes"] or "" for call in calls) if len(note) > 50_000] == [50_001]
    assert any(call["disposition"] == "0042" for call in calls)
    assert any(len(call["tags"]) > 100 for call in calls)


def test_calls_lie_at_midnight_in_one_second_and_around_both_clock_changes(calls: tuple[Call, ...]) -> None:
    started = Counter(call["started_at"] for call in calls)
    assert any(text.endswith("T00:00:00Z") for text in started)
    assert max(started.values()) > 1
    for jump in (datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)):
        for offset_s in (-1, 0, 1800, -1800):
            assert (jump + timedelta(seconds=offset_s)).strftime("%Y-%m-%dT%H:%M:%SZ") in started
    berlin = [datetime(2026, 10, 25, 1, tzinfo=UTC) + timedelta(seconds=s) for s in (-1800, 1800)]
    assert {at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") for at in berlin} == {"02:30"}


def test_new_calls_come_first_and_are_the_same_every_time() -> None:
    one, two = book(), book()
    assert one.arrive(3) == two.arrive(3)
    again = one.arrive(2)
    assert len(one.all()) == 505
    assert len({call["call_id"] for call in one.all()}) == 505
    assert again[-1]["ended_at"] == "2026-11-20T15:00:05Z"


def test_without_a_fixed_end_new_calls_end_now() -> None:
    live = CallBook(CallOptions(n_calls=10, days=2))
    ended = datetime.fromisoformat(live.arrive(1)[0]["ended_at"])
    assert abs((datetime.now(UTC) - ended).total_seconds()) < 5


def test_late_edits_change_calls_of_the_last_days_and_never_the_key() -> None:
    one, two = book(), book()
    before = {call["call_id"]: call for call in one.all()}
    edited = one.edit(30)
    assert edited == two.edit(30)
    assert len({call["call_id"] for call in edited}) == 30
    for call in edited:
        assert call != before[call["call_id"]]
        assert call["started_at"] == before[call["call_id"]]["started_at"]
    changed = {name for call in edited for name in call if call[name] != before[call["call_id"]][name]}
    assert changed >= {"notes", "disposition", "tags", "duration"}
    assert {call["call_id"] for call in one.edit(30)} != {call["call_id"] for call in edited}


def test_more_edits_than_recent_calls_reach_further_back() -> None:
    assert len(book(n_calls=200).edit(150)) == 150
    assert len(book(n_calls=20).edit(150)) == 20


def test_named_calls_are_edited_to_named_values() -> None:
    calls = book()
    key = calls.all()[100]["call_id"]
    assert calls.edit(1, call_ids=[key], fields={"notes": "by hand"})[0]["notes"] == "by hand"
    assert next(call for call in calls.all() if call["call_id"] == key)["notes"] == "by hand"
    with pytest.raises(KeyError):
        calls.edit(1, call_ids=["call_nobody"])


def test_reset_brings_the_first_calls_back() -> None:
    calls = book()
    first = calls.all()
    calls.arrive(2)
    calls.edit(9)
    calls.reset()
    assert calls.all() == first


def test_a_selection_sees_what_arrived_after_it_was_first_asked() -> None:
    calls = book()
    wanted = Selection(words=(("direction", "inbound"),))
    before = len(calls.select(wanted))
    n_new = sum(call["direction"] == "inbound" for call in calls.arrive(20))
    assert len(calls.select(wanted)) == before + n_new
