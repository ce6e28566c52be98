"""What stands out: conditions as formulas, colours, and which charts and highlights fit a config."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.config.load import read_config
from sync.destination.decor_requests import moved_ends, rule_print
from sync.errors import Problem
from sync.records import Column, FieldType
from sync.shape.colours import read_colour, read_scale
from sync.shape.marks import make_test
from tests.unit.test_formats import CONFIG

SHARE = Column(name="missed_pct", title="Missed", type=FieldType.NUMBER, divisor=100)
WHOLE = Column(name="n", title="N", type=FieldType.INTEGER)
TEXT = Column(name="status", title="Status", type=FieldType.TEXT)
DAY = Column(name="at", title="At", type=FieldType.INSTANT)


@pytest.mark.parametrize(
    ("when", "column", "wanted"),
    [
        ("> 20", SHARE, "ISNUMBER({c0})*({c0}>1/5)"),
        (">= 2.5%", SHARE, "ISNUMBER({c0})*({c0}>=1/40)"),
        ("< 3", WHOLE, "ISNUMBER({c0})*({c0}<3)"),
        ("= missed", TEXT, '({c0}="missed")*({c0}<>{h0})'),
        ('= "a ""b"""', TEXT, '({c0}="a ""b""")*({c0}<>{h0})'),
        ("in a, b", TEXT, '((({c0}="a")*({c0}<>{h0}))+(({c0}="b")*({c0}<>{h0}))>0)'),
        ("is empty", TEXT, "(LEN({c0})=0)*(LEN({c1})>0)"),
        ("is not empty", TEXT, "(LEN({c0})>0)*({c0}<>{h0})"),
        ("contains 5*", TEXT, '({c0}<>{h0})*(COUNTIF({c0};"*5~**")>0)'),
        ("< 2020-01-02", DAY, "ISNUMBER({c0})*(INT({c0})<43832)"),
    ],
)
def test_a_condition_becomes_a_formula_without_commas_and_points(when: str, column: Column, wanted: str) -> None:
    found = make_test(when, column)
    assert found == wanted
    assert "," not in found
    assert "." not in found


@pytest.mark.parametrize(("when", "column"), [("> x", WHOLE), ("> a", TEXT), ("like x", TEXT), ("> 31.1.2020", DAY)])
def test_a_condition_that_does_not_fit_says_what_does(when: str, column: Column) -> None:
    with pytest.raises(ValueError, match="allowed: "):
        make_test(when, column)


def test_colours_have_names_or_numbers() -> None:
    assert read_colour("#AbCdEf") == "#abcdef"
    assert read_colour(" Red ") == read_colour("red")
    assert len(read_scale("green to yellow to red")) == 3
    for wrong in ("pink", "#abc", ""):
        with pytest.raises(ValueError, match="allowed: red"):
            read_colour(wrong)
    with pytest.raises(ValueError, match="two or three"):
        read_scale("red")


def test_a_rule_is_known_wherever_its_cells_have_moved() -> None:
    def rule(formula: str, red: float = 1.0) -> dict[str, object]:
        look = {"backgroundColorStyle": {"rgbColor": {"red": red}}}
        return {"booleanRule": {"condition": {"values": [{"userEnteredValue": formula}]}, "format": look}}

    assert rule_print(rule("=($C1>5)*($C1<>$C$1)")) == rule_print(rule("=($AA3>5)*($AA3<>$AA$3)"))
    assert rule_print(rule("=$C1>5")) != rule_print(rule("=$C1>6"))
    assert rule_print(rule("=$C1>5")) != rule_print(rule("=$C1>5", red=0.5))


def test_only_ranges_that_reach_the_end_of_the_rows_follow_it() -> None:
    ranges = [{"startRowIndex": 0, "endRowIndex": end, "sheetId": 7} for end in (5, 10, 12)]
    elsewhere = {"startRowIndex": 0, "endRowIndex": 10, "sheetId": 8}
    moved = moved_ends([*ranges, elsewhere], 7, header_row=0, least=10, end=20)
    assert [one["endRowIndex"] for one in moved] == [5, 20, 20, 10]


def problems_of(tmp_path: Path, options: str) -> list[Problem]:
    text = CONFIG.replace("{column}", '"duration", "status"').replace("{metric}", '"avg_duration"') + options
    (tmp_path / "config.toml").write_text(text)
    return list(read_config(tmp_path / "config.toml").problems)


@pytest.mark.parametrize(
    ("options", "field", "told"),
    [
        ('chart = { type = "pie", y = ["count", "avg_duration"] }', "y", "one metric"),
        ('chart = { type = "combo", y = "count" }', "y", "two metrics"),
        ('chart = { type = "line", y = "counts" }', "y", "no such metric"),
        ('chart = [{ type = "line", x = "date", y = "count" }]', "x", "no such group"),
        ('chart = { type = "line", y = "count", stacked = true }', "stacked", "stacked"),
        ('chart = { type = "heat map", y = "count", colour = "pink to red" }', "colour", ""),
        ('highlight = { column = "avg", when = "> 3" }', "column", "no column"),
        ('highlight = { column = "count", when = "> x" }', "when", "cannot be used"),
        ('highlight = { column = "count" }', "highlight", "either"),
        ('highlight = { column = "agent", scale = "white to red" }', "scale", "needs numbers"),
        ('highlight = [{ column = "count", when = "> 3", colour = "pink" }]', "colour", ""),
    ],
)
def test_what_does_not_fit_in_charts_and_highlights_is_told(
    tmp_path: Path, options: str, field: str, told: str
) -> None:
    (found,) = problems_of(tmp_path, options)
    assert field in found.field
    assert told in found.what


def test_charts_and_highlights_that_fit_are_taken(tmp_path: Path) -> None:
    options = """
chart = [{ type = "bar", x = "agent", y = "count" }, { type = "heat map", y = ["count", "avg_duration"] }]
highlight = [{ column = "Agent", when = "contains x", row = true }, { column = "count", scale = "white to #00ff00" }]
banding = false
"""
    assert problems_of(tmp_path, options) == []
