"""Values become typed cells, and cells read back become keys again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import pytest

from sync.records import Cell, Field, FieldType, StreamSpec
from sync.shape import cells
from sync.shape.cells import ChosenColumn, make_columns, same_cell, to_rows, to_table
from sync.store.mirror import key_text

NEW_YORK = ZoneInfo("America/New_York")
SPEC = StreamSpec(
    name="calls",
    description="Calls.",
    fields=tuple(Field(name=t.value, type=t, title=t.value.title(), description="A field.") for t in FieldType),
    key=("text",),
    cursor_field="instant",
    params=(),
    page_size=100,
    slice_days=30,
    lookback=timedelta(days=3),
    reread=timedelta(days=30),
    retention=None,
    limits="none",
)


def column_of(name: str, values: list[Any], dtype: Any) -> list[Cell]:
    """Return the cells of one column."""
    df = pl.DataFrame({name: pl.Series(values, dtype=dtype)})
    rows, _ = to_rows(df, make_columns(SPEC, [ChosenColumn(name)], df.schema), NEW_YORK)
    return [cell for (cell,) in rows]


def test_each_declared_type_becomes_its_kind_of_cell() -> None:
    instant = datetime(2026, 7, 1, 16, 0, tzinfo=UTC)
    assert column_of("instant", [instant, None], pl.Datetime("us", "UTC")) == [46204.5, None]
    assert column_of("date", [date(2020, 1, 1), None], pl.Date) == [43831, None]
    assert column_of("boolean", [True, False, None], pl.Boolean) == [True, False, None]
    assert column_of("integer", [42, -1, None], pl.Int64) == [42, -1, None]
    assert column_of("number", [0.5, None], pl.Float64) == [0.5, None]
    assert column_of("list", [["a", "b"], ["a", None], [], None], pl.List(pl.String)) == ["a, b", "a", None, None]
    assert column_of("object", ['{"a": 1, "b": [1, 2]}', "{}", None], pl.String) == ['{"a":1,"b":[1,2]}', "{}", None]


def test_text_that_looks_like_something_else_stays_as_it_is() -> None:
    awkward = ["0042", "+14155551234", "=HYPERLINK(1)", "TRUE", " x ", "'", "Zoë 😀"]
    assert column_of("text", awkward, pl.String) == awkward


def test_empty_text_is_an_empty_cell() -> None:
    assert column_of("text", ["", None, " "], pl.String) == [None, None, " "]


def test_numbers_that_json_cannot_say_are_empty() -> None:
    values = [float("nan"), float("inf"), float("-inf"), 1.5]
    assert column_of("number", values, pl.Float64) == [None, None, None, 1.5]


def test_an_integer_too_large_for_a_double_becomes_text() -> None:
    values = [2**53, 2**53 + 1, -(2**63), 7]
    assert column_of("integer", values, pl.Int64) == [2**53, str(2**53 + 1), str(-(2**63)), 7]


def test_unknown_fields_are_typed_by_what_was_read() -> None:
    df = pl.DataFrame({"n": [1], "f": [1.5], "b": [True], "t": ["x"], "s": [{"k": None}], "l": [[{"k": 1}]]})
    columns = make_columns(SPEC, [ChosenColumn(n) for n in df.columns], df.schema)
    kinds = ["integer", "number", "boolean", "text", "object", "list"]
    assert [c.type.value for c in columns] == kinds
    assert to_rows(df, columns, NEW_YORK)[0] == [(1, 1.5, True, "x", '{"k":null}', '[{"k":1}]')]


def test_a_column_that_the_frame_lacks_is_empty() -> None:
    df = pl.DataFrame({"text": ["a", "b"]})
    columns = make_columns(SPEC, [ChosenColumn("text"), ChosenColumn("later")])
    assert to_rows(df, columns, NEW_YORK) == ([("a", None), ("b", None)], 0)


def test_columns_take_the_title_of_the_config_before_the_declared_one() -> None:
    columns = make_columns(SPEC, [ChosenColumn("text", "My text"), ChosenColumn("instant"), ChosenColumn("odd")])
    assert [c.title for c in columns] == ["My text", "Instant", "odd"]
    assert [c.number_format for c in columns] == ["", "yyyy-mm-dd hh:mm:ss", ""]


def test_a_table_takes_its_keys_from_the_frame_or_from_the_key_fields() -> None:
    df = pl.DataFrame({"text": ["a", "b"], "integer": [1, 2]})
    columns = make_columns(SPEC, [ChosenColumn("integer")])
    assert to_table(df, columns, NEW_YORK, ["text", "integer"]).keys == ['["a",1]', '["b",2]']
    assert to_table(df.with_columns(_key=pl.lit("k")), columns, NEW_YORK).keys == ["k", "k"]


def test_an_empty_frame_makes_an_empty_table() -> None:
    df = pl.DataFrame(schema={"text": pl.String, "integer": pl.Int64, "_key": pl.String})
    table = to_table(df, make_columns(SPEC, [ChosenColumn("text"), ChosenColumn("integer")]), NEW_YORK)
    assert (list(table.keys), list(table.rows)) == ([], [])


def test_text_over_the_limit_is_cut_marked_and_counted() -> None:
    just, over = "x" * 50_000, "y" * 50_001
    df = pl.DataFrame({"text": [just, over, "é" * 40_000]})
    rows, n_cut = to_rows(df, make_columns(SPEC, [ChosenColumn("text")]), NEW_YORK)
    assert n_cut == 1
    assert rows[0] == (just,)
    assert isinstance(rows[1][0], str)
    assert len(rows[1][0]) == 50_000
    assert rows[1][0].endswith("y […cut]")
    assert rows[2] == ("é" * 40_000,)


@pytest.mark.parametrize("lead", ["", "x"])
def test_a_cut_never_splits_a_surrogate_pair(lead: str) -> None:
    fitted, changed = cells.fit_text(lead + "😀" * 30_000)
    assert changed
    assert 49_999 <= len(fitted.encode("utf-16-le")) // 2 <= 50_000
    assert fitted.removeprefix(lead).rstrip(cells.CUT_MARK).strip("😀") == ""


def test_characters_that_cannot_be_sent_are_replaced_and_counted() -> None:
    assert cells.fit_text("a\ud800b\0c\udc00") == ("a\ufffdb\ufffdc\ufffd", True)
    assert cells.fit_text("\ud83d\ude00") == ("😀", True)
    rows, n_cut = to_rows(pl.DataFrame({"text": ["a\0b", "ab"]}), make_columns(SPEC, [ChosenColumn("text")]), NEW_YORK)
    assert (rows, n_cut) == ([("a\ufffdb",), ("ab",)], 1)


def test_serials_are_the_wall_clock_also_across_a_fold() -> None:
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert cells.serial_of(first, NEW_YORK) == cells.serial_of(second, NEW_YORK) == 46327 + 1.5 / 24
    assert cells.serial_of(datetime(2026, 3, 8, 7, 0, tzinfo=UTC), NEW_YORK) == 46089 + 3 / 24
    assert cells.serial_of_date(date(2020, 1, 1)) == 43831


def test_serials_are_rounded_to_the_millisecond() -> None:
    exact = datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
    for micros in (500, 999, 1000, 1499):
        assert cells.serial_of(exact.replace(microsecond=micros), NEW_YORK) == cells.serial_of(exact, NEW_YORK)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        cells.serial_of(datetime(2026, 1, 1), NEW_YORK)


def test_fingerprints_tell_rows_apart_and_stay_the_same() -> None:
    row = ("a", 42, None, True, 1.5)
    assert cells.fingerprint(row) == cells.fingerprint(list(row)) == cells.fingerprint(("a", 42.0, None, True, 1.5))
    assert len({cells.fingerprint(r) for r in [row, ("a", "42", None, True, 1.5), ("a", 42, None, 1, 1.5)]}) == 3
    assert -(2**63) <= cells.fingerprint(row) < 2**63


@pytest.mark.parametrize(
    ("kinds", "values", "read"),
    [
        ([FieldType.TEXT], ["CA0042"], ["CA0042"]),
        ([FieldType.TEXT], ["42"], [42.0]),
        ([FieldType.INTEGER], [42], [42.0]),
        ([FieldType.INTEGER], [2**60 + 1], [str(2**60 + 1)]),
        ([FieldType.INTEGER], [42], [" 42"]),
        ([FieldType.TEXT, FieldType.INTEGER], ["Zoë", 7], ["Zoë", 7.0]),
        ([FieldType.DATE], [date(2020, 1, 1)], [43831]),
        ([FieldType.DATE, FieldType.INTEGER], [date(2020, 1, 1), 3], [43831.0, 3]),
        ([FieldType.NUMBER, FieldType.BOOLEAN], [42.0, True], [42, True]),
    ],
)
def test_a_key_read_back_is_the_key_of_the_store(kinds: list[FieldType], values: list[Any], read: list[Cell]) -> None:
    assert cells.cell_key_text(read, kinds) == key_text(values)


def test_a_blank_key_cell_is_no_key() -> None:
    assert cells.cell_key_text([None], [FieldType.TEXT]) is None
    assert cells.cell_key_text(["a", ""], [FieldType.TEXT, FieldType.TEXT]) is None


def test_an_instant_cannot_be_read_back_as_a_key() -> None:
    with pytest.raises(ValueError, match="instant"):
        cells.cell_key_text([46204.5], [FieldType.INSTANT])


@pytest.mark.parametrize(
    ("wanted", "read"), [(None, None), (None, ""), ("", None), (42, 42.0), (1.5, 1.5), (True, True), ("x", "x")]
)
def test_cells_that_show_the_same_are_the_same(wanted: Cell, read: Cell) -> None:
    assert same_cell(wanted, read)


@pytest.mark.parametrize(
    ("wanted", "read"),
    [(None, 0), ("", False), (0, None), (42, "42"), (True, 1), (1, True), ("x", "X"), (2**53, 2**53 - 1), (1.5, 1.6)],
)
def test_cells_that_show_something_else_are_not_the_same(wanted: Cell, read: Cell) -> None:
    assert not same_cell(wanted, read)


def test_a_serial_that_lost_its_last_digits_is_the_same_but_a_millisecond_is_not() -> None:
    serial = cells.serial_of(datetime(2026, 7, 1, 16, 1, 2, 345000, tzinfo=UTC), NEW_YORK)
    later = cells.serial_of(datetime(2026, 7, 1, 16, 1, 2, 346000, tzinfo=UTC), NEW_YORK)
    assert same_cell(serial, float(f"{serial:.15g}"))
    assert not same_cell(serial, later)


def test_rows_can_be_sent_as_json() -> None:
    df = pl.DataFrame({"text": ["\0" * 3, "😀" * 30_000], "number": [float("nan"), 2.0], "integer": [2**62, 1]})
    rows, _ = to_rows(df, make_columns(SPEC, [ChosenColumn(n) for n in df.columns]), NEW_YORK)
    assert [tuple(row) for row in orjson.loads(orjson.dumps(rows))] == rows
