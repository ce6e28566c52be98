"""What tabs show: states, rows, intents, all saved together or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.store.db import Store
from sync.store.published import (
    PublishedRow,
    Shift,
    TabChange,
    TabState,
    clear_intent,
    each_key,
    extent,
    forget_tab,
    load_tab,
    load_tabs,
    note_intent,
    note_seen,
    open_intents,
    rows,
    save_tab,
    save_tabs,
)
from tests.store_fixtures import at


def make_state(uid: str = "calls", version: int = 1) -> TabState:
    return TabState(
        spreadsheet_id="book",
        uid=uid,
        sheet_id=2**40,
        title="Calls ü",
        mirror_id="justcall/calls/1",
        version=version,
        window_start=at(0),
        window_end=at(60),
        shape="abc",
        n_rows=1000,
        header_row=2,
        columns=[{"name": "call_id", "title": "Call", "index": 0}],
        published_at=at(61),
    )


def test_unknown_tab_has_no_state_and_no_rows(store: Store) -> None:
    assert load_tab(store, "book", "calls") is None
    assert load_tabs(store, "book") == []
    assert rows(store, "book", "calls") == {}
    assert rows(store, "book", "calls", ["a"]) == {}


def test_state_comes_back_as_saved_and_is_replaced_by_the_next(store: Store) -> None:
    save_tab(store, make_state(), upserts=[])
    assert load_tab(store, "book", "calls") == make_state()
    newer = replace(make_state(version=2), suspect_until=at(99), title="Renamed")
    save_tab(store, newer, upserts=[])
    assert load_tabs(store, "book") == [newer]
    assert load_tabs(store, "another book") == []


def test_rows_are_upserted_removed_and_asked_by_key(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 3, -(2**63)), ("b", 4, 2), ("c", 5, 3)])
    save_tab(store, make_state(), upserts=[("b", 9, 22), ("d", 6, 2**63 - 1)], removed=["c", "never there"])
    assert rows(store, "book", "calls") == {"a": (3, -(2**63)), "b": (9, 22), "d": (6, 2**63 - 1)}
    found = rows(store, "book", "calls", ["b", "c", "d"])
    assert found == {"b": PublishedRow(row=9, fingerprint=22), "d": PublishedRow(row=6, fingerprint=2**63 - 1)}


def test_rows_of_tabs_do_not_mix(store: Store) -> None:
    save_tab(store, make_state("one"), upserts=[("a", 1, 1)])
    save_tab(store, make_state("two"), upserts=[("a", 2, 2)])
    save_tab(store, make_state("one"), upserts=[], reset=True)
    assert rows(store, "book", "one") == {}
    assert rows(store, "book", "two") == {"a": (2, 2)}


def test_reset_forgets_rows_before_the_new_ones_come_in(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 1, 1), ("b", 2, 2)])
    save_tab(store, make_state(), upserts=[("b", 7, 7)], reset=True)
    assert rows(store, "book", "calls") == {"b": (7, 7)}


def test_shift_moves_known_rows_before_new_ones_come_in(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 1, 1), ("b", 2, 2), ("c", 3, 3)])
    save_tab(store, make_state(), upserts=[("new", 2, 9)], removed=["a"], shifts=[Shift(2, 1), Shift(4, -1)])
    assert rows(store, "book", "calls") == {"new": (2, 9), "b": (3, 2), "c": (3, 3)}


def test_any_number_of_keys_may_be_saved_asked_and_removed(store: Store) -> None:
    many = [(f"k{i}", i, i) for i in range(12_000)]
    save_tab(store, make_state(), upserts=iter(many))
    assert len(rows(store, "book", "calls", [key for key, _, _ in many])) == 12_000
    save_tab(store, make_state(), upserts=(), removed=(key for key, row, _ in many if row % 2))
    assert len(rows(store, "book", "calls")) == 6_000


def test_rows_that_were_seen_elsewhere_are_noted_there_and_counted_once(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 1, 10), ("b", 2, 20)])
    seen = {"a": PublishedRow(1, 10), "b": PublishedRow(7, 20), "c": PublishedRow(8, 30)}
    assert note_seen(store, "book", "calls", seen) == 2
    assert note_seen(store, "book", "calls", seen) == 0
    assert rows(store, "book", "calls") == seen
    assert extent(store, "book", "calls") == (3, 1, 8)


def test_every_key_is_given_once_however_many_there_are(store: Store) -> None:
    keys = [f"{word} {n}" for n in range(4_000) for word in ("Ä", "a", "Z")]
    save_tab(store, make_state(), upserts=[(key, n, 0) for n, key in enumerate(keys)])
    save_tab(store, make_state("other"), upserts=[("x", 1, 0)])
    given = list(each_key(store, "book", "calls"))
    assert len(given) > 1
    assert sorted(key for piece in given for key in piece) == sorted(keys)
    assert list(each_key(store, "book", "unknown")) == []


def test_forgotten_tab_takes_its_rows_along(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 1, 1)])
    forget_tab(store, "book", "calls")
    save_tab(store, make_state(), upserts=[])
    assert rows(store, "book", "calls") == {}


def test_intent_stays_until_its_publish_is_saved(store: Store) -> None:
    first = note_intent(store, spreadsheet_id="book", uids=["calls", "summary"], run_id="run-1", at=at(1))
    second = note_intent(store, spreadsheet_id="book", uids=["calls"], run_id="run-2", at=at(2))
    noted = [(intent.id, intent.uids, intent.run_id, intent.noted_at) for intent in open_intents(store, "book")]
    assert noted == [(first, ("calls", "summary"), "run-1", at(1)), (second, ("calls",), "run-2", at(2))]
    save_tab(store, make_state(), upserts=[("a", 1, 1)], intent=first)
    assert [intent.id for intent in open_intents(store, "book")] == [second]
    clear_intent(store, second)
    assert open_intents(store, "book") == []


def test_publish_that_cannot_be_saved_whole_is_not_saved_at_all(store: Store) -> None:
    save_tab(store, make_state(), upserts=[("a", 1, 1)])
    intent = note_intent(store, spreadsheet_id="book", uids=["calls"], run_id="run", at=at(1))

    def broken_off():
        yield from [("a", 2, 2), ("b", 3, 3)]
        raise RuntimeError

    changes = [
        TabChange(state=make_state("other"), upserts=[("x", 1, 1)]),
        TabChange(state=make_state(version=9), upserts=broken_off(), reset=True),
    ]
    with pytest.raises(RuntimeError):
        save_tabs(store, changes, intent=intent)
    assert load_tabs(store, "book") == [make_state()]
    assert rows(store, "book", "calls") == {"a": (1, 1)}
    assert len(open_intents(store, "book")) == 1
