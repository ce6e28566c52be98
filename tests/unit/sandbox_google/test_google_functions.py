"""The functions that people's formulas use most give what Google's give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_google.conftest import Google

PEOPLE: list[list[Any]] = [
    ["agent", "calls", "day", "ok"],
    ["Ana", 3, 46_000, True],
    ["Bo", 5, 46_001, False],
    ["ana", 4, 46_002, True],
    ["Cy", "", 46_003, False],
    ["Ann*", "7", 46_004, True],
]


@pytest.fixture
def people(google: Google) -> Google:
    google.put("A1", PEOPLE)
    return google


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=SUM(B2:B6)", 12),
        ("=SUM(B:B)", 12),
        ("=SUM(B2,10,B3:B4)", 22),
        ('=SUM("3",1)', 4),
        ("=AVERAGE(B2:B6)", 4),
        ("=AVERAGE(A2:A3)", "#DIV/0!"),
        ("=COUNT(A1:D6)", 8),
        ("=COUNTA(A2:B6)", 9),
        ("=COUNTBLANK(A2:B6)", 1),
        ("=COUNTUNIQUE(A2:A6)", 4),
        ("=MEDIAN(B2:B4)", 4),
        ('=COUNTIF(A2:A6,"ana")', 2),
        ('=COUNTIF(A2:A6,"an*")', 3),
        ('=COUNTIF(A2:A6,"ann~*")', 1),
        ('=COUNTIF(A2:A6,"?y")', 1),
        ('=COUNTIF(A2:A6,"<>ana")', 3),
        ('=COUNTIF(B2:B6,">3")', 2),
        ('=COUNTIF(B2:B6,">="&B2)', 3),
        ("=COUNTIF(B2:B6,3)", 1),
        ("=COUNTIF(D2:D6,TRUE)", 3),
        ('=COUNTIF(B2:B6,"")', 1),
        ('=COUNTIFS(A2:A6,"ana",D2:D6,TRUE)', 2),
        ('=COUNTIFS(A2:A6,"ana",D2:D5,TRUE)', "#VALUE!"),
        ('=SUMIF(A2:A6,"ana",B2:B6)', 7),
        ('=SUMIF(B2:B6,">3")', 9),
        ('=SUMIFS(B2:B6,A2:A6,"ana",C2:C6,">46000")', 4),
        ('=AVERAGEIF(A2:A6,"ana",B2:B6)', 3.5),
        ('=AVERAGEIF(A2:A6,"nobody",B2:B6)', "#DIV/0!"),
        ("=SUMPRODUCT(B2:B4,B2:B4)", 50),
        ("=ROUND(2.5)", 3),
        ("=ROUND(-2.345,2)", -2.35),
        ("=ROUNDUP(2.01,1)", 2.1),
        ("=ROUNDDOWN(-2.09,1)", -2),
        ("=INT(-2.5)", -3),
        ("=MOD(-3,2)", 1),
        ("=MOD(3,0)", "#DIV/0!"),
        ("=SQRT(-1)", "#NUM!"),
        ('=IF(B2>2,"many","few")', "many"),
        ("=IF(FALSE,1)", False),
        ("=IF(TRUE,1,1/0)", 1),
        ("=IFERROR(1/0,5)", 5),
        ('=IFERROR(VLOOKUP("no",A2:B6,2,FALSE),"none")', "none"),
        ("=IFERROR(B2)", 3),
        ("=IFNA(1/0,5)", "#DIV/0!"),
        ("=ISERROR(1/0)", True),
        ("=AND(D2,D4,1)", True),
        ("=OR(D2:D6)", True),
        ("=NOT(D2)", False),
        ("=ISBLANK(B5)", True),
        ('=LEFT(A2,2)&"-"&RIGHT(A2)&MID(A2,2,1)', "An-an"),
        ('=UPPER(A2)&LOWER(A2)&LEN(" a ")', "ANAana3"),
        ('=TRIM(" a  b ")', "a b"),
        ('=TEXTJOIN(", ",TRUE,A2:B3)', "Ana, 3, Bo, 5"),
        ('=SUBSTITUTE(A2,"a","o")', "Ano"),
        ('=VLOOKUP("BO",A2:C6,2,FALSE)', 5),
        ("=VLOOKUP(46001.5,C2:D6,2)", False),
        ('=VLOOKUP("x",A2:C6,2,FALSE)', "#N/A"),
        ('=VLOOKUP("Bo",A2:C6,9,FALSE)', "#REF!"),
        ('=INDEX(B2:B6,MATCH("bo",A2:A6,0))', 5),
        ("=INDEX(A1:D6,2,3)", 46_000),
        ("=DATE(2026,1,31)-DATE(2025,13,1)", 30),
        ("=YEAR(C2)&MONTH(C2)&DAY(C2)", "2025129"),
        ("=WEEKDAY(DATE(2026,11,22))", 1),
        ("=TODAY()=INT(NOW())", True),
        ("=ROWS(A2:A6)*COLUMNS(A1:D1)", 20),
        ("=ROW(A5)+COLUMN(B1)", 7),
        ("=SUM(B2;B3)", 8),
        ("=SUM(B2 B3)", "#ERROR!"),
        ("=SUM()", "#N/A"),
        ("=QUERY(A1:B2)", "#NAME?"),
        ("=SUM(A2:A3,1/0)", "#DIV/0!"),
    ],
)
def test_functions_give_what_google_gives(people: Google, formula: str, value: Any) -> None:
    people.put("F1", [[formula]], typed=True)
    assert people.raw("F1") == [[value]]


def test_an_error_in_a_cell_spreads_and_a_text_that_looks_like_one_does_not(people: Google) -> None:
    people.put("B2", [["=1/0"]], typed=True)
    people.put("B3", [["#N/A"]])
    people.put("F1:F4", [["=SUM(B2:B4)"], ["=COUNT(B2:B4)"], ["=SUM(B3:B4)"], ["=IFERROR(B2+1,0)"]], typed=True)
    assert people.raw("F1:F4") == [["#DIV/0!"], [1], [4], [0]]
