"""Requests that work on what cells say: searching, sorting, filling on, splitting, trimming."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google, Json, cells_of, columns_of


@pytest.mark.parametrize(
    ("find", "replacement", "more", "expected"),
    [
        ("FOO", "x", {}, ["x-a1", "a+b", 5]),
        ("FOO", "x", {"matchCase": True}, ["foo-a1", "a+b", 5]),
        ("foo", "x", {"matchEntireCell": True}, ["foo-a1", "a+b", 5]),
        ("a+b", "", {"matchEntireCell": True}, ["foo-a1", "", 5]),
        (r"([a-z])(\d)", "$2$1", {"searchByRegex": True}, ["foo-1a", "a+b", 5]),
        (r"\d$", r"\$0\\", {"searchByRegex": True}, ["foo-a$0\\", "a+b", "$0\\"]),
        ("o*-", "<$0>", {"searchByRegex": True}, ["f<oo->a1", "a+b", 5]),
        ("5", "=1+1", {}, ["foo-a1", "a+b", 2]),
    ],
)
def test_texts_are_found_and_replaced(
    google: Google, find: str, replacement: str, more: Json, expected: list[Any]
) -> None:
    google.put("A1", [["foo-a1", "a+b", 5]])
    google.batch({"findReplace": {"find": find, "replacement": replacement, "sheetId": 0} | more})
    assert google.raw("A1:C1") == [expected]


@pytest.mark.parametrize(("find", "replacement"), [("[", "x"), ("(a)", "$2")])
def test_patterns_that_cannot_be_are_refused(google: Google, find: str, replacement: str) -> None:
    body = {"find": find, "replacement": replacement, "searchByRegex": True, "allSheets": True}
    assert google.no({"findReplace": body}).startswith("Invalid requests[0].findReplace: Invalid re")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("ASCENDING", [-1, 3, "a", "b", "B", False, True, "#DIV/0!"]),
        ("DESCENDING", ["#DIV/0!", True, False, "b", "B", "a", 3, -1]),
    ],
)
def test_kinds_of_values_sort_apart(google: Google, order: str, expected: list[Any]) -> None:
    google.put("A1", [[3], ["b"], [True], [""], ["B"], ["=1/0"], [-1], ["a"], [False]], typed=True)
    google.batch({"sortRange": {"range": cells_of(0, 9, 0, 1), "sortSpecs": [{"sortOrder": order}]}})
    assert google.raw("A1:A9") == [[value] for value in expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["Mon", "Tue"], ["Wed", "Thu", "Fri"]),
        (["january"], ["february", "march", "april"]),
        (["MON", "WED"], ["FRI", "SUN", "TUE"]),
        (["2026-01-31", "2026-02-28"], ["2026-03-28", "2026-04-25", "2026-05-23"]),
        (["2026-01-15", "2026-02-15"], ["2026-03-15", "2026-04-15", "2026-05-15"]),
        (["2026-11-15", "2027-01-15"], ["2027-03-15", "2027-05-15", "2027-07-15"]),
        (["2026-01-31"], ["2026-02-01", "2026-02-02", "2026-02-03"]),
        (["9:30"], ["10:30", "11:30", "12:30"]),
        (["Week 9"], ["Week 10", "Week 11", "Week 12"]),
        (["a", "b"], ["a", "b", "a"]),
        (["10", "20"], ["30", "40", "50"]),
    ],
)
def test_series_go_on(google: Google, given: list[str], expected: list[str]) -> None:
    google.put("A1", [[value] for value in given], typed=True)
    fill = {"source": cells_of(0, len(given), 0, 1), "dimension": "ROWS", "fillLength": 3}
    google.batch({"autoFill": {"sourceAndDestination": fill}})
    assert google.read("A1:A9") == [[value] for value in [*given, *expected]]


def test_duplicates_go_without_regard_to_case(google: Google) -> None:
    google.put("A1", [["a", 1, "x"], ["A", 1, "y"], ["a", 2, "z"], ["b", 1, "w"]])
    body = {"range": cells_of(0, 4, 0, 2), "comparisonColumns": [columns_of(0, 1)]}
    assert google.batch({"deleteDuplicates": body})["replies"] == [{"deleteDuplicates": {"duplicatesRemovedCount": 2}}]
    assert google.raw("A1:C4") == [["a", 1, "x"], ["b", 1, "y"], ["", "", "z"], ["", "", "w"]]
