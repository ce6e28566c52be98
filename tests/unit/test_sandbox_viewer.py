from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync.sandbox.calls import CallOptions
from sync.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox_admin import Admin
from tests.showcase import CHARTS, SCRIPT, cells, colour, data, make_showcase

OPTIONS = SandboxOptions(calls=CallOptions(n_calls=1, days=1))
RED = {"backgroundColor": colour("#ff0000")}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(options=OPTIONS) as running:
        yield running


@pytest.fixture
def admin(server: SandboxServer) -> Iterator[Admin]:
    with Admin(server.url) as client:
        client.reset()
        yield client


def get(admin: Admin, path: str) -> Any:
    return admin.http.get(path).json()


def block(admin: Admin, book: str, query: str = "", tab: int = 0) -> dict[str, Any]:
    return dict(get(admin, f"/viewer/books/{book}/tabs/{tab}/cells?{query}"))


def look(found: dict[str, Any], row: int, column: int) -> dict[str, Any]:
    """Return the style of one cell of a block."""
    line = found["rows"][row]
    cell = line[column] if column < len(line) else None
    return dict(found["styles"][cell[1]]) if isinstance(cell, list) else {}


def frame(admin: Admin, book: str, tab: int = 0) -> dict[str, Any]:
    return dict(get(admin, f"/viewer/books/{book}/tabs/{tab}"))


def charts(admin: Admin, book: str, *wanted: dict[str, Any], tab: int = 0) -> list[dict[str, Any]]:
    for spec in wanted:
        place = {"overlayPosition": {"anchorCell": {"sheetId": tab}}}
        admin.edit(book, requests=[{"addChart": {"chart": {"spec": spec, "position": place}}}])
    return list(get(admin, f"/viewer/books/{book}/tabs/{tab}/charts"))


def test_the_pages_escape_titles_and_allow_no_script_but_their_own(admin: Admin) -> None:
    book = admin.make_spreadsheet(SCRIPT)
    for path in ("/", f"/view/{book}", "/view/<b>x"):
        page = admin.http.get(path)
        assert SCRIPT not in page.text
        assert "<b>x" not in page.text
        rules = page.headers["Content-Security-Policy"]
        assert "script-src 'self'" in rules
        assert "unsafe" not in rules
    assert "&lt;script&gt;" in admin.http.get("/").text
    assert admin.http.get("/view/<b>x").status_code == 404


def test_nothing_is_loaded_from_elsewhere(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    texts = [admin.http.get(path).text for path in ("/", f"/view/{book}")]
    names = ["viewer.css", "books.js", "book.js", "cells.js", "chart_parts.js", "charts.js", "grid.js", "lines.js"]
    for name in [*names, "paint.js", "theme.js"]:
        reply = admin.http.get(f"/viewer/static/{name}")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(("text/css", "text/javascript"))
        texts.append(reply.text)
    allowed = "http://www.w3.org/2000/svg"  # a name, which nobody fetches
    assert not [text for text in texts if "http://" in text.replace(allowed, "") or "https://" in text]


def test_a_spreadsheet_shows_its_tabs_and_a_stamp_that_moves_with_every_change(admin: Admin) -> None:
    book = admin.make_spreadsheet("Team")
    stamps = [get(admin, f"/viewer/books/{book}/stamp")["stamp"]]
    frozen = {"properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 1}}}
    frozen["fields"] = "gridProperties.frozenRowCount"  # type: ignore[assignment]
    changes = [
        lambda: admin.edit(book, requests=[{"updateSheetProperties": frozen}]),
        lambda: admin.edit(book, requests=[{"addSheet": {"properties": {"title": "More"}}}]),
        lambda: admin.edit(book, values=[{"range": "A1", "values": [["x"]]}]),
        lambda: admin.http.patch(f"/drive/v3/files/{book}", json={"name": "Renamed"}).raise_for_status(),
        lambda: (admin.reset(), admin.make_spreadsheet("Team", id=book)),
    ]
    for change in changes:
        change()
        stamps.append(get(admin, f"/viewer/books/{book}/stamp")["stamp"])
    assert len(set(stamps)) == len(stamps)
    assert get(admin, f"/viewer/books/{book}")["stamp"] == stamps[-1]
    assert admin.http.get("/viewer/books/1No").status_code == 404
    assert admin.http.get("/viewer/books/1No/stamp").status_code == 404


def test_the_list_tells_sizes(admin: Admin) -> None:
    book = admin.make_spreadsheet("Team")
    found = next(one for one in get(admin, "/viewer/books") if one["id"] == book)
    assert (found["title"], found["n_tabs"], found["n_cells"]) == ("Team", 1, 26_000)


def test_a_block_is_cut_to_the_tab_and_to_a_size_and_refuses_nonsense(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    assert len(block(admin, book, "top=990&rows=100")["rows"]) == 10
    assert block(admin, book, "top=5000&rows=100")["rows"] == []
    assert len(block(admin, book, "rows=100000")["rows"]) == 500
    admin.edit(book, values=[{"range": "A1:E1", "values": [list("abcde")]}])
    assert block(admin, book, "rows=1&left=2&columns=2")["rows"] == [["c", "d"]]
    assert admin.http.get(f"/viewer/books/{book}/tabs/77/cells").status_code == 404
    for wrong in ("top=-1", "top=x", "rows=1e9", "left=٣", "columns=99999999999999"):
        reply = admin.http.get(f"/viewer/books/{book}/tabs/0/cells?{wrong}")
        assert (reply.status_code, wrong.split("=")[0] in reply.text) == (400, True)
    assert admin.log() == []


def test_cells_come_with_shown_texts_notes_formulas_and_links(admin: Admin) -> None:
    book = make_showcase(admin)
    found = block(admin, book, "rows=24")["rows"]
    assert found[1][0][0] == "Ada"
    assert found[1][1][2] == {"n": f"Called twice.\n{SCRIPT}"}
    assert found[1][7][2] == {"l": "https://example.com/call/0"}
    assert found[1][6][2] == {"k": "box", "c": False}
    assert found[3][8][2] == {"more": len("A text that is much longer than its column " * 80) - 2000}
    assert found[21][1][0] == "459"
    assert found[21][1][2] == {"f": "=SUM(B2:B15)"}
    assert found[22][1][2]["l"] == "https://example.com/go"
    whole = get(admin, f"/viewer/books/{book}/tabs/0/cell?row=3&column=8")
    assert len(whole["text"]) > 3000
    assert admin.http.get(f"/viewer/books/{book}/tabs/0/cell?row=9999&column=0").status_code == 404


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " https://x.y z"])
def test_no_address_but_those_of_the_web_leads_anywhere(admin: Admin, address: str) -> None:
    book = admin.make_spreadsheet()
    linked = {"userEnteredFormat": {"textFormat": {"link": {"uri": address}}}}
    admin.edit(book, values=[{"range": "A1:B1", "values": [["x", f'=HYPERLINK("{address}","x")']]}])
    repeat = {"range": cells(0, 1, 0, 1), "cell": linked, "fields": "userEnteredFormat.textFormat.link"}
    admin.edit(book, requests=[{"repeatCell": repeat}])
    assert '"l"' not in admin.http.get(f"/viewer/books/{book}/tabs/0/cells?rows=1").text


COLUMN = ["5", "-3", "late call", "", "2026-03-10", "TRUE", "ann@example.com", "https://example.com", "12.5"]
CASES: list[tuple[str, list[str], list[int]]] = [
    ("NUMBER_GREATER", ["5"], [4, 8]),
    ("NUMBER_GREATER_THAN_EQ", ["5"], [0, 4, 8]),
    ("NUMBER_LESS", ["5"], [1]),
    ("NUMBER_LESS_THAN_EQ", ["5"], [0, 1]),
    ("NUMBER_EQ", ["5"], [0]),
    ("NUMBER_NOT_EQ", ["5"], [1, 4, 8]),
    ("NUMBER_BETWEEN", ["5", "-3"], [0, 1]),
    ("NUMBER_NOT_BETWEEN", ["-3", "5"], [4, 8]),
    ("NUMBER_GREATER", ["=B$1"], [4, 8]),
    ("TEXT_CONTAINS", ["CALL"], [2]),
    ("TEXT_NOT_CONTAINS", ["a"], [0, 1, 3, 4, 5, 8]),
    ("TEXT_STARTS_WITH", ["late"], [2]),
    ("TEXT_ENDS_WITH", [".com"], [6, 7]),
    ("TEXT_EQ", ["Late Call"], [2]),
    ("TEXT_NOT_EQ", ["late call"], [0, 1, 3, 4, 5, 6, 7, 8]),
    ("TEXT_IS_EMAIL", [], [6]),
    ("TEXT_IS_URL", [], [7]),
    ("DATE_EQ", ["2026-03-10"], [4]),
    ("DATE_BEFORE", ["2026-03-11"], [4]),
    ("DATE_AFTER", ["2026-03-09"], [4]),
    ("DATE_AFTER", ["2026-03-10"], []),
    ("BLANK", [], [3]),
    ("NOT_BLANK", [], [0, 1, 2, 4, 5, 6, 7, 8]),
    ("CUSTOM_FORMULA", ["=$A1=12.5"], [8]),
    ("CUSTOM_FORMULA", ["=A1>B$1"], [2, 4, 5, 6, 7, 8]),
    ("FILTER_EXPRESSION", ["no such condition"], []),
]


@pytest.mark.parametrize(("kind", "operands", "rows"), CASES, ids=[f"{kind} {' '.join(o)}" for kind, o, _ in CASES])
def test_conditions_hold_for_the_cells_that_meet_them(
    admin: Admin, kind: str, operands: list[str], rows: list[int]
) -> None:
    book = admin.make_spreadsheet()
    column = [[text] for text in COLUMN]
    admin.edit(book, values=[{"range": "A1:A9", "values": column}, {"range": "B1", "values": [[5]]}])
    condition: dict[str, Any] = {"type": kind, "values": [{"userEnteredValue": text} for text in operands]}
    rule = {"ranges": [cells(0, 9, 0, 1)], "booleanRule": {"condition": condition, "format": RED}}
    admin.edit(book, requests=[{"addConditionalFormatRule": {"rule": rule, "index": 0}}])
    found = block(admin, book, "rows=9")
    assert [row for row in range(9) if look(found, row, 0).get("bg") == "#ff0000"] == rows


def test_relative_dates_count_in_the_zone_of_the_spreadsheet(admin: Admin) -> None:
    book = admin.make_spreadsheet(timezone="Pacific/Kiritimati")
    today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    days = [[str(today - timedelta(days=n))] for n in range(3)]
    admin.edit(book, values=[{"range": "A1:A3", "values": days}])
    condition = {"type": "DATE_EQ", "values": [{"relativeDate": "TODAY"}]}
    rule = {"ranges": [cells(0, 3, 0, 1)], "booleanRule": {"condition": condition, "format": RED}}
    admin.edit(book, requests=[{"addConditionalFormatRule": {"rule": rule, "index": 0}}])
    found = block(admin, book, "rows=3")
    marked = [look(found, row, 0).get("bg") for row in range(3)]
    assert marked in (["#ff0000", None, None], [None, None, None]), "midnight may pass meanwhile"


def test_the_first_of_two_rules_wins_where_both_say_something(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    blue = {"backgroundColor": colour("#0000ff"), "textFormat": {"bold": True}}
    for look_of in (blue, RED):
        rule = {"ranges": [cells(0, 1, 0, 1)], "booleanRule": {"condition": {"type": "BLANK"}, "format": look_of}}
        admin.edit(book, requests=[{"addConditionalFormatRule": {"rule": rule, "index": 0}}])
    assert look(block(admin, book, "rows=1"), 0, 0) == {"bg": "#ff0000", "b": True}


@pytest.mark.parametrize(
    ("middle", "colours"),
    [
        (None, ["#ffffff", "#808080", "#000000", None]),
        ({"type": "PERCENTILE", "value": "50", "color": colour("#ff0000")}, ["#ffffff", "#ff0000", "#000000", None]),
        ({"type": "NUMBER", "value": "20", "color": colour("#ff0000")}, ["#ffffff", "#ff8080", "#000000", None]),
        ({"type": "PERCENT", "value": "50", "color": colour("#ff0000")}, ["#ffffff", "#ff0000", "#000000", None]),
    ],
)
def test_a_colour_scale_reaches_from_the_smallest_to_the_largest_number(
    admin: Admin, middle: dict[str, Any] | None, colours: list[str | None]
) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, values=[{"range": "A1:A4", "values": [[0], [10 if middle else 20], [40], ["text"]]}])
    if middle and middle["type"] == "PERCENT":
        admin.edit(book, values=[{"range": "A2", "values": [[20]]}])
    rule = {"minpoint": {"type": "MIN", "color": colour("#ffffff")}, "maxpoint": {"type": "MAX", "color": {}}}
    if middle:
        rule["midpoint"] = middle
    add = {"rule": {"ranges": [cells(0, 4, 0, 1)], "gradientRule": rule}, "index": 0}
    admin.edit(book, requests=[{"addConditionalFormatRule": add}])
    found = block(admin, book, "rows=4")
    assert [look(found, row, 0).get("bg") for row in range(4)] == colours


def test_a_format_of_the_cell_lies_over_banding_and_a_rule_over_both(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    names = {"firstBandColor": "#111111", "secondBandColor": "#222222", "footerColor": "#333333"}
    bands = {name: colour(text) for name, text in names.items()}
    own = {"range": cells(1, 2, 0, 1), "fields": "userEnteredFormat"}
    own["cell"] = {"userEnteredFormat": {"backgroundColor": colour("#ffffff")}}
    rule = {"ranges": [cells(2, 3, 0, 1)], "booleanRule": {"condition": {"type": "BLANK"}, "format": RED}}
    admin.edit(
        book,
        requests=[
            {"addBanding": {"bandedRange": {"range": cells(0, 5, 0, 2), "rowProperties": bands}}},
            {"repeatCell": own},
            {"addConditionalFormatRule": {"rule": rule, "index": 0}},
        ],
    )
    found = block(admin, book, "rows=6")
    left = [look(found, row, 0).get("bg") for row in range(6)]
    assert left == ["#111111", "#ffffff", "#ff0000", "#222222", "#333333", None]
    assert look(found, 1, 1)["bg"] == "#222222"


def test_rows_that_fail_the_filter_are_hidden_and_come_back_with_the_filter_gone(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    lines = [["name", "n"], ["a", 1], ["b", 2], ["c", 3], ["", 9]]
    admin.edit(book, values=[{"range": "A1:B5", "values": lines}])
    over_one = {"condition": {"type": "NUMBER_GREATER", "values": [{"userEnteredValue": "1"}]}}
    for wanted in (
        {"criteria": {"0": {"hiddenValues": ["b", ""]}, "1": over_one}},
        {
            "filterSpecs": [
                {"columnIndex": 0, "filterCriteria": {"hiddenValues": ["b", ""]}},
                {"columnIndex": 1, "filterCriteria": over_one},
            ]
        },
    ):
        admin.edit(book, requests=[{"setBasicFilter": {"filter": {"range": cells(0, 5, 0, 2), **wanted}}}])
        shown = frame(admin, book)
        assert shown["hidden_rows"] == [[1, 3], [4, 5]]
        assert shown["filter"] == {"box": [0, 5, 0, 2], "columns": [0, 1]}
    admin.edit(book, requests=[{"clearBasicFilter": {"sheetId": 0}}])
    assert (frame(admin, book)["hidden_rows"], frame(admin, book)["filter"]) == ([], None)


def test_the_frame_tells_sizes_as_runs_and_rows_grow_with_wrapped_text(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    sized = {"range": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 1, "endIndex": 4}, "fields": "pixelSize"}
    wrap = {"range": cells(2, 3, 0, 1), "fields": "userEnteredFormat"}
    wrap["cell"] = {"userEnteredFormat": {"wrapStrategy": "WRAP"}}
    admin.edit(book, values=[{"range": "A3", "values": [["many words that need more than one line " * 3]]}])
    admin.edit(book, values=[{"range": "A5", "values": [["two\nlines"]]}, {"range": "A7", "values": [["x" * 500]]}])
    resize = {**sized, "properties": {"pixelSize": 60}}
    admin.edit(book, requests=[{"updateDimensionProperties": resize}, {"repeatCell": wrap}])
    shown = frame(admin, book)
    assert shown["widths"] == [[1, 4, 60]]
    assert [run[:2] for run in shown["heights"]] == [[2, 3], [4, 5]]
    assert shown["heights"][0][2] > 100
    assert shown["heights"][1][2] == 38
    assert shown["empty"] is False


def test_a_chart_reads_its_numbers_from_the_cells_and_leaves_hidden_rows_out(admin: Admin) -> None:
    book = make_showcase(admin)
    first, *_, pie = get(admin, f"/viewer/books/{book}/tabs/{CHARTS}/charts")
    assert first["kind"] == "column"
    assert first["at"] == {"row": 7, "column": 0, "dx": 10, "dy": 5, "w": 460, "h": 290}
    assert first["labels"] == ["Jan", "Feb", "Mar", "Apr", "May"]
    assert [(one["name"], one["values"]) for one in first["series"]] == [
        ("North", [12, 19, 8, 25, 17]),
        ("South", [7, 9, 14, 11, 18]),
    ]
    assert first["axes"]["left"]["ticks"] == [[n, str(n)] for n in (0, 5, 10, 15, 20, 25)]
    assert first["axes"]["domain"]["title"] == "Month"
    assert (pie["kind"], pie["series"][0]["values"], pie["hole"]) == ("pie", [12, 19, 8, 25, 17], 0.4)
    hide = {"sheetId": CHARTS, "dimension": "ROWS", "startIndex": 2, "endIndex": 4}
    admin.edit(
        book,
        requests=[
            {
                "updateDimensionProperties": {
                    "range": hide,
                    "properties": {"hiddenByUser": True},
                    "fields": "hiddenByUser",
                }
            }
        ],
    )
    assert get(admin, f"/viewer/books/{book}/tabs/{CHARTS}/charts")[0]["labels"] == ["Jan", "Apr", "May"]


def test_charts_and_rules_write_numbers_as_the_locale_does(admin: Admin) -> None:
    book = admin.make_spreadsheet(locale="de_DE")
    admin.edit(book, values=[{"range": "A1:B3", "values": [["day", "n"], ["a", "1,5"], ["b", "2,5"]]}])
    spec = {
        "basicChart": {
            "chartType": "LINE",
            "domains": [{"domain": data(0, 3, 0, 1)}],
            "series": [{"series": data(0, 3, 1, 2)}],
        }
    }
    shown = charts(admin, book, spec)[0]
    assert shown["series"][0]["texts"] == ["1,5", "2,5"]
    assert [text for _, text in shown["axes"]["left"]["ticks"]][:2] == ["0", "0,5"]
    is_it = {"type": "TEXT_CONTAINS", "values": [{"userEnteredValue": "=5/2"}]}
    rule = {"ranges": [cells(0, 3, 1, 2)], "booleanRule": {"condition": is_it, "format": RED}}
    admin.edit(book, requests=[{"addConditionalFormatRule": {"rule": rule, "index": 0}}])
    found = block(admin, book, "rows=3")
    assert [look(found, row, 1).get("bg") for row in range(3)] == [None, None, "#ff0000"]


def test_rows_grow_with_turned_texts_and_stepped_areas_are_told_from_others(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, values=[{"range": "A1:B4", "values": [["turned text", 1], ["letters", 2], ["flat", 3], ["x", 4]]}])
    turns = [({"angle": 90}, 0), ({"vertical": True}, 1), ({"angle": 0}, 2)]
    admin.edit(
        book,
        requests=[
            {
                "repeatCell": {
                    "range": cells(row, row + 1, 0, 1),
                    "cell": {"userEnteredFormat": {"textRotation": turn}},
                    "fields": "userEnteredFormat.textRotation",
                }
            }
            for turn, row in turns
        ],
    )
    found = block(admin, book, "rows=3")
    assert [look(found, row, 0).get("ro") for row in range(3)] == [90, "v", None]
    (first, second) = frame(admin, book)["heights"]
    assert (first[:2], second) == ([0, 1], [1, 2, 7 * 17 + 6])
    assert 50 < first[2] < 90
    series = [{"series": data(0, 4, 1, 2), "type": kind} for kind in ("STEPPED_AREA", "AREA")]
    spec = {"basicChart": {"chartType": "COMBO", "domains": [{"domain": data(0, 4, 0, 1)}], "series": series}}
    drawn = charts(admin, book, spec)[0]["series"]
    assert [(one["kind"], one["stepped"]) for one in drawn] == [("area", True), ("area", False)]


def test_a_chart_finds_its_header_trims_blank_ends_and_thins_long_series(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    many = [["day", "n"], *([f"d{n}", n] for n in range(3000))]
    admin.edit(book, values=[{"range": "A1:B501", "values": many[:501]}])
    spec = {
        "basicChart": {
            "chartType": "LINE",
            "domains": [{"domain": data(0, 1000, 0, 1)}],
            "series": [{"series": data(0, 1000, 1, 2)}],
        }
    }
    short = charts(admin, book, spec)[0]
    assert (len(short["labels"]), short["series"][0]["name"], short["n_left_out"]) == (500, "n", 0)
    grow = {"sheetId": 0, "dimension": "ROWS", "length": 3000}
    admin.edit(book, requests=[{"appendDimension": grow}])
    admin.edit(book, values=[{"range": "A1:B3001", "values": many}])
    spec["basicChart"]["domains"] = [{"domain": data(0, 3001, 0, 1)}]
    spec["basicChart"]["series"] = [{"series": data(0, 3001, 1, 2)}]
    long = charts(admin, book, spec)[1]
    assert (len(long["labels"]), long["n_left_out"]) == (1000, 2000)
    assert long["labels"][1] == "d3"


@pytest.mark.parametrize(
    ("numbers", "stacked", "ticks"),
    [
        ([[1, 2]], None, ["0", "0.5", "1", "1.5", "2"]),
        ([[-30, 70]], None, ["-40", "-20", "0", "20", "40", "60", "80"]),
        ([[0, 0]], None, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ([[3, 4], [7, 6]], "STACKED", ["0", "2", "4", "6", "8", "10"]),
        ([[3, 4], [7, 6]], "PERCENT_STACKED", ["0%", "25%", "50%", "75%", "100%"]),
        ([["20%", "90%"]], None, ["0%", "20%", "40%", "60%", "80%", "100%"]),
    ],
)
def test_axes_have_round_ends_written_as_the_cells_are(
    admin: Admin, numbers: list[list[Any]], stacked: str | None, ticks: list[str]
) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, values=[{"range": "A1", "values": [list(pair) for pair in zip(*numbers, strict=True)]}])
    series = [{"series": data(0, 2, n, n + 1)} for n in range(len(numbers))]
    basic: dict[str, Any] = {"chartType": "COLUMN", "headerCount": 0, "series": series}
    if stacked:
        basic["stackedType"] = stacked
    axes = charts(admin, book, {"basicChart": basic})[0]["axes"]
    assert [text for _, text in axes["left"]["ticks"]] == ticks


def test_a_text_is_found_as_it_shows_forwards_backwards_and_around_the_end(admin: Admin) -> None:
    book = make_showcase(admin)

    def find(text: str, at: str = "", **more: str) -> str | None:
        place = {"row": str(int(at[1:]) - 1), "column": str(ord(at[0]) - 65)} if at else {}
        path = f"/viewer/books/{book}/tabs/0/find"
        found = admin.http.get(path, params={"text": text, **place, **more}).json()["found"]
        return found and f"{chr(65 + found['column'])}{found['row'] + 1}"

    assert [find("ada"), find("ADA", "A2"), find("ada", "A9"), find("ada", "A2", back="")] == ["A2", "A9", "A2", "A9"]
    assert [find("$25"), find("40%"), find("#div"), find("459"), find("1,234,567")] == ["F4", "D2", "A23", "B22", "B24"]
    assert find("late", back="") == "J13"
    assert [find("Bert"), find("nothing like it"), find("")] == [None, None, None], "what is hidden is passed over"
    assert find("e", "Z999", back="") == "E22"
    assert admin.http.get(f"/viewer/books/{book}/tabs/99/find?text=x").status_code == 404


def test_a_chart_whose_tab_is_gone_is_empty_and_no_error(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, requests=[{"addSheet": {"properties": {"sheetId": 3, "title": "Source"}}}])
    spec = {"basicChart": {"chartType": "BAR", "series": [{"series": data(0, 5, 0, 1, sheet=3)}]}}
    charts(admin, book, spec, {"pieChart": {"series": data(0, 5, 0, 1, sheet=3)}})
    admin.edit(book, requests=[{"deleteSheet": {"sheetId": 3}}])
    assert [one["labels"] for one in charts(admin, book)] == [[], []]


def test_tables_bring_colours_slicers_a_label_and_stretches_of_text_their_letters(admin: Admin) -> None:
    book = admin.make_spreadsheet()
    admin.edit(book, values=[{"range": "A1:B3", "values": [["n", "m"], [1, 2], [3, 4]]}])
    rows = {name: {"rgbColor": colour(text)} for name, text in {"headerColorStyle": "#101010"}.items()}
    table = {"name": "T", "range": cells(0, 3, 0, 2), "rowsProperties": rows}
    slicer = {"spec": {"title": "Pick", "dataRange": cells(0, 3, 0, 2)}}
    text = {"userEnteredValue": {"stringValue": "plain bold"}}
    text["textFormatRuns"] = [{"format": {}}, {"startIndex": 6, "format": {"bold": True}}]  # type: ignore[assignment]
    write = {
        "start": {"rowIndex": 4},
        "rows": [{"values": [text]}],
        "fields": "userEnteredValue,textFormatRuns",
    }
    admin.edit(
        book, requests=[{"addTable": {"table": table}}, {"addSlicer": {"slicer": slicer}}, {"updateCells": write}]
    )
    found = block(admin, book, "rows=5")
    assert look(found, 0, 1)["bg"] == "#101010"
    assert found["rows"][4][0][2]["r"] == [[0, {}], [6, {"b": True}]]
    assert [(one["kind"], one["title"]) for one in charts(admin, book)] == [("slicer", "Pick")]
