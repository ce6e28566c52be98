"""What a format of the config makes of a cell, which formats fit what, and what masks leave to be read."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.config.load import read_config
from sync.destination.links import is_address
from sync.errors import Problem
from sync.records import Column, FieldType
from sync.shape.formats import Format, dress, find_format, title_without_unit
from sync.shape.masking import (
    blot_out,
    hide_numbers,
    mask_text,
    tails_of,
    telling,
    without_number,
    without_numbers,
)

NUMBER, WHOLE, TEXT = FieldType.NUMBER, FieldType.INTEGER, FieldType.TEXT
CONFIG = """
[google]
credentials = "anonymous"
[connection.justcall]
vendor = "justcall"
api_key = "env:A_KEY"
api_secret = "env:A_SECRET"
[[sheet]]
name = "s"
spreadsheet = "abcdef"
[[sheet.tab]]
title = "Calls"
connection = "justcall"
stream = "calls"
columns = ["call_id", {column}]
[[sheet.summary]]
title = "By agent"
of = "Calls"
group_by = ["agent"]
metrics = ["count", {metric}]
"""


@pytest.mark.parametrize(
    ("text", "kind", "name", "wanted"),
    [
        ("duration", WHOLE, "duration", Format(type="TIME", pattern="[h]:mm:ss", divisor=86_400)),
        ("duration", NUMBER, "hold_ms", Format(type="TIME", pattern="[h]:mm:ss", divisor=86_400_000)),
        ("duration", WHOLE, "talk_minutes", Format(type="TIME", pattern="[h]:mm:ss", divisor=1440)),
        ("percent", NUMBER, "missed_pct", Format(type="PERCENT", pattern="0.0%", divisor=100)),
        ("money", WHOLE, "cost_cents", Format(type="CURRENCY", divisor=100)),
        ("money USD", WHOLE, "cost_cents", Format(type="CURRENCY", pattern='"$"#,##0.00', divisor=100)),
        ("money CHF", NUMBER, "cost", Format(type="CURRENCY", pattern='"CHF "#,##0.00')),
        ("number", WHOLE, "n", Format(type="NUMBER", pattern="#,##0")),
        ("number", NUMBER, "n", Format(type="NUMBER", pattern="#,##0.00")),
        ("text", WHOLE, "n", Format(type="TEXT", pattern="@", as_text=True)),
        ("link", TEXT, "url", Format(type="", is_link=True)),
        ("date", FieldType.INSTANT, "at", Format(type="DATE")),
        ("date and time", FieldType.INSTANT, "at", Format(type="DATE_TIME")),
        ("time", FieldType.INSTANT, "at", Format(type="TIME")),
        ("ddd d mmm", FieldType.DATE, "day", Format(type="DATE_TIME", pattern="ddd d mmm")),
        ('0.0" min"', NUMBER, "n", Format(type="NUMBER", pattern='0.0" min"')),
    ],
)
def test_a_format_says_what_becomes_of_value_and_cell(text: str, kind: FieldType, name: str, wanted: Format) -> None:
    assert find_format(text, kind, name) == wanted


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("durration", WHOLE),
        ("duration", TEXT),
        ("percent", FieldType.INSTANT),
        ("link", WHOLE),
        ("time", FieldType.DATE),
        ("money usd", NUMBER),
        ("0.00", TEXT),
        ("hello", FieldType.INSTANT),
        ("text", FieldType.BOOLEAN),
        ('=0"', NUMBER),
    ],
)
def test_a_format_that_does_not_fit_is_refused_with_those_that_do(text: str, kind: FieldType) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        find_format(text, kind, "x")


def test_an_undeclared_field_that_turns_out_to_be_text_is_shown_as_it_is() -> None:
    column = Column(name="odd", title="Odd", type=TEXT)
    assert dress(column, format_="duration", width=0).divisor == 1


def test_a_title_loses_the_unit_that_its_format_does_away_with() -> None:
    assert title_without_unit("Duration (s)", "duration") == "Duration"
    assert title_without_unit("Cost (cents)", "money EUR") == "Cost"
    assert title_without_unit("Missed (%)", "percent") == "Missed (%)"


def problems_of(tmp_path: Path, *, column: str = '"duration"', metric: str = '"avg_duration"') -> list[Problem]:
    text = CONFIG.replace("{column}", column).replace("{metric}", metric)
    (tmp_path / "config.toml").write_text(text)
    return list(read_config(tmp_path / "config.toml").problems)


@pytest.mark.parametrize(
    ("column", "field", "told"),
    [
        ('{ field = "duration", format = "durations" }', "format", "holds integer"),
        ('{ field = "notes", format = "percent" }', "format", "holds text"),
        ('{ field = "call_id", mask = "last 4" }', "mask", "cannot be masked"),
        ('{ field = "started_at", mask = "last 4" }', "mask", "instants cannot be masked"),
        ('{ field = "from", mask = "last 4", format = "text" }', "format", "has no format"),
        ('{ field = "from", width = 5 }', "width", ""),
    ],
)
def test_a_look_that_does_not_fit_its_column_is_told(tmp_path: Path, column: str, field: str, told: str) -> None:
    found = [p for p in problems_of(tmp_path, column=column) if "twice" not in p.what]
    assert [p.field.rpartition(".")[2] for p in found] == [field]
    assert told in found[0].what


def test_a_look_that_does_not_fit_its_metric_is_told(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, metric='{ metric = "avg_duration", format = "date" }')
    assert found.received == '"date"'
    assert '"duration"' in found.allowed
    assert problems_of(tmp_path, metric='{ metric = "avg_duration", format = "duration", width = 90 }') == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("+14155551234", "…1234"),
        ("(415) 555-1234", "…1234"),
        ("12345", "…5"),
        ("911", "…"),
        ("anonymous", "anonymous"),
        ("sip:john@pbx.example", "…mple"),
    ],
)
def test_a_mask_leaves_four_digits_and_hides_as_many_at_least(text: str, wanted: str) -> None:
    assert mask_text(text) == wanted


@settings(deadline=None, max_examples=50)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.sampled_from(["", " ", "-", ") ", "."]), st.data())
def test_a_number_is_found_however_it_is_written(number: str, gap: str, data: st.DataObject) -> None:
    digits = number[1:]
    n_left_out = data.draw(st.integers(0, max(0, len(digits) - 7)))
    written = gap.join(digits[n_left_out:])
    text = f"At 9 on 2031-01-02: {written}, he said."
    assume(digits[-7:] not in f"920310102{digits[-4:]}" and digits[-7:-4] not in "920310102")
    found = without_number(text, digits)
    assert digits[-7:] not in re.sub("[^0-9]", "", found)
    assert found.endswith(f"…{digits[-4:]}, he said.")
    cells = [text, None, "nothing"]
    blot_out(cells, pl.Series(cells), telling(pl.Series([number] * 3)))
    assert cells == [found, None, "nothing"]
    assert without_numbers(text, tails_of([number, None])) == found


def test_messages_lose_numbers_and_keep_times_and_counts() -> None:
    text = "Stale since 2026-11-21 10:39: no such number +1 415 555 1234 (14155551234), 200000 rows"
    assert hide_numbers(text) == "Stale since 2026-11-21 10:39: no such number …1234 (…1234), 200000 rows"


@pytest.mark.parametrize("text", ["https://a.example/x.mp3?a=1&b=%20#t", "http://127.0.0.1:80/x", "https://a.example"])
def test_an_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    ['=HYPERLINK("https://a.example")', "https://a.example/ x", "javascript:alert(1)", " https://a.example", "'https://a",
     'https://a.example/"', "https://a.example\n=1", "https://", "https://a.example/é", 7, None],
)  # fmt: skip
def test_nothing_else_is_an_address(text: object) -> None:
    assert not is_address(text)  # type: ignore[arg-type]


def test_what_shows_a_masked_number_in_full_is_warned_of(tmp_path: Path) -> None:
    more = """
[[sheet.tab]]
title = "Open"
connection = "justcall"
stream = "calls"
columns = ["call_id", "from"]
[[sheet.summary]]
title = "By caller"
connection = "justcall"
stream = "calls"
group_by = ["from"]
[[sheet.summary]]
title = "By caller, masked"
of = "Calls"
group_by = ["from"]
"""
    text = CONFIG.replace("{column}", '{ field = "from", mask = "last 4" }').replace("{metric}", '"avg_duration"')
    (tmp_path / "config.toml").write_text(text + more)
    reading = read_config(tmp_path / "config.toml")
    assert reading.problems == ()
    assert reading.config is not None
    assert [
        (w.field.rpartition("]")[0].rpartition('"')[0].rpartition('"')[2], w.received) for w in reading.config.warnings
    ] == [
        ("Open", '"from"'),
        ("By caller", '"from"'),
    ]
