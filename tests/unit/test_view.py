"""A view holds the rows and columns that a tab shows, in order."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from sync.shape.cells import ChosenColumn
from sync.shape.view import Order, choose_columns, fields_to_read, make_view, missing_keys
from sync.sources.justcall.streams import CALLS

DF = pl.DataFrame(
    {
        "started_at": [datetime(2026, 1, day, tzinfo=UTC) for day in (2, 1, 2)],
        "call_id": ["b", "c", "a"],
        "duration": [1, 2, 3],
        "_key": ["b", "c", "a"],
        "_changed_in": [5, 6, 7],
    }
)
CHOSEN = choose_columns(CALLS, ["call_id", "duration"])


def test_every_declared_field_is_shown_when_no_columns_are_given() -> None:
    assert [c.name for c in choose_columns(CALLS, None)] == [f.name for f in CALLS.fields]


def test_columns_are_names_or_names_with_a_title() -> None:
    chosen = choose_columns(CALLS, ["call_id", ("agent_name", "Agent"), ChosenColumn("odd")])
    assert chosen == (ChosenColumn("call_id"), ChosenColumn("agent_name", "Agent"), ChosenColumn("odd"))


def test_rows_stand_by_start_and_then_by_key() -> None:
    assert make_view(DF, CALLS, CHOSEN)["call_id"].to_list() == ["c", "a", "b"]


def test_newest_first_is_the_exact_reverse() -> None:
    assert make_view(DF, CALLS, CHOSEN, order=Order.NEWEST_FIRST)["call_id"].to_list() == ["b", "a", "c"]


def test_without_the_marks_of_the_mirror_the_key_fields_break_ties() -> None:
    bare = DF.drop("_key", "_changed_in")
    assert make_view(bare, CALLS, CHOSEN)["call_id"].to_list() == ["c", "a", "b"]


def test_a_limit_keeps_the_first_rows_of_the_order() -> None:
    assert make_view(DF, CALLS, CHOSEN, limit=2)["call_id"].to_list() == ["c", "a"]
    assert make_view(DF, CALLS, CHOSEN, limit=0).height == 0


def test_a_view_holds_the_chosen_columns_in_order_and_the_marks() -> None:
    view = make_view(DF, CALLS, choose_columns(CALLS, ["duration", "call_id"]))
    assert view.columns == ["duration", "call_id", "_key", "_changed_in"]


def test_a_field_that_nobody_has_sent_yet_is_an_empty_column() -> None:
    assert make_view(DF, CALLS, choose_columns(CALLS, ["call_id", "odd"]))["odd"].to_list() == [None, None, None]


def test_what_is_read_holds_columns_key_and_order_once() -> None:
    assert fields_to_read(CALLS, choose_columns(CALLS, ["duration", "call_id"])) == (
        "duration",
        "call_id",
        "started_at",
    )


def test_key_fields_left_out_of_the_columns_are_named() -> None:
    assert missing_keys(CALLS, choose_columns(CALLS, ["duration"])) == ("call_id",)
    assert missing_keys(CALLS, CHOSEN) == ()
