"""What a source wrote down of the way to its data is there after a restart."""

from __future__ import annotations

from sync.store.db import Store
from sync.store.notes import ConnectionNotes


def test_a_note_is_there_for_whoever_opens_the_store_next(store: Store) -> None:
    ConnectionNotes(store, "aircall").write("export", "first")
    ConnectionNotes(store, "aircall").write("export", "second")
    assert ConnectionNotes(store, "aircall").read("export") == "second"


def test_notes_of_one_connection_are_not_those_of_another(store: Store) -> None:
    ConnectionNotes(store, "aircall").write("export", "mine")
    other = ConnectionNotes(store, "aircall-eu")
    assert other.read("export") is None
    other.drop("export")
    assert ConnectionNotes(store, "aircall").read("export") == "mine"


def test_a_dropped_note_is_gone(store: Store) -> None:
    notes = ConnectionNotes(store, "aircall")
    notes.write("export", "text")
    notes.drop("export")
    assert notes.read("export") is None
