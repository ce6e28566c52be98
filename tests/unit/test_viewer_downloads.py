"""Downloads, opened again with other people's programs and compared cell by cell with what the sandbox says."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import openpyxl
import pytest
from openpyxl.workbook import Workbook

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from sync.sandbox.viewer.downloads import safe_name
from tests.sandbox_admin import Admin
from tests.showcase import CHARTS, SCRIPT, cells, colour, make_showcase

EPOCH = datetime(1899, 12, 30)
OPTIONS = SandboxOptions(calls=CallOptions(n_calls=1, days=1))


@pytest.fixture(scope="module")
def admin() -> Iterator[Admin]:
    with SandboxServer(options=OPTIONS) as server, Admin(server.url) as client:
        client.options(google={"enforce_quota": False})
        yield client


@pytest.fixture(scope="module")
def book(admin: Admin) -> str:
    return make_showcase(admin)


@pytest.fixture(scope="module")
def saved(admin: Admin, book: str) -> Workbook:
    return read_xlsx(admin, book)


def export(admin: Admin, book: str, **query: Any) -> httpx.Response:
    return admin.http.get(f"/spreadsheets/d/{book}/export", params=query)


def read_xlsx(admin: Admin, book: str, *, computed: bool = False) -> Workbook:
    reply = export(admin, book, format="xlsx")
    assert reply.status_code == 200, reply.text
    return openpyxl.load_workbook(io.BytesIO(reply.content), data_only=computed)


def values(admin: Admin, book: str, tab: str, render: str) -> list[list[Any]]:
    reply = admin.http.get(f"/v4/spreadsheets/{book}/values/'{tab}'", params={"valueRenderOption": render})
    return list(reply.json().get("values", []))


def test_csv_holds_every_cell_as_it_shows_in_the_form_of_drive(admin: Admin, book: str) -> None:
    reply = export(admin, book, format="csv", gid=0)
    text = reply.content.decode()
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert not text.startswith("\ufeff")
    assert not text.endswith("\n")
    assert text == admin.http.get(f"/drive/v3/files/{book}/export", params={"mimeType": "text/csv"}).text
    shown = values(admin, book, "Sheet1", "FORMATTED_VALUE")
    width = max(map(len, shown))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [row + [""] * (width - len(row)) for row in shown]
    assert text.count("\r\n") == len(shown) - 1


def test_tsv_and_the_tab_that_gid_names(admin: Admin, book: str) -> None:
    assert export(admin, book, format="tsv", gid=CHARTS).text.startswith(
        "Month\tNorth\tSouth\tShare\r\nJan\t12\t7\t20%"
    )
    assert export(admin, book, format="csv", gid=77).status_code == 404
    assert export(admin, book, format="csv", gid="x").status_code == 404
    assert export(admin, book, format="pdf").status_code == 400
    assert export(admin, "1No", format="csv").status_code == 404


def test_csv_of_one_column_keeps_its_empty_lines(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    assert export(admin, book, format="csv").content == b""
    admin.edit(book, values=[{"range": "A1:A4", "values": [["a"], [""], [""], ['=IF(1=1,"b","")']]}])
    admin.edit(book, values=[{"range": "A6", "values": [['=IF(1=2,"b","")']]}])
    assert export(admin, book, format="csv").content == b"a\r\n\r\n\r\nb"


def test_xlsx_holds_every_value_with_its_type(admin: Admin, book: str) -> None:
    saved = read_xlsx(admin, book, computed=True)
    for tab in ("Sheet1", "Charts"):
        shown = values(admin, book, tab, "UNFORMATTED_VALUE")
        for row, line in enumerate(shown, start=1):
            for column, value in enumerate(line, start=1):
                found = saved[tab].cell(row, column).value
                if isinstance(found, datetime):
                    found = (found - EPOCH) / timedelta(days=1)
                wanted = None if value == "" else value
                assert type(found) is type(wanted) or isinstance(found, float), (tab, row, column)
                assert found == wanted, (tab, row, column)


def test_xlsx_keeps_dates_as_dates_and_formulas_as_formulas_and_no_text_as_a_formula(saved: Workbook) -> None:
    page = saved["Sheet1"]
    assert page["E2"].value == datetime(2026, 1, 10)
    assert page["E2"].number_format == "yyyy-mm-dd"
    assert page["B22"].value == "=SUM(B2:B15)"
    assert page["B22"].data_type == "f"
    assert page["C23"].value == "=not a formula"
    assert page["C23"].data_type in {"s", "inlineStr"}
    assert (page["D2"].value, page["D2"].number_format) == (0.4, "0%")
    assert page["G2"].value is False
    assert page["A8"].value == SCRIPT


def test_xlsx_keeps_formats_sizes_frozen_lines_merges_notes_and_tabs(saved: Workbook) -> None:
    page = saved["Sheet1"]
    assert saved.sheetnames == ["Sheet1", "Charts", "Nobody sees this", "Big", "ריק"]
    assert saved["Nobody sees this"].sheet_state == "hidden"
    assert page.freeze_panes == "B2"
    assert page.sheet_properties.tabColor.rgb == "FFEA4335"
    assert page["A1"].font.b
    assert page["A1"].fill.fgColor.rgb == "FF1A73E8"
    assert page["A1"].alignment.horizontal == "center"
    assert page["A22"].font.strike
    assert page["A22"].font.sz == 14
    assert page["B18"].border.top.style == "thick"
    assert page["B18"].alignment.wrap_text
    assert page["E5"].fill.fgColor.rgb == "FFF3F3F3", "alternating colours"
    assert [str(merge) for merge in page.merged_cells.ranges] == ["B18:D19"]
    assert page["B2"].comment.text == f"Called twice.\n{SCRIPT}"
    assert page.column_dimensions["H"].width == pytest.approx(25, abs=1)
    assert page.column_dimensions["K"].hidden
    assert page.row_dimensions[16].height == 36
    assert page.row_dimensions[6].hidden
    assert page.row_dimensions[3].hidden, "left out by the filter"
    assert page.auto_filter.ref == "A1:J15"
    assert saved["ריק"].sheet_view.rightToLeft
    assert saved.defined_names["Calls"].attr_text == "'Sheet1'!$B$2:$B$15"


def test_xlsx_keeps_conditional_formats_as_rules(saved: Workbook) -> None:
    rules = {str(found.sqref): found.rules[0] for found in saved["Sheet1"].conditional_formatting}
    assert rules["B2:B15"].type == "colorScale"
    assert rules["B2:B15"].colorScale.color[1].rgb == "FF57BB8A"
    assert (rules["J2:J15"].type, rules["J2:J15"].formula) == ("cellIs", ['"late"'])
    assert rules["J2:J15"].dxf.fill.bgColor.rgb == "FFF4C7C3"
    assert (rules["C2:C15"].type, rules["C2:C15"].formula) == ("expression", ["$C2>20"])


def test_xlsx_draws_the_charts_from_the_same_cells(saved: Workbook) -> None:
    charts = saved["Charts"]._charts
    assert [type(chart).__name__ for chart in charts] == [
        "BarChart",
        "BarChart",
        "LineChart",
        "AreaChart",
        "BarChart",
        "ScatterChart",
        "DoughnutChart",
    ]
    first = charts[0]
    assert [one.val.numRef.f for one in first.series] == ["Charts!$B$2:$B$6", "Charts!$C$2:$C$6"]
    assert first.series[0].cat.numRef is None or first.series[0].cat.numRef.f == "Charts!$A$2:$A$6"
    assert first.series[0].tx.strRef.f == "Charts!$B$1"
    anchor = first.anchor._from
    assert (anchor.row, anchor.col) == (7, 0)


def test_xlsx_names_tabs_as_excel_allows_and_formulas_follow(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    titles = ["a/b:c [x]", "'quoted'", "n" * 40, "N" * 39, "History", "Ünï*?"]
    admin.edit(book, requests=[{"addSheet": {"properties": {"title": title}}} for title in titles])
    admin.edit(
        book,
        values=[
            {"range": "Sheet1!A1:A3", "values": [["='a/b:c [x]'!A1"], ["=SUM('a/b:c [x]'!A2:A)"], ["=COUNT(B:B)"]]},
            {"range": "'a/b:c [x]'!A1", "values": [[5]]},
        ],
    )
    saved = read_xlsx(admin, book)
    assert saved.sheetnames[1:] == ["a b c  x", "quoted", "n" * 31, f"{'N' * 27} (2)", "History_", "Ünï"]
    formulas = [saved["Sheet1"].cell(row, 1).value for row in (1, 2, 3)]
    assert formulas == ["='a b c  x'!A1", "=SUM('a b c  x'!A2:A1048576)", "=COUNT(B:B)"]


def test_xlsx_takes_whatever_a_cell_holds(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    odd = [
        "x" * 50_000,
        "bell \x07 and \x00",
        "=cmd|'/c calc'!A1",
        "_x0041_",
        "  spaces  ",
        "😀" * 20_000,
        "line\nbreak",
    ]
    admin.http.put(
        f"/v4/spreadsheets/{book}/values/A1", params={"valueInputOption": "RAW"}, json={"values": [odd]}
    ).raise_for_status()
    admin.edit(book, values=[{"range": "A2:B2", "values": [["=cmd|'/c calc'!A1", "=NOSUCH(1)"]]}])
    page = read_xlsx(admin, book)["Sheet1"]
    assert page["A1"].value == "x" * 32_767
    assert page["C1"].value == odd[2]
    assert page["C1"].data_type != "f"
    assert page["E1"].value == odd[4]
    assert len(str(page["F1"].value).encode("utf-16-le")) <= 2 * 32_767
    assert page["G1"].value == odd[6]
    assert page["A2"].value == "#ERROR!"
    assert page["A2"].data_type != "f"
    assert page["B2"].value == "=NOSUCH(1)"


def test_a_tab_that_is_too_long_for_xlsx_is_refused_with_numbers_and_still_goes_as_csv(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    long = {"sheetId": 9, "title": "Long", "gridProperties": {"rowCount": 1_100_000, "columnCount": 1}}
    admin.edit(book, requests=[{"addSheet": {"properties": long}}])
    admin.edit(book, values=[{"range": "Long!A1100000", "values": [["end"]]}])
    reply = export(admin, book, format="xlsx")
    assert reply.status_code == 400
    assert "1,100,000 rows" in reply.text
    text = export(admin, book, format="csv", gid=9).text
    assert text.endswith("\r\nend")
    assert text.count("\r\n") == 1_099_999


def test_a_download_does_not_mix_two_moments(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, values=[{"range": "A1:A600", "values": [["old"]] * 600}])
    with admin.http.stream("GET", f"/spreadsheets/d/{book}/export", params={"format": "csv"}) as reply:
        with Admin(admin.url) as other:
            other.edit(book, values=[{"range": "A1:A600", "values": [["new"]] * 600}])
        lines = set(reply.read().decode().split("\r\n"))
    assert lines in ({"old"}, {"new"})


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Team / Calls", "Team _ Calls"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a"b\r\nSet-Cookie: x', "a_b Set-Cookie_ x"),
        ("", "_"),
        ("...", "_"),
        ("CON", "_CON"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("😀" * 100, "😀" * 45),
    ],
)
def test_file_names_are_safe(title: str, name: str) -> None:
    assert safe_name(title) == name


def test_the_header_that_names_the_file_is_plain_and_carries_the_whole_name(admin: Admin) -> None:
    book = admin.make_spreadsheet('Anrufe „Süd" \r\nX: y')
    named = export(admin, book, format="csv").headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[ -~]+\.csv\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+\.csv", named)
    assert "S%C3%BCd" in named


def test_rules_for_numbers_texts_and_blanks_come_along(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    conditions = {
        "NUMBER_GREATER": ["5"],
        "NUMBER_BETWEEN": ["1", "9"],
        "TEXT_CONTAINS": ["late"],
        "TEXT_STARTS_WITH": ["a"],
        "BLANK": [],
        "NOT_BLANK": [],
        "DATE_BEFORE": ["2026-03-01"],
    }
    look = {"backgroundColor": colour("#ff0000")}
    for row, (kind, operands) in enumerate(conditions.items()):
        condition = {"type": kind, "values": [{"userEnteredValue": text} for text in operands]}
        rule = {"ranges": [cells(row, row + 1, 0, 4)], "booleanRule": {"condition": condition, "format": look}}
        admin.edit(book, requests=[{"addConditionalFormatRule": {"rule": rule, "index": 0}}])
    page = read_xlsx(admin, book)["Sheet1"]
    kinds = {str(found.sqref): (found.rules[0].type, found.rules[0].operator) for found in page.conditional_formatting}
    assert kinds == {
        "A1:D1": ("cellIs", "greaterThan"),
        "A2:D2": ("cellIs", "between"),
        "A3:D3": ("containsText", "containsText"),
        "A4:D4": ("beginsWith", "beginsWith"),
        "A5:D5": ("containsBlanks", None),
        "A6:D6": ("notContainsBlanks", None),
        "A7:D7": ("cellIs", "lessThan"),
    }


def test_choices_and_limits_of_what_may_be_typed_come_along(admin: Admin) -> None:
    book = admin.make_spreadsheet()

    def limit(column: int, kind: str, *values: str, **more: object) -> dict[str, object]:
        condition = {"type": kind, "values": [{"userEnteredValue": text} for text in values]}
        return {
            "setDataValidation": {"range": cells(1, 5, column, column + 1), "rule": {"condition": condition, **more}}
        }

    wanted = [
        limit(0, "ONE_OF_LIST", "open", "closed", strict=True, inputMessage="Pick one"),
        limit(1, "ONE_OF_RANGE", "=Sheet1!F1:F3"),
        limit(2, "NUMBER_BETWEEN", "1", "10"),
        limit(3, "CUSTOM_FORMULA", "=D2>0"),
        limit(4, "ONE_OF_LIST", "with, comma", "x" * 300),
        {"setDataValidation": {"range": cells(2, 3, 0, 1)}},
    ]
    admin.edit(book, requests=wanted)
    page = openpyxl.load_workbook(io.BytesIO(export(admin, book, format="xlsx").content))["Sheet1"]
    found = {str(one.sqref): (one.type, one.formula1, one.formula2) for one in page.data_validations.dataValidation}
    assert found == {
        "A2 A4:A5": ("list", '"open,closed"', None),
        "B2:B5": ("list", "'Sheet1'!F1:F3", None),
        "C2:C5": ("decimal", "1", "10"),
        "D2:D5": ("custom", "D2>0", None),
    }
    styles = [(one.errorStyle or "stop", one.prompt) for one in page.data_validations.dataValidation]
    assert styles[:2] == [("stop", "Pick one"), ("information", None)]


def test_stretches_of_a_text_keep_their_letters(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    text = {
        "userEnteredValue": {"stringValue": "😀 plain bold red"},
        "textFormatRuns": [
            {"startIndex": 9, "format": {"bold": True}},
            {"startIndex": 14, "format": {"foregroundColor": colour("#ff0000")}},
        ],
    }
    write = {
        "start": {},
        "rows": [{"values": [text, {"userEnteredValue": {"stringValue": "next"}}]}],
        "fields": "userEnteredValue,textFormatRuns",
    }
    admin.edit(book, requests=[{"updateCells": write}])
    reply = export(admin, book, format="xlsx")
    page = openpyxl.load_workbook(io.BytesIO(reply.content), rich_text=True)["Sheet1"]
    parts = page["A1"].value
    assert str(parts) == text["userEnteredValue"]["stringValue"]  # type: ignore[index]
    assert [getattr(part, "text", part) for part in parts] == ["😀 plain ", "bold ", "red"]
    assert (parts[1].font.b, parts[2].font.color.rgb) == (True, "FFFF0000")
    assert page["B1"].value == "next"
